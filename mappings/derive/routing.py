"""What routes, addresses and network ACLs of a VPC let in from the internet or from a peer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.network import covers_internet

__all__ = ["acl_exposed_ports", "exposure_names", "internet_subnets", "public_addresses", "whole_peers"]

Table = Mapping[str, Any]
Network = IPv4Network | IPv6Network

_EVERYWHERE: tuple[Network, ...] = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
_NUMBERS = {"tcp": "6", "udp": "17"}

# ── routes ────────────────────────────────────────────────────────────────────────────────


def effective_table(subnet: str, tables: Sequence[Mapping[str, Any]]) -> Table | None:
    """The route table of a subnet, of those of its VPC: the one associated with it, else the VPC's main one."""
    found = [row["route_table"] for row in tables]
    for name, value in (("SubnetId", subnet), ("Main", True)):
        for table in found:
            if any(row.get(name) == value and _in_force(row) for row in table.get("Associations") or ()):
                return table  # type: ignore[no-any-return]  # it is JSON
    return None


def _in_force(association: Mapping[str, Any]) -> bool:
    return (association.get("AssociationState") or {}).get("State", "associated") not in ("disassociated", "failed")


def leads_to_internet(route: Mapping[str, Any]) -> bool:
    """Whether a route is in force and leads to an internet gateway or a carrier gateway."""
    gateway = str(route.get("GatewayId") or "").startswith("igw-") or bool(route.get("CarrierGatewayId"))
    return gateway and route.get("State") == "active"


@derived
def internet_subnets(subnets: JSON, route_tables: JSON) -> JSON | Unknown:
    """Those of the subnets (one or many, each with SubnetId) whose route table leads to an internet gateway.

    `route_tables`: [{route_table}], all of the VPC. Unknown(unresolved) if none leads there, but a subnet's table
    is not among them. Source: VPC guide, route tables (a subnet without an association uses the main table).
    """
    ids = sorted(row["SubnetId"] for row in (subnets if isinstance(subnets, list) else [subnets]))
    tables = {id: effective_table(id, route_tables) for id in ids}
    found: list[JSON] = [id for id, table in tables.items() if table and any(map(leads_to_internet, table["Routes"]))]
    if not found and None in tables.values():
        return Unknown("unresolved", operation="describe_route_tables")
    return found


# ── network ACLs ──────────────────────────────────────────────────────────────────────────


@derived
def acl_exposed_ports(network_acl: JSON, tcp: JSON, udp: JSON) -> JSON:
    """The ports of `tcp` and `udp` at which a network ACL lets the internet in, as `tcp/22`, by protocol and number.

    Rules are tried by number; the first that fits an address and a port decides. So what earlier rules deny is taken
    out of what a later one allows, and what is left is open if it is as good as the internet.
    Source: VPC guide, network ACL rules.
    """
    rules = sorted((e for e in network_acl["Entries"] if not e["Egress"]), key=lambda e: e["RuleNumber"])
    found: list[JSON] = []
    for protocol, ports in (("tcp", tcp), ("udp", udp)):
        for port in sorted({int(port) for port in ports}):
            allowed = _allowed([rule for rule in rules if _concerns(rule, protocol, port)])
            found += [f"{protocol}/{port}"] if covers_internet(str(network) for network in allowed) else []
    return found


def _concerns(rule: Mapping[str, Any], protocol: str, port: int) -> bool:
    if str(rule["Protocol"]) == "-1":
        return True
    ports = rule.get("PortRange") or {"From": 0, "To": 65535}
    return str(rule["Protocol"]) == _NUMBERS[protocol] and ports["From"] <= port <= ports["To"]


def _allowed(rules: Sequence[Mapping[str, Any]]) -> list[Network]:
    """The addresses that these rules let in, one rule after the other."""
    left, allowed = list(_EVERYWHERE), list[Network]()
    for rule in rules:
        network = ip_network(rule.get("CidrBlock") or rule["Ipv6CidrBlock"], strict=False)
        if rule["RuleAction"] == "allow":
            allowed += [common for one in left for common in _common(one, network)]
        left = [rest for one in left for rest in _without(one, network)]
    return allowed


def _common(one: Network, other: Network) -> list[Network]:
    if one.version != other.version or not one.overlaps(other):
        return []
    return [one if one.prefixlen >= other.prefixlen else other]


def _without(one: Network, other: Network) -> Iterator[Network]:
    if one.version != other.version or not one.overlaps(other):
        yield one
    elif one.prefixlen < other.prefixlen:
        yield from one.address_exclude(other)  # type: ignore[arg-type]  # both are of one version


# ── addresses ─────────────────────────────────────────────────────────────────────────────


