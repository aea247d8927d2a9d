"""Cloud DNS: zones, what is logged of queries, and names that are answered otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Page, ResourceType
from annexlog.collectors.declaring import Asks
from annexlog.collectors.gcp._calls import ASSETS, ROW, assets

__all__ = ["dns_policy", "managed_zone", "response_policy"]

RULE = "dns.googleapis.com/ResponsePolicyRule"


def response_policies(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Response policies, each with its rules: {…, rules: [{dnsName, behavior, answers}]}; rules without their data are left out.

    A rule is called `//dns.googleapis.com/projects/<project>/responsePolicies/<policy>/rules/<rule>`.
    """
    pages = list(ask.pages(ASSETS, params))
    rows = [row for page in pages for row in page.body["assets"]]
    policies = {row["name"]: row | {"rules": []} for row in rows if row["type"] != RULE}
    for row in rows:
        policy = policies.get(row["name"].partition("/rules/")[0])
        if row["type"] == RULE and policy is not None and "data" in row:
            data = row["data"]
            sets = (data.get("localData") or {}).get("localDatas") or ()
            answers = sorted({text for one in sets for text in one.get("rrdatas") or one.get("rrdata") or ()})
            policy["rules"].append({"dnsName": data.get("dnsName"), "behavior": data.get("behavior"), "answers": answers})
    for policy in policies.values():
        policy["rules"].sort(key=lambda rule: str(rule["dnsName"]))
    yield Page({"assets": list(policies.values()), "readTime": min(page.body["readTime"] for page in pages)})


managed_zone = ResourceType(
    "gcp.dns.managed_zone", facet="managed_zone", id="{managed_zone.name}", per="project", scope=ROW % "managed_zone",
    listed=assets("dns.googleapis.com/ManagedZone", keep=("dnsName", "visibility", "dnssecConfig.state", "dnssecConfig.defaultKeySpecs.algorithm")),
)

dns_policy = ResourceType(
    "gcp.dns.policy", facet="dns_policy", id="{dns_policy.name}", per="project", scope=ROW % "dns_policy",
    listed=assets("dns.googleapis.com/Policy", keep=("enableLogging", "networks.networkUrl", "alternativeNameServerConfig.targetNameServers.ipv4Address", "alternativeNameServerConfig.targetNameServers.ipv6Address")),
)

response_policy = ResourceType(
    "gcp.dns.response_policy", facet="response_policy", id="{response_policy.name}", per="project", scope=ROW % "response_policy",
    listed=assets("dns.googleapis.com/ResponsePolicy(Rule)?", fn=response_policies, keep=("networks.networkUrl", "dnsName", "behavior", "localData.localDatas.rrdatas", "localData.localDatas.rrdata")),
)
