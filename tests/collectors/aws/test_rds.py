"""Databases, their snapshots and what is set for them, as RDS shows them."""

from __future__ import annotations

import re
from typing import Any

from annexlog.collectors.aws.rds import (
    cluster,
    cluster_parameter_group,
    cluster_snapshot,
    instance,
    major_version,
    parameter_group,
    shard_group,
    snapshot,
)
from annexlog.evidence_store.model import Coverage, Unknown
from tests.collectors.aws.conftest import Connect
from tests.collectors.aws.looking import REGION, look
from tests.wire import Fault, Moto, Reply, Wire
from tests.wire.moto import ACCOUNT

PREFIX = f"arn:aws:rds:{REGION}:{ACCOUNT}"
PASSWORD = "Not-A-Real-Passw0rd!"


def plant(client: Any, *names: str) -> Any:
    rds = client("rds", region=REGION)
    for name in names:
        rds.create_db_instance(
            DBInstanceIdentifier=name,
            DBInstanceClass="db.t3.small",
            Engine="postgres",
            AllocatedStorage=20,
            MasterUsername="owner",
            MasterUserPassword=PASSWORD,
            BackupRetentionPeriod=7,
            StorageEncrypted=True,
            Tags=[{"Key": "team", "Value": "payroll"}, {"Key": "criticality", "Value": "critical"}],
        )
    return rds


def answer(operation: str, result: str) -> Reply:
    body = f"<{operation}Response><{operation}Result>{result}</{operation}Result></{operation}Response>"
    return Reply(200, {"Content-Type": "text/xml"}, body.encode())


