"""What the Alert Center says, and how it is handled. What an alert is about is not kept: it names people."""

from __future__ import annotations

from annexlog.collectors import Call, ResourceType
from annexlog.collectors.google_workspace._calls import ALERTS, listing

__all__ = ["alert"]

_ALERTS = "/v1beta1/alerts"

alert = ResourceType(
    "google_workspace.alert", facet="alert", id="{alert.alertId}", per="customer",
    listed=Call(ALERTS, _ALERTS, {"pageSize": "1000"}, items="alerts",
                fn=listing(_ALERTS, "alerts", "alertId", "createTime", "type", "source", "deleted", "metadata.status", "metadata.severity")),
)
