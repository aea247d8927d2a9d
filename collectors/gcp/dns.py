"""Cloud DNS: zones, what is logged of queries, and names that are answered otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Detail, Page, ResourceType
from annexlog.collectors.declaring import Asks
from annexlog.collectors.gcp._calls import ASSETS, ROW, assets, listing

__all__ = ["dns_policy", "managed_zone", "response_policy"]

KEYS = "//dns.googleapis.com/dns/v1/projects/{project}/managedZones/{zone}/dnsKeys"
RULE = "dns.googleapis.com/ResponsePolicyRule"


def zones(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Zones, each with whether it is a public one that is signed (`signed`: yes or no): only then has it keys."""
    for page in ask.pages(ASSETS, params):
        for row in page.body["assets"]:
            data = row.get("data") or {}
            public = str(data.get("visibility") or "public").lower() != "private"
            state = str((data.get("dnssecConfig") or {}).get("state") or "off").lower()
            row["signed"] = "yes" if public and state == "on" else "no"
        yield page


def response_policies(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Response policies, each with its rules: {…, rules: [{dnsName, behavior, answers}]}; one without its data has no name.

    A rule is called `//dns.googleapis.com/projects/<project>/responsePolicies/<policy>/rules/<rule>`.
    """
    pages = list(ask.pages(ASSETS, params))
    rows = [row for page in pages for row in page.body["assets"]]
    policies = {row["name"]: row | {"rules": []} for row in rows if row["type"] != RULE}
    for row in rows:
        policy = policies.get(row["name"].partition("/rules/")[0])
        if row["type"] == RULE and policy is not None:
            data = row.get("data") or {}
            sets = (data.get("localData") or {}).get("localDatas") or ()
            answers = sorted({text for one in sets for text in one.get("rrdatas") or one.get("rrdata") or ()})
            policy["rules"].append({"dnsName": data.get("dnsName"), "behavior": data.get("behavior"), "answers": answers})
    for policy in policies.values():
        policy["rules"].sort(key=lambda rule: rule["dnsName"] or "")
    yield Page({"assets": list(policies.values()), "readTime": min(page.body["readTime"] for page in pages)})


managed_zone = ResourceType(
    "gcp.dns.managed_zone", facet="managed_zone", id="{managed_zone.name}", per="project", scope=ROW % "managed_zone",
    listed=assets("dns.googleapis.com/ManagedZone", fn=zones, keep=("name", "visibility", "dnssecConfig.state")),
    details=[
        # What the zone was set up with says nothing of keys that came with it from elsewhere.
        Detail("keys", Call("dns.dnsKeys.list", KEYS, {"project": "{managed_zone.project}", "zone": "{managed_zone.data.name}", "maxResults": 100}, items="dnsKeys", fn=listing(KEYS, "dnsKeys", "type", "algorithm", "isActive")),
               only="managed_zone.signed == 'yes'"),
    ],
)

dns_policy = ResourceType(
    "gcp.dns.policy", facet="dns_policy", id="{dns_policy.name}", per="project", scope=ROW % "dns_policy",
    listed=assets("dns.googleapis.com/Policy", keep=("enableLogging", "networks.networkUrl", "alternativeNameServerConfig.targetNameServers.ipv4Address", "alternativeNameServerConfig.targetNameServers.ipv6Address")),
)

response_policy = ResourceType(
    "gcp.dns.response_policy", facet="response_policy", id="{response_policy.name}", per="project", scope=ROW % "response_policy",
    listed=assets("dns.googleapis.com/ResponsePolicy(Rule)?", fn=response_policies, keep=("networks.networkUrl", "dnsName", "behavior", "localData.localDatas.rrdatas", "localData.localDatas.rrdata")),
)
