"""What runs in a cluster: one workload for each Deployment, StatefulSet …, or pod of nobody, with all of its pods."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import orjson

from annexlog.collectors import Call, Page, Refused, ResourceType
from annexlog.collectors.kubernetes._kinds import NAMESPACE, UNREAD, VOLATILE, Asks, listing
from annexlog.collectors.kubernetes._objects import Object, PodStatus, members, pod_status

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

NOTES = ("argocd.argoproj.io/tracking-id",)
"""Annotations that tests read. Tools put anything into the others, secrets among it."""
_GIVEN = frozenset({
    "nodeName", "hostname", "subdomain", "tolerations", "priority", "preemptionPolicy", "enableServiceLinks",
    "schedulerName", "terminationGracePeriodSeconds", "dnsPolicy", "resourceClaims",
})  # fmt: skip
"""What the cluster fills in for each pod by itself, and no test of a specification asks for."""
_TEMPLATES = ("template", "jobTemplate", "volumeClaimTemplates")
_OF_ONE_POD = frozenset({
    "apps.kubernetes.io/pod-index", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-completion-index",
    "batch.kubernetes.io/job-name", "controller-revision-hash", "controller-uid", "job-name",
    "pod-template-generation", "pod-template-hash", "statefulset.kubernetes.io/pod-name",
})  # fmt: skip
"""Labels that the controllers give to tell their pods apart."""
_TOKEN = re.compile(r"kube-api-access-[a-z0-9]{5}")
_TOKEN_NAMED = re.compile(rb'"name":\s*"kube-api-access-[a-z0-9]{5}"')
_PAGE = 500
"""Workloads of a page."""


@dataclass(slots=True)
class _Root:
    """A workload in the making. `about`: what its own object says, as JSON.

    `specs`, `labels`: what its template and its pods come to, each once, as JSON; `known`: the parts of objects that
    came to one of these, as they were sent, so that a pod like the one before need not be read.
    """

    kind: str
    namespace: str
    about: bytes
    specs: dict[bytes, None] = field(default_factory=dict)
    labels: dict[bytes, None] = field(default_factory=dict)
    known: set[int] = field(default_factory=set)
    phases: dict[str, int] = field(default_factory=dict)
    ready: int = 0
    unplaced: str = ""

    def add(self, spec: msgspec.Raw, labels: msgspec.Raw, pod: str = "") -> None:
        if self._is_new(_sent(spec, pod)):
            self.specs.setdefault(_text(_plain(_read(spec), pod)))
        if self._is_new(bytes(labels)):
            told = {name: value for name, value in (_read(labels) or {}).items() if name not in _OF_ONE_POD}
            self.labels.setdefault(_text(told))

    def _is_new(self, sent: bytes) -> bool:
        print = hash(sent)
        if print in self.known:
            return False
        self.known.add(print)
        return True

    def pod(self, item: Object, status: PodStatus) -> None:
        self.phases[status.phase] = self.phases.get(status.phase, 0) + 1
        meta = item.meta()
        for condition in status.conditions or ():
            if condition.type == "Ready":
                self.ready += condition.status == "True"
            elif condition.type == "PodScheduled" and (condition.status, condition.reason) == ("False", "Unschedulable"):
                since = condition.lastTransitionTime or meta.creationTimestamp or ""
                self.unplaced = min(self.unplaced or since, since)
        self.add(item.spec, meta.labels, meta.name)

    def told(self) -> dict[str, Any]:
        pods = {"count": sum(self.phases.values()), "phases": self.phases, "ready": self.ready}
        return {
            "kind": self.kind,
            **orjson.loads(self.about),
            "specs": [orjson.loads(text) for text in sorted(self.specs)],
            "labels": [orjson.loads(text) for text in sorted(self.labels)],
            "pods": {**pods, **({"unplaced_since": self.unplaced} if self.unplaced else {})},
        }


def _root(kind: str, item: Object) -> _Root:
    """The workload that an object stands for; its template, if it has one, is the first of its specifications."""
    meta = item.labelled()
    noted = meta.pop("annotations", None) or {}
    if kept := {name: noted[name] for name in NOTES if name in noted}:
        meta["annotations"] = kept
    if kind == "Pod":
        return _Root(kind, str(meta.get("namespace")), _text({"metadata": meta, "spec": {}}))
    parts = members(item.spec)
    spec = {name: _read(part) for name, part in parts.items() if name not in _TEMPLATES}
    success = (_read(item.status) or {}).get("lastSuccessfulTime")
    about = {"metadata": meta, "spec": spec, **({"last_success": success} if success else {})}
    root = _Root(kind, str(meta.get("namespace")), _text(about))
    if kind == "CronJob":
        parts = members(members(parts["jobTemplate"])["spec"])
    template = members(parts["template"]) if "template" in parts else {}
    labels = members(template["metadata"]).get("labels") if "metadata" in template else None
    root.add(template.get("spec") or _NOTHING, labels or _NOTHING)
    return root


# ── specifications ────────────────────────────────────────────────────────────────────────

_NOTHING = msgspec.Raw(b"{}")


def _read(part: msgspec.Raw) -> Any:
    return orjson.loads(memoryview(part))


def _text(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _sent(spec: msgspec.Raw, pod: str) -> bytes:
    """A pod's specification as it was sent, without what differs between pods that are the same: then it is the same."""
    found = []
    for name, part in members(spec).items():
        if name == "affinity":
            found.append(_text(_affinity(_read(part))))
        elif name not in _GIVEN:
            found += (name.encode(), _TOKEN_NAMED.sub(b"", bytes(part)))
            if name == "volumes" and b"persistentVolumeClaim" in found[-1]:
                found.append(_number(pod).encode())
    return b"\0".join(found)


