"""Azure Kubernetes Service: who reaches a cluster's API, and how he signs in."""

from __future__ import annotations

from annexlog.collectors import ResourceType
from annexlog.collectors.azure._calls import graph, sees

__all__ = ["cluster"]

CLUSTER = "Microsoft.ContainerService/managedClusters"

cluster = ResourceType(
    "azure.containerservice.cluster", facet="cluster", id="{cluster.id}", per="subscription", fold=True, tags="cluster.tags", sight=sees(f"{CLUSTER}/read"), sets=("cluster.properties.apiServerAccessProfile.authorizedIPRanges",),
    listed=graph(CLUSTER, *(f"properties.{name}" for name in (
        "publicNetworkAccess", "apiServerAccessProfile.enablePrivateCluster", "apiServerAccessProfile.authorizedIPRanges", "apiServerAccessProfile.disableRunCommand", "aadProfile.managed", "aadProfile.enableAzureRBAC", "enableRBAC", "disableLocalAccounts",
    ))),
)