def test_an_instance_shows_its_settings_without_what_moves_and_when_it_can_be_restored_to_by_itself(
    moto: Moto, client: Any, connect: Connect
) -> None:
    plant(client, "orders")

    seen = look(connect(), instance, "restorable")

    arn = f"{PREFIX}:db:orders"
    settings, restorable = seen.facets[arn][""], seen.facets[arn]["restorable"]
    assert isinstance(settings, dict)
    assert isinstance(restorable, dict)
    picked = ("Engine", "StorageEncrypted", "BackupRetentionPeriod", "LatestRestorableTime", "TagList")
    assert {name: settings.get(name) for name in picked} == {
        "Engine": "postgres",
        "StorageEncrypted": True,
        "BackupRetentionPeriod": 7,
        "LatestRestorableTime": None,
        "TagList": [{"Key": "criticality", "Value": "critical"}, {"Key": "team", "Value": "payroll"}],
    }
    assert set(restorable) == {"DBInstanceArn", "LatestRestorableTime"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", restorable["LatestRestorableTime"])


def restorable_page(name: str, marker: str = "") -> Reply:
    arn, time = f"{PREFIX}:db:{name}", "2026-01-01T11:55:00Z"
    row = f"<DBInstanceArn>{arn}</DBInstanceArn><LatestRestorableTime>{time}</LatestRestorableTime>"
    more = f"<Marker>{marker}</Marker>" if marker else ""
    return answer("DescribeDBInstances", f"<DBInstances><DBInstance>{row}</DBInstance></DBInstances>{more}")


def test_the_latest_restorable_times_of_all_instances_come_page_by_page(
    wire: Wire, client: Any, connect: Connect
) -> None:
    plant(client, "orders", "reports")
    last, first = restorable_page("reports"), restorable_page("orders", "more")
    wire.inject(Fault("reply", "rds.describe_db_instances", containing="Marker=more", reply=last))
    wire.inject(Fault("reply", "rds.describe_db_instances", since=2, reply=first))

    seen = look(connect(), instance, "restorable")

    assert seen.of("restorable") == {
        arn: {"DBInstanceArn": arn, "LatestRestorableTime": "2026-01-01T11:55:00Z"}
        for arn in (f"{PREFIX}:db:orders", f"{PREFIX}:db:reports")
    }


def test_a_page_that_leads_back_to_itself_is_unreadable(wire: Wire, client: Any, connect: Connect) -> None:
    plant(client, "orders")
    wire.inject(Fault("reply", "rds.describe_db_instances", since=2, reply=restorable_page("orders", "more")))

    seen = look(connect(), instance, "restorable")

    unreadable = Unknown("unreadable", "describe_db_instances", "rds:DescribeDBInstances", "RepeatedToken")
    assert seen.of("restorable") == {f"{PREFIX}:db:orders": unreadable}


def test_an_instance_that_the_second_look_does_not_show_is_unknown(wire: Wire, client: Any, connect: Connect) -> None:
    plant(client, "orders")
    nothing = answer("DescribeDBInstances", "<DBInstances/>")
    wire.inject(Fault("reply", "rds.describe_db_instances", since=2, reply=nothing))

    seen = look(connect(), instance, "restorable")

    unlisted = Unknown("unlisted", "describe_db_instances", "rds:DescribeDBInstances")
    assert seen.of("restorable") == {f"{PREFIX}:db:orders": unlisted}


def test_a_cluster_and_its_shard_groups_are_found_by_their_arns(moto: Moto, client: Any, connect: Connect) -> None:
    rds = client("rds", region=REGION)
    rds.create_db_cluster(
        DBClusterIdentifier="ledger", Engine="aurora-postgresql", MasterUsername="owner", MasterUserPassword=PASSWORD
    )
    rds.create_db_shard_group(DBShardGroupIdentifier="shards", DBClusterIdentifier="ledger", MaxACU=2.0)

    clusters = look(connect(), cluster, "restorable")
    groups = look(connect(), shard_group)

    restorable = clusters.facets[f"{PREFIX}:cluster:ledger"]["restorable"]
    assert isinstance(restorable, dict)
    assert set(restorable) == {"DBClusterArn", "LatestRestorableTime"}
    group = groups.facets[f"{PREFIX}:shard-group:shards"][""]
    assert isinstance(group, dict)
    assert group["DBClusterIdentifier"] == "ledger"


def test_whom_a_manual_snapshot_is_shared_with_is_read_and_an_automated_one_cannot_be_shared(
    moto: Moto, client: Any, connect: Connect
) -> None:
    rds = plant(client, "orders")
    rds.create_db_snapshot(DBSnapshotIdentifier="copy", DBInstanceIdentifier="orders")
    rds.modify_db_snapshot_attribute(
        DBSnapshotIdentifier="copy", AttributeName="restore", ValuesToAdd=["all", "999988887777"]
    )

    seen = look(connect(), snapshot, "attributes")

    manual = f"{PREFIX}:snapshot:copy"
    shared = [{"AttributeName": "restore", "AttributeValues": ["999988887777", "all"]}]
    [automated] = set(seen.facets) - {manual}
    assert ":snapshot:rds:orders-" in automated
    assert seen.of("attributes") == {manual: shared, automated: None}


def test_snapshots_of_aws_backup_are_listed_once_whether_or_not_the_plain_listing_has_them(
    wire: Wire, client: Any, connect: Connect
) -> None:
    def row(name: str, kind: str) -> str:
        arn = f"<DBSnapshotArn>{PREFIX}:snapshot:{name}</DBSnapshotArn>"
        return f"<DBSnapshot>{arn}<SnapshotType>{kind}</SnapshotType></DBSnapshot>"

    by_backup = row("awsbackup:job-1", "awsbackup")
    plain = answer("DescribeDBSnapshots", f"<DBSnapshots>{row('copy', 'manual')}{by_backup}</DBSnapshots>")
    backed_up = answer("DescribeDBSnapshots", f"<DBSnapshots>{by_backup}</DBSnapshots>")
    wire.inject(Fault("reply", "rds.describe_db_snapshots", containing="SnapshotType=awsbackup", reply=backed_up))
    wire.inject(Fault("reply", "rds.describe_db_snapshots", reply=plain))

    seen = look(connect(), snapshot)

    assert seen.of("") == {
        f"{PREFIX}:snapshot:copy": {"DBSnapshotArn": f"{PREFIX}:snapshot:copy", "SnapshotType": "manual"},
        f"{PREFIX}:snapshot:awsbackup:job-1": {
            "DBSnapshotArn": f"{PREFIX}:snapshot:awsbackup:job-1",
            "SnapshotType": "awsbackup",
        },
    }


def test_a_refused_read_of_whom_a_cluster_snapshot_is_shared_with_is_unknown(
    wire: Wire, client: Any, connect: Connect
) -> None:
    rds = client("rds", region=REGION)
    rds.create_db_cluster(
        DBClusterIdentifier="ledger", Engine="aurora-mysql", MasterUsername="owner", MasterUserPassword=PASSWORD
    )
    rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier="copy", DBClusterIdentifier="ledger")
    wire.inject(Fault("refused", "rds.describe_db_cluster_snapshot_attributes"))

    seen = look(connect(), cluster_snapshot, "attributes")

    denied = Unknown(
        "denied",
        "describe_db_cluster_snapshot_attributes",
        "rds:DescribeDBClusterSnapshotAttributes",
        "AccessDenied",
    )
    assert seen.facets[f"{PREFIX}:cluster-snapshot:copy"]["attributes"] == denied
    assert seen.refusals["attributes"] == denied


