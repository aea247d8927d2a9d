"""Who holds power in an AWS account, and who may take on its roles."""

from __future__ import annotations

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.policy import acts_on, audience, grants_iam_control, statements

__all__ = ["admin_policies", "ids_of", "roles_of_people", "those_who_hold"]

# What these AWS-managed policies allow is public, and AWS does not narrow them.
_ADMIN = (":iam::aws:policy/AdministratorAccess", ":iam::aws:policy/IAMFullAccess")
_ASSUME = ("sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity")
_IDENTITY_CENTER = "/aws-reserved/sso.amazonaws.com/"


@derived
def admin_policies(ids: JSON, policies: JSON) -> list[str] | Unknown:
    """The ids of those of a principal's policies that make it an administrator, sorted: with control of IAM, all is.

    `ids`: of all its policies, however it comes by them; `policies`: [{id, policy: {Document}}] among which they are.
    Unknown(unresolved) if none does, but one of them was not found: it could.
    """
    documents = {row["id"]: row["policy"]["Document"] for row in policies}
    found = sorted(id for id in ids if _is_admin(id, documents.get(id)))
    if not found and grants_iam_control({"Statement": [s for d in documents.values() for s in statements(d, "Allow")]}):
        found = sorted(documents)  # none does alone, but together they do
    missing = sorted(set(ids) - set(documents))
    if not found and missing:
        return Unknown("unresolved", operation="get_account_authorization_details", code=missing[0])
    return found


def _is_admin(id: str, document: JSON) -> bool:
    return id.endswith(_ADMIN) or grants_iam_control(document)


@derived
def those_who_hold(arn: str, principal: JSON) -> list[str] | Unknown:
    """The principals that act when this one does: itself; of a role of IAM Identity Center, those assigned to it.

    Assignments are Identity Center's own, and not read yet: Unknown(unobserved), with the permission to read them.
    """
    if principal["Path"].startswith(_IDENTITY_CENTER):
        return Unknown("unobserved", operation="list_account_assignments", permission="sso:ListAccountAssignments")
    return [arn]


@derived
def roles_of_people(roles: JSON) -> list[str]:
    """The ids of those roles that somebody other than an AWS service may assume, sorted. `roles`: [{id, role}]."""
    return sorted(row["id"] for row in roles if _for_people(row["role"]["AssumeRolePolicyDocument"]))


def _for_people(policy: JSON) -> bool:
    for statement in statements(policy, "Allow"):
        if any(acts_on(statement, action) for action in _ASSUME):
            who = audience(statement, "")
            if any(not one.startswith("service:") for one in who):
                return True
    return False


@derived
def ids_of(resources: JSON) -> list[str]:
    """The ids of joined resources, sorted: `x in ids` costs a condition nothing, `exists` over thousands too much."""
    return sorted(row["id"] for row in resources)
