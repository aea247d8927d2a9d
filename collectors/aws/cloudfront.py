"""Amazon CloudFront: distributions, where they fetch from, and the web ACL in front of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Detail, Page, Refused, ResourceType
from annexlog.collectors.aws import wafv2

__all__ = ["distribution", "vpc_origin"]

Ask = Callable[[str, Mapping[str, Any]], Page]


def _listing(operation: str, member: str) -> Callable[[Ask, Mapping[str, Any]], Iterator[Page]]:
    """Every page of a listing as `{"Items": […]}`. CloudFront leaves the items out where its `Quantity` of them is 0."""

    def pages(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
        marker: dict[str, Any] = {}
        while True:
            page = ask(operation, {**params, **marker})
            found = page.body[member]
            yield Page({"Items": found["Items"] if found["Quantity"] else []}, page.request_id, page.date)
            if not found["IsTruncated"]:
                return
            if marker == (marker := {"Marker": found["NextMarker"]}):
                raise Refused("unreadable", "RepeatedToken", "the same continuation was given twice")

    return pages


distribution = ResourceType(
    "aws.cloudfront.distribution", facet="distribution", id="{distribution.ARN}", per="account", gone=("NoSuchDistribution",),
    listed=Call("cloudfront:ListDistributions", "list_distributions", items="Items",
                fn=_listing("list_distributions", "DistributionList")),
    details=[
        Detail("protection", wafv2.named("{distribution.WebACLId}"), only="distribution.WebACLId != ''"),
    ],
    # Origins are often shown a shared secret, by which they know the distribution.
    redact={"distribution.Origins.Items[].CustomHeaders.Items[].HeaderValue": "secrets"},
    sets=("distribution.Aliases.Items", "distribution.Origins.Items"),
)

vpc_origin = ResourceType(
    "aws.cloudfront.vpc_origin", facet="vpc_origin", id="{vpc_origin.Id}", per="account", gone=("EntityNotFound",),
    listed=Call("cloudfront:ListVpcOrigins", "list_vpc_origins", items="Items", fn=_listing("list_vpc_origins", "VpcOriginList")),
    details=[
        Detail("origin", Call("cloudfront:GetVpcOrigin", "get_vpc_origin", {"Id": "{vpc_origin.Id}"}, take="VpcOrigin")),
    ],
)