@derived
def public_addresses(network_interface: JSON, route_tables: JSON) -> JSON | Unknown:
    """The addresses by which the internet, or a carrier's network, reaches an interface, sorted.

    An IPv4 address is public by its association, be it that of a secondary address; one of IPv6 if its subnet's
    route table sends IPv6 to an internet gateway. Addresses that are not global (fc00::/7) are none.
    Unknown(unresolved) if the route table of a subnet with IPv6 is not among `route_tables` ([{route_table}]).
    """
    associations = [network_interface, *network_interface.get("PrivateIpAddresses", ())]
    found = {
        row["Association"].get(name)
        for row in associations
        if row.get("Association")
        for name in ("PublicIp", "CarrierIp")
    }
    v6 = [row["Ipv6Address"] for row in network_interface.get("Ipv6Addresses", ())]
    v6 = [text for text in v6 if ip_address(text) not in IPv6Network("fc00::/7")]
    v6 += [row["Ipv6Prefix"] for row in network_interface.get("Ipv6Prefixes", ())]
    if v6:
        table = effective_table(network_interface["SubnetId"], route_tables)
        if table is None:
            return Unknown("unresolved", operation="describe_route_tables")
        if any(leads_to_internet(route) and not route.get("DestinationCidrBlock") for route in table["Routes"]):
            found.update(v6)
    return sorted(text for text in found if text)


@derived
def exposure_names(network_interface: JSON, partition: JSON, region: JSON) -> JSON:
    """The names by which an interface may stand in a register of what faces the internet.

    Its own id, its instance, its public IPv4 addresses; of a load balancer's interface only that load balancer's
    ARN: its addresses come and go. Source: ELB guide, the interfaces' description (`ELB app/name/id`).
    """
    description = network_interface.get("Description") or ""
    if network_interface.get("RequesterManaged") and description.startswith("ELB "):
        owner = f"arn:{partition}:elasticloadbalancing:{region}:{network_interface['OwnerId']}:loadbalancer"
        return [f"{owner}/{description[4:]}"]
    names = {network_interface["NetworkInterfaceId"], (network_interface.get("Attachment") or {}).get("InstanceId")}
    for row in (network_interface, *network_interface.get("PrivateIpAddresses", ())):
        names |= {(row.get("Association") or {}).get(name) for name in ("PublicIp", "CarrierIp")}
    names |= {row["Ipv6Address"] for row in network_interface.get("Ipv6Addresses", ())}
    return sorted(name for name in names if name)


# ── peerings ──────────────────────────────────────────────────────────────────────────────


@derived
def whole_peers(route_table: JSON, peerings: JSON, prefix_lists: JSON) -> JSON | Unknown:
    """The peering connections to which a route table sends a whole address block of the network beyond, by id.

    Routes to one connection count together: halves make a whole, and a wider route covers it. `peerings`:
    [{id, peering}], `prefix_lists`: [{id, entries}], those that the routes name. Unknown(unresolved) if none is
    found, and a connection, its blocks (AWS gives them only while it is active) or a prefix list are not known.
    """
    known = {row["id"]: row["peering"] for row in peerings}
    lists = {row["id"]: [entry["Cidr"] for entry in row["entries"] or ()] for row in prefix_lists}
    routed: dict[str, list[str]] = {}
    unresolved = False
    for route in route_table["Routes"]:
        if not route.get("VpcPeeringConnectionId") or route.get("State") != "active":
            continue
        ranges = routed.setdefault(route["VpcPeeringConnectionId"], [])
        ranges += [route[name] for name in ("DestinationCidrBlock", "DestinationIpv6CidrBlock") if route.get(name)]
        if name := route.get("DestinationPrefixListId"):
            unresolved = unresolved or name not in lists
            ranges += lists.get(name, [])
    found: list[JSON] = []
    for id, ranges in sorted(routed.items()):
        blocks = _blocks_beyond(known.get(id), route_table["VpcId"])
        unresolved = unresolved or not blocks
        found += [id] if any(_covered(block, ranges) for block in blocks) else []
    return Unknown("unresolved", operation="describe_vpc_peering_connections") if unresolved and not found else found


def _blocks_beyond(peering: Mapping[str, Any] | None, vpc: str) -> list[str]:
    """The address blocks of the side of a connection that is not this VPC."""
    sides = [peering.get("AccepterVpcInfo") or {}, peering.get("RequesterVpcInfo") or {}] if peering else []
    others = [side for side in sides if side.get("VpcId") != vpc]
    if len(others) != 1:
        return []
    side = others[0]
    blocks = [row["CidrBlock"] for row in side.get("CidrBlockSet", ())]
    blocks += [row["Ipv6CidrBlock"] for row in side.get("Ipv6CidrBlockSet", ())]
    return [*blocks, *([side["CidrBlock"]] if side.get("CidrBlock") else [])]


def _covered(block: str, ranges: Sequence[str]) -> bool:
    whole = ip_network(block, strict=False)
    alike = [n for n in map(ip_network, ranges) if n.version == whole.version]
    return any(whole.subnet_of(one) for one in collapse_addresses(alike))  # type: ignore[type-var, arg-type]
