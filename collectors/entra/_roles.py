"""Who holds the tenant's roles: now, for a time, or as soon as he asks; groups taken apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from annexlog.collectors import Call, Page, Refused
from annexlog.collectors.declaring import Asks, keep
from annexlog.collectors.entra._calls import GROUPS, HIDDEN, NO_PIM, kind, members, select_one, values

ROLES = "RoleManagement.Read.Directory"
USERS = "User.Read.All"
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"

ASSIGNMENTS = "/roleManagement/directory/roleAssignments"
ACTIVE = "/roleManagement/directory/roleAssignmentScheduleInstances"
ELIGIBLE = "/roleManagement/directory/roleEligibilityScheduleInstances"

_WHO: Mapping[str, Any] = {"$expand": "principal($select=id)"}


@dataclass
class _Role:
    """`held`, `eligible`: {(principal, group that it came by, scope): entry}."""

    held: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    eligible: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)

    def told(self, role: str, *, pim: bool) -> dict[str, Any]:
        entries = [*self.held.values(), *self.eligible.values()]
        of_kind = {k: sorted({e["principal"] for e in entries if e["kind"] == k}) for k in ("user", "app", "other")}
        return {
            "role": role,
            "user": "",
            "pim": pim,
            "active": [self.held[key] for key in sorted(self.held)],
            "eligible": [self.eligible[key] for key in sorted(self.eligible)],
            "people": of_kind["user"],
            "apps": [*of_kind["app"], *of_kind["other"]],
        }


def holders(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:  # noqa: ARG001 — the tenant's
    """The roles that anybody holds, each {role, pim, active, eligible, people, apps, mailboxes}; and who holds any, each
    {user, roles: [role id]}. One answer is for both, since both are made of the same lists; `user` or `role` is empty.

    `active`: [{principal, kind, via, scope, type, end}], `type` Assigned or Activated, `end` null: for good; `via`: the
    group that the role was given to. `eligible`: the same of those who may activate it. `people`, `apps`: ids of all of
    them. `pim`: whether the tenant has Privileged Identity Management; where it has not, all that is assigned is
    assigned for good and nobody is eligible. `mailboxes`: of Global Administrators, those with a mailbox.

    Source: List roleAssignments, roleAssignmentScheduleInstances, roleEligibilityScheduleInstances.
    """
    assigned = values(ask, ASSIGNMENTS, {**_WHO})
    if not assigned:
        raise Refused("denied", "NotShown", "somebody always holds a role, and nobody is shown", again=False)
    try:
        active, eligible, pim = values(ask, ACTIVE, {**_WHO}), values(ask, ELIGIBLE, {**_WHO}), True
    except Refused as refused:
        if refused.code != NO_PIM:
            raise
        active, eligible, pim = [], [], False
    scheduled = {row.get("roleAssignmentOriginId") for row in active}
    roles: dict[str, _Role] = {}
    expanded: dict[str, list[dict[str, str]]] = {}

    def put(rows: list[Any], *, eligible: bool) -> None:
        for row in rows:
            role = roles.setdefault(row["roleDefinitionId"], _Role())
            _enter(role.eligible if eligible else role.held, row, _people(ask, row, expanded))

    put([row for row in assigned if row["id"] not in scheduled], eligible=False)
    put(active, eligible=False)
    put(eligible, eligible=True)
    found = [roles[id].told(id, pim=pim) for id in sorted(roles)]
    for role in found:
        if role["role"] == GLOBAL_ADMINISTRATOR:
            role["mailboxes"] = [person for person in role["people"] if _has_mailbox(ask, person)]
    yield Page({"value": [*found, *_of_people(found)]})


HOLDERS = Call(ROLES, ASSIGNMENTS, fn=holders, items="value", also=(GROUPS, HIDDEN, USERS))
"""Who holds the roles: types that use this same call ask once."""


def _of_people(roles: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """[{user, role: "", roles: [role id]}]: the roles that each user holds or may activate."""
    found: dict[str, set[str]] = {}
    for role in roles:
        for person in role["people"]:
            found.setdefault(person, set()).add(role["role"])
    return [{"user": user, "role": "", "roles": sorted(held)} for user, held in sorted(found.items())]


def _people(ask: Asks, row: Mapping[str, Any], expanded: dict[str, list[dict[str, str]]]) -> list[dict[str, str]]:
    """Those whom a row is about: [{id, kind, via}]."""
    principal = row["principal"]
    id = row["principalId"]
    if kind(principal) != "group":
        return [{"id": id, "kind": kind(principal), "via": ""}]
    if id not in expanded:
        expanded[id] = members(ask, id) or []
    return [{**one, "via": id} for one in expanded[id] if one["kind"] != "group"]


def _enter(held: dict[tuple[str, str, str], dict[str, Any]], row: Mapping[str, Any], people: list[Any]) -> None:
    scope = str(row.get("directoryScopeId") or row.get("appScopeId") or "/")
    for one in people:
        entry = {
            "principal": one["id"],
            "kind": one["kind"],
            "via": one["via"],
            "scope": scope,
            "type": row.get("assignmentType") or "Assigned",
            "end": row.get("endDateTime"),
        }
        key = (one["id"], one["via"], scope)
        before = held.get(key)
        if before is None or _lasts(entry) > _lasts(before):
            held[key] = entry


def _lasts(entry: Mapping[str, Any]) -> tuple[bool, str, bool]:
    """Of two ways to the same role the one that lasts longer counts."""
    return entry["end"] is None, str(entry["end"] or ""), entry["type"] == "Assigned"


def _has_mailbox(ask: Asks, person: str) -> bool:
    """Whether Exchange is enabled for a user; of his plans nothing else is kept."""
    asked = {"user": person, **select_one("id", "assignedPlans.service", "assignedPlans.capabilityStatus")}
    body = ask(Call(USERS, "/users/{user}"), asked).body
    if not isinstance(body, dict) or not isinstance(body.get("assignedPlans"), list):
        raise Refused("unreadable", "OtherAnswer", "the answer has no assignedPlans")
    plans = body["assignedPlans"]
    return any(plan.get("service") == "exchange" and plan.get("capabilityStatus") == "Enabled" for plan in plans)


def demands(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:  # noqa: ARG001 — the tenant's
    """What activating each role takes: [{role, approval, approvers, justification, mfa, context, longest}].

    `longest`: for how long at most, as an ISO 8601 duration; `mfa`: a second factor; `context`: the authentication
    context that must be met, for which policies of conditional access may ask something, or null. Source: unifiedRoleManagementPolicy and its rules (ids `…_EndUser_Assignment`).
    """
    asked = {
        "$filter": "scopeId eq '/' and scopeType eq 'DirectoryRole'",
        "$expand": "policy($expand=rules)",
        **keep("value.roleDefinitionId", "value.policy.rules"),
    }
    found = []
    for row in values(ask, "/policies/roleManagementPolicyAssignments", asked):
        rules = {rule["id"]: rule for rule in row["policy"]["rules"]}
        approval = (rules.get("Approval_EndUser_Assignment") or {}).get("setting") or {}
        enabled = (rules.get("Enablement_EndUser_Assignment") or {}).get("enabledRules") or []
        context = rules.get("AuthenticationContext_EndUser_Assignment") or {}
        approvers = [a for stage in approval.get("approvalStages") or [] for a in stage.get("primaryApprovers") or []]
        found.append(
            {
                "role": row["roleDefinitionId"],
                "approval": approval.get("isApprovalRequired") is True,
                "approvers": len(approvers),
                "justification": "Justification" in enabled,
                "mfa": "MultiFactorAuthentication" in enabled,
                "context": (context.get("claimValue") or None) if context.get("isEnabled") is True else None,
                "longest": (rules.get("Expiration_EndUser_Assignment") or {}).get("maximumDuration"),
            }
        )
    if not found:
        raise Refused("denied", "NotShown", "every built-in role has rules, and none is shown", again=False)
    yield Page({"value": sorted(found, key=lambda one: one["role"])})
