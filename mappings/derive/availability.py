"""Whether workloads and nodes outlive the loss of one of their parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.podnetwork import selects

__all__ = ["is_served", "node_zones", "redundancy_gaps", "scalers_of"]

ZONE = "topology.kubernetes.io/zone"
TOPOLOGIES = ("kubernetes.io/hostname", ZONE)
_CONTROL = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")


@derived
def node_zones(nodes: JSON, least: JSON) -> JSON | Unknown:
    """The zones in which a worker is ready and takes pods, sorted. `nodes`: [{node}].

    Unknown(unclassified) where these are fewer than `least` and a worker says no zone.
    """
    zones, unlabelled = set[str](), False
    for one in nodes:
        node = one["node"]
        labels = node["metadata"].get("labels") or {}
        conditions = {c["type"]: c["status"] for c in (node.get("status") or {}).get("conditions") or ()}
        if any(name in labels for name in _CONTROL):
            continue
        if (node.get("spec") or {}).get("unschedulable") or conditions.get("Ready") != "True":
            continue
        if labels.get(ZONE):
            zones.add(labels[ZONE])
        else:
            unlabelled = True
    if unlabelled and len(zones) < least:
        return Unknown("unclassified", operation=ZONE)
    return sorted(zones)


@derived
def scalers_of(workload: JSON, autoscalers: JSON) -> JSON:
    """Those of the autoscalers [{horizontal_pod_autoscaler}] of one namespace that scale this workload."""
    target = (workload["kind"], workload["metadata"]["name"])
    return [
        one["horizontal_pod_autoscaler"]
        for one in autoscalers
        if (ref := one["horizontal_pod_autoscaler"]["spec"]["scaleTargetRef"]) and (ref["kind"], ref["name"]) == target
    ]


@derived
def redundancy_gaps(workload: JSON, budgets: JSON, scalers: JSON) -> JSON:
    """What keeps a Deployment or StatefulSet from outliving the loss of a pod, sorted; [] if nothing does.

    At least two replicas, wanted, ready, and under every autoscaler; a PodDisruptionBudget that selects its pods and
    keeps at least one of them; and a rule that its pods must not be on one node, or in one zone. Source: Kubernetes
    API, PodDisruptionBudgetSpec, TopologySpreadConstraint, PodAntiAffinity.
    """
    found = []
    replicas = workload["spec"].get("replicas")
    if (1 if replicas is None else replicas) < 2:
        found.append("fewer than two replicas")
    if workload["pods"]["ready"] < 2:
        found.append("fewer than two pods are ready")
    if any((1 if (least := one["spec"].get("minReplicas")) is None else least) < 2 for one in scalers):
        found.append("an autoscaler may leave one replica")
    if not any(_keeps(one["pod_disruption_budget"], workload["labels"]) for one in budgets):
        found.append("no disruption budget keeps a pod")
    if not all(_spread(spec, workload["labels"]) for spec in workload["specs"]):
        found.append("nothing keeps its pods from one node")
    return sorted(found)


def _keeps(budget: Mapping[str, Any], labels: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a budget selects these pods and would not let all of them go."""
    spec, status = budget.get("spec") or {}, budget.get("status") or {}
    selector = spec.get("selector")
    if selector is None or not all(selects(selector, one) for one in labels):
        return False
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    holds = str(least) not in ("0", "0%") if least is not None else most is None or str(most) != "100%"
    return holds and status.get("disruptionsAllowed", 0) < status.get("expectedPods", 0)


def _spread(spec: Mapping[str, Any], labels: Iterable[Mapping[str, Any]]) -> bool:
    rules = [
        one for one in spec.get("topologySpreadConstraints") or () if one.get("whenUnsatisfiable") == "DoNotSchedule"
    ]
    apart = (spec.get("affinity") or {}).get("podAntiAffinity") or {}
    rules += apart.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
    return any(
        rule.get("topologyKey") in TOPOLOGIES
        and rule.get("labelSelector") is not None
        and all(selects(rule["labelSelector"], one) for one in labels)
        for rule in rules
    )


@derived
def is_served(workload: JSON, services: JSON) -> JSON:
    """Whether a Service among [{exposure}] of the same namespace selects pods of the workload."""
    wanted = [(one["exposure"].get("spec") or {}).get("selector") or {} for one in services]
    return any(selector and selector.items() <= labels.items() for selector in wanted for labels in workload["labels"])
