"""Access Context Manager: service perimeters, which keep data of their projects inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Page, ResourceType
from annexlog.collectors.declaring import Asks
from annexlog.collectors.gcp._calls import ASSETS, access_policies
from annexlog.collectors.paths import kept

__all__ = ["perimeter"]

# Of rules whether they are anybody's, and of what: who is named in them is not kept.
STATUS = ("resources", "restrictedServices", "ingressPolicies.ingressFrom.identityType", "ingressPolicies.ingressFrom.sources", "ingressPolicies.ingressTo.operations.serviceName", "ingressPolicies.ingressTo.roles", "ingressPolicies.ingressTo.resources",
          "egressPolicies.egressFrom.identityType", "egressPolicies.egressTo.operations.serviceName", "egressPolicies.egressTo.roles", "egressPolicies.egressTo.resources", "egressPolicies.egressTo.externalResources")

def perimeters(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Service perimeters alone, each by its own name: their asset's is that of what they are set on.

    {name, type, status}. `type`: REGULAR or BRIDGE; `status`: what is enforced, null where all is only tried out.
    """
    for page in ask.pages(ASSETS, params):
        found = [row["access"]["service_perimeter"] for row in page.body["assets"] if "service_perimeter" in row.get("access", {})]
        rows = [{"name": one["name"], "type": one.get("perimeterType", "PERIMETER_TYPE_REGULAR"), "status": kept(one.get("status"), STATUS)} for one in found]
        yield Page({**page.body, "assets": rows})


perimeter = ResourceType(
    "gcp.vpcsc.perimeter", facet="perimeter", id="{perimeter.name}", per="organization",
    listed=access_policies(perimeters),
    sets=("perimeter.status.resources", "perimeter.status.restrictedServices"),
)
