"""Which names Azure's DNS security policies keep a network from."""

from __future__ import annotations

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived

__all__ = ["dns_filter_gap"]

_AZURE = "168.63.129.16"


@derived
def dns_filter_gap(network: JSON, links: JSON) -> JSON:
    """Why no malicious name is blocked in a network; "" if some are.

    `links`: [{link, rules}] to it, of one policy, whose rules are gone through by priority: one that lets every name
    pass ends it. A network that asks other servers than Azure's is not filtered. Source: learn.microsoft.com, "DNS
    security policy"; REST API, Dns Security Rules (priority, dnsSecurityRuleState, managedDomainLists).
    """
    servers = (network["properties"].get("dhcpOptions") or {}).get("dnsServers") or ()
    if any(server != _AZURE for server in servers):
        return "it asks other servers"
    working = [one for one in links if one["link"]["properties"].get("provisioningState") == "Succeeded"]
    if not working:
        return "no policy"
    return "" if all(_blocks(one["rules"]) for one in working) else "nothing is blocked"


def _blocks(rules: JSON) -> bool:
    on = [one for one in rules if one["properties"].get("dnsSecurityRuleState") == "Enabled"]
    for one in sorted(on, key=lambda each: int(each["properties"]["priority"])):
        value = one["properties"]
        if (value.get("action") or {}).get("actionType") == "Block":
            if value.get("managedDomainLists") or any(int(each["names"]) != 0 for each in one["lists"]):
                return True
        elif any(each["every_name"] is True for each in one["lists"]):
            return False
    return False
