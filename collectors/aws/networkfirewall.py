"""AWS Network Firewall: firewalls, what their policies do with a packet, and what they log."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Detail, Page, ResourceType

__all__ = ["endpoint_association", "firewall"]

Ask = Callable[[str, Mapping[str, Any]], Page]

OF = {"FirewallArn": "{firewall.FirewallArn}"}
_SURICATA = re.compile(r"^\s*(pass|drop|reject(?:src|dst|both)?|alert)\s", re.MULTILINE)
_LISTED = {"DENYLIST": ["drop"], "ALLOWLIST": ["drop", "pass"], "REJECTLIST": ["reject"], "ALERTLIST": ["alert"]}


def policy(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """`{"FirewallPolicy", "RuleGroups": [{Arn, Type, Actions}]}`: of each group that it refers to, which actions occur.

    A group of thousands of rules is kept as the names of their actions: drop, reject, alert, pass; aws:pass ….
    Groups that AWS manages keep their rules to themselves: `Actions` is null.
    """
    page = ask("describe_firewall", params)
    found = ask("describe_firewall_policy", {"FirewallPolicyArn": page.body["Firewall"]["FirewallPolicyArn"]}).body["FirewallPolicy"]
    groups = []
    for kind, member in (("STATELESS", "StatelessRuleGroupReferences"), ("STATEFUL", "StatefulRuleGroupReferences")):
        for reference in found.get(member, ()):
            arn, actions = reference["ResourceArn"], None
            if arn.split(":")[4] != "aws-managed":
                rules = ask("describe_rule_group", {"RuleGroupArn": arn, "Type": kind}).body["RuleGroup"]["RulesSource"]
                actions = sorted(_actions(rules))
            groups.append({"Arn": arn, "Type": kind, "Actions": actions})
    yield Page({"FirewallPolicy": found, "RuleGroups": groups}, page.request_id, page.date)


def _actions(source: Mapping[str, Any]) -> set[str]:
    found = set(_SURICATA.findall(source.get("RulesString", "")))
    found |= {rule["Action"].lower() for rule in source.get("StatefulRules", ())}
    if listed := source.get("RulesSourceList"):
        found |= set(_LISTED[listed["GeneratedRulesType"]])
    for rule in source.get("StatelessRulesAndCustomActions", {}).get("StatelessRules", ()):
        found |= set(rule["RuleDefinition"]["Actions"])
    return found


firewall = ResourceType(
    "aws.networkfirewall.firewall", facet="firewall", id="{firewall.FirewallArn}", gone=("ResourceNotFoundException",),
    # Those of internet gateways belong to AWS Network Security Manager, and have no endpoints.
    listed=Call("network-firewall:ListFirewalls", "list_firewalls", {"FirewallType": "FIREWALL"}, items="Firewalls"),
    details=[
        Detail("state", Call("network-firewall:DescribeFirewall", "describe_firewall", OF)),
        Detail("logging", Call("network-firewall:DescribeLoggingConfiguration", "describe_logging_configuration", OF,
               take="LoggingConfiguration", missing=None)),
        Detail("policy", Call("network-firewall:DescribeFirewallPolicy", "describe_firewall_policy", OF, fn=policy,
               also=("network-firewall:DescribeFirewall", "network-firewall:DescribeRuleGroup"))),
    ],
    ignore=("state.UpdateToken", "state.FirewallStatus.CapacityUsageSummary"),
    sets=("logging.LogDestinationConfigs", "state.Firewall.SubnetMappings"),
)

# Endpoints of a firewall in other networks than its own, perhaps of another account.
endpoint_association = ResourceType(
    "aws.networkfirewall.endpoint_association", facet="listed", id="{listed.VpcEndpointAssociationArn}", gone=("ResourceNotFoundException",),
    listed=Call("network-firewall:ListVpcEndpointAssociations", "list_vpc_endpoint_associations", items="VpcEndpointAssociations"),
    details=[
        Detail("association", Call("network-firewall:DescribeVpcEndpointAssociation", "describe_vpc_endpoint_association",
               {"VpcEndpointAssociationArn": "{listed.VpcEndpointAssociationArn}"})),
    ],
)
