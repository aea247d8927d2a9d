"""Where Azure's logs go, and whether they stay there long enough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["brief_tables", "export_gaps", "fed_by", "flow_log_gap", "siem_gaps", "sql_audit_gaps", "unlogged_subnets"]

WANTED = ("Administrative", "Alert", "Policy", "Security")
_CONTAINER = "insights-activity-logs"
_FLOWS = ("insights-logs-flowlogflowevent", "insights-logs-networksecuritygroupflowevent")
_SQL_AUDITS = "sqldbauditlogs"
_FOR_EVER = 36_500
_STATES = {"B", "C", "E", "D"}
"""What a flow log records where nothing is said: that a flow begins, goes on, ends, and is denied."""


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


def _keeps(lifecycle: JSON, days: int, containers: Sequence[str] = (_CONTAINER,)) -> bool:
    """Whether no rule of an account deletes these containers' blobs before so many days; null: there are no rules."""
    rules = ((lifecycle or {}).get("policy") or {}).get("rules") or ()
    return not any(_deletes(rule, days, container) for rule in rules for container in containers)


def _deletes(rule: Mapping[str, Any], days: int, container: str) -> bool:
    if rule.get("enabled") is False:
        return False
    definition = rule["definition"]
    prefixes = (definition.get("filters") or {}).get("prefixMatch") or [""]
    meant = any(container.startswith(p.rstrip("/")) or p.startswith(container) for p in prefixes)
    after = ((definition["actions"].get("baseBlob") or {}).get("delete") or {}).values()
    return meant and any(float(value) < days for value in after if value is not None)


