"""Network policies, against the documented rules written down once more: may this pod be reached, may it send?"""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annexlog.evidence_store.model import Unknown
from annexlog.mappings.derive.podnetwork import egress_gaps, exposed_by, ingress_gaps, selects, uncovered_hosts

Labels = dict[str, str]

label_sets = st.dictionaries(st.sampled_from(["app", "tier"]), st.sampled_from(["a", "b"]), max_size=2)
expressions = st.one_of(
    st.fixed_dictionaries(
        {"key": st.just("app"), "operator": st.sampled_from(["In", "NotIn"]), "values": st.just(["a"])}
    ),
    st.fixed_dictionaries({"key": st.just("tier"), "operator": st.sampled_from(["Exists", "DoesNotExist"])}),
)
selectors = st.fixed_dictionaries(
    {}, optional={"matchLabels": label_sets, "matchExpressions": st.lists(expressions, max_size=2)}
)


# ── the oracle ────────────────────────────────────────────────────────────────────────────


def matches(selector: Any, labels: Labels) -> bool:
    """LabelSelector, as its documentation says it: "the result of matchLabels and matchExpressions are ANDed"."""
    for key, value in selector.get("matchLabels", {}).items():
        if key not in labels or labels[key] != value:
            return False
    for one in selector.get("matchExpressions", []):
        there = one["key"] in labels
        good = {
            "In": there and labels.get(one["key"]) in one.get("values", []),
            "NotIn": not (there and labels[one["key"]] in one.get("values", [])),
            "Exists": there,
            "DoesNotExist": not there,
        }[one["operator"]]
        if not good:
            return False
    return True


def open_to(policies: list[Any], pod: Labels, way: str, peer: str) -> bool:
    """Whether traffic between a pod and a peer (an address, or `pod`: one of a namespace without labels) is allowed."""
    rules, peers = ("ingress", "from") if way == "Ingress" else ("egress", "to")
    held = False
    for policy in policies:
        spec = policy["network_policy"]["spec"]
        types = spec.get("policyTypes") or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
        if way not in types or not matches(spec["podSelector"], pod):
            continue
        held = True
        for rule in spec.get(rules, []):
            if not rule.get(peers):
                return True
            for one in rule[peers]:
                if peer == "pod":
                    if "namespaceSelector" in one and matches(one["namespaceSelector"], {}):
                        return True
                elif "ipBlock" in one and ip_address(peer) in ip_network(one["ipBlock"]["cidr"]):
                    return True
    return not held


# ── policies at random ────────────────────────────────────────────────────────────────────

