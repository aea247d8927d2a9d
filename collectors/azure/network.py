"""Networks: what security groups and the administrators' rules above them let in, and which interfaces are public."""

from __future__ import annotations

from annexlog.collectors import ResourceType
from annexlog.collectors.azure._calls import graph, sees

__all__ = ["interface", "security_group", "virtual_network"]

GROUP, INTERFACE, NETWORK = "Microsoft.Network/networkSecurityGroups", "Microsoft.Network/networkInterfaces", "Microsoft.Network/virtualNetworks"
_RULE = tuple(f"properties.securityRules.properties.{name}" for name in (
    "access", "direction", "priority", "protocol", "sourceAddressPrefix", "sourceAddressPrefixes", "sourceApplicationSecurityGroups.id", "destinationPortRange", "destinationPortRanges", "destinationAddressPrefix", "destinationAddressPrefixes",
))  # fmt: skip

security_group = ResourceType(
    "azure.network.security_group", facet="security_group", id="{security_group.id}", per="subscription", fold=True, tags="security_group.tags", sight=sees(f"{GROUP}/read"),
    listed=graph(GROUP, "properties.securityRules.name", *_RULE),
)

interface = ResourceType(
    "azure.network.interface", facet="interface", id="{interface.id}", per="subscription", fold=True, tags="interface.tags", sight=sees(f"{INTERFACE}/read"),
    listed=graph(INTERFACE, "properties.networkSecurityGroup.id", "properties.ipConfigurations.properties.publicIPAddress.id", "properties.ipConfigurations.properties.subnet.id"),
)

virtual_network = ResourceType(
    "azure.network.virtual_network", facet="virtual_network", id="{virtual_network.id}", per="subscription", fold=True, tags="virtual_network.tags", sight=sees(f"{NETWORK}/read"),
    listed=graph(NETWORK, "properties.subnets.id", "properties.subnets.name", "properties.subnets.properties.networkSecurityGroup.id"),
)
