"""Web application firewalls: gateways and Front Door profiles, and the policies that inspect what comes through them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annexlog.collectors import Detail, ResourceType
from annexlog.collectors.azure._calls import GONE, arm, graph, sees

__all__ = ["application_gateway", "front_door", "front_door_policy", "policy"]

GATEWAY, POLICY = "Microsoft.Network/applicationGateways", "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies"
PROFILE, EDGE_POLICY = "Microsoft.Cdn/profiles", "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies"
_RULES = "properties.managedRules"
_SET = ("ruleSetType", "ruleSetVersion")

application_gateway = ResourceType(
    "azure.network.application_gateway", facet="gateway", id="{gateway.id}", per="subscription", fold=True, tags="gateway.tags", sight=sees(f"{GATEWAY}/read"),
    listed=graph(GATEWAY, *(f"properties.{name}" for name in (
        "sku.tier", "operationalState", "firewallPolicy.id", "frontendIPConfigurations.properties.publicIPAddress.id", "webApplicationFirewallConfiguration.enabled", "webApplicationFirewallConfiguration.firewallMode", "webApplicationFirewallConfiguration.ruleSetType", "webApplicationFirewallConfiguration.requestBodyCheck",
        "webApplicationFirewallConfiguration.disabledRuleGroups", "webApplicationFirewallConfiguration.exclusions", "listeners.name", "httpListeners.name", "httpListeners.properties.firewallPolicy.id", "urlPathMaps.name", "urlPathMaps.properties.pathRules.name", "urlPathMaps.properties.pathRules.properties.firewallPolicy.id",
    ))),
)

policy = ResourceType(
    "azure.network.waf_policy", facet="policy", id="{policy.id}", per="subscription", fold=True, tags="policy.tags", sight=sees(f"{POLICY}/read"),
    listed=graph(POLICY, "properties.policySettings.state", "properties.policySettings.mode", "properties.policySettings.requestBodyCheck", *(f"{_RULES}.managedRuleSets.{name}" for name in _SET), f"{_RULES}.managedRuleSets.ruleGroupOverrides.ruleGroupName",
                 *(f"{_RULES}.managedRuleSets.ruleGroupOverrides.rules.{name}" for name in ("ruleId", "state", "action")), f"{_RULES}.exclusions.matchVariable", f"{_RULES}.exceptions.matchVariable",
                 *(f"properties.customRules.{name}" for name in ("name", "action", "state", "priority"))),
)

_PROFILE: Mapping[str, Any] = {"id": "{front_door.id}"}

# Of CDN profiles those that are Front Doors; others have no security policies.
front_door = ResourceType(
    "azure.cdn.front_door", facet="front_door", id="{front_door.id}", per="subscription", fold=True, gone=GONE, tags="front_door.tags", sight=sees(f"{PROFILE}/read"),
    listed=graph(PROFILE, "sku.name", "properties.resourceState", extend="where tostring(sku.name) endswith '_AzureFrontDoor'"),
    details=[
        Detail("endpoints", arm(f"{PROFILE}/afdEndpoints", "{id}/afdEndpoints", _PROFILE, "id", "name", "properties.enabledState", items="value")),
        Detail("domains", arm(f"{PROFILE}/customDomains", "{id}/customDomains", _PROFILE, "id", "name", items="value")),
        Detail("security_policies", arm(f"{PROFILE}/securityPolicies", "{id}/securityPolicies", _PROFILE, "name", "properties.provisioningState", "properties.parameters.type", "properties.parameters.wafPolicy.id", "properties.parameters.associations.domains.id", "properties.parameters.associations.domains.isActive", "properties.parameters.associations.patternsToMatch", items="value")),
    ],
)

front_door_policy = ResourceType(
    "azure.frontdoor.waf_policy", facet="policy", id="{policy.id}", per="subscription", fold=True, tags="policy.tags", sight=sees(f"{EDGE_POLICY}/read"),
    listed=graph(EDGE_POLICY, "properties.policySettings.enabledState", "properties.policySettings.mode", "properties.policySettings.requestBodyCheck", *(f"{_RULES}.managedRuleSets.{name}" for name in (*_SET, "ruleSetAction", "exclusions.matchVariable")), f"{_RULES}.managedRuleSets.ruleGroupOverrides.ruleGroupName",
                 *(f"{_RULES}.managedRuleSets.ruleGroupOverrides.rules.{name}" for name in ("ruleId", "enabledState", "action")), *(f"properties.customRules.rules.{name}" for name in ("name", "action", "enabledState", "priority"))),
)
