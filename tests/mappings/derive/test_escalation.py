"""By which known ways a principal could give itself more than it has."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.evidence_store.model import Unknown
from annexlog.mappings.derive.effective import Rights
from annexlog.mappings.derive.escalation import escalation_paths

ARN = "arn:aws:iam::111122223333:user/ada"
LAMBDA = ["lambda:CreateFunction", "lambda:InvokeFunction"]


def allow(*actions: str, on: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **more}


def deny(*actions: str, on: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": list(actions), "Resource": on, **more}


def paths(*statements: Any, boundary: Any = None) -> Any:
    """Each statement in a policy of its own."""
    policies = [{"id": f"p{n}", "policy": {"Document": {"Statement": [one]}}} for n, one in enumerate(statements)]
    principal = {"Arn": ARN, "Policies": [row["id"] for row in policies]}
    if boundary is None:
        return escalation_paths(principal, policies, [])
    limits = [{"id": "b", "policy": {"Document": {"Statement": boundary}}}]
    return escalation_paths({**principal, "Boundary": "b"}, policies, limits)


PASS_EC2 = ["iam:PassRole + ec2:RunInstances"]
OWN = "arn:aws:iam::*:user/${aws:username}"
KEPT = {"StringEquals": {"iam:PermissionsBoundary": "arn:aws:iam::111122223333:policy/limit"}}


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        ([allow("s3:*", "iam:Get*", "iam:List*")], []),
        ([allow("iam:CreatePolicyVersion")], ["iam:CreatePolicyVersion"]),
        ([allow("iam:Put?serPolicy")], ["iam:PutUserPolicy"]),
        ([allow("IAM:createaccesskey")], ["iam:CreateAccessKey"]),
        # Spread over policies.
        ([allow("iam:PassRole"), allow("ec2:Run*")], PASS_EC2),
        ([allow("iam:PassRole"), allow("ec2:Describe*")], []),
        # A set needs all of its actions.
        ([allow("iam:PassRole", "lambda:CreateFunction")], []),
        ([allow("iam:PassRole", *LAMBDA)], ["iam:PassRole + lambda:CreateFunction + lambda:InvokeFunction"]),
        # Everything but.
        (
            [
                {
                    "Effect": "Allow",
                    "NotAction": ["iam:*", "glue:*", "lambda:*", "sagemaker:*", "ssm:*"],
                    "Resource": "*",
                }
            ],
            [],
        ),
        (
            [
                allow("iam:AddUserToGroup", on=None),
                {"Effect": "Allow", "Action": "iam:PutRolePolicy", "NotResource": "*"},
            ],
            [],
        ),
        ([{"Effect": "Allow", "Action": "iam:PutRolePolicy", "NotResource": "x"}], ["iam:PutRolePolicy"]),
        # Denied.
        ([allow("iam:PutUserPolicy"), deny("iam:Put*")], []),
        ([allow("iam:PutUserPolicy"), deny("iam:Put*", on="arn:aws:iam::*:user/admin")], ["iam:PutUserPolicy"]),
        ([allow("iam:PutUserPolicy", on="arn:aws:iam::1:user/dev*"), deny("iam:*", on="arn:aws:iam::*:user/*")], []),
        (
            [allow("iam:PutUserPolicy"), deny("iam:*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}})],
            ["iam:PutUserPolicy"],
        ),
        ([allow("iam:PutUserPolicy"), {"Effect": "Deny", "NotAction": ["s3:*"], "Resource": "*"}], []),
        (
            [
                allow("iam:PutUserPolicy", on="arn:aws:iam::1:user/x"),
                {"Effect": "Deny", "Action": "iam:*", "NotResource": "arn:aws:iam::1:user/y"},
            ],
            [],
        ),
        # Conditions.
        (
            [allow("iam:PutUserPolicy", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})],
            ["iam:PutUserPolicy"],
        ),
        ([allow("iam:PutRolePolicy", "iam:AttachRolePolicy", Condition=KEPT)], []),
        (
            [allow("iam:PutRolePolicy", Condition={"StringLike": {"iam:PermissionsBoundary": "*"}})],
            ["iam:PutRolePolicy"],
        ),
        ([allow("iam:PutRolePolicy", Condition={"StringNotEquals": KEPT["StringEquals"]})], ["iam:PutRolePolicy"]),
        (
            [
                allow(
                    "iam:AttachUserPolicy",
                    Condition={"ArnEquals": {"iam:PolicyARN": "arn:aws:iam::aws:policy/ReadOnlyAccess"}},
                )
            ],
            [],
        ),
        (
            [
                allow(
                    "iam:AttachUserPolicy",
                    Condition={"ArnEquals": {"iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess"}},
                )
            ],
            ["iam:AttachUserPolicy"],
        ),
        (
            [
                allow("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}),
                allow("ec2:RunInstances"),
            ],
            [],
        ),
        (
            [
                allow("iam:PassRole", Condition={"StringLike": {"iam:PassedToService": "ec2.*"}}),
                allow("ec2:RunInstances"),
            ],
            PASS_EC2,
        ),
        (
            [
                allow("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com.cn"}}),
                allow("ec2:RunInstances"),
            ],
            PASS_EC2,
        ),
        # One's own keys are one's own.
        ([allow("iam:CreateAccessKey", "iam:UpdateLoginProfile", on=OWN)], []),
        ([allow("iam:PutUserPolicy", on=OWN)], ["iam:PutUserPolicy"]),
    ],
)
def test_a_way_up_is_open_if_all_of_its_actions_are(statements: list[Any], found: list[str]) -> None:
    assert paths(*statements) == found


@pytest.mark.parametrize(
    ("boundary", "found"),
    [
        ([allow("s3:*")], []),
        ([allow("*")], ["iam:PutUserPolicy"]),
        ([allow("*"), deny("iam:*")], []),
        ([allow("*", on="arn:aws:s3:::*")], []),
        ([allow("iam:*", on="arn:aws:iam::*:user/*")], ["iam:PutUserPolicy"]),
    ],
)
def test_a_boundary_limits_what_policies_give(boundary: list[Any], found: list[str]) -> None:
    assert paths(allow("iam:PutUserPolicy", on="arn:aws:iam::1:user/x"), boundary=boundary) == found


def test_whoever_may_take_off_a_boundary_is_not_bound_by_it() -> None:
    allowed = allow("iam:DeleteUserPermissionsBoundary")

    assert paths(allowed, boundary=[allow("iam:*")]) == ["iam:DeleteUserPermissionsBoundary"]
    assert paths(allowed) == []


def test_a_policy_or_boundary_that_is_not_there_leaves_it_unresolved() -> None:
    gone = Unknown("unresolved", "get_account_authorization_details", "", "gone")

    assert escalation_paths({"Arn": ARN, "Policies": ["gone"]}, [], []) == gone
    assert escalation_paths({"Arn": ARN, "Policies": [], "Boundary": "gone"}, [], []) == gone


def test_rights_name_the_resources_that_are_left() -> None:
    everything_but = {"Effect": "Deny", "Action": "*", "NotResource": ["arn:aws:s3:::a", "arn:aws:s3:::b"]}

    assert Rights([{"Statement": [allow("s3:GetObject"), everything_but]}]).on("s3:GetObject") == [
        "arn:aws:s3:::a",
        "arn:aws:s3:::b",
    ]
