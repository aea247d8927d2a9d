"""AWS Transit Gateway: what is attached to gateways, and where their route tables lead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Detail, Page, Refused, ResourceType

__all__ = ["attachment", "route_table"]


def routes(ask: Any, params: Mapping[str, Any]) -> Iterator[Page]:
    """Every active route of a table. Raises Refused where there are more, and no way to ask for them."""
    for page in ask.pages("search_transit_gateway_routes", params):
        if page.body.get("AdditionalRoutesAvailable") and not page.body.get("NextToken"):
            raise Refused("incomplete", "AdditionalRoutesAvailable")
        yield page


attachment = ResourceType(
    "aws.ec2.transit_gateway_attachment", facet="attachment", id="{attachment.TransitGatewayAttachmentId}", tags="attachment.Tags",
    listed=Call("ec2:DescribeTransitGatewayAttachments", "describe_transit_gateway_attachments", items="TransitGatewayAttachments"),
    sets=("attachment.Tags",),
)

route_table = ResourceType(
    "aws.ec2.transit_gateway_route_table", facet="gateway_table", id="{gateway_table.TransitGatewayRouteTableId}", tags="gateway_table.Tags",
    gone=("InvalidRouteTableID.NotFound",),
    listed=Call("ec2:DescribeTransitGatewayRouteTables", "describe_transit_gateway_route_tables", items="TransitGatewayRouteTables"),
    details=[
        # Propagated, static and those of prefix lists; a black hole leads nowhere.
        Detail("routes", Call("ec2:SearchTransitGatewayRoutes", "search_transit_gateway_routes",
               {"TransitGatewayRouteTableId": "{gateway_table.TransitGatewayRouteTableId}", "Filters": [{"Name": "state", "Values": ["active"]}],
                "MaxResults": 1000}, items="Routes", fn=routes)),
    ],
    sets=("routes", "routes[].TransitGatewayAttachments", "gateway_table.Tags"),
)
