"""Networks: what security groups and the administrators' rules above them let in, and which interfaces are public."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType
from annexlog.collectors.azure._calls import GONE, graph, sees
from annexlog.collectors.azure._rules import admin_rules

__all__ = ["firewall", "firewall_policy", "flow_log", "interface", "manager", "public_address", "security_group", "virtual_network"]

GROUP, INTERFACE, NETWORK = "Microsoft.Network/networkSecurityGroups", "Microsoft.Network/networkInterfaces", "Microsoft.Network/virtualNetworks"
_RULE = tuple(f"properties.securityRules.properties.{name}" for name in (
    "access", "direction", "priority", "protocol", "sourceAddressPrefix", "sourceAddressPrefixes", "sourceApplicationSecurityGroups.id", "sourcePortRange", "sourcePortRanges", "destinationPortRange", "destinationPortRanges", "destinationAddressPrefix", "destinationAddressPrefixes",
))  # fmt: skip

security_group = ResourceType(
    "azure.network.security_group", facet="security_group", id="{security_group.id}", per="subscription", fold=True, tags="security_group.tags", sight=sees(f"{GROUP}/read"),
    listed=graph(GROUP, "properties.securityRules.name", "properties.subnets.id", *_RULE),
)

interface = ResourceType(
    "azure.network.interface", facet="interface", id="{interface.id}", per="subscription", fold=True, tags="interface.tags", sight=sees(f"{INTERFACE}/read"),
    listed=graph(INTERFACE, "properties.networkSecurityGroup.id", "properties.virtualMachine.id", *(f"properties.ipConfigurations.properties.{name}" for name in ("publicIPAddress.id", "subnet.id", "privateIPAddress", "loadBalancerInboundNatRules.id", "loadBalancerBackendAddressPools.id"))),
)

virtual_network = ResourceType(
    "azure.network.virtual_network", facet="virtual_network", id="{virtual_network.id}", per="subscription", fold=True, tags="virtual_network.tags", sight=sees(f"{NETWORK}/read"),
    listed=graph(NETWORK, "properties.subnets.id", "properties.subnets.name", "properties.subnets.properties.networkSecurityGroup.id",
                 *(f"properties.virtualNetworkPeerings.properties.{name}" for name in ("remoteVirtualNetwork.id", "peeringState", "useRemoteGateways")), "properties.dhcpOptions.dnsServers"),
)

FIREWALL, FIREWALL_POLICY = "Microsoft.Network/azureFirewalls", "Microsoft.Network/firewallPolicies"

firewall = ResourceType(
    "azure.network.firewall", facet="firewall", id="{firewall.id}", per="subscription", fold=True, tags="firewall.tags", sight=sees(f"{FIREWALL}/read"),
    listed=graph(FIREWALL, "properties.threatIntelMode", "properties.firewallPolicy.id"),
)

firewall_policy = ResourceType(
    "azure.network.firewall_policy", facet="firewall_policy", id="{firewall_policy.id}", per="subscription", fold=True, tags="firewall_policy.tags", sight=sees(f"{FIREWALL_POLICY}/read"),
    listed=graph(FIREWALL_POLICY, "properties.threatIntelMode", "properties.threatIntelWhitelist", "properties.basePolicy.id"),
)

FLOW_LOG = "Microsoft.Network/networkWatchers/flowLogs"

flow_log = ResourceType(
    "azure.network.flow_log", facet="flow_log", id="{flow_log.id}", per="subscription", fold=True, sight=sees(f"{FLOW_LOG}/read"),
    listed=graph(FLOW_LOG, *(f"properties.{name}" for name in ("targetResourceId", "storageId", "enabled", "retentionPolicy.days", "retentionPolicy.enabled", "enabledFilteringCriteria", "recordTypes", "provisioningState"))),
)

ADDRESS = "Microsoft.Network/publicIPAddresses"

public_address = ResourceType(
    "azure.network.public_address", facet="public_address", id="{public_address.id}", per="subscription", fold=True, tags="public_address.tags", sight=sees(f"{ADDRESS}/read"),
    listed=graph(ADDRESS, "sku.name", "properties.ipConfiguration.id", "properties.publicIPAllocationMethod"),
)

MANAGER = "Microsoft.Network/networkManagers"
_CONFIGURATIONS, _COLLECTIONS, _RULES = (f"{MANAGER}/securityAdminConfigurations{rest}" for rest in ("", "/ruleCollections", "/ruleCollections/rules"))

manager = ResourceType(
    "azure.network.manager", facet="manager", id="{manager.id}", per="subscription", fold=True, gone=GONE, tags="manager.tags", sight=sees(f"{MANAGER}/read"),
    listed=graph(MANAGER, "properties.networkManagerScopeAccesses"),
    details=[
        Detail("admin_rules", Call(f"{_CONFIGURATIONS}/read", "{id}/securityAdminConfigurations", {"id": "{manager.id}"}, items="", fn=admin_rules, also=(f"{_COLLECTIONS}/read", f"{_RULES}/read"))),
    ],
)
