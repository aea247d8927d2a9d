"""Microsoft Sentinel, where it is: the incidents that are open in its workspaces."""

from __future__ import annotations

from annexlog.collectors import Detail, ResourceType
from annexlog.collectors.azure._calls import GONE, arm, graph, sees

__all__ = ["instance"]

SOLUTION = "Microsoft.OperationsManagement/solutions"

# A workspace has Sentinel if it has the solution SecurityInsights(workspace).
instance = ResourceType(
    "azure.sentinel.instance", facet="instance", id="{instance.properties.workspaceResourceId}", per="subscription", fold=True, gone=GONE, sight=sees(f"{SOLUTION}/read"),
    listed=graph(SOLUTION, "properties.workspaceResourceId", extend="where name startswith 'SecurityInsights('"),
    details=[
        Detail("open_incidents", arm("Microsoft.SecurityInsights/incidents", "{id}/providers/Microsoft.SecurityInsights/incidents",
                                     {"id": "{instance.properties.workspaceResourceId}", "$filter": "properties/status ne 'Closed'", "$top": "1000"},
                                     "name", *(f"properties.{name}" for name in ("severity", "status", "createdTimeUtc", "owner.objectId", "incidentNumber")), items="value")),
    ],
)
