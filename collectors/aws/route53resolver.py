"""Route 53 Resolver: DNS Firewall, and the logging of queries; of a network's own, and by the Profiles that it uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Detail, Page, Refused, ResourceType

__all__ = ["domain_list", "firewall_association", "profile", "profile_association", "profile_resource", "query_log_association", "query_log_config"]

Ask = Callable[[str, Mapping[str, Any]], Page]


def _pages(ask: Ask, operation: str, params: Mapping[str, Any]) -> Iterator[Page]:
    token: dict[str, Any] = {}
    while True:
        page = ask(operation, {**params, **token})
        yield page
        if not page.body.get("NextToken"):
            return
        if token == (token := {"NextToken": page.body["NextToken"]}):
            raise Refused("unreadable", "RepeatedToken", "the same continuation was given twice")


def breadth(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """How much a list of domains covers: `{"Count", "All"}`. It may hold 100,000; whether one means every name is kept."""
    count, every = 0, False
    for page in _pages(ask, "list_firewall_domains", {**params, "MaxResults": 5000}):
        count += len(page.body["Domains"])
        every = every or any(domain.rstrip(".") == "*" for domain in page.body["Domains"])
    yield Page({"Count": count, "All": every})


def shared_rules(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """The rules of the DNS Firewall group that a Profile's resource is; of another kind of resource: none."""
    of, _, id = params["FirewallRuleGroupId"].split(":", 5)[5].partition("/")
    if of == "firewall-rule-group":
        yield from _pages(ask, "list_firewall_rules", {"FirewallRuleGroupId": id})
    else:
        yield Page({"FirewallRules": []})


firewall_association = ResourceType(
    "aws.route53resolver.firewall_association", facet="association", id="{association.Id}", gone=("ResourceNotFoundException",),
    listed=Call("route53resolver:ListFirewallRuleGroupAssociations", "list_firewall_rule_group_associations", items="FirewallRuleGroupAssociations"),
    details=[
        Detail("rules", Call("route53resolver:ListFirewallRules", "list_firewall_rules",
               {"FirewallRuleGroupId": "{association.FirewallRuleGroupId}"}, items="FirewallRules")),
    ],
    sets=("rules",),
)

domain_list = ResourceType(
    "aws.route53resolver.domain_list", facet="domain_list", id="{domain_list.Id}", gone=("ResourceNotFoundException",),
    listed=Call("route53resolver:ListFirewallDomainLists", "list_firewall_domain_lists", items="FirewallDomainLists"),
    details=[
        # What AWS's own lists hold, AWS does not tell.
        Detail("domains", Call("route53resolver:ListFirewallDomains", "list_firewall_domains",
               {"FirewallDomainListId": "{domain_list.Id}"}, fn=breadth), only="domain_list.ManagedOwnerName == ''"),
    ],
)

query_log_config = ResourceType(
    "aws.route53resolver.query_log_config", facet="config", id="{config.Id}",
    listed=Call("route53resolver:ListResolverQueryLogConfigs", "list_resolver_query_log_configs", items="ResolverQueryLogConfigs"),
    ignore=("config.AssociationCount",),
)

query_log_association = ResourceType(
    "aws.route53resolver.query_log_association", facet="association", id="{association.Id}",
    listed=Call("route53resolver:ListResolverQueryLogConfigAssociations", "list_resolver_query_log_config_associations",
                items="ResolverQueryLogConfigAssociations"),
)

profile = ResourceType(
    "aws.route53profiles.profile", facet="profile", id="{profile.Arn}",
    listed=Call("route53profiles:ListProfiles", "list_profiles", items="ProfileSummaries"),
)

profile_association = ResourceType(
    "aws.route53profiles.association", facet="profile_association", id="{profile_association.Id}",
    listed=Call("route53profiles:ListProfileAssociations", "list_profile_associations", items="ProfileAssociations"),
)

profile_resource = ResourceType(
    "aws.route53profiles.resource", facet="resource", id="{resource.Id}", under="aws.route53profiles.profile",
    gone=("ResourceNotFoundException",),
    listed=Call("route53profiles:ListProfileResourceAssociations", "list_profile_resource_associations",
                {"ProfileId": "{profile.Id}"}, items="ProfileResourceAssociations"),
    details=[
        Detail("rules", Call("route53resolver:ListFirewallRules", "list_firewall_rules",
               {"FirewallRuleGroupId": "{resource.ResourceArn}"}, items="FirewallRules", fn=shared_rules)),
    ],
    sets=("rules",),
)
