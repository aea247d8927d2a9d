"""Which ways lead out of a network, and which of them a firewall looks into."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.evidence_store.model import Unknown
from annexlog.mappings.derive.egress import inspected_subnets, subnets_leading_out, ways_out


def table(*routes: dict[str, Any], subnets: tuple[str, ...] = (), main: bool = False) -> dict[str, Any]:
    associations: list[dict[str, Any]] = [{"SubnetId": subnet, "Main": False} for subnet in subnets]
    return {"route_table": {"Routes": list(routes), "Associations": associations + [{"Main": True}] * main}}


def route(gateway: str, cidr: str = "0.0.0.0/0", state: str = "active", **more: str) -> dict[str, Any]:
    members = {"nat": "NatGatewayId", "eigw": "EgressOnlyInternetGatewayId", "tgw": "TransitGatewayId"}
    key = members.get(gateway.partition("-")[0], "GatewayId")
    where = "DestinationIpv6CidrBlock" if ":" in cidr else "DestinationCidrBlock"
    return {key: gateway, where: cidr, "State": state, **more}


@pytest.mark.parametrize(
    ("routes", "ways"),
    [
        ([route("local", "10.0.0.0/16")], []),
        ([route("igw-1")], ["internet"]),
        ([route("nat-1")], ["internet"]),
        ([route("eigw-1", "::/0")], ["internet"]),
        ([route("tgw-1")], ["transit"]),
        ([route("igw-1", "0.0.0.0/1"), route("igw-1", "128.0.0.0/1")], ["internet"]),
        ([route("igw-1", "10.0.0.0/8")], []),
        ([route("igw-1", state="blackhole")], []),
        ([route("vpce-1")], []),
        ([{"GatewayId": "igw-1", "DestinationPrefixListId": "pl-1", "State": "active"}], ["internet"]),
    ],
)
def test_routes_to_gateways_lead_out(routes: list[dict[str, Any]], ways: list[str]) -> None:
    assert ways_out([table(*routes)]) == ways


def test_a_subnet_without_a_table_of_its_own_uses_the_main_one() -> None:
    subnets = [{"id": "a"}, {"id": "b"}]
    tables = [table(route("igw-1"), main=True), table(route("vpce-1"), subnets=("b",))]

    assert subnets_leading_out(subnets, tables) == ["a"]


def test_a_subnet_whose_table_is_not_there_is_unresolved() -> None:
    assert subnets_leading_out([{"id": "a"}], []) == Unknown("unresolved", "describe_route_tables", "", "a")


FORWARD = {"StatelessDefaultActions": ["aws:forward_to_sfe"], "StatelessFragmentDefaultActions": ["aws:forward_to_sfe"]}
STRICT = {**FORWARD, "StatefulDefaultActions": ["aws:drop_established"]}
ALERTS = {"LogDestinationConfigs": [{"LogType": "ALERT"}]}
READY = {"Status": "READY", "SyncStates": {"a": {"Attachment": {"SubnetId": "s1", "Status": "READY"}}}}


def firewall(policy: Any, *groups: Any, logging: Any = ALERTS, status: Any = READY) -> dict[str, Any]:
    return {
        "id": "f1",
        "state": {"FirewallStatus": status},
        "logging": logging,
        "policy": {"FirewallPolicy": policy, "RuleGroups": list(groups)},
    }


def group(kind: str, *actions: str, arn: str = "g1") -> dict[str, Any]:
    return {"Arn": arn, "Type": kind, "Actions": list(actions)}


MANAGED = {"Arn": "m1", "Type": "STATEFUL", "Actions": None}
TOLD_TO_ALERT = {**FORWARD, "StatefulRuleGroupReferences": [{"ResourceArn": "m1", "Override": {"Action": "x"}}]}


@pytest.mark.parametrize(
    ("given", "subnets"),
    [
        (firewall(STRICT), ["s1"]),
        (firewall(FORWARD), []),
        (firewall(FORWARD, group("STATEFUL", "alert", "pass")), []),
        (firewall(FORWARD, group("STATEFUL", "alert", "reject")), ["s1"]),
        (firewall(FORWARD, MANAGED), ["s1"]),
        (firewall(TOLD_TO_ALERT, MANAGED), []),
        (firewall({**STRICT, "StatelessDefaultActions": ["aws:pass"]}), []),
        (firewall(STRICT, group("STATELESS", "aws:pass")), []),
        (firewall(STRICT, group("STATELESS", "aws:pass", arn="known")), ["s1"]),
        (firewall(STRICT, logging=None), []),
        (firewall(STRICT, logging={"LogDestinationConfigs": [{"LogType": "FLOW"}]}), []),
        (firewall(STRICT, status={**READY, "Status": "PROVISIONING"}), []),
        (firewall(STRICT, status={"Status": "READY", "SyncStates": {"a": {"Attachment": {"Status": "FAILED"}}}}), []),
    ],
)
def test_a_subnet_is_inspected_by_a_firewall_that_filters_and_logs(given: Any, subnets: list[str]) -> None:
    assert inspected_subnets([given], [], ["known"]) == subnets


def test_endpoints_in_other_networks_count_with_their_firewall() -> None:
    association = {
        "VpcEndpointAssociation": {"FirewallArn": "f1"},
        "VpcEndpointAssociationStatus": {
            "Status": "READY",
            "AssociationSyncState": {"a": {"Attachment": {"SubnetId": "s9", "Status": "READY"}}},
        },
    }

    assert inspected_subnets([firewall(STRICT)], [{"association": association}], []) == ["s1", "s9"]
    assert inspected_subnets([], [{"association": association}], []) == Unknown(
        "unresolved", "describe_firewall", "", "f1"
    )
