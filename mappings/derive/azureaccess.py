"""How Azure's machines are administered: what is open all the time, what on request, and the ways past the internet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.azureranges import span
from annexlog.mappings.derive.azurerules import both, meets, open_ports

__all__ = ["exposed_machines", "long_requests", "peerings", "standing_ports", "ways_in"]

_JIT = ("MicrosoftDefenderForCloud-JITRule", "SecurityCenter-JITRule")
"""How rules that just-in-time access makes are called, now and before, for denying and for a time of allowing."""
_HOURS = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_DEFAULT: Mapping[str, Any] = {
    "name": "AllowVnetInBound",
    "properties": {
        "direction": "Inbound", "access": "Allow", "protocol": "*", "priority": 65000,
        "sourceAddressPrefix": "VirtualNetwork", "destinationPortRange": "*", "destinationAddressPrefix": "*",
    },
}  # fmt: skip
"""The rule that every security group ends with, as far as it lets anybody in."""


# ── all the time, or on request ──


@derived
def standing_ports(
    interface: JSON, own: JSON, subnets: JSON, jit: JSON, ports: JSON, approved: JSON, now: JSON
) -> JSON | Unknown:
    """Those of the ports that are open on a machine's interface now, though nobody asked for them, sorted.

    `own`, `subnets`: [{security_group}], those bound to the interface and to its subnets; a packet has to pass both.
    `jit`: [{policy}] that name the machine; `approved`: ranges that may always come in. TCP is looked at. Rules that
    allow are open for whoever else they name, also from the virtual network, as is the default rule; one to other
    addresses is not, nor is a rule of just-in-time access while a request for its port runs. Unknown(unresolved) where
    a group that is bound is not seen. Source: learn.microsoft.com, "Understanding just-in-time (JIT) VM access" (deny
    rules; existing rules take priority); REST API, JitNetworkAccessRequest.
    """
    value = interface["properties"]
    bound = (value.get("networkSecurityGroup") or {}).get("id")
    if bound and not own:
        return Unknown("unresolved", operation="Microsoft.Network/networkSecurityGroups", code=str(bound))
    addresses = {
        str(one["properties"].get("privateIPAddress")) for one in value.get("ipConfigurations") or ()
    }  # of which a denial has to name all
    machine = str((value.get("virtualMachine") or {}).get("id") or "").lower()
    spans = [span(str(one)) for one in approved]
    found = []
    for port in sorted(int(one) for one in ports):
        asked = _asked(jit, machine, port, now)
        gates = [one["security_group"] for one in (*own, *subnets)]
        if all(_open(gate, port, addresses, spans, asked=asked) for gate in gates):
            found.append(port)
    return found


def _open(group: Mapping[str, Any], port: int, addresses: set[str], approved: Iterable[Any], *, asked: bool) -> bool:
    """Whether a group lets somebody in who is not approved, by its rules in the order of their priorities."""
    rules = [*(group["properties"].get("securityRules") or ()), _DEFAULT]
    for rule in sorted(rules, key=lambda one: int(one["properties"]["priority"])):
        value = rule["properties"]
        if value["direction"].lower() != "inbound" or value["protocol"].lower() not in ("*", "tcp"):
            continue
        if not meets(both(value, "destinationPortRange"), port):
            continue
        if value["access"].lower() != "allow":
            if _denies_all(value, addresses):
                return False
        elif asked and str(rule.get("name")).startswith(_JIT):
            continue
        elif not _elsewhere(value, addresses) and not _approved(value, approved):
            return True
    return False


def _denies_all(value: Mapping[str, Any], addresses: set[str]) -> bool:
    to, ranges = set(both(value, "destinationAddressPrefix")), both(value, "sourcePortRange")
    from_any_port = not ranges or any(one in ("*", "0-65535") for one in ranges)
    return from_any_port and "*" in both(value, "sourceAddressPrefix") and ("*" in to or addresses <= to)


def _elsewhere(value: Mapping[str, Any], addresses: set[str]) -> bool:
    """Whether a rule lets in to addresses, none of which is one of these; a tag may stand for any."""
    to = both(value, "destinationAddressPrefix")
    try:
        own, named = [span(one) for one in addresses], [span(one) for one in to]
    except ValueError:
        return False
    return bool(to) and not any(a[0] == b[0] and a[1] <= b[2] and b[1] <= a[2] for a in own for b in named)


def _approved(value: Mapping[str, Any], approved: Iterable[Any]) -> bool:
    """Whether a rule lets in nobody but approved ranges, and the probes of Azure's load balancers.

    One that names application security groups has no prefix, and lets in whoever is in them.
    """
    sources = both(value, "sourceAddressPrefix")
    return bool(sources) and all(one == "AzureLoadBalancer" or _within(one, approved) for one in sources)


def _within(text: str, approved: Iterable[Any]) -> bool:
    try:
        version, low, high = span(text)
    except ValueError:  # a tag, or everybody
        return False
    return any(version == kind and first <= low and high <= last for kind, first, last in approved)


def _asked(jit: JSON, machine: str, port: int, now: int) -> bool:
    """Whether a request for a port of a machine was granted and has not run out."""
    requests = (one for policy in jit for one in policy["policy"]["properties"].get("requests") or ())
    granted = (
        one
        for request in requests
        for each in request.get("virtualMachines") or ()
        if str(each.get("id") or "").lower() == machine
        for one in each.get("ports") or ()
    )
    return any(
        int(one["number"]) == port and one.get("status") == "Initiated" and _millis(str(one["endTimeUtc"])) > now
        for one in granted
    )


def _millis(text: str) -> int:
    at = datetime.fromisoformat(text)
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


@derived
def long_requests(jit: JSON, machine: JSON, ports: JSON, hours: JSON) -> JSON:
    """Those of the ports that a policy lets be opened on a machine for more than so many hours, sorted."""
    found = set()
    for policy in jit:
        for each in policy["policy"]["properties"].get("virtualMachines") or ():
            if str(each.get("id") or "").lower() == str(machine).lower():
                longest = [(int(one["number"]), _length(str(one["maxRequestAccessDuration"]))) for one in each["ports"]]
                found |= {port for port, length in longest if port in ports and length > hours}
    return sorted(found)


def _length(text: str) -> float:
    """An ISO 8601 duration in hours. Raises ValueError for what is none."""
    parts = _HOURS.fullmatch(text)
    if parts is None or not any(parts.groups()):
        raise ValueError(text)
    days, hours, minutes, seconds = (float(part or 0) for part in parts.groups())
    return days * 24 + hours + minutes / 60 + seconds / 3600


# ── past the internet ──


@derived
def exposed_machines(
    network: JSON, interfaces: JSON, sets: JSON, groups: JSON, ports: JSON, prefix: JSON, prefix_ipv6: JSON
) -> JSON:
    """Ids of machines' interfaces and scale sets of a network that the internet may reach on one of the ports, sorted.

    `interfaces`: [{id, interface}], `sets`: [{id, scale_set}] in its subnets; `groups`: [{id, security_group}] of the
    subscription. One with a public address, or behind a load balancer, is reached unless the group of its subnet or its
    own closes the port; without any group it is.
    """
    rules = {str(one["id"]).lower(): one["security_group"] for one in groups}
    guards = {
        str(one["id"]).lower(): str(((one.get("properties") or {}).get("networkSecurityGroup") or {}).get("id") or "")
        for one in network["properties"].get("subnets") or ()
    }
    found = set()
    for id, guard, addresses in _machines(interfaces, sets):
        for one in addresses:
            subnet = str((one["properties"].get("subnet") or {}).get("id") or "").lower()
            bound = [name.lower() for name in (guard, guards.get(subnet, "")) if name]
            open_to = _open_to(bound, rules, ports, prefix, prefix_ipv6)
            if subnet in guards and (open_to if _public(one["properties"]) else bound and open_to and _behind(one)):
                found.add(id)
    return sorted(found)


def _machines(interfaces: JSON, sets: JSON) -> Iterator[tuple[str, str, list[Any]]]:
    """Of each interface its id, the id of its own group ("" for none), and its addresses."""
    for one in interfaces:
        value = one["interface"]["properties"]
        if (value.get("virtualMachine") or {}).get("id"):
            guard = str((value.get("networkSecurityGroup") or {}).get("id") or "")
            yield str(one["id"]), guard, list(value.get("ipConfigurations") or ())
    for one in sets:
        profile = one["scale_set"]["properties"].get("virtualMachineProfile") or {}
        for each in (profile.get("networkProfile") or {}).get("networkInterfaceConfigurations") or ():
            value = each["properties"]
            guard = str((value.get("networkSecurityGroup") or {}).get("id") or "")
            yield str(one["id"]), guard, list(value.get("ipConfigurations") or ())


def _public(value: Mapping[str, Any]) -> bool:
    return any(value.get(name) for name in ("publicIPAddress", "publicIPAddressConfiguration"))


def _behind(one: Mapping[str, Any]) -> bool:
    """Whether an address is behind a load balancer, which may be public: that lets in nothing that no group allows."""
    names = ("loadBalancerInboundNatRules", "loadBalancerInboundNatPools", "loadBalancerBackendAddressPools")
    return any(one["properties"].get(name) for name in names)


def _open_to(bound: list[str], rules: Mapping[str, Any], ports: JSON, prefix: JSON, prefix_ipv6: JSON) -> bool:
    """Whether one port is open in each group; one that nobody saw closes nothing."""
    gates = [set(open_ports(rules[id], ports, prefix, prefix_ipv6)) for id in bound if id in rules]
    return not gates or bool(set.intersection(*gates))


@derived
def peerings(network: JSON) -> JSON:
    """The peerings of a network; [] for one without."""
    return list(network["properties"].get("virtualNetworkPeerings") or ())


@derived
def ways_in(bastions: JSON, gateways: JSON, peers: JSON, network: JSON) -> JSON:
    """Ids of Bastion hosts and gateways by which a network is reached, in itself or in one it is peered with, sorted.

    `bastions`, `gateways`: [{id, bastion}] and [{id, gateway, connections}] of this network and of the remote ones of
    its peerings; `peers`: the peerings. One counts only where the peering is connected, a gateway only where this
    network uses it (`useRemoteGateways`). A gateway without a connection and without a pool of addresses for clients
    leads nowhere. Source: learn.microsoft.com, "VNet peering and Azure Bastion", "Configure VPN gateway transit"; REST
    API, Virtual Network Gateways (vpnClientConfiguration; List Connections).
    """
    remote = {
        str((one["properties"].get("remoteVirtualNetwork") or {}).get("id") or "").lower(): one["properties"]
        for one in peers
        if str(one["properties"].get("peeringState")).lower() == "connected"
    }
    here = {str(network).lower()}
    transit = here | {id for id, value in remote.items() if value.get("useRemoteGateways") is True}
    found = {
        str(one["id"])
        for one in bastions
        if _works(one["bastion"]) and str(one["bastion"].get("network")).lower() in here | set(remote)
    }
    found |= {
        str(one["id"])
        for one in gateways
        if _works(one["gateway"]) and _leads(one) and str(one["gateway"].get("network")).lower() in transit
    }
    return sorted(found)


def _works(one: Mapping[str, Any]) -> bool:
    return str(one["properties"].get("provisioningState")) == "Succeeded"


def _leads(one: Mapping[str, Any]) -> bool:
    """Whether a gateway is connected to something that is no other network of Azure's, or lets clients in."""
    value = one["gateway"]["properties"]
    pool = ((value.get("vpnClientConfiguration") or {}).get("vpnClientAddressPool") or {}).get("addressPrefixes")
    away = any(_works(each) and each["properties"].get("connectionType") != "Vnet2Vnet" for each in one["connections"])
    return value.get("gatewayType") in ("Vpn", "ExpressRoute") and (away or bool(pool))
