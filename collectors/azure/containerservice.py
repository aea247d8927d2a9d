"""Kubernetes clusters and registries of images: who reaches them, and how he signs in."""

from __future__ import annotations

from annexlog.collectors import ResourceType
from annexlog.collectors.azure._calls import graph, sees

__all__ = ["cluster", "registry"]

CLUSTER = "Microsoft.ContainerService/managedClusters"

cluster = ResourceType(
    "azure.containerservice.cluster", facet="cluster", id="{cluster.id}", per="subscription", fold=True, tags="cluster.tags", sight=sees(f"{CLUSTER}/read"), sets=("cluster.properties.apiServerAccessProfile.authorizedIPRanges",),
    listed=graph(CLUSTER, *(f"properties.{name}" for name in (
        "publicNetworkAccess", "apiServerAccessProfile.enablePrivateCluster", "apiServerAccessProfile.authorizedIPRanges", "apiServerAccessProfile.disableRunCommand", "aadProfile.managed", "aadProfile.enableAzureRBAC", "enableRBAC", "disableLocalAccounts", "autoUpgradeProfile.upgradeChannel", "autoUpgradeProfile.nodeOSUpgradeChannel",
    ))),
)

REGISTRY = "Microsoft.ContainerRegistry/registries"

registry = ResourceType(
    "azure.containerregistry.registry", facet="registry", id="{registry.id}", per="subscription", fold=True, tags="registry.tags", sight=sees(f"{REGISTRY}/read"),
    listed=graph(REGISTRY, *(f"properties.{name}" for name in (
        "adminUserEnabled", "anonymousPullEnabled", "publicNetworkAccess", "networkRuleSet.defaultAction", "networkRuleSet.ipRules.value", "networkRuleSet.ipRules.action",
    ))),
)
