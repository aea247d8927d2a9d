"""Log Analytics workspaces, alerts, whom they tell and what keeps them silent; what grows by itself under load."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType
from annexlog.collectors.azure._calls import GONE, arm, graph, sees
from annexlog.collectors.azure._notified import AT, GROUP, OTHERS, groups

__all__ = ["action_group", "alert", "autoscale_setting", "metric_alert", "processing_rule", "workspace"]

WORKSPACE = "Microsoft.OperationalInsights/workspaces"
_KEPT = ("totalRetentionInDays", "retentionInDays", "plan")

workspace = ResourceType(
    "azure.monitor.workspace", facet="workspace", id="{workspace.id}", per="subscription", fold=True, gone=GONE, tags="workspace.tags", sight=sees(f"{WORKSPACE}/read"),
    listed=graph(WORKSPACE, "properties.retentionInDays", "properties.sku.name", "properties.workspaceCapping.dailyQuotaGb", "properties.workspaceCapping.dataIngestionStatus"),
    details=[
        Detail("activity", arm(f"{WORKSPACE}/tables", "{id}/tables/AzureActivity", {"id": "{workspace.id}"}, *_KEPT, take="properties")),
        Detail("diagnostics", arm(f"{WORKSPACE}/tables", "{id}/tables/AzureDiagnostics", {"id": "{workspace.id}"}, *_KEPT, take="properties")),
        Detail("tables", arm(f"{WORKSPACE}/tables", "{id}/tables", {"id": "{workspace.id}"}, "name", "properties.totalRetentionInDays", items="value")),
    ],
)

ALERT = "Microsoft.Insights/activityLogAlerts"

alert = ResourceType(
    "azure.monitor.activity_alert", facet="alert", id="{alert.id}", per="subscription", fold=True, tags="alert.tags", sight=sees(f"{ALERT}/read"),
    listed=graph(ALERT, "properties.enabled", "properties.scopes", "properties.condition", "properties.actions.actionGroups.actionGroupId"),
)

_OTHERS = " + ".join(f"coalesce(array_length(properties.{name}), 0)" for name in OTHERS)

# Addresses, numbers and URIs of receivers are left out: some are personal, some hold keys.
action_group = ResourceType(
    "azure.monitor.action_group", facet="group", id="{group.id}", per="subscription", fold=True, tags="group.tags", sight=sees(f"{GROUP}/read"),
    listed=graph(GROUP, "properties.enabled", "properties.emailReceivers.status", "properties.smsReceivers.status", "others", extend=f"extend others = {_OTHERS}"),
)

PROCESSING = "Microsoft.AlertsManagement/actionRules"

processing_rule = ResourceType(
    "azure.monitor.processing_rule", facet="processing", id="{processing.id}", per="subscription", fold=True, tags="processing.tags", sight=sees(f"{PROCESSING}/read"),
    listed=graph(PROCESSING, *(f"properties.{name}" for name in ("enabled", "scopes", "conditions", "actions.actionType", "schedule.effectiveUntil", "schedule.timeZone"))),
)

METRIC = "Microsoft.Insights/metricAlerts"

metric_alert = ResourceType(
    "azure.monitor.metric_alert", facet="alert", id="{alert.id}", per="subscription", fold=True, tags="alert.tags", sight=sees(f"{METRIC}/read"),
    gone=GONE,
    listed=graph(METRIC, "properties.enabled", "properties.scopes", "properties.targetResourceType", "properties.targetResourceRegion", "properties.actions.actionGroupId"),
    details=[Detail("groups", Call(f"{GROUP}/read", AT, {"actions": "{alert.properties.actions}"}, items="", fn=groups))],
)

AUTOSCALE = "Microsoft.Insights/autoscaleSettings"
_PROFILE = "properties.profiles"

autoscale_setting = ResourceType(
    "azure.monitor.autoscale_setting", facet="autoscale", id="{autoscale.id}", per="subscription", fold=True, tags="autoscale.tags", sight=sees(f"{AUTOSCALE}/read"),
    listed=graph(AUTOSCALE, "properties.enabled", "properties.targetResourceUri", *(f"{_PROFILE}.{name}" for name in ("name", "capacity", "fixedDate", "recurrence.frequency", "rules.scaleAction.direction", "rules.scaleAction.value"))),
)