@derived
def sql_audit_gaps(auditing: JSON, sinks: JSON, workspaces: JSON, accounts: JSON, days: JSON) -> JSON | Unknown:
    """Why a SQL server's audit is not kept for so many days; [] if it is, in one place or another.

    `retentionDays` is of the storage account alone, and 0 there means for ever, unless a lifecycle rule of the account
    (`lifecycle`) deletes sooner; that counts as not kept at all. Of Azure Monitor a diagnostic setting
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
    lifecycles = {one["id"].rpartition("/")[2].lower(): one["lifecycle"] for one in accounts}
    if endpoint in lifecycles:
        spared = _keeps(lifecycles[endpoint], days, (_SQL_AUDITS,))
        kept.append((int(auditing.get("retentionDays") or 0) or _FOR_EVER) if spared else 0)
    elif endpoint:
        kept.append(None)
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
def brief_tables(workspace: JSON, tables: JSON, wanted: JSON, days: JSON) -> JSON:
    """Those of the wanted tables that a workspace keeps for less than so many days, each with how long, sorted.

    A table that the workspace does not have is not looked at: nothing is sent there. -1, or no number, is the
    workspace's own. Source: REST API, Tables (totalRetentionInDays), Workspaces (retentionInDays).
    """
    own = int(workspace["properties"].get("retentionInDays") or 0)
    names = {str(name).lower() for name in wanted}
    found = []
    for one in tables:
        kept = int((one.get("properties") or {}).get("totalRetentionInDays") or -1)
        kept = own if kept < 0 else kept
        if str(one["name"]).lower() in names and kept < days:
            found.append(f"{one['name']}: {kept} days")
    return sorted(found)


@derived
def flow_log_gap(flow_log: JSON, accounts: JSON, days: JSON) -> JSON | Unknown:
    """Why a flow log is not kept for so many days; "" if it is.

    0 days, or a policy that is off, is for ever, unless a lifecycle rule of the storage account deletes sooner.
    Unknown(unresolved) where the account is not seen. Source: REST API, Flow Logs (RetentionPolicyParameters).
    """
    policy = flow_log["properties"].get("retentionPolicy") or {}
    kept = int(policy.get("days") or 0) if policy.get("enabled") is True else 0
    if 0 < kept < days:
        return f"kept {kept} days"
    if not accounts:
        return Unknown("unresolved", operation="Microsoft.Network/networkWatchers/flowLogs", code="storageId")
    if not all(_keeps(one["lifecycle"], days, _FLOWS) for one in accounts):
        return "a lifecycle rule deletes it sooner"
    return ""


@derived
def unlogged_subnets(network: JSON, whole: JSON, subnets: JSON, guards: JSON, interfaces: JSON, sets: JSON) -> JSON:
    """Ids of a network's subnets whose traffic no flow log records, sorted; [] for a network without subnets.

    `whole`, `subnets`, `guards`: [{flow_log}] of the network, of its subnets, and of security groups. One that is off,
    or filters, does not count. `interfaces`, `sets`: [{interface}] and [{scale_set}] in the network: where one has a
    group of its own, a flow is logged by that or by the subnet's, and both need a flow log. Source: REST API, Flow Logs
    (enabled, enabledFilteringCriteria, recordTypes); learn.microsoft.com, "Flow logging for network security groups".
    """
    if any(_records(one["flow_log"]["properties"]) for one in whole):
        return []
    on = {
        str(one["flow_log"]["properties"].get("targetResourceId") or "").lower()
        for one in (*subnets, *guards)
        if _records(one["flow_log"]["properties"])
    }
    within = list(_guards_within(interfaces, sets))
    found = []
    for one in network["properties"].get("subnets") or ():
        id, guard = str(one["id"]).lower(), _group(one.get("properties") or {})
        inner = {group for subnet, group in within if subnet == id}
        found += [] if id in on or (guard and {guard, *inner} <= on) else [str(one["id"])]
    return sorted(found)


def _guards_within(interfaces: JSON, sets: JSON) -> Iterator[tuple[str, str]]:
    """Of each interface, and each that a scale set makes, with a group of its own: subnet and group."""
    made = [one["interface"]["properties"] for one in interfaces]
    for one in sets:
        profile = one["scale_set"]["properties"].get("virtualMachineProfile") or {}
        configured = (profile.get("networkProfile") or {}).get("networkInterfaceConfigurations") or ()
        made += [each["properties"] for each in configured]
    for value in made:
        for one in value.get("ipConfigurations") or ():
            if _group(value):
                yield str((one["properties"].get("subnet") or {}).get("id") or "").lower(), _group(value)


def _group(value: Mapping[str, Any]) -> str:
    return str((value.get("networkSecurityGroup") or {}).get("id") or "").lower()


def _records(value: Mapping[str, Any]) -> bool:
    types = {part.strip().upper() for part in str(value.get("recordTypes") or "").split(",")} - {""}
    return value.get("enabled") is True and not value.get("enabledFilteringCriteria") and types in (set(), _STATES)


@derived
def siem_gaps(settings: JSON, sentinels: JSON, registered: JSON, rules: JSON) -> JSON:
    """Categories of a subscription's activity log that no SIEM gets, sorted.

    `settings`: its diagnostic settings; `sentinels`: [{id, analytics}] of the workspaces they name that are onboarded.
    One counts if it is registered and has so many rules, Scheduled or NRT, that are enabled. Source: REST API, Alert
    Rules.
    """
    known = {str(one).lower() for one in registered}
    active = {
        str(one["id"]).lower()
        for one in sentinels
        if sum(_looks(rule) for rule in one["analytics"]) >= rules and str(one["id"]).lower() in known
    }
    found: set[str] = set()
    for one in settings:
        if str(one["properties"].get("workspaceId") or "").lower() in active:
            found |= _enabled(one["properties"])
    return sorted({"Administrative", "Security"} - found)


def _looks(rule: Mapping[str, Any]) -> bool:
    return rule.get("kind") in ("Scheduled", "NRT") and (rule.get("properties") or {}).get("enabled") is True


@derived
def fed_by(indicators: JSON, manual: JSON, days: JSON, now: JSON) -> JSON | Unknown:
    """Sources, other than persons' entries, that brought an indicator within so many days, sorted.

    Unknown(unresolved) where there is none among those that were read, and not all were.
    """
    persons = {str(one).strip().lower() for one in manual} | {""}
    since = now - int(days) * 86_400_000
    found = sorted(
        str(one["source"])
        for one in indicators["sources"]
        if str(one["source"]).strip().lower() not in persons and _millis(str(one["updated"])) >= since
    )
    if not found and indicators["whole"] is not True:
        return Unknown("unresolved", operation="Microsoft.SecurityInsights/threatIntelligence/indicators")
    return found


def _millis(text: str) -> int:
    at = datetime.fromisoformat(text)  # a fraction of seven digits, as Azure writes it, is cut
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
