"""What network rules open: unions of address ranges, protocols and ports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["covers_internet", "exposed_ports", "ports_between"]

WIDEST = 7
"""A prefix this short or shorter (33 million hosts of IPv4 and more) is as good as everywhere; no one holds one."""

_LOCAL = IPv6Network("fc00::/7")  # unique local IPv6: a /7 that no one on the internet can send from
_PROTOCOLS = {"6": "tcp", "17": "udp"}


def covers_internet(ranges: Iterable[str]) -> bool:
    """Whether these CIDRs together make up all of IPv4 or IPv6, or one block that is as good as all.

    Halves, quarters and smaller pieces count as what they make up together. Raises ValueError on a text that is
    not a CIDR.
    """
    networks = [ip_network(text, strict=False) for text in ranges]
    v4 = collapse_addresses(n for n in networks if isinstance(n, IPv4Network))
    v6 = collapse_addresses(n for n in networks if isinstance(n, IPv6Network) and not n.subnet_of(_LOCAL))
    blocks: list[IPv4Network | IPv6Network] = [*v4, *v6]
    return any(block.prefixlen <= WIDEST for block in blocks)


def ports_between(rule: Mapping[str, JSON], protocol: str, ports: Iterable[int]) -> list[int]:
    """Those of the ports that a rule (EC2 IpPermission) opens for `tcp` or `udp`.

    `IpProtocol` is `-1` for all protocols, a name, or a number in a text (`6` is TCP, `17` UDP). A rule without
    ports, or with -1 for one, opens them all.
    """
    named = str(rule["IpProtocol"]).lower()
    if named == "-1":
        return list(ports)
    if _PROTOCOLS.get(named, named) != protocol:
        return []
    low, high = rule.get("FromPort"), rule.get("ToPort")
    if low is None or high is None or -1 in (low, high):
        return list(ports)
    return [port for port in ports if low <= port <= high]


@derived
def exposed_ports(security_group: JSON, prefix_lists: JSON, tcp: JSON, udp: JSON) -> JSON | Unknown:
    """The ports of `tcp` and `udp` that a security group opens to the internet, as `tcp/22`, by protocol and number.

    A port's sources are gathered over all rules of the group: two rules for a half of the internet each open the
    whole. `prefix_lists`: [{id, entries: [{Cidr}]}], those that the rules may name; null for one of AWS's own, which
    hold the addresses of one of its services. References to other groups are not of the internet either.
    Unknown(unresolved) if no port is open, but one could be by a prefix list that is not there.
    Source: EC2 API, IpPermission; VPC guide, security group rules.
    """
    entries = {row["id"]: [entry["Cidr"] for entry in row["entries"] or ()] for row in prefix_lists}
    rules = [(rule, *_sources(rule, entries)) for rule in security_group["IpPermissions"]]
    judged: dict[tuple[int, ...], tuple[bool, bool]] = {(): (False, False)}  # by which rules reach a port
    found = []
    unresolved = False
    for protocol, ports in (("tcp", tcp), ("udp", udp)):
        for port in sorted({int(port) for port in ports}):
            reach = tuple(n for n, (rule, _, _) in enumerate(rules) if ports_between(rule, protocol, (port,)))
            if reach not in judged:
                ranges = [text for n in reach for text in rules[n][1]]
                judged[reach] = covers_internet(ranges), any(rules[n][2] for n in reach)
            is_open, unread = judged[reach]
            found += [f"{protocol}/{port}"] if is_open else []
            unresolved = unresolved or unread
    if not found and unresolved:
        return Unknown("unresolved", operation="get_managed_prefix_list_entries")
    return found


def _sources(rule: Mapping[str, JSON], entries: Mapping[str, Sequence[str]]) -> tuple[list[str], bool]:
    """A rule's address ranges, and whether it names a prefix list that is not known."""
    ranges = [row["CidrIp"] for row in rule.get("IpRanges", ())]
    ranges += [row["CidrIpv6"] for row in rule.get("Ipv6Ranges", ())]
    lists = [row["PrefixListId"] for row in rule.get("PrefixListIds", ())]
    ranges += [cidr for id in lists for cidr in entries.get(id, ())]
    return ranges, any(id not in entries for id in lists)
