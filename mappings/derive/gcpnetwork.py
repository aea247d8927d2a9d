"""What can be reached from the internet in Google Cloud: ports, databases, clusters; and what TLS is taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.network import covers_internet

__all__ = ["gcp_open_ports", "gke_open", "sql_wide_networks", "tls_proxy_used", "tls_proxy_weak"]

_ANY = ("0.0.0.0/0", "::/0")
_NUMBERS = {"6": "tcp", "17": "udp", "all": ""}
_LOCKED = 2**31


def require_name(resource: Mapping[str, Any]) -> None:
    """Raises ValueError for a resource without the name that others find it by: nothing would be found, and pass."""
    if not resource["data"].get("selfLink"):
        raise ValueError("no selfLink")


# ── firewalls ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Rule:
    """One rule that lets in or keeps out. `ranges`: sources; `blind`: it also names sources that are not read."""

    allows: bool
    priority: int
    ranges: tuple[str, ...]
    protocols: tuple[tuple[str, tuple[str, ...]], ...]
    universal: bool = False
    blind: bool = False

    def covers(self, protocol: str, port: int) -> bool:
        found = (name in ("", protocol) and _within(port, ports) for name, ports in self.protocols)
        return not self.protocols or any(found)


def _within(port: int, ports: tuple[str, ...]) -> bool:
    for text in ports:
        low, _, high = text.partition("-")
        if int(low) <= port <= int(high or low):
            return True
    return not ports


def _protocols(entries: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """(protocol, ports) of entries; "" is every protocol, no ports are all. Inventories spell members in two ways."""
    found = []
    for one in entries or ():
        name = str(one.get("IPProtocol") or one.get("ipProtocol") or "all").lower()
        found.append((_NUMBERS.get(name, name), tuple(str(p) for p in one.get("ports") or one.get("port") or ())))
    return tuple(found)


def _either(data: Mapping[str, Any], *names: str) -> list[Any]:
    return [value for name in names for value in data.get(name) or ()]


def _of_network(firewalls: JSON) -> Iterator[_Rule]:
    for one in firewalls:
        data = one["firewall"]["data"]
        if data.get("disabled") is True or data.get("direction", "INGRESS") != "INGRESS":
            continue
        ranges = tuple(_either(data, "sourceRanges", "sourceRange"))
        inner = _either(data, "sourceTags", "sourceTag", "sourceServiceAccounts", "sourceServiceAccount")
        some = _either(data, "targetTags", "targetTag", "targetServiceAccounts", "targetServiceAccount")
        for allows, names in ((True, ("allowed", "allow")), (False, ("denied", "deny"))):
            if entries := _either(data, *names):
                sources = ranges or (() if inner else _ANY)
                yield _Rule(
                    allows, int(data.get("priority", 1000)), sources, _protocols(entries), not some and not inner
                )


_BLIND = ("srcAddressGroups", "srcFqdns", "srcRegionCodes", "srcThreatIntelligences")
_CLOSED = frozenset({"deny", "goto_next"})
_INSIDE = frozenset({"NON_INTERNET", "VPC_NETWORKS", "INTRA_VPC"})


def _of_policy(data: Mapping[str, Any]) -> Iterator[_Rule]:
    """Rules of a firewall policy that let in, be it after a look into the packets.

    Those that keep out are not counted in favour of anything.
    """
    for rule in data.get("rules") or ():
        if (
            rule.get("disabled") is True
            or rule.get("direction", "INGRESS") != "INGRESS"
            or rule.get("action") in _CLOSED
        ):
            continue
        match = rule.get("match") or {}
        contexts = {match.get(name) for name in ("srcNetworkContext", "srcNetworkType", "srcNetworkScope")}
        if contexts & _INSIDE:  # a packet must fit the context, and one of the sources
            continue
        ranges = tuple(_either(match, "srcIpRanges", "srcIpRange"))
        blind = bool(_either(match, *_BLIND, *(name.removesuffix("s") for name in _BLIND)))
        tags = _either(match, "srcSecureTags", "srcSecureTag")
        sources = ranges or (() if blind or tags else _ANY)
        yield _Rule(
            True, -1, sources, _protocols(match.get("layer4Configs") or match.get("layer4Config")), False, blind
        )


@derived
def gcp_open_ports(network: JSON, firewalls: JSON, policies: JSON, tcp: JSON, udp: JSON) -> JSON | Unknown:
    """The ports of `tcp` and `udp` that a network's firewalls open to the internet, as `tcp/22`.

    Sources of all rules that open a port are one union. A rule of the network that keeps everyone out of the port, and
    comes before, takes those after it away, for the kind of address that it names. Joined are `firewalls`, its own, and
    `policies`, those associated with the network, or with a folder or the organization above it.
    Unknown(unresolved) where nothing is open, but a rule names sources that are not read, or a policy is not there.
    Source: VPC firewall rules; hierarchical firewall policies (rules, match, associations); network contexts.
    """
    require_name(network)
    policies = [one["firewall_policy"] for one in policies]
    rules = [*_of_network(firewalls), *(rule for one in policies for rule in _of_policy(one["data"]))]
    seen = {name for one in policies for name in (one["name"], one["data"].get("selfLink"))}
    wanted = network["data"].get("firewallPolicy")
    asked = [(protocol, int(port)) for protocol, ports in (("tcp", tcp), ("udp", udp)) for port in ports]
    found = [f"{protocol}/{port}" for protocol, port in asked if _open(rules, protocol, port)]
    blind = any(rule.blind and rule.covers(*one) for rule in rules for one in asked)
    missing = bool(wanted and wanted not in seen)
    return Unknown("unresolved", operation="ListAssets") if (blind or missing) and not found else found


def _open(rules: list[_Rule], protocol: str, port: int) -> bool:
    reaching = [rule for rule in rules if rule.covers(protocol, port)]
    ranges: list[str] = []
    for version, everyone in ((4, _ANY[0]), (6, _ANY[1])):
        shut = min(
            (r.priority for r in reaching if not r.allows and r.universal and everyone in r.ranges), default=_LOCKED
        )
        allowed = (text for r in reaching if r.allows and r.priority < shut for text in r.ranges)
        ranges += [text for text in allowed if ip_network(text, strict=False).version == version]
    return covers_internet(ranges)


# ── databases and clusters ────────────────────────────────────────────────────────────────


@derived
def sql_wide_networks(instance: JSON, prefix: JSON) -> JSON:
    """Authorized networks of a Cloud SQL instance that are wider than `/prefix` (IPv4)."""
    settings = instance["data"]["settings"]
    networks = [one["value"] for one in (settings.get("ipConfiguration") or {}).get("authorizedNetworks") or ()]
    if covers_internet(networks):
        return sorted(networks)
    return [one for one in networks if ip_network(one, strict=False).prefixlen < prefix]


@derived
def gke_open(cluster: JSON, by_name: JSON) -> JSON | Unknown:
    """Why a cluster's nodes or control plane can be reached from the internet, one text for each reason.

    `by_name`: whether endpoints by name (DNS), which IAM guards, were agreed to; not if keys or tokens of the cluster
    open them, too. Unknown(unresolved) where nothing is open, but nothing says whether addresses of Google Cloud may
    connect: what that means depends on when and how the cluster was made.
    Source: container.v1, Cluster (controlPlaneEndpointsConfig: dnsEndpointConfig, ipEndpointsConfig,
    networkConfig.defaultEnablePrivateNodes, nodePools.networkConfig.enablePrivateNodes; before them
    masterAuthorizedNetworksConfig, privateClusterConfig).
    """
    data = cluster["data"]
    old, new = (
        data.get("privateClusterConfig") or {},
        (data.get("controlPlaneEndpointsConfig") or {}).get("ipEndpointsConfig") or {},
    )
    private = (data.get("networkConfig") or {}).get("defaultEnablePrivateNodes")
    private = old.get("enablePrivateNodes") if private is None else private
    found = [] if private is True else ["its nodes have public addresses"]
    pools = [
        one["name"]
        for one in data.get("nodePools") or ()
        if (one.get("networkConfig") or {}).get("enablePrivateNodes") is False
    ]
    found += [f"the nodes of {name} have public addresses" for name in pools]
    named = (data.get("controlPlaneEndpointsConfig") or {}).get("dnsEndpointConfig") or {}
    keys = named.get("enableK8sTokensViaDns") is True or named.get("enableK8sCertsViaDns") is True
    if named.get("allowExternalTraffic") is True and (keys or by_name is not True):
        found.append("its control plane is open by name")
    if (
        new.get("enabled") is False
        or new.get("enablePublicEndpoint") is False
        or old.get("enablePrivateEndpoint") is True
    ):
        return found
    config = new.get("authorizedNetworksConfig") or data.get("masterAuthorizedNetworksConfig") or {}
    blocks = [one["cidrBlock"] for one in config.get("cidrBlocks") or ()]
    if config.get("enabled") is not True:
        found.append("its control plane is open to every address")
    elif covers_internet(blocks):
        found.append("its authorized networks are every address")
    elif config.get("gcpPublicCidrsAccessEnabled") is True:
        found.append("its control plane is open to every address of Google Cloud")
    elif config.get("gcpPublicCidrsAccessEnabled") is None and not found:
        return Unknown("unresolved", operation="ListAssets")
    return found


# ── load balancers ────────────────────────────────────────────────────────────────────────


@derived
def tls_proxy_used(proxy: JSON, rules: JSON) -> JSON:
    """Whether one of the joined forwarding rules, which lead to the proxy, is another than a service mesh's."""
    require_name(proxy)
    return any(one["forwarding_rule"]["data"].get("loadBalancingScheme") != "INTERNAL_SELF_MANAGED" for one in rules)


_STRONG = frozenset({"MODERN", "RESTRICTED", "FIPS_202205"})


@derived
def tls_proxy_weak(proxy: JSON, policies: JSON, features: JSON) -> JSON | Unknown:
    """Why a proxy takes weak TLS; "" if it does not. `policies`: joined, its own. `features`: ciphers that may be.

    Without a policy it has Google's default, which takes TLS 1.0. Source: Cloud Load Balancing, SSL policies.
    """
    if not proxy["data"].get("sslPolicy"):
        return "it has no SSL policy"
    if len(policies) != 1:
        return Unknown("unresolved", operation="ListAssets")
    policy = policies[0]["ssl_policy"]["data"]
    if policy.get("minTlsVersion") not in ("TLS_1_2", "TLS_1_3"):
        return f"it takes {policy.get('minTlsVersion') or 'TLS_1_0'}"
    enabled = policy.get("enabledFeatures") or []
    custom = policy.get("profile") == "CUSTOM" and enabled and set(enabled) <= set(features)
    return "" if policy.get("profile") in _STRONG or custom else f"its profile is {policy.get('profile')}"
