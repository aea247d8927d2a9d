"""A Kubernetes API server of canned answers over loopback, in a process of its own: `with Cluster(…) as url`.

It says what real ones say: discovery, lists in pages with the rest counted, gzip where it is asked for and worth it.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from benchmarks.serving import Served, serve

_GZIP = 128 * 1024
"""Bytes from which an API server compresses, at level 1. Source: apiserver, responsewriters/writers.go."""
_MADE = "2026-01-02T03:04:05Z"
SHARE = {"deployments": 0.8, "daemonsets": 0.1, "jobs": 0.1}
"""Of all pods, whose they are."""
PODS_OF = {"deployments": 50, "daemonsets": 250, "jobs": 1}
OLDER = 4
"""Replica sets without pods that a Deployment keeps beside the one that runs; ten unless told otherwise."""
JOBS = 20
"""Jobs of each CronJob that are still there."""


# ── objects ───────────────────────────────────────────────────────────────────────────────


def _meta(kind: str, n: int, owner: str = "", **labels: str) -> dict[str, Any]:
    meta: dict[str, Any] = {
        "name": f"{kind}-{n:06}",
        "namespace": f"team-{n % 40:02}",
        "uid": _uid(kind, n),
        "resourceVersion": str(100_000 + n),
        "generation": 1,
        "creationTimestamp": _MADE,
        "labels": {"app.kubernetes.io/name": "service", "app.kubernetes.io/part-of": "shop", **labels},
    }
    if owner:
        reference = {"apiVersion": "apps/v1", "kind": "X", "name": "x", "uid": owner, "controller": True}
        meta["ownerReferences"] = [{**reference, "blockOwnerDeletion": True}]
    return meta


def _uid(kind: str, n: int) -> str:
    return f"{sum(map(ord, kind)):08x}-0000-4000-8000-{n:012x}"


def _spec(n: int, *, runs: bool = True) -> dict[str, Any]:
    """A pod's specification; `runs`: with what the cluster fills in."""
    container = {
        "name": "main",
        "image": f"registry.example.com/shop/service-{n:04}@sha256:{n:064x}",
        "args": ["serve", "--port=8080", "--log-level=info"],
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "env": [
            {"name": "POD_IP", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}}},
            {"name": "DATABASE_HOST", "value": f"db-{n}.internal.example.com"},
            {"name": "DATABASE_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
            {"name": "FEATURES", "value": "checkout,search,recommendations"},
        ],
        "resources": {"limits": {"memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "256Mi"}},
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http", "scheme": "HTTP"}, "periodSeconds": 10},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http", "scheme": "HTTP"}, "periodSeconds": 5},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
    }
    proxy = {**container, "name": "proxy", "image": f"registry.example.com/mesh/proxy@sha256:{7:064x}"}
    spec: dict[str, Any] = {
        "containers": [container, proxy],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": "service",
        "serviceAccount": "service",
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "schedulerName": "default-scheduler",
    }
    if not runs:
        return spec
    mount = {"name": "kube-api-access-7k2xq", "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io"}
    for one in (container, proxy):
        one["volumeMounts"] = [mount]
    sources = [{"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}]
    gone = {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
    return spec | {
        "volumes": [{"name": "kube-api-access-7k2xq", "projected": {"sources": sources, "defaultMode": 420}}],
        "nodeName": "@NODE@",
        "tolerations": [{"key": f"node.kubernetes.io/{why}", **gone} for why in ("not-ready", "unreachable")],
        "priority": 0,
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
    }


def _written(*by: str) -> list[dict[str, Any]]:
    """managedFields: who wrote which field. They are a good part of what a list weighs."""
    inner: dict[str, Any] = {
        f"f:{name}": {".": {}, "f:name": {}, "f:value": {}} for name in ("env", "image", "ports", "resources")
    }
    fields = {"f:metadata": {"f:labels": {".": {}, "f:app": {}}}, "f:spec": {'k:{"name":"main"}': inner}}
    about = {"operation": "Update", "apiVersion": "v1", "time": _MADE, "fieldsType": "FieldsV1"}
    return [{"manager": name, **about, "fieldsV1": fields} for name in by]


def _pod(owner: tuple[str, int], number: int, *, ended: bool = False) -> dict[str, Any]:
    """The pod of an owner, with marks where pods of the same owner differ."""
    meta = _meta("pod", 0, _uid(*owner) if owner[0] else "", **{"pod-template-hash": "5d9c7b"})
    meta |= {"name": f"{owner[0]}-{owner[1]:06}-@POD@", "namespace": f"team-{owner[1] % 40:02}"}
    meta |= {"uid": "@UID@", "managedFields": _written("kube-controller-manager", "kubelet")}
    kinds = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    state = {
        "name": "main",
        "ready": not ended,
        "started": True,
        "restartCount": 0,
        "state": {"running": {"startedAt": _MADE}},
        "image": f"registry.example.com/shop/service-{number:04}@sha256:{number:064x}",
        "imageID": f"registry.example.com/shop/service-{number:04}@sha256:{number:064x}",
        "containerID": f"containerd://{number:064x}",
    }
    conditions = [
        {"type": kind, "status": "True", "lastProbeTime": None, "lastTransitionTime": _MADE} for kind in kinds
    ]
    status = {
        "phase": "Succeeded" if ended else "Running",
        "conditions": conditions,
        "hostIP": "10.0.0.1",
        "podIP": "10.1.2.3",
        "podIPs": [{"ip": "10.1.2.3"}],
        "startTime": _MADE,
        "containerStatuses": [state, {**state, "name": "proxy"}],
        "qosClass": "Burstable",
    }
    return {"metadata": meta, "spec": _spec(number), "status": status}


def _controller(kind: str, n: int, owner: str = "", number: int = 0) -> dict[str, Any]:
    meta = {**_meta(kind, n, owner), "managedFields": _written("kubectl-client-side-apply", "kube-controller-manager")}
    meta["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(_spec(n, runs=False))}
    template = {"metadata": {"labels": {"app.kubernetes.io/name": "service"}}, "spec": _spec(number or n, runs=False)}
    spec = {"replicas": 50, "selector": {"matchLabels": {"app.kubernetes.io/name": "service"}}, "template": template}
    return {"metadata": meta, "spec": spec, "status": {"replicas": 50, "readyReplicas": 50}}


# ── answers ───────────────────────────────────────────────────────────────────────────────

_SERVED = {
    "apps/v1": ("deployments", "statefulsets", "daemonsets", "replicasets"),
    "batch/v1": ("cronjobs", "jobs"),
    "v1": ("pods", "replicationcontrollers", "namespaces"),
}


class Answers:
    """What is said to each request. `pods`: how many there are; `owned`: by controllers, else each is nobody's."""

    def __init__(self, pods: int, *, owned: bool) -> None:
        self._pods = pods
        share = {kind: int(pods * SHARE[kind]) // PODS_OF[kind] if owned else 0 for kind in SHARE}
        self.counts = {
            "deployments": share["deployments"],
            "daemonsets": share["daemonsets"],
            "replicasets": share["deployments"] * (1 + OLDER),
            "jobs": share["jobs"],
            "cronjobs": share["jobs"] // JOBS,
            "pods": pods,
        }
        self._owned = owned
        self._made: dict[Any, str] = {}

    def __call__(self, path: str, query: dict[str, list[str]]) -> Any:
        if path == "/version":
            return {"major": "1", "minor": "34", "gitVersion": "v1.34.2"}
        if path in ("/api", "/apis"):
            return {"kind": "APIGroupDiscoveryList", "items": [*self._groups(path == "/apis")]}
        kind = path.rpartition("/")[2]
        first, limit = int(query.get("continue", ["0"])[0]), int(query["limit"][0])
        total = self.counts.get(kind, 0)
        last = min(first + limit, total)
        meta: dict[str, Any] = {"resourceVersion": "4711"}
        if last < total:
            meta |= {"continue": str(last), "remainingItemCount": total - last}
        items = ",".join(self._object(kind, n) for n in range(first, last))
        return f'{{"kind":"List","apiVersion":"v1","metadata":{json.dumps(meta)},"items":[{items}]}}'

    def _groups(self, named: bool) -> list[Any]:
        found = []
        for version, resources in _SERVED.items():
            group, _, number = version.rpartition("/")
            if bool(group) is named:
                told = [{"resource": r, "scope": "Namespaced", "verbs": ["get", "list"]} for r in resources]
                found.append({"metadata": {"name": group}, "versions": [{"version": number, "resources": told}]})
        return found

    def _object(self, kind: str, n: int) -> str:
        if kind == "pods":
            return self._pod(n)
        if kind == "replicasets":
            owner = _uid("deployments", n // (1 + OLDER))
            return json.dumps(_controller(kind, n, owner, n // (1 + OLDER)), separators=(",", ":"))
        if kind == "jobs":
            return json.dumps(_controller(kind, n, _uid("cronjobs", n // JOBS), n // JOBS), separators=(",", ":"))
        found = _controller(kind, n)
        if kind == "cronjobs":
            found["spec"] = {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": found["spec"]["template"]}}}
        return json.dumps(found, separators=(",", ":"))

    def _pod(self, n: int) -> str:
        owner, number = self._owner(n)
        if owner not in self._made:
            self._made = {owner: json.dumps(_pod(owner, number, ended=owner[0] == "jobs"), separators=(",", ":"))}
        made = self._made[owner].replace("@POD@", f"{n:05x}").replace("@UID@", _uid("pods", n))
        return made.replace("@NODE@", f"node-{n % 250}")

    def _owner(self, n: int) -> tuple[tuple[str, int], int]:
        """(kind, number) of what controls a pod, and the number of its specification."""
        if not self._owned:
            return ("", n), n % 5000
        deployed = self.counts["deployments"] * PODS_OF["deployments"]
        if n < deployed:
            owner = n // PODS_OF["deployments"]
            return ("replicasets", owner * (1 + OLDER)), owner
        everywhere = self.counts["daemonsets"] * PODS_OF["daemonsets"]
        if n < deployed + everywhere:
            owner = (n - deployed) // PODS_OF["daemonsets"]
            return ("daemonsets", owner), owner
        owner = n - deployed - everywhere
        return ("jobs", owner), owner // JOBS


# ── the wire ──────────────────────────────────────────────────────────────────────────────


class _Connection(asyncio.Protocol):
    def __init__(self, answers: Callable[[str, dict[str, list[str]]], Any]) -> None:
        self._answers, self._buffer = answers, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
            path, _, query = head.split(b" ", 2)[1].decode().partition("?")
            said = self._answers(path, parse_qs(query))
            body = (said if isinstance(said, str) else json.dumps(said)).encode()
            coding = ""
            if len(body) > _GZIP and re.search(rb"(?i)\r\naccept-encoding:[^\r]*gzip", head):
                body, coding = gzip.compress(body, 1), "Content-Encoding: gzip\r\n"
            self._transport.write(  # type: ignore[attr-defined]  # a stream's transport
                f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nAudit-Id: a1\r\n{coding}"
                f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )


def Cluster(pods: int, *, owned: bool) -> Served:  # noqa: N802 — used as a class is: `with Cluster(…) as url`
    """The server's process."""
    return Served("cluster", pods, "owned" if owned else "unowned")


if __name__ == "__main__":
    answers = Answers(int(sys.argv[1]), owned=sys.argv[2] == "owned")
    serve(lambda: _Connection(answers))
