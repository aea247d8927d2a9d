"""AWS Resource Explorer: the inventory's index in each region, and the view that searches use."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType

__all__ = ["region"]

region = ResourceType(
    "aws.resourceexplorer.region", facet="explorer_region", id="{region}", listed=None, per="region",
    details=[
        Detail("index", Call("resource-explorer-2:GetIndex", "get_index", absent=("ResourceNotFoundException",))),
        # Without a default view the answer holds no ARN.
        Detail("default_view", Call("resource-explorer-2:GetDefaultView", "get_default_view", take="ViewArn", missing="",
               absent=("ResourceNotFoundException",)), only="index.Type != ''"),
        Detail("view", Call("resource-explorer-2:GetView", "get_view", {"ViewArn": "{default_view}"}, take="View",
               absent=("ResourceNotFoundException",)), only="default_view != ''"),
    ],
    ignore=("index.LastUpdatedAt", "index.ReplicatingFrom", "index.ReplicatingTo", "view.LastUpdatedAt"),
)
