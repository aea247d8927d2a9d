"""What Azure Policy forbids about regions, and what hollows that out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["region_gaps"]

_UNREAD = "its regions cannot be read"


@derived
def region_gaps(
    subscription: JSON, policies: JSON, exemptions: JSON, approved: JSON, spared: JSON, now: JSON
) -> JSON | Unknown:
    """Why regions outside of the approved ones are open to resources or to groups of them; [] if they are not.

    `policies`: what limits regions at the subscription or above (see collectors/azure/_locations.py); one assignment
    for resources and one for groups is enough, if it has no gap. What is left out in other subscriptions than this one
    (`/subscriptions/ID`) is none. `exemptions`: [{exemption}]. `spared`: ids of scopes
    and exemptions that were agreed to. Unknown(unresolved) where only regions that cannot be read stand against a pass.
    `now`: ms since 1970. Source: REST API, Policy Assignments (enforcementMode, notScopes, resourceSelectors,
    overrides), Policy Exemptions (expiresOn; one that is over exempts nothing).
    """
    regions, allowed = {_plain(one) for one in approved} | {"global"}, {str(id).lower() for id in spared}
    valid = [one["exemption"] for one in exemptions if _in_force(one["exemption"]["properties"], now)]
    found: list[str] = []
    unread = False
    for of in ("resources", "groups"):
        states = [
            list(_gaps(_here(one, str(subscription)), valid, regions, allowed)) for one in policies if one["of"] == of
        ]
        if [] in states:
            continue
        unread = unread or [_UNREAD] in states
        found += [f"{of}: {gap}" for gap in min(states, key=len, default=["nothing is assigned"]) if gap != _UNREAD]
    return found or (Unknown("unresolved", operation="policyAssignments", code=_UNREAD) if unread else [])


def _here(one: Mapping[str, Any], subscription: str) -> Mapping[str, Any]:
    """A policy with those of its `notScopes` that are of this subscription, or may be above it."""
    own = subscription.lower()
    scopes = [str(scope).lower() for scope in one.get("notScopes") or ()]
    elsewhere = {s for s in scopes if s.startswith("/subscriptions/") and s != own and not s.startswith(f"{own}/")}
    return {**one, "notScopes": [scope for scope in scopes if scope not in elsewhere]}


def _gaps(one: Mapping[str, Any], exemptions: JSON, regions: set[str], allowed: set[str]) -> Iterator[str]:
    if one["locations"] is None:
        yield _UNREAD
    yield from (f"{name} is open" for name in one["locations"] or () if _plain(name) not in regions)
    if one["effect"].lower() not in ("", "deny"):
        yield f"its effect is {one['effect']}"
    if one.get("enforcementMode", "Default") != "Default":
        yield "it is not enforced"
    yield from (f"{name} is set" for name in ("resourceSelectors", "overrides") if one.get(name))
    yield from (f"it leaves out {scope}" for scope in one.get("notScopes") or () if str(scope).lower() not in allowed)
    for exemption in exemptions:
        value = exemption["properties"]
        parts = [str(part).lower() for part in value.get("policyDefinitionReferenceIds") or ()]
        meant = str(value["policyAssignmentId"]).lower() == one["assignment"].lower()
        if meant and (not parts or one["reference"].lower() in parts) and exemption["id"].lower() not in allowed:
            yield f"{exemption['id']} is exempt"


def _in_force(value: Mapping[str, Any], now: float) -> bool:
    until = value.get("expiresOn")
    return not until or datetime.fromisoformat(until) > datetime.fromtimestamp(now / 1000, UTC)


def _plain(region: str) -> str:
    """`West Europe` as `westeurope`: both are written."""
    return str(region).lower().replace(" ", "")
