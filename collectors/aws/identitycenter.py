"""AWS IAM Identity Center: its instances, what its permission sets are assigned to whom for, and its users."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Detail, Page, Refused, ResourceType

__all__ = ["instance", "organization_instance", "permission_set", "user"]

Ask = Callable[[str, Mapping[str, Any]], Page]


def _rows(ask: Ask, operation: str, params: Mapping[str, Any], member: str) -> Iterator[Any]:
    token: dict[str, Any] = {}
    while True:
        body = ask(operation, {**params, **token}).body
        yield from body[member]
        if not body.get("NextToken"):
            return
        if token == (token := {"NextToken": body["NextToken"]}):
            raise Refused("unreadable", "RepeatedToken", "the same continuation was given twice")


def owned(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """The instances of this region that belong to the account that is asked: only there may the rest be read."""
    rows = [row for row in _rows(ask, "list_instances", {}, "Instances") if row["OwnerAccountId"] == params["OwnerAccountId"]]
    yield Page({"Instances": rows})


def assignments(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """Who gets a permission set where: `{"Assignments": [{AccountId, PrincipalType, PrincipalId, UserIds}]}`.

    `UserIds`: the user himself, or the members of the group.
    """
    of = {"InstanceArn": params["InstanceArn"], "PermissionSetArn": params["PermissionSetArn"]}
    rows = []
    members: dict[str, list[str]] = {}
    for account in _rows(ask, "list_accounts_for_provisioned_permission_set", of, "AccountIds"):
        for row in _rows(ask, "list_account_assignments", {**of, "AccountId": account}, "AccountAssignments"):
            who = row["PrincipalId"]
            if row["PrincipalType"] == "GROUP" and who not in members:
                group = {"IdentityStoreId": params["IdentityStoreId"], "GroupId": who}
                found = _rows(ask, "identitystore.list_group_memberships", group, "GroupMemberships")
                members[who] = sorted(one["MemberId"]["UserId"] for one in found)
            users = members[who] if row["PrincipalType"] == "GROUP" else [who]
            rows.append({"AccountId": account, "PrincipalType": row["PrincipalType"], "PrincipalId": who, "UserIds": users})
    yield Page({"Assignments": rows})


# From wherever one looks: a member account sees the organization's instance, and may have one of its own.
instance = ResourceType(
    "aws.identitycenter.instance", facet="instance", id="{instance.InstanceArn}", per="account",
    listed=Call("sso:ListInstances", "list_instances", {"RegionScope": "ALL_REGIONS"}, items="Instances"),
)

organization_instance = ResourceType(
    "aws.identitycenter.organization_instance", facet="organization_instance", id="{organization_instance.InstanceArn}",
    listed=Call("sso:ListInstances", "list_instances", {"OwnerAccountId": "{account}"}, items="Instances", fn=owned),
)

SET = {"InstanceArn": "{organization_instance.InstanceArn}", "PermissionSetArn": "{permission_set}"}

permission_set = ResourceType(
    "aws.identitycenter.permission_set", facet="permission_set", id="{permission_set}", under="aws.identitycenter.organization_instance",
    gone=("ResourceNotFoundException",),
    listed=Call("sso:ListPermissionSets", "list_permission_sets", {"InstanceArn": "{organization_instance.InstanceArn}"}, items="PermissionSets"),
    details=[
        Detail("described", Call("sso:DescribePermissionSet", "describe_permission_set", SET, take="PermissionSet")),
        Detail("assignments", Call("sso:ListAccountAssignments", "list_account_assignments",
               {**SET, "IdentityStoreId": "{organization_instance.IdentityStoreId}"}, items="Assignments", fn=assignments,
               also=("sso:ListAccountsForProvisionedPermissionSet", "identitystore:ListGroupMemberships"))),
    ],
    sets=("assignments",),
)


def users(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """The users, by what tells them apart: `{"Users": [{UserId, UserName, UserStatus, ExternalIds, Emails, Keys}]}`. No more is read.

    `Keys`: address and name as keys that accounts elsewhere are compared by.
    """
    kept = ("IdentityStoreId", "UserId", "UserName", "UserStatus", "ExternalIds", "Emails")
    rows = _rows(ask, "list_users", params, "Users")
    yield Page({"Users": [{**{k: row[k] for k in kept if k in row}, "Keys": _keys(row)} for row in rows]})


def powers(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """What each user may be, by himself or by a group: `{"Rows": [{UserId, Sets}]}`.

    `Sets`: `[{Name, Managed, Own}]` of the permission sets that he is assigned in any account: the names of their AWS
    managed policies, and whether they have policies of the organization's own.
    """
    owner = {"OwnerAccountId": params["OwnerAccountId"]}
    found: dict[str, list[Any]] = {}
    for page in owned(ask, owner):
        for one in page.body["Instances"]:
            arn = {"InstanceArn": one["InstanceArn"]}
            for name in _rows(ask, "list_permission_sets", arn, "PermissionSets"):
                of = {**arn, "PermissionSetArn": name}
                told = _told(ask, of)
                (given,) = assignments(ask, {**of, "IdentityStoreId": one["IdentityStoreId"]})
                for user in sorted({id for row in given.body["Assignments"] for id in row["UserIds"]}):
                    found.setdefault(user, []).append(told)
    yield Page({"Rows": [{"UserId": user, "Sets": sets} for user, sets in sorted(found.items())]})


def _told(ask: Ask, of: Mapping[str, Any]) -> dict[str, Any]:
    managed = _rows(ask, "list_managed_policies_in_permission_set", of, "AttachedManagedPolicies")
    names = sorted(str(policy["Arn"]).rpartition("/")[2] for policy in managed)
    references = list(_rows(ask, "list_customer_managed_policy_references_in_permission_set", of, "CustomerManagedPolicyReferences"))
    own = bool(references) or bool(ask("get_inline_policy_for_permission_set", of).body.get("InlinePolicy"))
    return {"Name": ask("describe_permission_set", of).body["PermissionSet"]["Name"], "Managed": names, "Own": own}


def _keys(row: Mapping[str, Any]) -> list[str]:
    addresses = [f"email:{one['Value']}" for one in row.get("Emails") or () if one.get("Value")]
    return [*addresses, *([f"aws:{row['UserName']}"] if row.get("UserName") else [])]


user = ResourceType(
    "aws.identitycenter.user", facet="user", id="{user.UserId}", under="aws.identitycenter.organization_instance",
    listed=Call("identitystore:ListUsers", "list_users", {"IdentityStoreId": "{organization_instance.IdentityStoreId}"}, items="Users", fn=users),
    details=[
        Detail("power", Call("sso:ListPermissionSets", "list_permission_sets", {"OwnerAccountId": "{account}"}, items="Rows", fn=powers,
               also=("sso:ListInstances", "sso:DescribePermissionSet", "sso:ListManagedPoliciesInPermissionSet", "sso:GetInlinePolicyForPermissionSet",
                     "sso:ListCustomerManagedPolicyReferencesInPermissionSet", "sso:ListAccountsForProvisionedPermissionSet", "sso:ListAccountAssignments",
                     "identitystore:ListGroupMemberships")),
               key="UserId", match="{user.UserId}", otherwise={"Sets": []}),
    ],
    redact={"user.Keys[]": "key:"}, sets=("user.Emails", "user.ExternalIds", "user.Keys", "power.Sets"),
)
