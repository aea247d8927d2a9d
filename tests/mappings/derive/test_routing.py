"""What routes, addresses and network ACLs let in: the ways past an equality with 0.0.0.0/0."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.evidence_store.model import Unknown
from annexlog.mappings.derive.routing import (
    acl_exposed_ports,
    exposure_names,
    internet_subnets,
    public_addresses,
    whole_peers,
)

OUT = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active"}
OUT6 = {"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-1", "State": "active"}
NAT = {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "State": "active"}


def table(*routes: Any, main: bool = False, subnet: str = "") -> Any:
    associations: list[Any] = [{"Main": True}] if main else []
    associations += [{"Main": False, "SubnetId": subnet}] if subnet else []
    return {"route_table": {"Associations": associations, "Routes": list(routes), "VpcId": "vpc-1"}}


def test_a_subnet_of_its_own_table_does_not_use_the_main_one() -> None:
    subnets: list[Any] = [{"SubnetId": "a"}, {"SubnetId": "b"}]

    assert internet_subnets(subnets, [table(OUT, main=True), table(NAT, subnet="b")]) == ["a"]


@pytest.mark.parametrize(
    ("route", "found"),
    [
        (OUT, ["a"]),
        (OUT6, ["a"]),
        ({**OUT, "State": "blackhole"}, []),
        ({**OUT, "GatewayId": "vgw-1"}, []),
        ({"DestinationCidrBlock": "0.0.0.0/0", "CarrierGatewayId": "cagw-1", "State": "active"}, ["a"]),
    ],
)
def test_which_routes_lead_to_the_internet(route: Any, found: list[str]) -> None:
    assert internet_subnets({"SubnetId": "a"}, [table(route, main=True)]) == found


def test_a_subnet_whose_table_is_not_there_is_not_taken_for_private() -> None:
    assert internet_subnets({"SubnetId": "a"}, [table(NAT, subnet="b")]) == Unknown(
        "unresolved", operation="describe_route_tables"
    )


def test_an_association_that_failed_does_not_count() -> None:
    failed = table(NAT, subnet="a")
    failed["route_table"]["Associations"][0]["AssociationState"] = {"State": "failed"}

    assert internet_subnets({"SubnetId": "a"}, [failed, table(OUT, main=True)]) == ["a"]


def rule(number: int, action: str, cidr: str = "0.0.0.0/0", *, ports: tuple[int, int] | None = (22, 22)) -> Any:
    block = {"Ipv6CidrBlock": cidr} if ":" in cidr else {"CidrBlock": cidr}
    between = {"PortRange": {"From": ports[0], "To": ports[1]}, "Protocol": "6"} if ports else {"Protocol": "-1"}
    return {"Egress": False, "RuleNumber": number, "RuleAction": action, **block, **between}


@pytest.mark.parametrize(
    ("entries", "open_ports"),
    [
        ([rule(1, "allow")], ["tcp/22"]),
        ([rule(2, "allow"), rule(1, "deny")], []),
        ([rule(1, "allow"), rule(2, "deny")], ["tcp/22"]),
        ([rule(1, "deny", "0.0.0.0/1"), rule(2, "deny", "128.0.0.0/1"), rule(3, "allow")], []),
        ([rule(1, "deny", "0.0.0.0/1"), rule(3, "allow")], ["tcp/22"]),
        ([rule(1, "deny", "10.0.0.0/8"), rule(2, "allow", ports=None)], ["tcp/22", "tcp/3389"]),
        ([rule(1, "allow", "0.0.0.0/1"), rule(2, "allow", "128.0.0.0/1")], ["tcp/22"]),
        ([rule(1, "deny"), rule(2, "allow", "::/0")], ["tcp/22"]),
        ([rule(1, "allow", "198.51.100.0/24")], []),
        ([{**rule(1, "allow"), "Egress": True}], []),
        ([{**rule(1, "allow", ports=(20, 30)), "Protocol": "17"}], []),
        ([{**rule(1, "allow", ports=None), "Protocol": "6"}], ["tcp/22", "tcp/3389"]),
    ],
)
def test_the_first_rule_that_fits_decides(entries: list[Any], open_ports: list[str]) -> None:
    assert acl_exposed_ports({"Entries": entries}, [22, 3389], []) == open_ports


def test_unique_local_ipv6_faces_nobody_and_delegated_prefixes_do() -> None:
    interface = {
        "SubnetId": "a",
        "Ipv6Addresses": [{"Ipv6Address": "fd00::1"}],
        "Ipv6Prefixes": [{"Ipv6Prefix": "2600:1f18::/80"}],
    }

    assert public_addresses(interface, [table(OUT6, main=True)]) == ["2600:1f18::/80"]
    assert public_addresses(interface, [table(OUT, main=True)]) == []


def test_an_own_interface_that_says_it_is_a_load_balancers_is_not_believed() -> None:
    own = {"NetworkInterfaceId": "eni-1", "OwnerId": "1", "Description": "ELB app/web/1", "RequesterManaged": False}

    assert exposure_names(own, "aws", "eu-west-1") == ["eni-1"]


def test_routes_to_two_peers_are_not_added_up() -> None:
    routes = [
        {"DestinationCidrBlock": "10.1.0.0/17", "VpcPeeringConnectionId": "pcx-1", "State": "active"},
        {"DestinationCidrBlock": "10.1.128.0/17", "VpcPeeringConnectionId": "pcx-2", "State": "active"},
    ]
    peer = {"AccepterVpcInfo": {"VpcId": "vpc-2", "CidrBlock": "10.1.0.0/16"}, "RequesterVpcInfo": {"VpcId": "vpc-1"}}
    peerings: list[Any] = [{"id": id, "peering": peer} for id in ("pcx-1", "pcx-2")]

    assert whole_peers({"VpcId": "vpc-1", "Routes": routes}, peerings, []) == []
