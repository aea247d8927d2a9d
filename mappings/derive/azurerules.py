"""What Azure's network rules let in: security groups, by priority, and the administrators' rules above them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.azureranges import Span, merged, span, too_wide

__all__ = ["admin_openings", "both", "let_in", "meets", "open_ports", "unguarded_set_subnets", "unguarded_subnets"]

_ALL: tuple[Span, ...] = ((4, 0, (1 << 32) - 1), (6, 0, (1 << 128) - 1))
_ANYWHERE = frozenset({"*", "any", "internet", "0.0.0.0/0", "::/0"})
# Addresses of every customer's machines in Azure, or in one of its regions.
_AZURE = "azurecloud"


@derived
def open_ports(security_group: JSON, ports: JSON, prefix: JSON, prefix_ipv6: JSON) -> JSON:
    """Those of the ports, as `tcp/22` and `udp/3389`, that a security group opens to more than these prefixes.

    Rules are gone through by priority; what a rule denies to every destination, from every source port, is closed to
    those that follow. Sources are gathered over all rules. `AzureCloud` is open: any customer can send from there;
    other service tags and application security groups are not the internet. Source: learn.microsoft.com, "Network
    security groups" (lower numbers first; processing stops at the first match); REST API SecurityRulePropertiesFormat.
    """
    rules = [rule["properties"] for rule in security_group["properties"].get("securityRules") or ()]
    inbound = sorted((r for r in rules if r["direction"].lower() == "inbound"), key=lambda r: int(r["priority"]))
    return [
        f"{protocol}/{port}"
        for port in sorted(int(port) for port in ports)
        for protocol in ("tcp", "udp")
        if too_wide(let_in(inbound, protocol, port), prefix, prefix_ipv6)
    ]


def let_in(rules: Iterable[Mapping[str, Any]], protocol: str, port: int) -> list[Span]:
    """What inbound rules, in the order of their priorities, let in to a port from outside."""
    allowed: list[Span] = []
    denied: list[Span] = []
    for rule in rules:
        if rule["protocol"].lower() not in ("*", protocol) or not meets(both(rule, "destinationPortRange"), port):
            continue
        sources = [part for text in both(rule, "sourceAddressPrefix") for part in _sources(text)]
        if rule["access"].lower() == "allow":
            allowed += [part for one in sources for part in _less(one, denied)]
        elif "*" in both(rule, "destinationAddressPrefix") and _from_any_port(rule):
            denied = merged([*denied, *sources])
    return allowed


def _from_any_port(rule: Mapping[str, Any]) -> bool:
    """Whether a rule is of every source port: who sends chooses his own, so a denial of some denies nobody."""
    ranges = both(rule, "sourcePortRange")
    return not ranges or any(one in ("*", "0-65535") for one in ranges)


def both(rule: Mapping[str, Any], name: str) -> list[str]:
    """The one value of a field and those of its plural."""
    plural = f"{name}es" if name.endswith("x") else f"{name}s"
    return [str(one) for one in (rule.get(name), *(rule.get(plural) or ())) if one]


def meets(ranges: Iterable[str], port: int) -> bool:
    """Whether a port is in one of these: `22`, `20-25`, `*`."""
    for text in ranges:
        first, _, last = text.partition("-")
        if text == "*" or int(first) <= port <= int(last or first):
            return True
    return False


def _sources(text: str) -> Iterator[Span]:
    lowered = text.lower()
    if lowered in _ANYWHERE or lowered.partition(".")[0] == _AZURE:
        yield from (part for part in _ALL if lowered not in ("0.0.0.0/0", "::/0") or (part[0] == 6) is (":" in lowered))
    elif lowered[:1].isdigit() or ":" in lowered:
        yield span(text)


def _less(one: Span, others: Iterable[Span]) -> Iterator[Span]:
    """What of a span is in none of the others, which do not overlap and are in order."""
    version, low, high = one
    for their, first, last in others:
        if their != version or last < low or first > high:
            continue
        if first > low:
            yield version, low, first - 1
        low = last + 1
    if low <= high:
        yield version, low, high


@derived
def admin_openings(rules: JSON, ports: JSON, prefix: JSON, prefix_ipv6: JSON) -> JSON:
    """Names of a network manager's rules that open one of the ports to more than these prefixes.

    They come before security groups, and `AlwaysAllow` overrules them. Source: REST API, AdminPropertiesFormat.
    """
    found = []
    for rule in rules:
        value = rule["properties"]
        if value["direction"].lower() != "inbound" or value["access"].lower() not in ("allow", "alwaysallow"):
            continue
        if value["protocol"].lower() not in ("any", "tcp", "udp"):
            continue
        ranges = value.get("destinationPortRanges") or ["*"]
        texts = [source["addressPrefix"] for source in value.get("sources") or ()] or ["*"]
        sources = [part for text in texts for part in _sources(text)]
        if any(meets(map(str, ranges), int(port)) for port in ports) and too_wide(sources, prefix, prefix_ipv6):
            found.append(rule["name"])
    return sorted(found)


@derived
def unguarded_subnets(interface: JSON, networks: JSON) -> JSON:
    """Subnets in which an interface has a public address without a security group on itself or on them.

    `networks`: [{virtual_network}]; a subnet that none of them has counts as one without a group.
    Source: learn.microsoft.com, "How network security groups filter network traffic".
    """
    return sorted(_unguarded(interface["properties"], "publicIPAddress") - _guarded(networks))


@derived
def unguarded_set_subnets(scale_set: JSON, networks: JSON) -> JSON:
    """Likewise of the interfaces that a scale set makes for its instances, with public addresses of their own."""
    profile = scale_set["properties"]["virtualMachineProfile"]
    made = (profile.get("networkProfile") or {}).get("networkInterfaceConfigurations") or ()
    used = {id for one in made for id in _unguarded(one["properties"], "publicIPAddressConfiguration")}
    return sorted(used - _guarded(networks))


def _unguarded(interface: Mapping[str, Any], public: str) -> set[str]:
    """Subnets of an interface's public addresses; none where it has a group of its own."""
    if (interface.get("networkSecurityGroup") or {}).get("id"):
        return set()
    return {
        ((one["properties"].get("subnet") or {}).get("id")) or ""
        for one in interface.get("ipConfigurations") or ()
        if one["properties"].get(public)
    }


def _guarded(networks: JSON) -> set[str]:
    subnets = (one for net in networks for one in net["virtual_network"]["properties"].get("subnets") or ())
    return {one["id"] for one in subnets if ((one.get("properties") or {}).get("networkSecurityGroup") or {}).get("id")}
