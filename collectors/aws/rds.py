"""Amazon RDS and Aurora: databases, their snapshots, parameter groups and engine versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from annexlog.collectors import Call, Detail, Page, Refused, ResourceType
from annexlog.collectors.aws._counting import counts

__all__ = [
    "cluster",
    "cluster_parameter_group",
    "cluster_snapshot",
    "instance",
    "major_version",
    "parameter_group",
    "shard_group",
    "snapshot",
]

Ask = Callable[[str, Mapping[str, Any]], Page]


def marked(ask: Ask, operation: str, params: Mapping[str, Any]) -> Iterator[Page]:
    """Every page of an RDS listing. Raises Refused where one leads back to itself."""
    marker: dict[str, Any] = {}
    while True:
        page = ask(operation, {**params, **marker})
        yield page
        if not page.body.get("Marker"):
            return
        if marker == (marker := {"Marker": page.body["Marker"]}):
            raise Refused("unreadable", "RepeatedToken", "the same continuation was given twice")


def restorable(operation: str, items: str, *kept: str) -> Callable[[Ask, Mapping[str, Any]], Iterator[Page]]:
    """A listing cut down to these fields: the latest restorable time moves every five minutes, the rest does not.

    Apart from the listing itself, so that a version of it stays small. An answer without `items` passes as it is.
    """

    def pages(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
        for page in marked(ask, operation, params):
            rows = page.body.get(items)
            if rows is None:
                yield page
            else:
                yield replace(page, body={items: [{field: row[field] for field in kept if field in row} for row in rows]})

    return pages


def own_snapshots(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """The account's own snapshots: automated and manual, and those that AWS Backup took.

    The listing promises the first two kinds only; where it gives the third as well, each comes once.
    """
    yield from (_without_backups(page) for page in marked(ask, "describe_db_snapshots", params))
    yield from marked(ask, "describe_db_snapshots", {**params, "SnapshotType": "awsbackup"})


def _without_backups(page: Page) -> Page:
    rows = page.body.get("DBSnapshots")
    if rows is None:
        return page
    return replace(page, body={"DBSnapshots": [row for row in rows if row.get("SnapshotType") != "awsbackup"]})


# A password that is about to change is masked by RDS; it is not evidence all the same.
instance = ResourceType(
    "aws.rds.db_instance", facet="instance", id="{instance.DBInstanceArn}", gone=("DBInstanceNotFound",),
    counted=counts("AWS::RDS::DBInstance"),
    listed=Call("rds:DescribeDBInstances", "describe_db_instances", items="DBInstances"),
    details=[
        Detail("restorable", Call("rds:DescribeDBInstances", "describe_db_instances", items="DBInstances",
               fn=restorable("describe_db_instances", "DBInstances", "DBInstanceArn", "LatestRestorableTime")),
               key="DBInstanceArn", match="{instance.DBInstanceArn}"),
    ],
    tags="instance.TagList", incarnation="instance.DbiResourceId",
    ignore=("instance.LatestRestorableTime", "instance.PercentProgress", "instance.PendingModifiedValues.MasterUserPassword"),
    sets=("instance.TagList", "instance.VpcSecurityGroups", "instance.EnabledCloudwatchLogsExports",
          "instance.AssociatedRoles", "instance.ReadReplicaDBInstanceIdentifiers", "instance.ReadReplicaDBClusterIdentifiers"),
)

cluster = ResourceType(
    "aws.rds.db_cluster", facet="cluster", id="{cluster.DBClusterArn}", gone=("DBClusterNotFoundFault",),
    listed=Call("rds:DescribeDBClusters", "describe_db_clusters", {"IncludeShared": False}, items="DBClusters"),
    details=[
        Detail("restorable", Call("rds:DescribeDBClusters", "describe_db_clusters", {"IncludeShared": False}, items="DBClusters",
               fn=restorable("describe_db_clusters", "DBClusters", "DBClusterArn", "LatestRestorableTime")),
               key="DBClusterArn", match="{cluster.DBClusterArn}"),
    ],
    tags="cluster.TagList", incarnation="cluster.DbClusterResourceId",
    ignore=("cluster.LatestRestorableTime", "cluster.EarliestRestorableTime", "cluster.EarliestBacktrackTime",
            "cluster.BacktrackConsumedChangeRecords", "cluster.Capacity", "cluster.PercentProgress",
            "cluster.PendingModifiedValues.MasterUserPassword"),
    sets=("cluster.TagList", "cluster.VpcSecurityGroups", "cluster.EnabledCloudwatchLogsExports", "cluster.AssociatedRoles",
          "cluster.AvailabilityZones", "cluster.DBClusterMembers", "cluster.ReadReplicaIdentifiers"),
)

shard_group = ResourceType(
    "aws.rds.db_shard_group", facet="shard_group", id="{shard_group.DBShardGroupArn}",
    listed=Call("rds:DescribeDBShardGroups", "describe_db_shard_groups", items="DBShardGroups"),
    tags="shard_group.TagList", incarnation="shard_group.DBShardGroupResourceId", sets=("shard_group.TagList",),
)

snapshot = ResourceType(
    "aws.rds.db_snapshot", facet="snapshot", id="{snapshot.DBSnapshotArn}", gone=("DBSnapshotNotFound",),
    listed=Call("rds:DescribeDBSnapshots", "describe_db_snapshots", {"IncludeShared": False, "IncludePublic": False},
                items="DBSnapshots", fn=own_snapshots),
    details=[
        # An automated snapshot cannot be shared.
        Detail("attributes", Call("rds:DescribeDBSnapshotAttributes", "describe_db_snapshot_attributes",
               {"DBSnapshotIdentifier": "{snapshot.DBSnapshotIdentifier}"}, take="DBSnapshotAttributesResult.DBSnapshotAttributes"),
               only="snapshot.SnapshotType != 'automated'"),
    ],
    tags="snapshot.TagList", incarnation="snapshot.SnapshotCreateTime", ignore=("snapshot.PercentProgress",),
    sets=("snapshot.TagList", "attributes[].AttributeValues"),
)

cluster_snapshot = ResourceType(
    "aws.rds.db_cluster_snapshot", facet="snapshot", id="{snapshot.DBClusterSnapshotArn}", gone=("DBClusterSnapshotNotFoundFault",),
    listed=Call("rds:DescribeDBClusterSnapshots", "describe_db_cluster_snapshots", {"IncludeShared": False, "IncludePublic": False},
                items="DBClusterSnapshots"),
    details=[
        Detail("attributes", Call("rds:DescribeDBClusterSnapshotAttributes", "describe_db_cluster_snapshot_attributes",
               {"DBClusterSnapshotIdentifier": "{snapshot.DBClusterSnapshotIdentifier}"},
               take="DBClusterSnapshotAttributesResult.DBClusterSnapshotAttributes"),
               only="snapshot.SnapshotType != 'automated'"),
    ],
    tags="snapshot.TagList", incarnation="snapshot.SnapshotCreateTime", ignore=("snapshot.PercentProgress",),
    sets=("snapshot.TagList", "snapshot.AvailabilityZones", "attributes[].AttributeValues"),
)

# A group has hundreds of parameters, most of them the engine's defaults; these are the ones that tests read.
READ = [{"Name": "parameter-name", "Values": ["rds.force_ssl", "require_secure_transport"]}]

parameter_group = ResourceType(
    "aws.rds.db_parameter_group", facet="parameter_group", id="{parameter_group.DBParameterGroupArn}", gone=("DBParameterGroupNotFound",),
    listed=Call("rds:DescribeDBParameterGroups", "describe_db_parameter_groups", items="DBParameterGroups"),
    details=[
        Detail("parameters", Call("rds:DescribeDBParameters", "describe_db_parameters",
               {"DBParameterGroupName": "{parameter_group.DBParameterGroupName}", "Filters": READ}, items="Parameters")),
    ],
    sets=("parameters",),
)

cluster_parameter_group = ResourceType(
    "aws.rds.db_cluster_parameter_group", facet="parameter_group", id="{parameter_group.DBClusterParameterGroupArn}",
    gone=("DBParameterGroupNotFound",),
    listed=Call("rds:DescribeDBClusterParameterGroups", "describe_db_cluster_parameter_groups", items="DBClusterParameterGroups"),
    details=[
        Detail("parameters", Call("rds:DescribeDBClusterParameters", "describe_db_cluster_parameters",
               {"DBClusterParameterGroupName": "{parameter_group.DBClusterParameterGroupName}", "Filters": READ}, items="Parameters")),
    ],
    sets=("parameters",),
)

# How long AWS supports each major version of the open-source engines.
major_version = ResourceType(
    "aws.rds.major_version", facet="major_version", id="{major_version.Engine}/{major_version.MajorEngineVersion}",
    listed=Call("rds:DescribeDBMajorEngineVersions", "describe_db_major_engine_versions", items="DBMajorEngineVersions"),
    sets=("major_version.SupportedEngineLifecycles",),
)
