"""API servers, where a cluster shows them: with which flags each was started. Managed clusters show none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from annexlog.collectors import Call, Page, ResourceType
from annexlog.collectors.kubernetes._kinds import Asks

__all__ = ["api_server"]

NAMESPACE = "kube-system"
SELECTORS = ("component=kube-apiserver", "k8s-app=kube-apiserver")
"""Labels of the kubelet's own pods of the control plane: kubeadm, RKE2 and Talos; kOps."""
MIRROR = "kubernetes.io/config.mirror"
"""The annotation of a pod that a kubelet started from a file of its node. Source: kubernetes.io, "Create static Pods"."""
FLAGS = frozenset({
    "anonymous-auth", "audit-log-maxage", "audit-log-maxbackup", "audit-log-maxsize", "audit-log-path",
    "audit-policy-file", "audit-webhook-config-file", "authentication-config", "authorization-config",
    "authorization-mode", "encryption-provider-config", "tls-cipher-suites", "tls-min-version",
})  # fmt: skip
"""What tests read of a command line. Others are not kept: some name things that are nobody's business."""


def flags(words: Sequence[str]) -> dict[str, str] | None:
    """The flags of a command line that are kept, as `kube-apiserver --help` writes them; None if it is of no API server.

    A flag without a value is true; one that is given twice has the later value.
    """
    at = next((n for n, word in enumerate(words) if word.rpartition("/")[2] == "kube-apiserver"), None)
    if at is None:
        return None
    found: dict[str, str] = {}
    rest = list(words[at + 1 :])
    while rest:
        name, given, value = rest.pop(0).partition("=")
        if not name.startswith("--"):
            continue
        if not given and rest and not rest[0].startswith("-"):
            value = rest.pop(0)
        elif not given:
            value = "true"
        if (name := name[2:].replace("_", "-")) in FLAGS:
            found[name] = value
    return found


def api_servers(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:  # noqa: ARG001 — a cluster is all it needs
    """The kubelets' own pods of API servers. Where a command line is no API server's, there are no `flags`.

    Which one has both labels comes twice, and counts once.
    """
    for selector in SELECTORS:
        call = Call("pods:list", "pods", items="items")
        for page in ask.pages(call, {"labelSelector": selector}):
            items = [_server(item) for item in page.body["items"] if _is_static(item["metadata"])]
            yield Page({"items": items}, page.request_id, page.date, page.mixed)


def _is_static(meta: Mapping[str, Any]) -> bool:
    """Whether it is a pod that a kubelet shows of what it started from a file, where those of the control plane are."""
    return meta.get("namespace") == NAMESPACE and MIRROR in (meta.get("annotations") or {})


def _server(item: Mapping[str, Any]) -> dict[str, Any]:
    spec = item["spec"]
    told = {"name": item["metadata"]["name"], "node": spec.get("nodeName")}
    for container in spec["containers"]:
        words = [*(container.get("command") or ()), *(container.get("args") or ())]
        if (found := flags(words)) is not None:
            return {**told, "image": container.get("image"), "flags": found}
    return told


api_server = ResourceType(
    "kubernetes.api_server", facet="api_server", id="{api_server.name}", per="cluster",
    listed=Call("pods:list", "pods", items="items", fn=api_servers),
)
