"""Everything in a subscription, whatever it is, and the groups it lies in: where it is, and how it is tagged."""

from __future__ import annotations

from annexlog.collectors import Call, ResourceType
from annexlog.collectors.azure._calls import GRAPH, SUBSCRIPTION, arm, sees, sees_all
from annexlog.collectors.declaring import keep

__all__ = ["group", "resource"]

GROUP = "Microsoft.Resources/subscriptions/resourceGroups"

group = ResourceType(
    "azure.resources.group", facet="group", id="{group.id}", per="subscription", fold=True, tags="group.tags", sight=sees(f"{GROUP}/read"),
    listed=arm(GROUP, "/subscriptions/{subscription}/resourcegroups", SUBSCRIPTION, "id", "name", "location", "tags", items="value"),
)

# Of all types at once: whoever may not read one of them would not see it here either.
_EVERYTHING = "resources | extend group = tolower(strcat('/subscriptions/', subscriptionId, '/resourceGroups/', resourceGroup)) | project id, name, type, location, tags, group | order by id asc"

resource = ResourceType(
    "azure.resources.resource", facet="resource", id="{resource.id}", per="subscription", fold=True, tags="resource.tags", sight=sees_all(),
    listed=Call("Microsoft.Resources/subscriptions/resources/read", GRAPH, {**SUBSCRIPTION, "query": _EVERYTHING, **keep(*(f"data.{name}" for name in ("id", "name", "type", "location", "tags", "group")))}, items="data"),
)
