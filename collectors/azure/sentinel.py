"""Microsoft Sentinel, where a workspace is onboarded to it: its rules, its open incidents, and what it knows of threats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annexlog.collectors import Call, Detail, ResourceType
from annexlog.collectors.azure._calls import GONE, VERSION, arm, sees
from annexlog.collectors.azure._threats import newest
from annexlog.collectors.azure._versions import version

__all__ = ["instance"]

_IN = "{id}/providers/Microsoft.SecurityInsights"
_WORKSPACE: Mapping[str, Any] = {"id": "{workspace.id}"}
# Sentinel itself says both, and onboards no workspace of a subscription that is not registered.
_NONE = ("BadRequest:is not onboarded to Microsoft Sentinel", "BadRequest:is not registered to 'Microsoft.SecurityInsights'")
INDICATORS = "Microsoft.SecurityInsights/threatIntelligence/indicators"

# The state "default" says that a workspace is onboarded. Its solution SecurityInsights(name) does not: those of the Defender portal have none.
instance = ResourceType(
    "azure.sentinel.instance", facet="instance", id="{workspace.id}", per="subscription", under="azure.monitor.workspace", fold=True, gone=GONE, sight=sees("Microsoft.OperationalInsights/workspaces/read"),
    listed=arm("Microsoft.SecurityInsights/onboardingStates", f"{_IN}/onboardingStates", _WORKSPACE, "name", items="value", absent=_NONE),
    details=[
        Detail("open_incidents", arm("Microsoft.SecurityInsights/incidents", f"{_IN}/incidents", {**_WORKSPACE, "$filter": "properties/status ne 'Closed'", "$top": "1000"},
                                     "name", *(f"properties.{name}" for name in ("severity", "status", "createdTimeUtc", "owner.objectId", "incidentNumber")), items="value")),
        Detail("analytics", arm("Microsoft.SecurityInsights/alertRules", f"{_IN}/alertRules", _WORKSPACE, "name", "kind", "properties.enabled", items="value")),
        Detail("indicators", Call(f"{INDICATORS}/read", f"{_IN}/threatIntelligence/main/indicators", {**_WORKSPACE, VERSION: version(INDICATORS)}, fn=newest)),
    ],
)