def _affinity(affinity: Any) -> dict[str, Any]:
    """Without that to nodes: a DaemonSet's controller says by it on which node each pod runs."""
    return {name: value for name, value in (affinity or {}).items() if name != "nodeAffinity"}


def _plain(spec: Mapping[str, Any], pod: str) -> dict[str, Any]:
    """A pod's specification without what makes it this pod's: its node, its token's volume, its number's claims."""
    found = {name: value for name, value in spec.items() if name not in _GIVEN}
    affinity = _affinity(found.pop("affinity", None))
    if affinity:
        found["affinity"] = affinity
    number = _number(pod)
    volumes = [_volume(volume, number) for volume in found.get("volumes") or ()]
    if "volumes" in found:
        found["volumes"] = [volume for volume in volumes if not _TOKEN.fullmatch(str(volume.get("name")))]
    for part in ("containers", "initContainers", "ephemeralContainers"):
        if found.get(part):
            found[part] = [_container(container) for container in found[part]]
    return found


def _number(pod: str) -> str:
    """The end of the name of a pod that is one of a numbered set."""
    found = re.search(r"-\d+$", pod)
    return found[0] if found else ""


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


# ── listing ───────────────────────────────────────────────────────────────────────────────


def workloads(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:  # noqa: ARG001 — a cluster is all it needs
    """Every controller that nothing else controls, and every pod without one; the pods of each are counted with it.

    A pod may differ from the template of its controller (an admission webhook changed it, an older revision still
    runs), so a workload has every specification that differs. Pods of nobody come as they are listed, all others at
    the end: what a pod belongs to is known only then. Where a list is refused, what the others show follows, and then
    the refusal; but a workload whose pods were not all seen, of one moment, is left out: by its template alone it could
    look better than it is.
    """
    lists = _Lists(ask)
    roots: dict[str, _Root] = {}  # by the uid of the object, or of what it controls
    listed: list[_Root] = []
    for kind, call in CONTROLLERS.items():
        for page in lists.pages(call):
            for item in page.body["items"]:
                meta = item.meta()
                root = roots.get(meta.owner)
                if root is None:
                    root = _root(kind, item)
                    listed.append(root)
                roots[meta.uid] = root
    given = False
    for page in lists.pages(PODS):
        alone = [root.told() for root in _pods(page.body["items"], roots)]
        if alone:
            given = True
            yield replace(page, body={"items": alone}, mixed="", total=None)
    whole = [root for root in listed if lists.whole(root)]
    for at in range(0, len(whole), _PAGE):
        mixed = lists.mixed if at + _PAGE >= len(whole) else ""
        yield replace(lists.last, body={"items": [root.told() for root in whole[at : at + _PAGE]]}, mixed=mixed, total=None)
    if not whole and (lists.mixed or (lists.refused is None and not given)):
        yield replace(lists.last, body={"items": []}, mixed=lists.mixed, total=None)
    if lists.refused is not None:
        raise lists.refused


def _pods(items: list[Object], roots: Mapping[str, _Root]) -> Iterator[_Root]:
    """Count each pod with its workload; those of nobody are given back, each one of its own."""
    for item in items:
        status = pod_status(item)
        if status.phase in ("Succeeded", "Failed"):
            continue  # it runs no more, and the next job leaves another
        root = roots.get(item.meta().owner)
        if root is not None:
            root.pod(item, status)
            continue
        root = _root("Pod", item)
        root.pod(item, status)
        yield root


class _Lists:
    """Lists, one after the other. `refused`: why the first of them that was refused was."""

    def __init__(self, ask: Asks) -> None:
        self._ask = ask
        self._within: dict[str, set[str]] = {}  # of lists that were refused or mixed: the namespaces that were read all the same
        self.last = Page(None)
        self.mixed = ""
        self.refused: Refused | None = None

    def pages(self, call: Call) -> Iterator[Page]:
        read = set[str]()
        try:
            for page in self._ask.pages(call, UNREAD):
                self.last = page
                self.mixed = self.mixed or page.mixed
                if page.mixed:  # what was made anew meanwhile may be in none of the pages
                    self._within[call.operation] = set()
                yield page
                meta = page.body["metadata"]
                if not meta.get("continue"):
                    read.add(meta.get(NAMESPACE, ""))
        except Refused as refused:
            self.refused = self.refused or refused
            self._within[call.operation] = read

    def whole(self, root: _Root) -> bool:
        """Whether every list was read that could hold a pod of it."""
        calls = (PODS, *(CONTROLLERS[k] for k in (BETWEEN.get(root.kind),) if k))
        return all(root.namespace in self._within.get(call.operation, (root.namespace,)) for call in calls)


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
