"""The cluster itself, its namespaces and its nodes."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType
from annexlog.collectors.kubernetes._kinds import kind

__all__ = ["cluster", "namespace", "node"]

cluster = ResourceType(
    "kubernetes.cluster", facet="cluster", id="{cluster}", listed=None, per="cluster",
    details=[
        Detail("version", Call("/version:get", "/version")),
        Detail("certificate", Call("/version:get", "/version", {"certificate": True})),
    ],
)

# CEL keeps the word "namespace" for itself.
namespace = kind("ns", "namespaces", name="kubernetes.namespace", id="{ns.metadata.name}")

# Conditions are renewed every few seconds, and images come and go: what a node is does not change with them.
node = kind("node", "nodes", id="{node.metadata.name}",
            ignore=("node.status.conditions[].lastHeartbeatTime", "node.status.images", "node.status.volumesInUse", "node.status.volumesAttached"))
