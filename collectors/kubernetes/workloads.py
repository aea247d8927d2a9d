"""What runs in a cluster: one workload for each Deployment, StatefulSet …, or pod of nobody, with all of its pods."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from annexlog.collectors import Call, Page, Refused, ResourceType
from annexlog.collectors.kubernetes._kinds import NAMESPACE, VOLATILE, Asks, listing

__all__ = ["workload"]

# Owners before what they own, so that each object finds its own.
CONTROLLERS = {
    "Deployment": listing("deployments.apps"),
    "StatefulSet": listing("statefulsets.apps"),
    "DaemonSet": listing("daemonsets.apps"),
    "ReplicaSet": listing("replicasets.apps"),
    "ReplicationController": listing("replicationcontrollers"),
    "CronJob": listing("cronjobs.batch"),
    "Job": listing("jobs.batch"),
}
PODS = listing("pods")

BETWEEN = {"Deployment": "ReplicaSet", "CronJob": "Job"}
"""What stands between a controller and its pods."""

_GIVEN = ("nodeName", "hostname", "subdomain", "tolerations", "priority", "preemptionPolicy",
          "enableServiceLinks", "schedulerName", "terminationGracePeriodSeconds", "dnsPolicy", "resourceClaims")
"""What the cluster fills in for each pod by itself, and no test of a specification asks for."""
_TOKEN = re.compile(r"kube-api-access-[a-z0-9]{5}")


@dataclass(slots=True)
class _Root:
    """A workload in the making. `specs`: what its template and its pods come to, each once, by its text."""

    kind: str
    item: Mapping[str, Any]
    specs: dict[str, Any] = field(default_factory=dict)
    phases: dict[str, int] = field(default_factory=dict)
    ready: int = 0
    unplaced: str = ""
    labels: dict[str, Any] = field(default_factory=dict)

    def add(self, spec: Mapping[str, Any], labels: Mapping[str, Any], pod: str = "") -> None:
        plain = _plain(spec, pod)
        self.specs.setdefault(json.dumps(plain, sort_keys=True), plain)
        told = {name: value for name, value in labels.items() if name not in _OF_ONE_POD}
        self.labels.setdefault(json.dumps(told, sort_keys=True), told)

    def pod(self, item: Mapping[str, Any]) -> None:
        status, meta = item.get("status") or {}, item["metadata"]
        phase = str(status.get("phase") or "Unknown")
        if phase in ("Succeeded", "Failed"):
            return  # it runs no more, and the next job leaves another
        self.phases[phase] = self.phases.get(phase, 0) + 1
        conditions = {c["type"]: c for c in status.get("conditions") or ()}
        self.ready += conditions.get("Ready", {}).get("status") == "True"
        placed = conditions.get("PodScheduled", {})
        if placed.get("status") == "False" and placed.get("reason") == "Unschedulable":
            since = str(placed.get("lastTransitionTime") or meta["creationTimestamp"])
            self.unplaced = min(self.unplaced or since, since)
        self.add(item["spec"], meta.get("labels") or {}, meta["name"])

    def told(self) -> dict[str, Any]:
        meta = {name: value for name, value in self.item["metadata"].items() if name != "annotations"}
        noted = self.item["metadata"].get("annotations") or {}
        if kept := {name: noted[name] for name in NOTES if name in noted}:
            meta["annotations"] = kept
        spec = {name: value for name, value in (self.item.get("spec") or {}).items() if name not in _TEMPLATES}
        return {
            "kind": self.kind,
            "metadata": meta,
            "spec": {} if self.kind == "Pod" else spec,
            "specs": [self.specs[text] for text in sorted(self.specs)],
            "labels": [self.labels[text] for text in sorted(self.labels)],
            "pods": {
                "count": sum(self.phases.values()), "phases": self.phases, "ready": self.ready,
                **({"unplaced_since": self.unplaced} if self.unplaced else {}),
            },
            **({"last_success": told} if (told := (self.item.get("status") or {}).get("lastSuccessfulTime")) else {}),
        }  # fmt: skip


NOTES = ("argocd.argoproj.io/tracking-id",)
"""Annotations that tests read. Tools put anything into the others, secrets among it."""
_TEMPLATES = ("template", "jobTemplate", "volumeClaimTemplates")
_OF_ONE_POD = frozenset({
    "apps.kubernetes.io/pod-index", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-completion-index",
    "batch.kubernetes.io/job-name", "controller-revision-hash", "controller-uid", "job-name",
    "pod-template-generation", "pod-template-hash", "statefulset.kubernetes.io/pod-name",
})  # fmt: skip
"""Labels that the controllers give to tell their pods apart."""


def _plain(spec: Mapping[str, Any], pod: str) -> dict[str, Any]:
    """A pod's specification without what makes it this pod's: its node, its token's volume, its number's claims."""
    found = {name: value for name, value in spec.items() if name not in _GIVEN}
    # A DaemonSet's controller says by the affinity to a node on which node each pod runs.
    affinity = {name: value for name, value in (found.pop("affinity", None) or {}).items() if name != "nodeAffinity"}
    if affinity:
        found["affinity"] = affinity
    number = re.search(r"-\d+$", pod)
    volumes = [_volume(volume, number[0] if number else "") for volume in found.get("volumes") or ()]
    if "volumes" in found:
        found["volumes"] = [volume for volume in volumes if not _TOKEN.fullmatch(str(volume.get("name")))]
    for part in ("containers", "initContainers", "ephemeralContainers"):
        if found.get(part):
            found[part] = [_container(container) for container in found[part]]
    return found


def _volume(volume: Mapping[str, Any], number: str) -> Mapping[str, Any]:
    claim = volume.get("persistentVolumeClaim")
    if number and isinstance(claim, dict) and str(claim.get("claimName")).endswith(number):
        return {**volume, "persistentVolumeClaim": {**claim, "claimName": claim["claimName"].removesuffix(number) + "-*"}}
    return volume


def _container(container: Mapping[str, Any]) -> dict[str, Any]:
    mounts = container.get("volumeMounts")
    if not mounts:
        return dict(container)
    return {**container, "volumeMounts": [m for m in mounts if not _TOKEN.fullmatch(str(m.get("name")))]}


def _template(kind: str, item: Mapping[str, Any]) -> Mapping[str, Any]:
    spec = item["spec"]
    return (spec["jobTemplate"]["spec"] if kind == "CronJob" else spec).get("template") or {}


def _owner(item: Mapping[str, Any]) -> str:
    """The uid of the object that controls this one."""
    owners = item["metadata"].get("ownerReferences") or ()
    return next((str(owner["uid"]) for owner in owners if owner.get("controller")), "")


def workloads(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:  # noqa: ARG001 — a cluster is all it needs
    """Every controller that nothing else controls, and every pod without one; the pods of each are counted with it.

    A pod may differ from the template of its controller (an admission webhook changed it, an older revision still
    runs), so a workload has every specification that differs. One page: what a pod belongs to is known at the end.
    Where a list is refused, what the others show follows, and then the refusal; but a workload whose pods were not all
    seen is left out: by its template alone it could look better than it is.
    """
    lists = _Lists(ask)
    roots: dict[str, _Root] = {}  # by the uid of the object, or of what it controls
    listed: list[_Root] = []
    for kind, call in CONTROLLERS.items():
        for item in lists.items(call):
            root = roots.get(_owner(item))
            if root is None:
                root = _Root(kind, item)
                template = _template(kind, item)
                root.add(template.get("spec") or {}, (template.get("metadata") or {}).get("labels") or {})
                listed.append(root)
            roots[str(item["metadata"]["uid"])] = root
    for item in lists.items(PODS):
        root = roots.get(_owner(item))
        if root is None:
            root = _Root("Pod", item)
            listed.append(root)
        root.pod(item)
    told = [root.told() for root in listed if (root.kind != "Pod" or root.phases) and lists.whole(root)]
    if told or lists.refused is None:
        yield Page({"items": told}, lists.last.request_id, lists.last.date, lists.mixed)
    if lists.refused is not None:
        raise lists.refused


class _Lists:
    """Lists, one after the other. `refused`: why the first of them that was refused was."""

    def __init__(self, ask: Asks) -> None:
        self._ask = ask
        self._within: dict[str, set[str]] = {}  # of the lists that were refused: the namespaces that were read all the same
        self.last = Page(None)
        self.mixed = ""
        self.refused: Refused | None = None

    def items(self, call: Call) -> Iterator[Mapping[str, Any]]:
        read = set[str]()
        try:
            for page in self._ask.pages(call, {}):
                self.last = page
                self.mixed = self.mixed or page.mixed
                yield from page.body["items"]
                meta = page.body["metadata"]
                if not meta.get("continue"):
                    read.add(meta.get(NAMESPACE, ""))
        except Refused as refused:
            self.refused = self.refused or refused
            self._within[call.operation] = read

    def whole(self, root: _Root) -> bool:
        """Whether every list was read that could hold a pod of it."""
        calls = () if root.kind == "Pod" else (PODS, *(CONTROLLERS[k] for k in (BETWEEN.get(root.kind),) if k))
        namespace = str(root.item["metadata"].get("namespace"))
        return all(namespace in self._within.get(call.operation, (namespace,)) for call in calls)


workload = ResourceType(
    "kubernetes.workload", facet="workload",
    id="{workload.metadata.namespace}/{workload.kind}/{workload.metadata.name}",
    listed=Call("pods:list", "pods", items="items", fn=workloads, also=tuple(call.permission for call in CONTROLLERS.values())),
    per="cluster", tags="workload.metadata.labels", incarnation="workload.metadata.uid",
    ignore=(*(f"workload.metadata.{name}" for name in VOLATILE), "workload.metadata.generation"),
    redact={
        f"workload.specs[].{part}[].{member}": "secrets"
        for part in ("containers", "initContainers", "ephemeralContainers")
        for member in ("env[].value", "command", "args")
    },
)
