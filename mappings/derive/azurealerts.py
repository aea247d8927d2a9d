"""Whether an alert of Azure Monitor tells somebody: its condition, its action groups, and what keeps it silent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["measured", "unnoticed_incidents", "unnoticed_operations"]

_ZONES = 14 * 3_600_000
"""Milliseconds that a time without a zone may be away from UTC."""
_REGION = "properties.impactedservices[*].impactedregions[*].regionname"
_TYPE = "properties.incidenttype"


@derived
def unnoticed_operations(
    alerts: JSON, groups: JSON, processing: JSON, agreed: JSON, subscription: JSON, operations: JSON, now: JSON
) -> JSON | Unknown:
    """Operations of which no alert of the activity log tells somebody for a whole subscription, sorted.

    `groups`: [{id, group}] of the whole estate; `processing`: [{id, processing}], alert processing rules, of which
    those `agreed` to (ids) are left out. A condition on anything but category and operation narrows an alert, which
    then does not count; nor does one that a processing rule silences for a part of the subscription.
    Unknown(unresolved) where only an action group that nobody saw could make the difference. Source: REST API, Activity
    Log Alerts, Action Groups, Alert Processing Rules; "Types of Azure Monitor alerts" (all have severity 4).
    """
    known, wanted = _groups(groups), {str(name).lower() for name in operations}
    silences = [one for one in processing if _silences(one, agreed, now)]
    told: dict[bool | None, set[str]] = {True: set(), False: set(), None: set()}
    for one in alerts:
        value = one["alert"]["properties"]
        if value.get("enabled") is True and _whole(value, subscription):
            silent = any(_meets(rule["processing"]["properties"], _called(one) | _LOG) for rule in silences)
            state = False if silent else _told(_named(value), known)
            told[state] |= _operations(value["condition"]["allOf"], wanted)
    return _missing(operations, told[True], told[None])


@derived
def unnoticed_incidents(alerts: JSON, groups: JSON, subscription: JSON, types: JSON, regions: JSON) -> JSON | Unknown:
    """Types of incidents of Azure's own services of which no alert tells somebody for a whole subscription, sorted.

    An alert for some regions counts if `regions` are all among them; one for some services never does. Alert processing
    rules do not silence these alerts. Source: REST API, Activity Log Alerts; learn.microsoft.com, "Create activity log
    alerts on service notifications"; "Troubleshooting problems in Azure Monitor alerts" (not affected by rules).
    """
    known = _groups(groups)
    told: dict[bool | None, set[str]] = {True: set(), False: set(), None: set()}
    wanted = {str(name).lower() for name in types}
    for one in alerts:
        value = one["alert"]["properties"]
        if value.get("enabled") is True and _whole(value, subscription):
            told[_told(_named(value), known)] |= _incidents(value["condition"]["allOf"], wanted, regions)
    return _missing(types, told[True], told[None])


@derived
def measured(alerts: JSON, processing: JSON, agreed: JSON, resource: JSON, now: JSON) -> JSON:
    """Whether a metric alert on a resource, or on what it is in, tells somebody.

    `alerts`: [{alert, groups}] whose scopes hold the resource; `processing`: [{id, processing}], likewise. An alert on
    a group or subscription is of one type and one region. Source: REST API, Metric Alerts (scopes, targetResourceType,
    targetResourceRegion).
    """
    silences = [one["processing"]["properties"] for one in processing if _silences(one, agreed, now)]
    about = {"targetresource": _plain(resource.get("id")), "targetresourcetype": _plain(resource.get("type"))}
    return any(
        one["alert"]["properties"].get("enabled") is True
        and _meant(one["alert"]["properties"], resource)
        and any(each["enabled"] is True and each["receivers"] > 0 for each in one["groups"])
        and not any(_meets(rule, _called(one) | about | _METRIC) for rule in silences)
        for one in alerts
    )


def _meant(value: Mapping[str, Any], resource: JSON) -> bool:
    """Whether an alert is of a resource's type and region, or of all; regions are written with spaces and without."""
    said = {"type": value.get("targetResourceType"), "location": value.get("targetResourceRegion")}
    return all(_plain(resource.get(name)) == _plain(wanted) for name, wanted in said.items() if wanted)


def _plain(text: JSON) -> str:
    return str(text).lower().replace(" ", "")


def _missing(names: Iterable[Any], told: set[str], unseen: set[str]) -> JSON | Unknown:
    missing = sorted(str(name) for name in names if str(name).lower() not in told)
    if missing and all(name.lower() in unseen for name in missing):
        return Unknown("unresolved", operation="Microsoft.Insights/actionGroups")
    return missing


# ── who is told ──


