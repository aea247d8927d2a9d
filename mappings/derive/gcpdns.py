"""Names in Google Cloud: whether a network leads to the internet, and whether names are kept from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.gcpnetwork import require_name
from annexlog.mappings.derive.network import covers_internet

__all__ = ["leads_out", "unfiltered_names"]

_ROUTER = "compute.googleapis.com/Router"

_GOOGLE = frozenset({"199.36.153.4/30", "199.36.153.8/30", "2600:2d00:2:1000::/56", "2600:2d00:2:2000::/56"})
"""Addresses of Google's APIs (restricted and private): a route to them leads to nothing else."""


@derived
def leads_out(network: JSON, routes: JSON) -> JSON | Unknown:
    """Whether a network has a way to the internet: a route to its gateway, or routes to everywhere by whatever hop.

    `routes`: joined, its own routes, and its routers. Unknown(unresolved) where none leads out, but routers, or
    networks that it peers with, tell it others, which no list has.
    Source: VPC, routes; VPC Network Peering, exchange of custom routes; Private Google Access options.
    """
    require_name(network)
    found = [one["route"] for one in routes]
    known = [one["data"] for one in found if one.get("type") != _ROUTER]
    gateways = [
        one["destRange"] for one in known if str(one.get("nextHopGateway") or "").endswith("/default-internet-gateway")
    ]
    if not _GOOGLE.issuperset(gateways) or covers_internet(one["destRange"] for one in known):
        return True
    learned = any(one["data"].get("bgpPeers") for one in found if one.get("type") == _ROUTER)
    imported = any(one.get("importCustomRoutes") is True for one in network["data"].get("peerings") or ())
    return Unknown("unresolved", operation="ListAssets") if learned or imported else False


@derived
def unfiltered_names(policies: JSON, servers: JSON, wanted: JSON, sinks: JSON) -> JSON:
    """Why names that should be blocked may be answered in a network, one text for each reason; [] if none is.

    `policies`: joined response policies of the network. `servers`: its DNS policies: name servers that one names
    are asked before any response policy. `wanted`: names, or `*.` and a name. `sinks`: answers that lead nowhere.
    Raises ValueError for a rule without a name: nobody could read it, and it may let any name through.
    Source: Cloud DNS, name resolution order; dns.v1, ResponsePolicyRule.
    """
    if not wanted:
        return ["the register of names is empty"]
    data = [one["dns_policy"]["data"] for one in servers]
    if any((one.get("alternativeNameServerConfig") or {}).get("targetNameServers") for one in data):
        return ["queries go to other name servers first"]
    rules = [rule for one in policies for rule in one["response_policy"]["rules"]]
    if not all(rule["dnsName"] for rule in rules):
        raise ValueError("a rule without a name")
    blocked = {_name(rule["dnsName"]): _sinks(rule, sinks) for rule in rules}
    return [str(name) for name in wanted if not _kept(_name(name), blocked)]


def _name(text: str) -> str:
    return text.strip().lower().rstrip(".")


def _sinks(rule: Mapping[str, Any], sinks: Iterable[str]) -> bool:
    bypasses = "bypass" in str(rule.get("behavior") or "").lower()
    return not bypasses and bool(rule["answers"]) and set(rule["answers"]) <= set(sinks)


def _kept(name: str, blocked: Mapping[str, bool]) -> bool:
    """Whether the rule that fits a name best blocks it, and, of a name with `*.`, every rule below it."""
    fitting = [one for one in blocked if one in (name, "*") or (one.startswith("*.") and name.endswith(one[1:]))]
    below = [one for one in blocked if name.startswith("*.") and one.endswith(name[1:])]
    return bool(fitting) and blocked[max(fitting, key=len)] and all(blocked[one] for one in below)
