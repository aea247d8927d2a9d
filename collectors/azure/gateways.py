"""Ways into virtual networks: Bastion hosts, and gateways of VPN and ExpressRoute with what they are connected to."""

from __future__ import annotations

from annexlog.collectors import Detail, ResourceType
from annexlog.collectors.azure._calls import GONE, arm, graph, sees

__all__ = ["bastion", "gateway"]

BASTION, GATEWAY = "Microsoft.Network/bastionHosts", "Microsoft.Network/virtualNetworkGateways"
_NETWORK = "tolower(tostring(split(tolower(tostring(properties.ipConfigurations[0].properties.subnet.id)), '/subnets/')[0]))"

# One of the SKU Developer has no address in the network, and names the network instead.
bastion = ResourceType(
    "azure.network.bastion", facet="bastion", id="{bastion.id}", per="subscription", fold=True, tags="bastion.tags", sight=sees(f"{BASTION}/read"),
    listed=graph(BASTION, "network", "sku.name", "properties.provisioningState", extend=f"extend network = tolower(tostring(properties.virtualNetwork.id)), inside = {_NETWORK} | extend network = iff(isempty(network), inside, network)"),
)

gateway = ResourceType(
    "azure.network.gateway", facet="gateway", id="{gateway.id}", per="subscription", fold=True, gone=GONE, tags="gateway.tags", sight=sees(f"{GATEWAY}/read"),
    listed=graph(GATEWAY, "network", "properties.gatewayType", "properties.provisioningState", "properties.vpnClientConfiguration.vpnClientAddressPool.addressPrefixes", extend=f"extend network = {_NETWORK}"),
    details=[
        Detail("connections", arm(f"{GATEWAY}/connections", "{id}/connections", {"id": "{gateway.id}"}, "name", "properties.connectionType", "properties.provisioningState", items="value")),
    ],
)
