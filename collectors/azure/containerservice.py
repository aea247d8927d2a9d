"""Kubernetes clusters and registries of images: who reaches them, how he signs in, and what the clusters run."""

from __future__ import annotations

from annexlog.collectors import Detail, ResourceType
from annexlog.collectors.azure._calls import GONE, SUBSCRIPTION, arm, graph, sees

__all__ = ["cluster", "registry"]

CLUSTER, SETTINGS = "Microsoft.ContainerService/managedClusters", "Microsoft.Insights/diagnosticSettings"
VERSIONS = "Microsoft.ContainerService/locations/kubernetesVersions"

cluster = ResourceType(
    "azure.containerservice.cluster", facet="cluster", id="{cluster.id}", per="subscription", fold=True, gone=GONE, tags="cluster.tags", sight=sees(f"{CLUSTER}/read"), sets=("cluster.properties.apiServerAccessProfile.authorizedIPRanges",),
    listed=graph(CLUSTER, "nodes", *(f"properties.{name}" for name in (
        "fqdn", "privateFQDN", "securityProfile.azureKeyVaultKms.enabled", "securityProfile.kubernetesResourceObjectEncryptionProfile.infrastructureEncryption", "publicNetworkAccess", "apiServerAccessProfile.enablePrivateCluster", "apiServerAccessProfile.authorizedIPRanges", "apiServerAccessProfile.disableRunCommand", "currentKubernetesVersion", "supportPlan", "agentPoolProfiles.name", "agentPoolProfiles.currentOrchestratorVersion", "agentPoolProfiles.powerState.code", "aadProfile.managed", "aadProfile.enableAzureRBAC", "enableRBAC", "disableLocalAccounts", "autoUpgradeProfile.upgradeChannel", "autoUpgradeProfile.nodeOSUpgradeChannel",
    )), extend="extend nodes = strcat('/subscriptions/', subscriptionId, '/resourcegroups/', tolower(tostring(properties.nodeResourceGroup)))"),
    details=[
        Detail("audit_sinks", arm(SETTINGS, "{id}/providers/Microsoft.Insights/diagnosticSettings", {"id": "{cluster.id}"}, "properties.workspaceId", "properties.logs.category", "properties.logs.categoryGroup", "properties.logs.enabled", items="value")),
        Detail("versions", arm(VERSIONS, "/subscriptions/{subscription}/providers/Microsoft.ContainerService/locations/{location}/kubernetesVersions", {**SUBSCRIPTION, "location": "{cluster.location}"},
                               "version", "isPreview", "capabilities.supportPlan", "patchVersions", items="values")),
    ],
)

REGISTRY = "Microsoft.ContainerRegistry/registries"

registry = ResourceType(
    "azure.containerregistry.registry", facet="registry", id="{registry.id}", per="subscription", fold=True, tags="registry.tags", sight=sees(f"{REGISTRY}/read"),
    listed=graph(REGISTRY, *(f"properties.{name}" for name in (
        "adminUserEnabled", "anonymousPullEnabled", "publicNetworkAccess", "networkRuleSet.defaultAction", "networkRuleSet.ipRules.value", "networkRuleSet.ipRules.action",
    ))),
)
