"""Where Azure's logs go, and whether they stay there long enough."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["export_gaps", "sql_audit_gaps", "unnoticed_operations"]

WANTED = ("Administrative", "Alert", "Policy", "Security")
_CONTAINER = "insights-activity-logs"
_FOR_EVER = 36_500


@derived
def export_gaps(settings: JSON, workspaces: JSON, accounts: JSON, days: JSON) -> JSON | Unknown:
    """Categories of the activity log that no diagnostic setting takes to a place that keeps them so long, sorted.

    `workspaces`: [{id, activity}], the retention of each one's table AzureActivity; `accounts`: [{id, lifecycle}]. An
    event hub keeps nothing. Unknown(unresolved) where a destination that is in neither could make the difference.
    `retentionPolicy` in a setting has no effect since 2025-09-30. Source: REST API, Subscription Diagnostic Settings;
    Tables (totalRetentionInDays); learn.microsoft.com, "Migrate diagnostic settings storage retention".
    """
    keeps = {one["id"].lower(): (one["activity"].get("totalRetentionInDays") or 0) >= days for one in workspaces}
    keeps |= {one["id"].lower(): _keeps(one["lifecycle"], days) for one in accounts}
    found: set[str] = set()
    unseen: set[str] = set()
    for setting in settings:
        value = setting["properties"]
        sinks = {str(value.get(name) or "").lower() for name in ("workspaceId", "storageAccountId")} - {""}
        if any(keeps.get(sink) for sink in sinks):
            found |= _enabled(value)
        elif any(sink not in keeps for sink in sinks):
            unseen |= _enabled(value)
    if not set(WANTED) <= found and set(WANTED) <= found | unseen:
        return Unknown("unresolved", operation="Microsoft.Insights/diagnosticSettings")
    return sorted(set(WANTED) - found)


def _enabled(value: Mapping[str, Any]) -> set[str]:
    on = [log for log in value.get("logs") or () if log.get("enabled") is True]
    groups = {str(log.get("categoryGroup") or "").lower() for log in on}
    return set(WANTED) if "alllogs" in groups else {str(log.get("category") or "") for log in on}


def _keeps(lifecycle: JSON, days: int) -> bool:
    """Whether no rule of an account deletes the activity log's blobs before so many days; null: there are no rules."""
    rules = ((lifecycle or {}).get("policy") or {}).get("rules") or ()
    return not any(_deletes(rule, days) for rule in rules)


def _deletes(rule: Mapping[str, Any], days: int) -> bool:
    if rule.get("enabled") is False:
        return False
    definition = rule["definition"]
    prefixes = (definition.get("filters") or {}).get("prefixMatch") or [""]
    meant = any(_CONTAINER.startswith(p.rstrip("/")) or p.startswith(_CONTAINER) for p in prefixes)
    after = ((definition["actions"].get("baseBlob") or {}).get("delete") or {}).values()
    return meant and any(float(value) < days for value in after if value is not None)


@derived
def sql_audit_gaps(auditing: JSON, sinks: JSON, workspaces: JSON, accounts: JSON, days: JSON) -> JSON | Unknown:
    """Why a SQL server's audit is not kept for so many days; [] if it is, in one place or another.

    `retentionDays` is of the storage account alone, and 0 there means for ever. Of Azure Monitor a diagnostic setting
    must take the category SQLSecurityAuditEvents of master to a workspace, whose table AzureDiagnostics counts.
    Unknown(unresolved) where only a destination that is not known could keep it. Source: REST API, Server Blob
    Auditing (ExtendedServerBlobAuditingPolicyProperties).
    """
    if auditing.get("state") != "Enabled":
        return ["auditing is off"]
    if auditing.get("predicateExpression"):
        return ["a predicate leaves events out"]
    kept: list[int | None] = []  # None: by a place that is not known
    endpoint = str(auditing.get("storageEndpoint") or "").partition("//")[2].partition(".")[0].lower()
    if endpoint:
        known = endpoint in {one["id"].rpartition("/")[2].lower() for one in accounts}
        kept.append((int(auditing.get("retentionDays") or 0) or _FOR_EVER) if known else None)
    if auditing.get("isAzureMonitorTargetEnabled") is True:
        tables = {one["id"].lower(): int(one["diagnostics"].get("totalRetentionInDays") or 0) for one in workspaces}
        audited = [one["properties"] for one in sinks if _audits(one["properties"])]
        kept += [tables.get(str(value["workspaceId"]).lower()) for value in audited if value.get("workspaceId")]
    if any(one is not None and one >= days for one in kept):
        return []
    if None in kept:
        return Unknown("unresolved", operation="{id}/extendedAuditingSettings/default")
    return [f"kept {max((one for one in kept if one is not None), default=0)} days"]


def _audits(value: Mapping[str, Any]) -> bool:
    on = [log for log in value.get("logs") or () if log.get("enabled") is True]
    return any(
        log.get("category") == "SQLSecurityAuditEvents"
        or str(log.get("categoryGroup") or "").lower() in ("audit", "alllogs")
        for log in on
    )


@derived
def unnoticed_operations(alerts: JSON, subscription: JSON, operations: JSON) -> JSON:
    """Operations of which no alert of the activity log tells for a whole subscription (`/subscriptions/ID`), sorted.

    A condition on anything but category and operation narrows an alert, which then does not count.
    Source: REST API, Activity Log Alerts (AlertRuleAllOfCondition, AlertRuleAnyOfOrLeafCondition).
    """
    found: set[str] = set()
    for one in alerts:
        value = one["alert"]["properties"]
        whole = str(subscription).lower() in {str(scope).lower().rstrip("/") for scope in value.get("scopes") or ()}
        if value.get("enabled") is True and whole and (value.get("actions") or {}).get("actionGroups"):
            found |= _told_of(value["condition"]["allOf"])
    return sorted(name for name in operations if str(name).lower() not in found)


def _told_of(conditions: JSON) -> set[str]:
    """The operations, in lower case, that all conditions let through; none where one looks at something else."""
    found: set[str] | None = None
    for one in conditions:
        leaves = one.get("anyOf") or [one]
        named = {str(leaf.get("equals") or "").lower() for leaf in leaves if leaf.get("field") == "operationName"}
        if len(named) == len(leaves):
            found = named if found is None else found & named
        elif any(leaf.get("field") != "category" or leaf.get("equals") != "Administrative" for leaf in leaves):
            return set()
    return found or set()
