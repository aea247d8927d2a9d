"""What runs: clusters, services and functions."""

from __future__ import annotations

from annexlog.collectors import ResourceType
from annexlog.collectors.gcp._calls import ROW, assets

__all__ = ["cluster", "function", "run_service"]

cluster = ResourceType(
    "gcp.gke.cluster", facet="cluster", id="{cluster.name}", per="project", scope=ROW % "cluster",
    listed=assets("container.googleapis.com/Cluster", keep=("name", "status", "endpoint", "databaseEncryption.currentState", "databaseEncryption.state", "autopilot.enabled", "privateClusterConfig", "networkConfig.defaultEnablePrivateNodes", "masterAuthorizedNetworksConfig", "controlPlaneEndpointsConfig",
                  "workloadIdentityConfig.workloadPool", "shieldedNodes.enabled", "nodePools.name", "nodePools.networkConfig.enablePrivateNodes", "nodePools.config.workloadMetadataConfig.mode")),
)

# Of the annotations only whether the caller is checked: others are whatever people write there.
run_service = ResourceType(
    "gcp.run.service", facet="run_service", id="{run_service.name}", per="project", scope=ROW % "run_service",
    listed=assets("run.googleapis.com/Service", keep=("kind", "invokerIamDisabled", "iapEnabled", ("metadata", "annotations", "run.googleapis.com/invoker-iam-disabled"), ("metadata", "annotations", "run.googleapis.com/iap-enabled"))),
)

function = ResourceType(
    "gcp.functions.function", facet="function_", id="{function_.name}", per="project", scope=ROW % "function_",
    listed=assets("cloudfunctions.googleapis.com/(CloudFunction|Function)", keep=("name", "state", "status", "environment")),
)
