"""Amazon EKS: clusters and their node groups, and how long AWS supports their versions."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType
from annexlog.collectors.aws._counting import counts

__all__ = ["cluster", "nodegroup"]

# All that there are: those no longer in support are left out unless they are asked for.
versions = Call("eks:DescribeClusterVersions", "describe_cluster_versions", {"includeAll": True, "clusterType": "eks"}, items="clusterVersions")

cluster = ResourceType(
    "aws.eks.cluster", facet="cluster_name", id="arn:{partition}:eks:{region}:{account}:cluster/{cluster_name}", tags="cluster.tags",
    counted=counts("AWS::EKS::Cluster"),
    gone=("ResourceNotFoundException",),
    listed=Call("eks:ListClusters", "list_clusters", items="clusters"),
    details=[
        Detail("cluster", Call("eks:DescribeCluster", "describe_cluster", {"name": "{cluster_name}"}, take="cluster")),
        Detail("support", versions, key="clusterVersion", match="{cluster.version}", otherwise=None),
    ],
    sets=("cluster.resourcesVpcConfig.subnetIds", "cluster.resourcesVpcConfig.securityGroupIds",
          "cluster.resourcesVpcConfig.publicAccessCidrs", "cluster.logging.clusterLogging[].types", "cluster.logging.clusterLogging"),
)

nodegroup = ResourceType(
    "aws.eks.nodegroup", facet="nodegroup_name", id="arn:{partition}:eks:{region}:{account}:nodegroup/{cluster_name}/{nodegroup_name}",
    under="aws.eks.cluster", gone=("ResourceNotFoundException",), tags="nodegroup.tags",
    listed=Call("eks:ListNodegroups", "list_nodegroups", {"clusterName": "{cluster_name}"}, items="nodegroups"),
    details=[
        Detail("nodegroup", Call("eks:DescribeNodegroup", "describe_nodegroup",
               {"clusterName": "{cluster_name}", "nodegroupName": "{nodegroup_name}"}, take="nodegroup")),
        Detail("support", versions, key="clusterVersion", match="{nodegroup.version}", otherwise=None),
    ],
)