BLOCKS = ["10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "8.8.8.0/24", "10.0.0.0/7"]
PROBES = ["10.1.2.3", "11.0.0.1", "8.8.8.8", "1.1.1.1"]


def rules(peers: str, blocks: list[str]) -> Any:
    block = st.sampled_from(blocks).map(lambda cidr: {"ipBlock": {"cidr": cidr}})
    inside = st.sampled_from([{"namespaceSelector": {}}, {"namespaceSelector": {"matchLabels": {"a": "b"}}}])
    some = st.lists(st.one_of(block, inside), max_size=2)
    return st.lists(st.fixed_dictionaries({}, optional={peers: some}), max_size=2)


def policies(selecting: Any, blocks: list[str]) -> Any:
    types = st.lists(st.sampled_from(["Ingress", "Egress"]), max_size=2, unique=True)
    optional = {"policyTypes": types, "ingress": rules("from", blocks), "egress": rules("to", blocks)}
    spec = st.fixed_dictionaries({"podSelector": selecting}, optional=optional)
    policy = spec.map(lambda one: {"network_policy": {"metadata": {"name": "p"}, "spec": one}})
    return st.lists(policy, max_size=3)


@given(selectors, label_sets)
def test_a_selector_selects_as_documented(selector: Any, labels: Labels) -> None:
    assert selects(selector, labels) is matches(selector, labels)


@settings(max_examples=300, deadline=None)
@given(policies(selectors, BLOCKS), st.lists(label_sets, min_size=1, max_size=3))
def test_a_namespace_is_closed_for_what_is_sent_if_no_pod_of_it_can_send_elsewhere(
    some: Any, pods: list[Labels]
) -> None:
    workloads = [{"id": "w", "workload": {"labels": pods, "specs": [{"containers": []}]}}]

    gaps = egress_gaps(some, workloads, [], ["10.0.0.0/8"])

    outside = [probe for probe in PROBES if ip_address(probe) not in ip_network("10.0.0.0/8")]
    assert (gaps != []) is any(open_to(some, pod, "Egress", probe) for pod in pods for probe in outside)


NARROW = st.sampled_from([{}, {"matchLabels": {"app": "a"}}, {"matchLabels": {}, "matchExpressions": []}])


@settings(max_examples=300, deadline=None)
@given(policies(NARROW, ["10.0.0.0/8", "0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1"]))
def test_a_namespace_is_closed_for_what_comes_in_if_a_pod_of_tomorrow_is(some: Any) -> None:
    tomorrow = {"nobody": "knows"}

    gaps = ingress_gaps(some, [])

    assert (gaps != []) is any(open_to(some, tomorrow, "Ingress", peer) for peer in ("1.1.1.1", "200.1.1.1", "pod"))


def test_pieces_of_the_internet_that_several_rules_allow_make_up_all_of_it() -> None:
    pieces = [[{"ipBlock": {"cidr": f"{first}.0.0.0/8"}}] for first in range(256)]
    rule = [{"from": piece} for piece in pieces]
    halves = [
        {"network_policy": {"metadata": {"name": name}, "spec": {"podSelector": {}, "ingress": part}}}
        for name, part in (("a", rule[:128]), ("b", rule[128:]))
    ]

    assert ingress_gaps(halves, []) == ["a, b let everybody in to every pod"]


def test_with_policies_of_another_kind_nothing_is_known() -> None:
    others: list[Any] = [{"id": "CiliumNetworkPolicy/shop/a"}]
    unknown = Unknown("unsupported", "CiliumNetworkPolicy")

    assert [ingress_gaps([], others), egress_gaps([], [], others, [])] == [unknown, unknown]


def test_a_pod_in_its_nodes_network_is_held_by_no_policy() -> None:
    deny = {"network_policy": {"metadata": {"name": "p"}, "spec": {"podSelector": {}, "policyTypes": ["Egress"]}}}
    workloads = [{"id": "w", "workload": {"labels": [{}], "specs": [{"hostNetwork": True}]}}]

    assert egress_gaps([deny], workloads, [], []) == ["w: is in its node's network"]


# ── from outside ──────────────────────────────────────────────────────────────────────────

INTERNAL = {"lb/internal": "true"}


def balancer(*addresses: Any, **notes: str) -> Any:
    meta = {"annotations": {name.replace("_", "/"): value for name, value in notes.items()}}
    ingress = {"loadBalancer": {"ingress": list(addresses)}}
    return {"kind": "Service", "metadata": meta, "spec": {"type": "LoadBalancer"}, "status": ingress}


@pytest.mark.parametrize(
    ("exposure", "found"),
    [
        (balancer(), ["Service"]),
        (balancer({"ip": "10.0.0.1"}, {"ip": "192.168.0.1"}), []),
        (balancer({"ip": "10.0.0.1"}, {"ip": "8.8.8.8"}), ["Service"]),
        (balancer({"hostname": "internal-lb.example.com"}), ["Service"]),
        (balancer({"ip": "203.0.113.9"}), ["Service"]),
        (balancer(lb_internal="true"), []),
        (balancer(lb_internal="false"), ["Service"]),
        ({"kind": "Service", "spec": {"type": "NodePort"}}, ["NodePort"]),
        ({"kind": "Service", "spec": {"externalIPs": ["8.8.8.8"]}}, ["externalIP 8.8.8.8"]),
        ({"kind": "Service", "spec": {"clusterIP": "10.0.0.1"}}, []),
        ({"kind": "Ingress", "status": {"loadBalancer": {"ingress": [{"ip": "fd00::1"}]}}}, []),
        ({"kind": "Gateway", "status": {"addresses": [{"value": "8.8.4.4"}]}}, ["Gateway"]),
    ],
)
def test_only_what_is_shown_to_be_internal_is_not_exposed(exposure: Any, found: list[str]) -> None:
    assert exposed_by(exposure, INTERNAL) == found


@pytest.mark.parametrize(
    ("hosts", "tls", "found"),
    [
        (["a.x.org"], [{"hosts": ["*.x.org"]}], []),
        (["a.b.x.org"], [{"hosts": ["*.x.org"]}], ["a.b.x.org"]),
        (["*.x.org"], [{"hosts": ["a.x.org"]}], ["*.x.org"]),
        (["a.x.org"], [{"secretName": "t"}], []),
        ([None], [{"hosts": ["a.x.org"]}], ["*"]),
        (["a.x.org"], [], ["a.x.org"]),
    ],
)
def test_a_host_is_covered_by_its_name_or_by_one_label_in_its_place(hosts: Any, tls: Any, found: list[str]) -> None:
    assert uncovered_hosts({"spec": {"rules": [{"host": host} for host in hosts], "tls": tls}}, []) == found
