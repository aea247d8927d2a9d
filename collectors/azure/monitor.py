"""Log Analytics workspaces and alerts of the activity log: how long audits are kept, and what is noticed at once."""

from __future__ import annotations

from annexlog.collectors import Detail, ResourceType
from annexlog.collectors.azure._calls import GONE, arm, graph, sees

__all__ = ["alert", "workspace"]

WORKSPACE = "Microsoft.OperationalInsights/workspaces"
_KEPT = ("totalRetentionInDays", "retentionInDays", "plan")

workspace = ResourceType(
    "azure.monitor.workspace", facet="workspace", id="{workspace.id}", per="subscription", fold=True, gone=GONE, tags="workspace.tags", sight=sees(f"{WORKSPACE}/read"),
    listed=graph(WORKSPACE, "properties.retentionInDays", "properties.sku.name", "properties.workspaceCapping.dailyQuotaGb"),
    details=[
        Detail("activity", arm(f"{WORKSPACE}/tables", "{id}/tables/AzureActivity", {"id": "{workspace.id}"}, *_KEPT, take="properties")),
        Detail("diagnostics", arm(f"{WORKSPACE}/tables", "{id}/tables/AzureDiagnostics", {"id": "{workspace.id}"}, *_KEPT, take="properties")),
    ],
)

ALERT = "Microsoft.Insights/activityLogAlerts"

alert = ResourceType(
    "azure.monitor.activity_alert", facet="alert", id="{alert.id}", per="subscription", fold=True, tags="alert.tags", sight=sees(f"{ALERT}/read"),
    listed=graph(ALERT, "properties.enabled", "properties.scopes", "properties.condition", "properties.actions.actionGroups.actionGroupId"),
)
