"""Kubernetes clusters and registries of images: who reaches them, and how he signs in."""

from __future__ import annotations

from annexlog.collectors import Detail, ResourceType
from annexlog.collectors.azure._calls import GONE, arm, graph, sees

__all__ = ["cluster", "registry"]

CLUSTER, SETTINGS = "Microsoft.ContainerService/managedClusters", "Microsoft.Insights/diagnosticSettings"

cluster = ResourceType(
    "azure.containerservice.cluster", facet="cluster", id="{cluster.id}", per="subscription", fold=True, gone=GONE, tags="cluster.tags", sight=sees(f"{CLUSTER}/read"), sets=("cluster.properties.apiServerAccessProfile.authorizedIPRanges",),
    listed=graph(CLUSTER, *(f"properties.{name}" for name in (
        "fqdn", "privateFQDN", "securityProfile.azureKeyVaultKms.enabled", "securityProfile.kubernetesResourceObjectEncryptionProfile.infrastructureEncryption", "publicNetworkAccess", "apiServerAccessProfile.enablePrivateCluster", "apiServerAccessProfile.authorizedIPRanges", "apiServerAccessProfile.disableRunCommand", "aadProfile.managed", "aadProfile.enableAzureRBAC", "enableRBAC", "disableLocalAccounts", "autoUpgradeProfile.upgradeChannel", "autoUpgradeProfile.nodeOSUpgradeChannel",
    ))),
    details=[
        Detail("audit_sinks", arm(SETTINGS, "{id}/providers/Microsoft.Insights/diagnosticSettings", {"id": "{cluster.id}"}, "properties.logs.category", "properties.logs.categoryGroup", "properties.logs.enabled", items="value")),
    ],
)

REGISTRY = "Microsoft.ContainerRegistry/registries"

registry = ResourceType(
    "azure.containerregistry.registry", facet="registry", id="{registry.id}", per="subscription", fold=True, tags="registry.tags", sight=sees(f"{REGISTRY}/read"),
    listed=graph(REGISTRY, *(f"properties.{name}" for name in (
        "adminUserEnabled", "anonymousPullEnabled", "publicNetworkAccess", "networkRuleSet.defaultAction", "networkRuleSet.ipRules.value", "networkRuleSet.ipRules.action",
    ))),
)
