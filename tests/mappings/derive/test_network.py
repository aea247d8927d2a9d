"""What network rules open: each row is a way to the internet that an equality with 0.0.0.0/0 does not see."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.evidence_store.model import Unknown
from annexlog.mappings.derive.network import covers_internet, exposed_ports

TCP, UDP = [22, 3389, 5985, 5986], [3389]


@pytest.mark.parametrize(
    "ranges",
    [
        ["0.0.0.0/0"],
        ["10.0.0.0/8", "::/0"],
        ["0.0.0.0/1", "128.0.0.0/1"],
        ["128.0.0.0/1"],
        [f"{n}.0.0.0/8" for n in range(256)],
        [f"{n}.0.0.0/8" for n in range(256) if n not in (10, 127)],
        ["2000::/3"],
        [f"2{n:x}00::/8" for n in range(16)],
        ["3.0.0.0/8", "2.0.0.0/8"],
        ["1.2.3.4/0"],
    ],
    ids=repr,
)
def test_ranges_that_hold_the_internet_together_are_the_internet(ranges: list[str]) -> None:
    assert covers_internet(ranges) is True


@pytest.mark.parametrize(
    "ranges",
    [
        [],
        ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
        ["203.0.113.0/24"],
        ["fc00::/7"],
        ["fd00::/8", "2001:db8::/32"],
        ["8.0.0.0/8"],
        ["7.0.0.0/8", "8.0.0.0/8"],
    ],
    ids=repr,
)
def test_private_and_narrow_ranges_are_not_the_internet(ranges: list[str]) -> None:
    assert covers_internet(ranges) is False


def test_what_is_no_range_is_not_judged() -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        covers_internet(["everywhere"])


def rule(
    protocol: str, low: int | None = None, high: int | None = None, *, v4: Any = (), v6: Any = (), lists: Any = ()
) -> Any:
    ports = {} if low is None else {"FromPort": low, "ToPort": high}
    return {
        "IpProtocol": protocol,
        **ports,
        "IpRanges": [{"CidrIp": text} for text in v4],
        "Ipv6Ranges": [{"CidrIpv6": text} for text in v6],
        "PrefixListIds": [{"PrefixListId": id} for id in lists],
        "UserIdGroupPairs": [],
    }


ALL = ("0.0.0.0/0",)
EIGHTHS = [f"{n}.0.0.0/8" for n in range(256)]
EVERY_PORT = ["tcp/22", "tcp/3389", "tcp/5985", "tcp/5986", "udp/3389"]

RULES = {
    "one port": ([rule("tcp", 22, 22, v4=ALL)], ["tcp/22"]),
    "one port over IPv6": ([rule("tcp", 22, 22, v6=["::/0"])], ["tcp/22"]),
    "a range of ports": ([rule("tcp", 20, 4000, v4=ALL)], ["tcp/22", "tcp/3389"]),
    "the range's own ends": ([rule("tcp", 5985, 5986, v4=ALL)], ["tcp/5985", "tcp/5986"]),
    "every protocol": ([rule("-1", v4=ALL)], EVERY_PORT),
    "TCP by number": ([rule("6", 22, 22, v4=ALL)], ["tcp/22"]),
    "UDP by number": ([rule("17", 0, 65535, v4=ALL)], ["udp/3389"]),
    "TCP in capitals": ([rule("TCP", 22, 22, v4=ALL)], ["tcp/22"]),
    "TCP without ports": ([rule("tcp", v4=ALL)], EVERY_PORT[:4]),
    "TCP with -1 for its ports": ([rule("tcp", -1, -1, v4=ALL)], EVERY_PORT[:4]),
    "halves in one rule": ([rule("tcp", 22, 22, v4=["0.0.0.0/1", "128.0.0.0/1"])], ["tcp/22"]),
    "every other eighth in each of two rules": (
        [rule("tcp", 0, 100, v4=EIGHTHS[::2]), rule("-1", v4=EIGHTHS[1::2])],
        ["tcp/22"],
    ),
    "a prefix list": ([rule("tcp", 22, 22, lists=["pl-all"])], ["tcp/22"]),
    "a prefix list and a range": ([rule("tcp", 22, 22, v4=["0.0.0.0/1"], lists=["pl-upper"])], ["tcp/22"]),
    "ping": ([rule("icmp", -1, -1, v4=ALL)], []),
    "the office": ([rule("tcp", 22, 22, v4=["203.0.113.0/24"], lists=["pl-office"])], []),
    "a service of AWS": ([rule("tcp", 22, 22, lists=["pl-cloudfront"])], []),
    "another port": ([rule("tcp", 443, 443, v4=ALL)], []),
    "a port beside": ([rule("tcp", 23, 3388, v4=ALL)], []),
    "UDP is not TCP": ([rule("udp", 22, 22, v4=ALL)], []),
    "no rules": ([], []),
}
LISTS = [
    {"id": "pl-all", "entries": [{"Cidr": "0.0.0.0/0"}]},
    {"id": "pl-upper", "entries": [{"Cidr": "128.0.0.0/1"}]},
    {"id": "pl-office", "entries": [{"Cidr": "203.0.113.0/24"}]},
    {"id": "pl-cloudfront", "entries": None},
]


@pytest.mark.parametrize(("rules", "ports"), RULES.values(), ids=RULES)
def test_the_ports_that_a_security_group_opens_to_the_internet_are_named(rules: list[Any], ports: list[str]) -> None:
    assert exposed_ports({"IpPermissions": rules}, LISTS, TCP, UDP) == ports


def test_a_prefix_list_that_was_not_seen_leaves_the_port_open_to_question() -> None:
    group = {"IpPermissions": [rule("tcp", 22, 22, lists=["pl-gone"]), rule("-1", v4=["10.0.0.0/8"])]}

    assert exposed_ports(group, LISTS, TCP, UDP) == Unknown("unresolved", operation="get_managed_prefix_list_entries")


def test_a_port_that_is_open_anyway_needs_no_prefix_list() -> None:
    group = {"IpPermissions": [rule("tcp", 22, 22, v4=ALL, lists=["pl-gone"])]}

    assert exposed_ports(group, LISTS, TCP, UDP) == ["tcp/22"]


def test_a_prefix_list_on_a_port_that_is_not_asked_for_does_not_matter() -> None:
    group = {"IpPermissions": [rule("tcp", 443, 443, lists=["pl-gone"])]}

    assert exposed_ports(group, LISTS, TCP, UDP) == []
