"""AWS Resource Access Manager: what the account shares, and with whom."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType

__all__ = ["resource_share"]

resource_share = ResourceType(
    "aws.ram.resource_share", facet="resource_share", id="{resource_share.resourceShareArn}", tags="resource_share.tags",
    gone=("UnknownResourceException",),
    listed=Call("ram:GetResourceShares", "get_resource_shares", {"resourceOwner": "SELF"}, items="resourceShares"),
    details=[
        Detail("principals", Call("ram:GetResourceShareAssociations", "get_resource_share_associations",
               {"associationType": "PRINCIPAL", "resourceShareArns": ["{resource_share.resourceShareArn}"]}, items="resourceShareAssociations")),
    ],
    ignore=("resource_share.lastUpdatedTime", "principals[].lastUpdatedTime"),
    sets=("principals", "resource_share.tags"),
)
