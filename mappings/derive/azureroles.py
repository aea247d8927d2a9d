"""What roles in Azure come to: owners, roles that are as strong as Owner, and who holds such roles for good."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived

__all__ = ["escalating_actions", "inherited_owners", "root_holders", "standing_holders", "unapproved_delegations"]

OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
STRONG = {
    OWNER: "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
}
"""Source: learn.microsoft.com, "Azure built-in roles"."""

# With any of these a caller can give himself the rest.
_POWERS = (
    "Microsoft.Authorization/roleAssignments/write",
    "Microsoft.Authorization/roleDefinitions/write",
    "Microsoft.Authorization/elevateAccess/action",
)


def _role(one: Mapping[str, Any]) -> str:
    return str(one["properties"]["roleDefinitionId"]).rpartition("/")[2].lower()


def _allows(entry: Mapping[str, Any], action: str) -> bool:
    return _any(entry.get("actions"), action) and not _any(entry.get("notActions"), action)


def _any(patterns: Iterable[str] | None, action: str) -> bool:
    return any(re.fullmatch(".*".join(map(re.escape, p.split("*"))), action, re.IGNORECASE) for p in patterns or ())


@derived
def escalating_actions(permissions: JSON) -> JSON:
    """What in a role definition's permissions makes it as strong as Owner: actions with which the rest can be had.

    An entry's notActions take away from that entry alone. `*` of dataActions is all data of all services.
    Source: learn.microsoft.com, "Understand Azure role definitions".
    """
    found = {power for entry in permissions for power in _POWERS if _allows(entry, power)}
    found |= {"dataActions *" for entry in permissions if "*" in (entry.get("dataActions") or ())}
    return sorted(found)


@derived
def inherited_owners(assignments: JSON, subscription: JSON) -> JSON:
    """Principals that hold Owner of a subscription (`/subscriptions/ID`) itself or of something above it, sorted."""
    return sorted(
        {
            str(one["properties"]["principalId"]).lower()
            for one in assignments
            if _role(one) == OWNER and _covers(str(one["properties"]["scope"]), subscription)
        }
    )


def _covers(scope: str, subscription: str) -> bool:
    """Whether an assignment's scope is the subscription or above it; below it are resource groups and resources."""
    lowered = scope.lower().rstrip("/")
    return lowered == subscription.lower() or not lowered.startswith("/subscriptions/")


@derived
def root_holders(assignments: JSON) -> JSON:
    """Principals with a role at the root scope `/`, above every management group, sorted."""
    return sorted(
        {str(one["properties"]["principalId"]).lower() for one in assignments if one["properties"]["scope"] == "/"}
    )


@derived
def standing_holders(instances: JSON, definitions: JSON, exempt: JSON, now: JSON, days: JSON) -> JSON:
    """Who holds a strong role without an end in so many days, as `principal role scope`, but for those in the register.

    `instances`: role assignment schedule instances; `Activated` ones are eligible people at work. `definitions`:
    [{role_definition}] of our own roles. `now`: ms since 1970. Source: REST API, RoleAssignmentScheduleInstance.
    """
    latest = datetime.fromtimestamp(now / 1000, UTC) + timedelta(days=days)
    own = {
        str(one["role_definition"]["name"]).lower(): str(one["role_definition"]["properties"]["roleName"])
        for one in definitions
        if escalating_actions(one["role_definition"]["properties"]["permissions"])
    }
    spared = {str(id).lower() for id in exempt}
    found = set()
    for one in instances:
        value, role = one["properties"], _role(one)
        name = STRONG.get(role) or own.get(role)
        if name is None or value["assignmentType"] != "Assigned":
            continue
        if value.get("endDateTime") and datetime.fromisoformat(value["endDateTime"]) <= latest:
            continue
        if str(value["principalId"]).lower() not in spared:
            found.add(f"{value['principalId']} {name} {value['scope']}")
    return sorted(found)


@derived
def unapproved_delegations(definition: JSON, suppliers: JSON) -> JSON:
    """What of a Lighthouse delegation is in no supplier's approval: the tenant, or names of roles (guids), sorted.

    `suppliers`: {tenant id: [names of roles]}. A role that lets the supplier assign others counts with those.
    Source: REST API, RegistrationDefinitionProperties (authorizations, eligibleAuthorizations).
    """
    tenant = str(definition["managedByTenantId"]).lower()
    approved = {str(id).lower(): {str(role).lower() for role in roles} for id, roles in suppliers.items()}
    if tenant not in approved:
        return [tenant]
    given = set()
    for one in (*(definition.get("authorizations") or ()), *(definition.get("eligibleAuthorizations") or ())):
        for role in (one["roleDefinitionId"], *(one.get("delegatedRoleDefinitionIds") or ())):
            given.add(str(role).rpartition("/")[2].lower())
    return sorted(given - approved[tenant])
