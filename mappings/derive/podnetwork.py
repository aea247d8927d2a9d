"""What network policies let in and out: which pods they select, and what remains open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.network import covers_internet

__all__ = ["egress_gaps", "exposed_by", "ingress_gaps", "isolates", "selects", "uncovered_hosts"]


def selects(selector: Mapping[str, Any] | None, labels: Mapping[str, JSON]) -> bool:
    """Whether a label selector selects something with these labels; an empty one selects everything.

    Source: Kubernetes API, LabelSelector: matchLabels and matchExpressions must all hold. Raises ValueError on an
    operator that is not known.
    """
    found = selector or {}
    if any(labels.get(key) != value for key, value in (found.get("matchLabels") or {}).items()):
        return False
    return all(_holds(one, labels) for one in found.get("matchExpressions") or ())


def _holds(expression: Mapping[str, Any], labels: Mapping[str, JSON]) -> bool:
    key, operator, values = expression["key"], expression["operator"], expression.get("values") or ()
    if operator == "In":
        return key in labels and labels[key] in values
    if operator == "NotIn":
        return key not in labels or labels[key] not in values
    if operator == "Exists":
        return key in labels
    if operator == "DoesNotExist":
        return key not in labels
    raise ValueError(operator)


def isolates(spec: Mapping[str, Any], direction: str) -> bool:
    """Whether a policy denies what it does not allow, in the direction `Ingress` or `Egress`.

    Where policyTypes is not said, it is Ingress, and Egress if there are rules for it. Source: NetworkPolicySpec.
    """
    types = spec.get("policyTypes") or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
    return direction in types


def _selects_all(selector: Mapping[str, Any] | None) -> bool:
    found = selector or {}
    return not found.get("matchLabels") and not found.get("matchExpressions")


@derived
def ingress_gaps(policies: JSON, others: JSON) -> JSON | Unknown:
    """What keeps the pods of one namespace from being closed by default, sorted; [] if they are.

    `policies`: [{network_policy}] of the namespace. Some policy must select every pod, those of tomorrow too, and deny
    what is not allowed; and, since policies add up, none may let everybody in to every pod. `others`: policies of
    other kinds that hold here; they may close as well as open, so with one of them it is Unknown(unsupported).
    """
    if others:
        return Unknown("unsupported", operation=str(others[0]["id"]).partition("/")[0])
    specs = [(one["network_policy"]["metadata"]["name"], one["network_policy"].get("spec") or {}) for one in policies]
    own = [(name, spec) for name, spec in specs if _selects_all(spec.get("podSelector")) and isolates(spec, "Ingress")]
    found = [] if own else ["no policy denies what comes in to every pod"]
    rules = [(name, rule.get("from")) for name, spec in own for rule in spec.get("ingress") or ()]
    peers = [peer for _, some in rules for peer in some or ()]
    if any(not some for _, some in rules) or (peers and _from_everybody(peers)):
        found.append(f"{', '.join(sorted({name for name, _ in rules}))} let everybody in to every pod")
    return found


def _from_everybody(peers: Sequence[Mapping[str, Any]]) -> bool:
    """Whether these peers together are everybody: all addresses, or all pods of all namespaces."""
    ranges = [peer["ipBlock"]["cidr"] for peer in peers if peer.get("ipBlock")]
    return covers_internet(ranges) or any(
        peer.get("namespaceSelector") is not None
        and _selects_all(peer["namespaceSelector"])
        and _selects_all(peer.get("podSelector"))
        for peer in peers
    )


@derived
def egress_gaps(policies: JSON, workloads: JSON, others: JSON, networks: JSON) -> JSON | Unknown:
    """Which pods of one namespace may send where they were not meant to: `workload: why`, sorted.

    Each set of labels of each workload must be selected by a policy for Egress, and no policy that selects it may
    allow every address, or a range that does not lie within one of `networks`. Peers inside the cluster are none of
    this. Pods in their node's network are held by no policy. `others` as above.
    """
    if others:
        return Unknown("unsupported", operation=str(others[0]["id"]).partition("/")[0])
    specs = [one["network_policy"].get("spec") or {} for one in policies]
    allowed = [ip_network(str(text)) for text in networks]
    found: set[str] = set()
    for one in workloads:
        if any(spec.get("hostNetwork") for spec in one["workload"]["specs"]):
            found.add(f"{one['id']}: is in its node's network")
        for labels in one["workload"]["labels"]:
            found |= {f"{one['id']}: {why}" for why in _outward(specs, labels, allowed)}
    return sorted(found)


def _outward(specs: Iterable[Mapping[str, Any]], labels: Mapping[str, JSON], allowed: Sequence[Any]) -> list[str]:
    held = [spec for spec in specs if isolates(spec, "Egress") and selects(spec.get("podSelector"), labels)]
    if not held:
        return ["no policy holds what it sends"]
    found = []
    for rule in (rule for spec in held for rule in spec.get("egress") or ()):
        if not rule.get("to"):
            found.append("may send everywhere")
        blocks = [
            ip_network(peer["ipBlock"]["cidr"], strict=False) for peer in rule.get("to") or () if peer.get("ipBlock")
        ]
        found += [f"may send to {block}" for block in blocks if not any(_within(block, one) for one in allowed)]
    return found


def _within(block: Any, network: Any) -> bool:
    return bool(block.version == network.version and block.subnet_of(network))


# ── from outside ──────────────────────────────────────────────────────────────────────────


@derived
def exposed_by(exposure: JSON, internal: JSON) -> JSON:
    """By what a Service, Ingress, Gateway or Route is reached from outside the cluster, sorted; [] if it is not.

    `internal`: {annotation: value} that make a load balancer internal; one whose addresses are all private is, too.
    A name instead of an address does not show that. NodePorts are on every node, so they always count, and so do
    externalIPs.
    """
    kind, spec = exposure["kind"], exposure.get("spec") or {}
    if kind == "Service":
        found = [f"externalIP {address}" for address in spec.get("externalIPs") or ()]
        if spec.get("type") == "NodePort":
            found.append("NodePort")
        if spec.get("type") != "LoadBalancer":
            return sorted(found)
    else:
        found = []
    notes = (exposure.get("metadata") or {}).get("annotations") or {}
    if any(str(notes.get(name)) == value for name, value in internal.items()):
        return sorted(found)
    status = exposure.get("status") or {}
    addresses = status.get("addresses") or (status.get("loadBalancer") or {}).get("ingress") or ()
    told = [str(one.get("ip") or one.get("value") or one.get("hostname") or "") for one in addresses]
    return sorted([*found, kind]) if not told or not all(map(_is_private, told)) else sorted(found)


_PRIVATE = [ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")]


def _is_private(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return any(address in network for network in _PRIVATE)


@derived
def uncovered_hosts(ingress: JSON, elsewhere: JSON) -> JSON:
    """The hosts of an Ingress that no entry of its `tls` covers, sorted; `*` for rules and backends without a host.

    An entry without hosts covers all; one for `*.example.com` covers one more label. `elsewhere`: annotations by
    which a load balancer has a certificate of its own.
    """
    notes = (ingress.get("metadata") or {}).get("annotations") or {}
    if any(notes.get(name) for name in elsewhere):
        return []
    spec = ingress.get("spec") or {}
    hosts = {str(rule.get("host") or "*") for rule in spec.get("rules") or ()}
    hosts |= {"*"} if spec.get("defaultBackend") else set()
    entries = [entry.get("hosts") or () for entry in spec.get("tls") or ()]
    if any(not names for names in entries):
        return []
    named = {str(name) for names in entries for name in names}
    return sorted(host for host in hosts if host not in named and f"*.{host.partition('.')[2]}" not in named)