def test_parameter_groups_show_the_parameters_that_tests_read(wire: Wire, client: Any, connect: Connect) -> None:
    rds = client("rds", region=REGION)
    force = {"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "immediate"}
    rds.create_db_parameter_group(DBParameterGroupName="own", DBParameterGroupFamily="postgres16", Description="own")
    rds.modify_db_parameter_group(DBParameterGroupName="own", Parameters=[force])
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName="own", DBParameterGroupFamily="aurora-postgresql16", Description="own"
    )
    rds.modify_db_cluster_parameter_group(DBClusterParameterGroupName="own", Parameters=[force])

    plain = look(connect(), parameter_group, "parameters")
    of_clusters = look(connect(), cluster_parameter_group, "parameters")

    assert plain.of("parameters") == {f"{PREFIX}:pg:own": [force]}
    assert of_clusters.of("parameters") == {f"{PREFIX}:cluster-pg:own": [force]}


def test_the_major_versions_that_aws_supports_are_a_population(wire: Wire, connect: Connect) -> None:
    life = (
        "<SupportedEngineLifecycle><LifecycleSupportName>open-source-rds-standard-support</LifecycleSupportName>"
        "<LifecycleSupportStartDate>2023-10-17T00:00:00Z</LifecycleSupportStartDate>"
        "<LifecycleSupportEndDate>2028-02-29T23:59:59.999Z</LifecycleSupportEndDate></SupportedEngineLifecycle>"
    )
    major = (
        "<DBMajorEngineVersion><Engine>postgres</Engine><MajorEngineVersion>16</MajorEngineVersion>"
        f"<SupportedEngineLifecycles>{life}</SupportedEngineLifecycles></DBMajorEngineVersion>"
    )
    page = answer("DescribeDBMajorEngineVersions", f"<DBMajorEngineVersions>{major}</DBMajorEngineVersions>")
    wire.inject(Fault("reply", "rds.describe_db_major_engine_versions", reply=page))

    seen = look(connect(), major_version)

    assert seen.of("") == {
        "postgres/16": {
            "Engine": "postgres",
            "MajorEngineVersion": "16",
            "SupportedEngineLifecycles": [
                {
                    "LifecycleSupportName": "open-source-rds-standard-support",
                    "LifecycleSupportStartDate": "2023-10-17T00:00:00Z",
                    "LifecycleSupportEndDate": "2028-02-29T23:59:59.999Z",
                }
            ],
        }
    }


def test_a_listing_that_is_refused_is_denied_not_empty(wire: Wire, connect: Connect) -> None:
    wire.inject(Fault("refused", "rds.describe_db_clusters"))

    seen = look(connect(), cluster)

    denied = Unknown("denied", "describe_db_clusters", "rds:DescribeDBClusters", "AccessDenied")
    assert (seen.facets, seen.status, seen.refusals) == ({}, {"": Coverage.DENIED}, {"": denied})
