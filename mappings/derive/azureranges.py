"""Address ranges as Azure's services write them, and how much of the internet they let in together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived

__all__ = ["Span", "firewall_openings", "merged", "network_openings", "span", "too_wide"]

Span = tuple[int, int, int]
"""Version (4 or 6), first and last address as numbers."""

ALL_AZURE = "all of Azure"
_PRIVATE = tuple(ip_network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))


def span(text: str) -> Span:
    """`192.0.2.0/24`, `192.0.2.7` or `192.0.2.0-192.0.2.9`. Raises ValueError on anything else."""
    first, dash, last = text.partition("-")
    if dash:
        return _between(first.strip(), last.strip())
    network = ip_network(text.strip(), strict=False)
    return network.version, int(network[0]), int(network[-1])


def _between(first: str, last: str) -> Span:
    low, high = ip_address(first), ip_address(last)
    if low.version != high.version or int(high) < int(low):
        raise ValueError(f"{first} to {last} is no range")
    return low.version, int(low), int(high)


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same addresses in as few spans as possible: neighbours become one."""
    found: list[Span] = []
    for version, low, high in sorted(spans):
        if found and found[-1][0] == version and low <= found[-1][2] + 1:
            found[-1] = (version, found[-1][1], max(high, found[-1][2]))
        else:
            found.append((version, low, high))
    return found


def too_wide(spans: Iterable[Span], prefix: int, prefix_ipv6: int) -> list[str]:
    """Spans, once merged, with more public addresses than a network of this prefix has, as `first-last`."""
    found = []
    for version, low, high in merged(spans):
        most = 1 << (32 - prefix if version == 4 else 128 - prefix_ipv6)
        first, last = (IPv4Address(low), IPv4Address(high)) if version == 4 else (IPv6Address(low), IPv6Address(high))
        private = any(net.version == version and first in net and last in net for net in _PRIVATE)
        if high - low + 1 > most and not private:
            found.append(f"{first}-{last}")
    return found


@derived
def firewall_openings(rules: JSON, prefix: JSON, prefix_ipv6: JSON) -> JSON:
    """What firewall rules of a database server let in that is wider than these prefixes, all together.

    `rules`: [{properties: {startIpAddress, endIpAddress}}], of IPv6 {startIPv6Address, endIPv6Address}. The rule from
    0.0.0.0 to 0.0.0.0 means every address of Azure, other customers' too. Source: Azure SQL and PostgreSQL REST API,
    Firewall Rules.
    """
    spans, found = [], []
    for rule in rules:
        value = rule["properties"]
        start = value.get("startIpAddress") or value["startIPv6Address"]
        end = value.get("endIpAddress") or value["endIPv6Address"]
        if start == end == "0.0.0.0":  # noqa: S104 — a meaning, not an address
            found.append(ALL_AZURE)
        else:
            spans.append(_between(start, end))
    return sorted({*found, *too_wide(spans, prefix, prefix_ipv6)})


@derived
def network_openings(rules: JSON, prefix: JSON, prefix_ipv6: JSON) -> JSON:
    """What a list of allowed addresses lets in that is wider than these prefixes, all together; null is none.

    Items are texts, {value} (Storage) or {ipAddressOrRange} (Cosmos DB, where 0.0.0.0 means every address of Azure).
    Rules whose action is not Allow let nothing in.
    """
    spans, found = [], []
    for rule in rules or ():
        if isinstance(rule, Mapping) and str(rule.get("action") or "Allow").lower() != "allow":
            continue
        text = _text(rule)
        if text == "0.0.0.0":  # noqa: S104 — a meaning, not an address
            found.append(ALL_AZURE)
        else:
            spans.append(span(text))
    return sorted({*found, *too_wide(spans, prefix, prefix_ipv6)})


def _text(rule: Any) -> str:
    return rule if isinstance(rule, str) else str(rule.get("value") or rule["ipAddressOrRange"])
