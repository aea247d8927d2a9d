"""Quotas, in each region in which there is something that takes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annexlog.collectors import Call, Detail, ResourceType
from annexlog.collectors.azure._calls import arm, shown

__all__ = ["region"]

TAKING = (
    "Microsoft.Compute/virtualMachines", "Microsoft.Compute/virtualMachineScaleSets", "Microsoft.Compute/disks",
    "Microsoft.Network/virtualNetworks", "Microsoft.Network/publicIPAddresses", "Microsoft.Storage/storageAccounts",
)  # fmt: skip
_REGIONS = f"resources | where type in~ ({', '.join(repr(type) for type in TAKING)}) | distinct location | project id = location | order by id asc"
_THERE: Mapping[str, Any] = {"subscription": "{subscription}", "location": "{region.id}"}


def _usages(provider: str) -> Call:
    path = f"/subscriptions/{{subscription}}/providers/{provider}/locations/{{location}}/usages"
    return arm(f"{provider}/locations/usages", path, _THERE, "name.value", "currentValue", "limit", items="value")


region = ResourceType(
    "azure.quota.region", facet="region", id="/subscriptions/{subscription}/locations/{region.id}", per="subscription", fold=True,
    listed=shown(_REGIONS, *(f"{type}/read" for type in TAKING)),
    details=[Detail(name, _usages(f"Microsoft.{name.title()}")) for name in ("compute", "network", "storage")],
)
