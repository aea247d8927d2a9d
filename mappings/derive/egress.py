"""Which ways lead out of a network, and which of them a firewall looks into."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.network import covers_internet

__all__ = ["inspected_subnets", "subnets_leading_out", "ways_out"]

_DIRECT = {"igw": "internet", "eigw": "internet", "nat": "internet", "cagw": "internet", "tgw": "transit"}


def _ways(table: Mapping[str, Any]) -> set[str]:
    """`internet` and `transit`, as far as a table's routes send the internet's addresses there."""
    ranges: dict[str, list[str]] = {}
    found = set()
    for route in table["Routes"]:
        way = _way(route)
        if not way or route.get("State") != "active":
            continue
        if route.get("DestinationPrefixListId"):
            found.add(way)  # what the list holds is not looked up: the wider answer
        for member in ("DestinationCidrBlock", "DestinationIpv6CidrBlock"):
            if route.get(member):
                ranges.setdefault(way, []).append(route[member])
    return found | {way for way, blocks in ranges.items() if covers_internet(blocks)}


def _way(route: Mapping[str, Any]) -> str:
    members = ("GatewayId", "NatGatewayId", "EgressOnlyInternetGatewayId", "CarrierGatewayId", "TransitGatewayId")
    gateway = next((route[member] for member in members if route.get(member)), "")
    return _DIRECT.get(gateway.partition("-")[0], "")


@derived
def ways_out(tables: JSON) -> list[str]:
    """By what the internet's addresses can be reached from a network: `internet` (internet, NAT, egress-only and
    carrier gateways), `transit` (a transit gateway), sorted. `tables`: [{route_table}], all of the network's.

    Routes count together (two halves are the whole); those that are not active do not count.
    Source: EC2 API, Route.
    """
    return sorted(set().union(*(_ways(row["route_table"]) for row in tables)))


@derived
def subnets_leading_out(subnets: JSON, tables: JSON) -> list[str] | Unknown:
    """The ids of those subnets whose route table sends the internet's addresses straight to a gateway, sorted.

    A subnet that no table names uses the main one; Unknown(unresolved) if there is none.
    """
    named, main = {}, None
    for row in tables:
        for association in row["route_table"]["Associations"]:
            if association.get("Main"):
                main = row["route_table"]
            elif association.get("SubnetId"):
                named[association["SubnetId"]] = row["route_table"]
    found = []
    for row in subnets:
        table = named.get(row["id"], main)
        if table is None:
            return Unknown("unresolved", operation="describe_route_tables", code=row["id"])
        found += [row["id"]] if "internet" in _ways(table) else []
    return sorted(found)


@derived
def inspected_subnets(firewalls: JSON, associations: JSON, passing: JSON) -> list[str] | Unknown:
    """The ids of the subnets in which a firewall that really filters has an endpoint that is ready, sorted.

    `firewalls`: [{id, state, logging, policy}]; `associations`: [{association}], endpoints in further networks;
    `passing`: ARNs of stateless rule groups that may pass packets by the stateful engine. A firewall filters if all
    goes to the stateful engine that no such group passes, if that drops or rejects something, by its default or by
    a rule, and if alerts are logged. Unknown(unresolved) for an endpoint of a firewall that is not among these.
    Source: Network Firewall API, FirewallPolicy, SyncState, VpcEndpointAssociation.
    """
    filtering = {row["id"]: _filters(row, passing) for row in firewalls}
    found = {subnet for row in firewalls if filtering[row["id"]] for subnet in _ready(row["state"]["FirewallStatus"])}
    for row in associations:
        arn = row["association"]["VpcEndpointAssociation"]["FirewallArn"]
        if arn not in filtering:
            return Unknown("unresolved", operation="describe_firewall", code=arn)
        if filtering[arn]:
            status = row["association"]["VpcEndpointAssociationStatus"]
            found |= set(_endpoints(status, status.get("AssociationSyncState", {})))
    return sorted(found)


def _ready(status: Mapping[str, Any]) -> Iterator[str]:
    return _endpoints(status, status.get("SyncStates", {}))


def _endpoints(status: Mapping[str, Any], zones: Mapping[str, Any]) -> Iterator[str]:
    if status["Status"] == "READY":
        for zone in zones.values():
            attached = zone.get("Attachment", {})
            if attached.get("Status") == "READY":
                yield attached["SubnetId"]


def _filters(row: Mapping[str, Any], passing: Sequence[str]) -> bool:
    policy, groups = row["policy"]["FirewallPolicy"], row["policy"]["RuleGroups"]
    forwards = all(
        policy[member] == ["aws:forward_to_sfe"]
        for member in ("StatelessDefaultActions", "StatelessFragmentDefaultActions")
    )
    passed = any(
        group["Type"] == "STATELESS" and group["Arn"] not in passing and "aws:pass" in (group["Actions"] or ())
        for group in groups
    )
    logged = (row["logging"] or {}).get("LogDestinationConfigs", ())
    return forwards and not passed and _drops(policy, groups) and any(one["LogType"] == "ALERT" for one in logged)


def _drops(policy: Mapping[str, Any], groups: Sequence[Mapping[str, Any]]) -> bool:
    if any(action.startswith("aws:drop_") for action in policy.get("StatefulDefaultActions", ())):
        return True
    overridden = {one["ResourceArn"] for one in policy.get("StatefulRuleGroupReferences", ()) if one.get("Override")}
    for group in groups:
        if group["Type"] != "STATEFUL":
            continue
        if group["Actions"] is None:  # managed by AWS: it drops, unless it is told only to alert
            if group["Arn"] not in overridden:
                return True
        elif any(action.startswith(("drop", "reject")) for action in group["Actions"]):
            return True
    return False
