"""Event Hubs: the namespaces that logs are sent to."""

from __future__ import annotations

from annexlog.collectors import ResourceType
from annexlog.collectors.azure._calls import graph, sees

__all__ = ["namespace"]

NAMESPACE = "Microsoft.EventHub/namespaces"

namespace = ResourceType(
    "azure.eventhub.namespace", facet="event_hubs", id="{event_hubs.id}", per="subscription", fold=True, tags="event_hubs.tags", sight=sees(f"{NAMESPACE}/read"),
    listed=graph(NAMESPACE, "properties.provisioningState"),
)
