"""By which known ways a principal of IAM could give itself more than it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.effective import Rights
from annexlog.mappings.derive.policy import listed, matches

__all__ = ["escalation_paths"]

_HAND_ON = "iam:PassRole"

# Alone each of these does. Sources: Rhino Security Labs, "AWS IAM Privilege Escalation – Methods and Mitigation";
# Bishop Fox, "IAM Vulnerable"; AWS, IAM user guide, on iam:PassRole.
_ALONE = (
    "iam:AddUserToGroup", "iam:AttachGroupPolicy", "iam:AttachRolePolicy", "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile", "iam:CreatePolicyVersion", "iam:PutGroupPolicy", "iam:PutRolePolicy", "iam:PutUserPolicy",
    "iam:SetDefaultPolicyVersion", "iam:UpdateAssumeRolePolicy", "iam:UpdateLoginProfile", "glue:UpdateDevEndpoint",
    "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration", "sagemaker:CreatePresignedNotebookInstanceUrl",
    "ssm:SendCommand", "ssm:StartSession",
)  # fmt: skip

# These, with the right to pass a role to the service: code of one's own then runs with that role.
_WITH_A_ROLE = (
    ("ec2.amazonaws.com", ("ec2:RunInstances",)),
    ("lambda.amazonaws.com", ("lambda:CreateFunction", "lambda:InvokeFunction")),
    ("lambda.amazonaws.com", ("lambda:CreateFunction", "lambda:AddPermission")),
    ("lambda.amazonaws.com", ("lambda:CreateFunction", "lambda:CreateEventSourceMapping")),
    ("lambda.amazonaws.com", ("lambda:CreateFunction", "lambda:CreateFunctionUrlConfig")),
    ("cloudformation.amazonaws.com", ("cloudformation:CreateStack",)),
    ("datapipeline.amazonaws.com", ("datapipeline:CreatePipeline", "datapipeline:PutPipelineDefinition")),
    ("glue.amazonaws.com", ("glue:CreateDevEndpoint",)),
    ("glue.amazonaws.com", ("glue:CreateJob", "glue:StartJobRun")),
    ("glue.amazonaws.com", ("glue:UpdateJob", "glue:StartJobRun")),
    ("codebuild.amazonaws.com", ("codebuild:CreateProject", "codebuild:StartBuild")),
    ("ecs-tasks.amazonaws.com", ("ecs:RegisterTaskDefinition", "ecs:RunTask")),
    ("ecs-tasks.amazonaws.com", ("ecs:RegisterTaskDefinition", "ecs:CreateService")),
    ("sagemaker.amazonaws.com", ("sagemaker:CreateNotebookInstance",)),
    ("sagemaker.amazonaws.com", ("sagemaker:CreateTrainingJob",)),
    ("sagemaker.amazonaws.com", ("sagemaker:CreateProcessingJob",)),
    ("states.amazonaws.com", ("states:CreateStateMachine", "states:StartExecution")),
    ("apprunner.amazonaws.com", ("apprunner:CreateService",)),
)

# On oneself they give nothing that one has not.
_OF_OTHERS = frozenset({"iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile"})
_OWN_NAME = "${aws:username}"
_LOOSENING = ("iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary")
_ADMIN = ("/AdministratorAccess", "/IAMFullAccess", "/PowerUserAccess")
_EQUAL = ("stringequals", "stringlike", "arnequals", "arnlike")


@derived
def escalation_paths(principal: JSON, policies: JSON, boundaries: JSON) -> list[str] | Unknown:
    """The known ways by which a user or role could gain power, as `iam:PassRole + ec2:RunInstances`, sorted.

    `principal`: {Arn, Policies: [ids], Boundary}; `policies`: [{id, policy: {Document}}] of all its policies, those of
    its groups among them; `boundaries`: likewise its boundary, if any. Counted are unions over all its policies, with
    wildcards and NotAction, within the boundary, less what is denied without a condition.
    A condition on Allow leaves a way open, unless it demands that a named boundary stays on whoever is changed, that
    none but harmless policies are attached, or that a role is passed to another service.
    Unknown(unresolved) if no way is found, but one of its policies, or its boundary, was not.
    Service control policies, session policies and resource policies are left aside.
    """
    known = {row["id"]: row["policy"]["Document"] for row in policies}
    bound = principal.get("Boundary")
    limits = {row["id"]: row["policy"]["Document"] for row in boundaries}
    if bound and bound not in limits:
        return Unknown("unresolved", operation="get_account_authorization_details", code=bound)
    rights = Rights(list(known.values()), limits.get(bound) if bound else None)
    found = sorted(set(_alone(rights, principal["Arn"], bounded=bool(bound))) | set(_with_a_role(rights)))
    missing = sorted(set(principal["Policies"]) - set(known))
    if not found and missing:
        return Unknown("unresolved", operation="get_account_authorization_details", code=missing[0])
    return found


def _alone(rights: Rights, arn: str, *, bounded: bool) -> Iterator[str]:
    for action in (*_ALONE, *(_LOOSENING if bounded else ())):
        on = rights.on(action, lambda statement: not _is_guarded(statement))
        if action in _OF_OTHERS:
            on = [pattern for pattern in on if not pattern.endswith(_OWN_NAME) and pattern != arn]
        if on:
            yield action


def _with_a_role(rights: Rights) -> Iterator[str]:
    for service, actions in _WITH_A_ROLE:
        passing = rights.on(_HAND_ON, lambda statement, to=service: _passes_to(statement, to))  # type: ignore[misc]
        if passing and all(rights.on(action) for action in actions):
            yield " + ".join((_HAND_ON, *actions))


def _conditions(statement: Mapping[str, Any], key: str) -> Iterator[tuple[str, Sequence[str]]]:
    """(operator, values) of the conditions on a key, those that hold without it (…IfExists) among them."""
    for operator, pairs in (statement.get("Condition") or {}).items():
        for name, values in pairs.items():
            if name.lower() == key:
                yield operator.lower(), [str(value) for value in listed(values)]


def _is_guarded(statement: Mapping[str, Any]) -> bool:
    """Whether whoever is changed keeps a boundary that is spelt out, or gets but harmless policies that are."""
    bounds = _conditions(statement, "iam:permissionsboundary")
    if any(operator in _EQUAL and values and not any("*" in v for v in values) for operator, values in bounds):
        return True
    return any(
        operator in _EQUAL and values and not any("*" in value or value.endswith(_ADMIN) for value in values)
        for operator, values in _conditions(statement, "iam:policyarn")
    )


def _passes_to(statement: Mapping[str, Any], service: str) -> bool:
    # In China some services go by a name of that domain: ec2.amazonaws.com.cn.
    return all(
        any(matches(value, service) or matches(value, f"{service}.cn") for value in values)
        for operator, values in _conditions(statement, "iam:passedtoservice")
        if operator.removesuffix("ifexists") in _EQUAL
    )