def _groups(groups: JSON) -> Mapping[str, bool]:
    """{id: whether it is on and has a receiver who did not unsubscribe}."""
    found = {}
    for one in groups:
        value = one["group"]["properties"]
        persons = (*(value.get("emailReceivers") or ()), *(value.get("smsReceivers") or ()))
        heard = any(str(person.get("status") or "").lower() != "disabled" for person in persons)
        found[str(one["id"]).lower()] = value.get("enabled") is True and (
            heard or int(one["group"].get("others") or 0) > 0
        )
    return found


def _named(value: Mapping[str, Any]) -> list[str]:
    groups = (value.get("actions") or {}).get("actionGroups") or ()
    return [str(one.get("actionGroupId") or "").lower() for one in groups]


def _told(named: Sequence[str], known: Mapping[str, bool]) -> bool | None:
    """Whether one of these groups tells somebody; None where only one that is not known could."""
    if any(known.get(id) for id in named):
        return True
    return None if any(id and id not in known for id in named) else False


def _whole(value: Mapping[str, Any], subscription: JSON) -> bool:
    return str(subscription).lower() in {str(scope).lower().rstrip("/") for scope in value.get("scopes") or ()}


# ── what keeps it silent ──


def _silences(one: Mapping[str, Any], agreed: JSON, now: int) -> bool:
    """Whether an alert processing rule takes action groups away, now or on a schedule that is not over."""
    value = one["processing"]["properties"]
    types = {str(action.get("actionType") or "").lower() for action in value.get("actions") or ()}
    if value.get("enabled") is False or "removeallactiongroups" not in types:
        return False
    return str(one["id"]).lower() not in {str(id).lower() for id in agreed} and not _over(value.get("schedule"), now)


def _over(schedule: JSON, now: int) -> bool:
    until = (schedule or {}).get("effectiveUntil")
    if not until:
        return False
    at = datetime.fromisoformat(str(until))
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000) + _ZONES < now


_LOG = {"severity": "sev4", "monitorcondition": "fired", "monitorservice": "activity", "signaltype": "log"}
_METRIC = {"monitorcondition": "fired", "signaltype": "metric"}
"""What is known of any alert of the activity log, and of any on a metric."""


def _called(alert: Mapping[str, Any]) -> dict[str, str]:
    names = {"alertruleid": alert.get("id"), "alertrulename": alert["alert"].get("name")}
    return {field: str(name or "").lower() for field, name in names.items()}


def _meets(value: Mapping[str, Any], said: Mapping[str, str]) -> bool:
    """Whether a processing rule may concern an alert of which this is known: unless a condition certainly says no."""
    return not any(_excludes(condition, said) for condition in value.get("conditions") or ())


def _excludes(condition: Mapping[str, Any], said: Mapping[str, str]) -> bool:
    field, operator = str(condition.get("field")).lower(), str(condition.get("operator")).lower()
    values, own = [str(one).lower() for one in condition.get("values") or ()], said.get(field)
    if not own:
        return False
    if field == "monitorservice":
        return operator == "equals" and not any(one.startswith(own) for one in values)
    if field == "signaltype":
        return operator == "equals" and ("metric" not in values if own == "metric" else values == ["metric"])
    if operator in ("equals", "notequals"):
        return (own in values) is (operator == "notequals")
    if operator in ("contains", "doesnotcontain"):
        return any(one in own for one in values) is (operator == "doesnotcontain")
    return False


# ── what it is about ──


def _operations(conditions: JSON, wanted: set[str]) -> set[str]:
    """Those of the wanted operations that all conditions let through; none where one looks at something else."""
    found = set(wanted) if conditions else set[str]()
    for one in conditions:
        leaves = one.get("anyOf") or [one]
        named = {str(leaf.get("equals") or "").lower() for leaf in leaves if leaf.get("field") == "operationName"}
        if len(named) == len(leaves):
            found &= named
        elif any(leaf.get("field") != "category" or leaf.get("equals") != "Administrative" for leaf in leaves):
            return set()
    return found


def _incidents(conditions: JSON, wanted: set[str], regions: JSON) -> set[str]:
    """Those of the wanted types that all conditions of an alert on service health let through."""
    found, health = set(wanted), False
    for one in conditions:
        leaves = one.get("anyOf") or [one]
        fields = {str(leaf.get("field") or "").lower() for leaf in leaves}
        if fields == {"category"}:
            health = health or {str(leaf.get("equals") or "").lower() for leaf in leaves} == {"servicehealth"}
        elif fields == {_TYPE}:
            found &= {name for leaf in leaves for name in _said(leaf)}
        elif fields == {_REGION}:
            named = {name for leaf in leaves for name in _said(leaf)}
            if not regions or not {str(region).lower() for region in regions} <= named:
                return set()
        else:
            return set()
    return found if health else set()


def _said(leaf: Mapping[str, Any]) -> list[str]:
    return [str(one).lower() for one in (*(leaf.get("containsAny") or ()), leaf.get("equals")) if one]
