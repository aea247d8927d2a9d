"""What takes several answers of Google Workspace: who holds which role, and what settings let people and apps do."""

from __future__ import annotations

import re
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


_WHERE = ("name", "policyQuery.orgUnit", "policyQuery.group", "policyQuery.sortOrder")
_SETTING = (*_WHERE, "setting.value.externalSharingMode", "setting.value.allowPublishingFiles")


def sharing(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{root, policies}: how files may be shared outside, where it was set, and which organizational unit is all of it.

    `policyQuery.narrowed`: whether a policy is only for some of its unit or group, such as those with one licence. Raises
    Refused (denied) where no root is shown. Source: Cloud Identity API, policies.list; Directory API, orgunits.list
    (type allIncludingParent).
    """
    yield Page(_set(ask, params, r"drive_and_docs\.external_sharing", *_SETTING))


def app_access(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{root, policies}: what people may let apps do that nobody configured; otherwise as `sharing`.

    Source: Cloud Identity API, policies.list (settings/api_controls.unconfigured_third_party_apps: accessLevel).
    """
    yield Page(_set(ask, params, r"api_controls\.unconfigured_third_party_apps", *_WHERE, "setting.value.accessLevel"))


def loss_rules(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{root, policies}: rules against the loss of data; otherwise as `sharing`.

    Each policy has a `rule` {state, triggers, drive, matches, plain}. `drive`: what is done to files in Drive.
    `matches`: {detector: how many matches it takes, alike or not}. `plain`: whether any one of them is enough. The condition's own text is not kept: it may quote what it looks for. Source:
    Cloud Identity API, policies.list (settings/rule.dlp).
    """
    found = _set(ask, params, r"rule\.dlp", *_WHERE, *_RULE)
    yield Page({**found, "policies": [_rule(policy) for policy in found["policies"]]})


_RULE = (
    "setting.value.state",
    "setting.value.triggers",
    "setting.value.action.driveAction",
    "setting.value.condition.contentCondition",
)
_TERM = re.compile(
    r"all_content\.matches_dlp_detector\('(\w+)',\s*[\w.]+,\s*"
    r"\{minimum_match_count:\s*(\d+)(?:,\s*minimum_unique_match_count:\s*(\d+))?\}\)"
)


def _rule(policy: Mapping[str, Any]) -> dict[str, Any]:
    value = policy["setting"].get("value") or {}
    parts = [_TERM.fullmatch(part.strip()) for part in _condition(value).split("||")]
    matches: dict[str, int] = {}
    for part in filter(None, parts):
        count = max(int(part[2]), int(part[3] or 0))
        matches[part[1]] = min(count, matches.get(part[1], count))
    rule = {
        "state": value.get("state"),
        "triggers": sorted(value.get("triggers") or ()),
        "drive": sorted((value.get("action") or {}).get("driveAction") or ()),
        "matches": matches,
        "plain": all(parts),
    }
    return {"name": policy["name"], "policyQuery": policy["policyQuery"], "rule": rule}


def _condition(value: Mapping[str, Any]) -> str:
    return str((value.get("condition") or {}).get("contentCondition") or "")


def _set(ask: Asks, params: Mapping[str, Any], setting: str, *keep: str) -> dict[str, Any]:
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
    query = {"filter": f"setting.type.matches('^settings/{setting}$')", "pageSize": "100"}
    found = whole_list(ask, Call(POLICIES, "/v1/policies"), query, "policies", *keep, "policyQuery.query")
    policies = [{**one, "policyQuery": _narrowed(one["policyQuery"])} for one in found]
    return {
        "root": f"orgUnits/{root.removeprefix('id:')}",
        "policies": sorted(policies, key=lambda one: str(one["name"])),
    }


_WHOLE = re.compile(
    r"entity\.org_units\.exists\((\w+), \1\.org_unit_id == orgUnitId\('[^']*'\)\)"
    r"|entity\.groups\.exists\((\w+), \2\.group_id == groupId\('[^']*'\)\)"
)


def _narrowed(query: Mapping[str, Any]) -> dict[str, Any]:
    """Of what a policy is for, its unit or group and its place; instead of the query's text whether it narrows that."""
    said = str(query.get("query") or "")
    narrowed = bool(said) and _WHOLE.fullmatch(said) is None
    return {**{name: value for name, value in query.items() if name != "query"}, "narrowed": narrowed}
