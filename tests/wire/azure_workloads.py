"""The subscription of azure_estate, with what runs in it, how it is reached, and who is told: every test still passes."""

# ruff: noqa: E501 — answers read as a table

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.wire import azure_estate as estate
from tests.wire.azure import at, row
from tests.wire.azure_estate import EMAIL, MACHINE, NOW, PLANTED, SUB, WORKSPACE

REGISTERS: Mapping[str, Any] = {
    **estate.REGISTERS, "azure_approved_images": ["canonical/ubuntu-24_04-lts"], "azure_time_sync_assignments": ["TimeSync"], "azure_siem_workspaces": [WORKSPACE.lower()], "azure_admin_ranges": ["192.0.2.0/28"],
}  # fmt: skip

_NETWORK, _COMPUTE = "Microsoft.Network", "Microsoft.Compute"
NET = at(f"{_NETWORK}/virtualNetworks", "Net")
SUBNET = f"{NET}/subnets/front"
GROUP = at(f"{_NETWORK}/networkSecurityGroups", "Front")
ARC = at("Microsoft.HybridCompute/machines", "Arc1")
SET = at(f"{_COMPUTE}/virtualMachineScaleSets", "Set1")
PLAN = at("Microsoft.Web/serverfarms", "Plan1")
OPS = at("Microsoft.Insights/actionGroups", "ops")
GATEWAY = at(f"{_NETWORK}/virtualNetworkGateways", "Vpn1")
DOOR = at("Microsoft.Cdn/profiles", "Door")
EDGE = at(f"{_NETWORK}/FrontDoorWebApplicationFirewallPolicies", "Edge")
WAF = at(f"{_NETWORK}/ApplicationGatewayWebApplicationFirewallPolicies", "Waf")
DNS, NAMES = at(f"{_NETWORK}/dnsResolverPolicies", "Dns"), at(f"{_NETWORK}/dnsResolverDomainLists", "Bad")
SENTINEL = f"{WORKSPACE}/providers/Microsoft.SecurityInsights"
ASSIGNMENT = "Microsoft.GuestConfiguration/guestConfigurationAssignments"
REPLICATED = (
    "Microsoft.RecoveryServices/vaults/replicationFabrics/replicationProtectionContainers/replicationProtectedItems"
)
_IMAGE = {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"}
_BOOT = {"securityType": "TrustedLaunch", "uefiSettings": {"secureBootEnabled": True, "vTpmEnabled": True}}
_CRITICAL = {"criticality": "critical"}


def _covers(id: str) -> list[str]:
    group = f"{SUB}/resourcegroups/shop"
    return [id.lower(), group, SUB]


def _assignment(machine: str) -> dict[str, Any]:
    one = row(
        ASSIGNMENT,
        "TimeSync",
        {
            "targetResourceId": machine,
            "complianceStatus": "Compliant",
            "lastComplianceStatusChecked": NOW,
            "latestAssignmentReport": {"vm": {"uuid": PLANTED}},
        },
    )
    return {**one, "id": f"{machine}/providers/{ASSIGNMENT}/TimeSync"}


def _autoscale(name: str, target: str) -> dict[str, Any]:
    rules = [
        {
            "scaleAction": {"direction": way, "value": "1", "type": "ChangeCount"},
            "metricTrigger": {"metricName": "Percentage CPU"},
        }
        for way in ("Increase", "Decrease")
    ]
    return row(
        "Microsoft.Insights/autoscaleSettings",
        name,
        {
            "enabled": True,
            "targetResourceUri": target,
            "profiles": [{"name": "d", "capacity": {"minimum": "2", "maximum": "5", "default": "2"}, "rules": rules}],
            "notifications": [{"email": {"customEmails": [EMAIL]}}],
        },
    )


def inventory() -> dict[str, list[dict[str, Any]]]:
    """What Resource Graph shows, by type."""
    known = estate.inventory()
    (machine,) = known[f"{_COMPUTE}/virtualMachines"]
    machine["properties"] |= {
        "storageProfile": {"osDisk": {"osType": "Linux"}, "imageReference": _IMAGE},
        "networkProfile": {"networkInterfaces": [{"id": at(f"{_NETWORK}/networkInterfaces", "nic1")}]},
    }
    (interface,) = known[f"{_NETWORK}/networkInterfaces"]
    interface["properties"] |= {"virtualMachine": {"id": MACHINE}}
    (group,) = known[f"{_NETWORK}/networkSecurityGroups"]
    group["properties"]["subnets"] = [{"id": SUBNET}]
    group["properties"]["securityRules"].append({"name": "SecurityCenter-JITRule_1", "properties": {
        "access": "Deny", "direction": "Inbound", "priority": 4096, "protocol": "*", "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationPortRanges": ["22", "3389", "5985", "5986"], "destinationAddressPrefix": "10.0.0.4",
    }})  # fmt: skip
    for type in ("sites", "sites/slots"):
        for one in known[f"Microsoft.Web/{type}"]:
            one["subscription"] = SUB
    (cluster,) = known["Microsoft.ContainerService/managedClusters"]
    cluster["properties"] |= {
        "currentKubernetesVersion": "1.33.2",
        "agentPoolProfiles": [{"name": "a", "currentOrchestratorVersion": "1.33.2"}],
    }
    alerts = known["Microsoft.Insights/activityLogAlerts"]
    alerts.append(
        row(
            "Microsoft.Insights/activityLogAlerts",
            "health",
            {
                "enabled": True,
                "scopes": [SUB],
                "condition": {"allOf": [{"field": "category", "equals": "ServiceHealth"}]},
                "actions": {"actionGroups": [{"actionGroupId": OPS}]},
            },
        )
    )
    del known["Microsoft.OperationsManagement/solutions"]
    return known | _machines() | _reached() | _guarded() | _told()


def _machines() -> dict[str, list[dict[str, Any]]]:
    profile = {
        "storageProfile": {"imageReference": _IMAGE},
        "securityProfile": _BOOT,
        "osProfile": {"adminUsername": PLANTED, "customData": PLANTED},
        "networkProfile": {
            "networkInterfaceConfigurations": [
                {
                    "properties": {
                        "ipConfigurations": [
                            {
                                "properties": {
                                    "subnet": {"id": SUBNET},
                                    "publicIPAddressConfiguration": {
                                        "name": "p",
                                        "properties": {"dnsSettings": PLANTED},
                                    },
                                }
                            }
                        ]
                    }
                }
            ]
        },
    }
    upgrades = {"mode": "Rolling", "automaticOSUpgradePolicy": {"enableAutomaticOSUpgrade": True}}
    details = {
        "instanceType": "A2A",
        "fabricObjectId": MACHINE,
        "primaryFabricLocation": "westeurope",
        "recoveryFabricLocation": "northeurope",
        "vmNics": [{"x": PLANTED}],
    }
    return {
        f"{_COMPUTE}/virtualMachineScaleSets": [row(f"{_COMPUTE}/virtualMachineScaleSets", "Set1", {"orchestrationMode": "Uniform", "upgradePolicy": upgrades, "virtualMachineProfile": profile}, covers=_covers(SET), zones=["1", "2"], sku={"name": "Standard_D2s_v5", "tier": "Standard", "capacity": 2}, tags=_CRITICAL)],
        "Microsoft.HybridCompute/machines": [row("Microsoft.HybridCompute/machines", "Arc1", {"status": "Connected", "osType": "linux", "lastStatusChange": NOW, "dnsFqdn": PLANTED})],
        ASSIGNMENT: [_assignment(MACHINE), _assignment(ARC)],
        REPLICATED: [row(REPLICATED, "vault/fabric/c/r", {"protectionState": "Protected", "replicationHealth": "Normal", "providerSpecificDetails": details, "friendlyName": PLANTED})],
        "Microsoft.Web/serverfarms": [row("Microsoft.Web/serverfarms", "Plan1", {"elasticScaleEnabled": False}, covers=_covers(PLAN), sku={"name": "P1v3", "tier": "PremiumV3", "capacity": 2}, tags=_CRITICAL)],
    }  # fmt: skip


def _reached() -> dict[str, list[dict[str, Any]]]:
    return {
        f"{_NETWORK}/bastionHosts": [row(f"{_NETWORK}/bastionHosts", "Bastion", {"provisioningState": "Succeeded", "dnsName": PLANTED}, network=NET.lower(), sku={"name": "Standard"})],
        f"{_NETWORK}/virtualNetworkGateways": [row(f"{_NETWORK}/virtualNetworkGateways", "Vpn1", {"gatewayType": "Vpn", "provisioningState": "Succeeded", "vpnClientConfiguration": {"radiusServerSecret": PLANTED}}, network=NET.lower())],
        f"{_NETWORK}/networkWatchers/flowLogs": [row(f"{_NETWORK}/networkWatchers/flowLogs", "watcher/net", {"targetResourceId": NET, "storageId": at("Microsoft.Storage/storageAccounts", "acme"), "enabled": True, "retentionPolicy": {"days": 0, "enabled": False}, "provisioningState": "Succeeded"})],
        f"{_NETWORK}/dnsResolverPolicies/virtualNetworkLinks": [row(f"{_NETWORK}/dnsResolverPolicies/virtualNetworkLinks", "Dns/net", {"virtualNetwork": {"id": NET}, "provisioningState": "Succeeded"}, policy=DNS.lower())],
    }  # fmt: skip


def _guarded() -> dict[str, list[dict[str, Any]]]:
    gateway = {
        "sku": {"tier": "WAF_v2"}, "firewallPolicy": {"id": WAF}, "frontendIPConfigurations": [{"name": "f", "properties": {"publicIPAddress": {"id": at(f"{_NETWORK}/publicIPAddresses", "pip1")}}}], "httpListeners": [{"name": "web", "properties": {"protocol": "Https", "hostName": PLANTED}}],
        "sslCertificates": [{"properties": {"publicCertData": PLANTED}}],
    }  # fmt: skip
    return {
        f"{_NETWORK}/applicationGateways": [row(f"{_NETWORK}/applicationGateways", "Gate", gateway)],
        f"{_NETWORK}/ApplicationGatewayWebApplicationFirewallPolicies": [row(f"{_NETWORK}/ApplicationGatewayWebApplicationFirewallPolicies", "Waf", {"policySettings": {"state": "Enabled", "mode": "Prevention"}, "managedRules": {"managedRuleSets": [{"ruleSetType": "OWASP", "ruleSetVersion": "3.2", "ruleGroupOverrides": []}], "exclusions": []}, "customRules": [{"name": "geo", "action": "Block", "state": "Enabled", "priority": 1, "matchConditions": [{"matchValues": [PLANTED]}]}]})],
        "Microsoft.Cdn/profiles": [row("Microsoft.Cdn/profiles", "Door", {"resourceState": "Active"}, sku={"name": "Premium_AzureFrontDoor"})],
        f"{_NETWORK}/FrontDoorWebApplicationFirewallPolicies": [row(f"{_NETWORK}/FrontDoorWebApplicationFirewallPolicies", "Edge", {"policySettings": {"enabledState": "Enabled", "mode": "Prevention"}, "managedRules": {"managedRuleSets": [{"ruleSetType": "Microsoft_DefaultRuleSet", "ruleSetVersion": "2.1"}]}, "customRules": {"rules": []}})],
    }  # fmt: skip


def _told() -> dict[str, list[dict[str, Any]]]:
    return {
        "Microsoft.Insights/actionGroups": [row("Microsoft.Insights/actionGroups", "ops", {"enabled": True, "emailReceivers": [{"name": PLANTED, "emailAddress": EMAIL, "status": "Enabled"}]}, others=0)],
        "Microsoft.AlertsManagement/actionRules": [row("Microsoft.AlertsManagement/actionRules", "over", {"enabled": True, "scopes": [SUB], "actions": [{"actionType": "RemoveAllActionGroups"}], "schedule": {"effectiveUntil": "2025-01-01T00:00:00"}, "description": PLANTED})],
        "Microsoft.Insights/metricAlerts": [row("Microsoft.Insights/metricAlerts", "load", {"enabled": True, "scopes": [SUB], "description": PLANTED, "actions": [{"actionGroupId": OPS, "webHookProperties": {"x": PLANTED}}]})],
        "Microsoft.Insights/autoscaleSettings": [_autoscale("set", SET), _autoscale("plan", PLAN)],
    }  # fmt: skip


def views() -> dict[str, tuple[str, str, list[dict[str, Any]]]]:
    """What Resource Graph says to queries that are no list of a type: those of Azure Arc are asked for by its type."""
    hybrid, machine = "Microsoft.HybridCompute/machines", ARC.lower()
    mine: dict[str, tuple[str, str, list[dict[str, Any]]]] = {
        "machine_regions": (
            "summarize machines = count() by location",
            f"{_COMPUTE}/virtualMachines",
            [{"location": "westeurope", "machines": 1}],
        ),
        "arc_patches": (
            f"{hybrid}/patchAssessmentResults/softwarePatches",
            f"{hybrid}/patchAssessmentResults/softwarePatches",
            [],
        ),
        "arc_assessed": (
            f"{hybrid}/patchAssessmentResults'",
            f"{hybrid}/patchAssessmentResults",
            [{"id": machine, "status": "Succeeded", "at": NOW, "critical": 0, "security": 0, "reboot": False}],
        ),
        "arc_edr": (
            f"id contains '/providers/{hybrid}/' | where",
            "Microsoft.Security/assessments",
            [{"id": machine, "codes": ["Healthy"]}],
        ),
        "arc_scanned": (
            f"id contains '/providers/{hybrid}/' | project",
            "Microsoft.Security/assessments",
            [{"id": machine, "code": "Healthy"}],
        ),
    }
    return mine | estate.views()


def answers() -> dict[str, Any]:
    """What Resource Manager says, by path."""
    provider = f"{SUB}/providers"
    known = estate.answers()
    for site in (at("Microsoft.Web/sites", "shop"), at("Microsoft.Web/sites/slots", "shop/staging")):
        config = known[f"{site}/config/web"]["properties"]
        known[f"{site}/config/web"] = {"properties": {**config, "linuxFxVersion": "NODE|24-lts"}}
    stack = {
        "majorVersions": [
            {
                "minorVersions": [
                    {
                        "stackSettings": {
                            "linuxRuntimeSettings": {
                                "runtimeVersion": "NODE|24-lts",
                                "endOfLifeDate": "2099-04-30T00:00:00Z",
                            }
                        }
                    }
                ]
            }
        ]
    }
    port = {"number": 22, "protocol": "*", "maxRequestAccessDuration": "PT3H"}
    request = {
        "requestor": EMAIL,
        "justification": PLANTED,
        "virtualMachines": [
            {
                "id": MACHINE,
                "ports": [
                    {
                        "number": 22,
                        "status": "Revoked",
                        "endTimeUtc": "2026-01-01T00:00:00Z",
                        "allowedSourceAddressPrefix": PLANTED,
                    }
                ],
            }
        ],
    }
    door = {
        "wafPolicy": {"id": EDGE},
        "type": "WebApplicationFirewall",
        "associations": [
            {"domains": [{"id": f"{DOOR}/afdEndpoints/shop", "isActive": True}], "patternsToMatch": ["/*"]}
        ],
    }
    return known | {
        "/providers/Microsoft.Web/webAppStacks": {"value": [{"name": "node", "properties": stack}]},
        "/providers/Microsoft.Web/functionAppStacks": {"value": []},
        f"{provider}/Microsoft.Security/locations/westeurope/jitNetworkAccessPolicies": {"value": [{"id": f"{SUB}/resourceGroups/Shop/providers/Microsoft.Security/locations/westeurope/jitNetworkAccessPolicies/default", "name": "default", "properties": {"provisioningState": "Succeeded", "virtualMachines": [{"id": MACHINE, "ports": [port]}], "requests": [request]}}]},
        f"{provider}/Microsoft.ContainerService/locations/westeurope/kubernetesVersions": {"values": [{"version": "1.33", "isPreview": None, "capabilities": {"supportPlan": ["KubernetesOfficial"]}, "patchVersions": {"1.33.2": {"upgrades": []}}}]},
        f"{SENTINEL}/onboardingStates": {"value": [{"name": "default", "properties": {"customerManagedKey": False}}]},
        f"{SENTINEL}/alertRules": {"value": [{"name": f"r{n}", "kind": "Scheduled", "properties": {"enabled": True, "displayName": PLANTED}} for n in range(10)]},
        f"{SENTINEL}/threatIntelligence/main/indicators": {"value": [{"name": "i", "kind": "indicator", "properties": {"source": "Feed", "lastUpdatedTimeUtc": NOW, "pattern": PLANTED}}]},
        f"{WORKSPACE}/tables": {"value": [{"name": name, "properties": {"totalRetentionInDays": 365, "schema": {"description": PLANTED}}} for name in ("AzureActivity", "SecurityEvent")]},
        OPS.lower(): {"properties": {"enabled": True, "emailReceivers": [{"name": PLANTED, "emailAddress": EMAIL, "status": "Enabled"}]}},
        f"{GATEWAY}/connections": {"value": [{"name": "office", "properties": {"connectionType": "IPsec", "provisioningState": "Succeeded", "sharedKey": PLANTED}}]},
        f"{DNS}/dnsSecurityRules": {"value": [{"id": f"{DNS}/dnsSecurityRules/block", "name": "block", "properties": {"priority": 100, "action": {"actionType": "Block"}, "dnsSecurityRuleState": "Enabled", "dnsResolverDomainLists": [{"id": NAMES}]}}]},
        NAMES: {"properties": {"domains": [f"{PLANTED}.example."]}},
        f"{DOOR}/afdEndpoints": {"value": [{"id": f"{DOOR}/afdEndpoints/shop", "name": "shop", "properties": {"enabledState": "Enabled", "hostName": PLANTED}}]},
        f"{DOOR}/customDomains": {"value": []},
        f"{DOOR}/securityPolicies": {"value": [{"name": "all", "properties": {"provisioningState": "Succeeded", "parameters": door}}]},
    }  # fmt: skip
