"""When keys and secrets in Azure's vaults end, and where it is logged who used them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["audit_destinations", "expiry_gaps", "rotates"]

_DAY = 86_400
_PERIOD = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?")


@derived
def expiry_gaps(attributes: JSON, now: JSON, days: JSON) -> JSON:
    """Why a key or secret does not end in time: no end, one that is past, one more than so many days after it was made.

    `attributes`: exp and created in seconds since 1970; `now` in ms. Source: REST API, KeyAttributes, SecretAttributes.
    """
    until, made = attributes.get("exp"), float(attributes["created"])
    if until is None:
        return ["no end"]
    found = ["ended"] if float(until) * 1000 <= now else []
    return found + ([f"{(until - made) / _DAY:.0f} days"] if float(until) - made > days * _DAY else [])


@derived
def rotates(rotation: JSON, attributes: JSON) -> JSON:
    """Whether a key is made anew by itself before it ends; a policy that only notifies does not.

    `attributes` as in `expiry_gaps`: a key's end may be another than its policy's. Source: REST API, RotationPolicy
    (timeAfterCreate, timeBeforeExpiry).
    """
    actions = (rotation.get("rotationPolicy") or {}).get("lifetimeActions") or ()
    triggers = [
        one.get("trigger") or {} for one in actions if str((one.get("action") or {}).get("type")).lower() == "rotate"
    ]
    return any(_in_time(one, attributes) for one in triggers)


def _in_time(trigger: Mapping[str, Any], attributes: JSON) -> bool:
    after, until = trigger.get("timeAfterCreate"), attributes.get("exp")
    if trigger.get("timeBeforeExpiry") or not after:
        return bool(trigger.get("timeBeforeExpiry"))
    return until is None or float(attributes["created"]) + _seconds(str(after)) < float(until)


def _seconds(text: str) -> float:
    """An ISO 8601 period of years, months and days. Raises ValueError for what is none."""
    parts = _PERIOD.fullmatch(text)
    if parts is None or not any(parts.groups()):
        raise ValueError(text)
    years, months, days = (float(part or 0) for part in parts.groups())
    return (years * 365.25 + months * 30.44 + days) * _DAY


@derived
def audit_destinations(sinks: JSON, workspaces: JSON, accounts: JSON, namespaces: JSON) -> JSON | Unknown:
    """Ids, in lower case, of what takes a resource's audit events and is there, sorted.

    Unknown(unresolved) where nothing is but a place that nobody saw. Source: REST API, Diagnostic Settings - List
    (category AuditEvent; categoryGroup audit, allLogs).
    """
    known = {str(one["id"]).lower() for one in (*workspaces, *accounts, *namespaces)}
    named = {place for one in sinks for place in _places(one["properties"])}
    found = sorted(named & known)
    if named and not found:
        return Unknown("unresolved", operation="Microsoft.Insights/diagnosticSettings")
    return found


def _places(value: Mapping[str, Any]) -> Iterator[str]:
    on = [log for log in value.get("logs") or () if log.get("enabled") is True]
    groups = {str(log.get("categoryGroup") or "").lower() for log in on}
    if "AuditEvent" not in {log.get("category") for log in on} and not groups & {"audit", "alllogs"}:
        return
    hub = str(value.get("eventHubAuthorizationRuleId") or "").lower().rpartition("/authorizationrules/")[0]
    yield from (str(one).lower() for one in (value.get("workspaceId"), value.get("storageAccountId"), hub) if one)
