"""What takes several answers of Google Workspace: who holds which role, and how files may be shared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Page, Refused
from annexlog.collectors.declaring import Asks
from annexlog.collectors.google_workspace._calls import DIRECTORY, MEMBERS, POLICIES, ROLES, UNITS, USERS, whole_list


def super_admins(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{users: [id]}: whoever has a role of super administrators, by himself or by a group, with the groups: {groups: [id]}.

    Raises Refused (denied) where nobody is shown: somebody always is. Source: Directory API, roles.list
    (isSuperAdminRole), roleAssignments.list (assigneeType), members.list (includeDerivedMembership), users.list (isAdmin).
    """
    customer = {"customer": params["customer"]}
    query = {**customer, "maxResults": "500", "query": "isAdmin=true"}
    users = {row["id"] for row in whole_list(ask, Call(USERS, f"{DIRECTORY}/users"), query, "users", "id")}
    roles = whole_list(
        ask, Call(ROLES, f"{DIRECTORY}/customer/{{customer}}/roles"), customer, "items", "roleId", "isSuperAdminRole"
    )
    groups = set[str]()
    for role in (row["roleId"] for row in roles if row.get("isSuperAdminRole") is True):
        asked = {**customer, "roleId": role}
        for row in whole_list(
            ask,
            Call(ROLES, f"{DIRECTORY}/customer/{{customer}}/roleassignments"),
            asked,
            "items",
            "assignedTo",
            "assigneeType",
        ):
            (groups if row.get("assigneeType") == "group" else users).add(str(row["assignedTo"]))
    for group in sorted(groups):
        users.update(_users_of(ask, group))
    if not users:
        raise Refused("denied", "NotShown", "no super administrator is shown, and there always is one", again=False)
    yield Page({"users": sorted(users), "groups": sorted(groups)})


def role_holders(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{rows: [{user, roles: [name]}]}: the administrators' roles that each user holds, also by a group."""
    customer = {"customer": params["customer"]}
    roles = whole_list(
        ask, Call(ROLES, f"{DIRECTORY}/customer/{{customer}}/roles"), customer, "items", "roleId", "roleName"
    )
    named = {str(role["roleId"]): str(role["roleName"]) for role in roles}
    held: dict[str, set[str]] = {}
    assigned = whole_list(
        ask,
        Call(ROLES, f"{DIRECTORY}/customer/{{customer}}/roleassignments"),
        customer,
        "items",
        "roleId",
        "assignedTo",
        "assigneeType",
    )
    for row in assigned:
        to = str(row["assignedTo"])
        for user in _users_of(ask, to) if row.get("assigneeType") == "group" else [to]:
            held.setdefault(user, set()).add(named.get(str(row["roleId"]), str(row["roleId"])))
    yield Page({"rows": [{"user": user, "roles": sorted(names)} for user, names in sorted(held.items())]})


def _users_of(ask: Asks, group: str) -> list[str]:
    """The users in a group, and in the groups in it.

    Raises Refused (unsupported) where everyone is in it: who that is the list of members does not say.
    """
    asked = {"group": group, "includeDerivedMembership": "true", "maxResults": "200"}
    found = whole_list(ask, Call(MEMBERS, f"{DIRECTORY}/groups/{{group}}/members"), asked, "members", "id", "type")
    if any(row.get("type") == "CUSTOMER" for row in found):
        raise Refused(
            "unsupported", "Everyone", "everyone in the organization is in a group of administrators", again=False
        )
    return [str(row["id"]) for row in found if row.get("type") == "USER"]


_FILTER = r"setting.type.matches('^settings/drive_and_docs\.external_sharing$')"
_SETTING = (
    "name",
    "policyQuery.orgUnit",
    "policyQuery.group",
    "policyQuery.sortOrder",
    "setting.value.externalSharingMode",
    "setting.value.allowPublishingFiles",
)


def sharing(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{root, policies}: how files may be shared outside, where it was set, and which organizational unit is all of it.

    Raises Refused (denied) where no root is shown. Source: Cloud Identity API, policies.list; Directory API, orgunits.list
    (type allIncludingParent).
    """
    asked = {"customer": params["customer"], "type": "allIncludingParent"}
    units = whole_list(
        ask,
        Call(UNITS, f"{DIRECTORY}/customer/{{customer}}/orgunits"),
        asked,
        "organizationUnits",
        "orgUnitId",
        "orgUnitPath",
    )
    root = next((str(unit["orgUnitId"]) for unit in units if unit.get("orgUnitPath") == "/"), "")
    if not root:
        raise Refused("denied", "NotShown", "the root organizational unit is not shown", again=False)
    query = {"filter": _FILTER, "pageSize": "100"}
    found = whole_list(ask, Call(POLICIES, "/v1/policies"), query, "policies", *_SETTING)
    yield Page(
        {"root": f"orgUnits/{root.removeprefix('id:')}", "policies": sorted(found, key=lambda one: str(one["name"]))}
    )
