"""Data at rest: databases and their snapshots, buckets, keys, log groups, file systems, tables, queues, secrets."""

# ruff: noqa: E501 — one trait a line
# fmt: off

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from tests.truth.planting import FAIL, PASS, Estate, Parts, Place, Population, Trait, ago

Change = Callable[[Parts], object]

RDS = "aws.rds."
ENCRYPTED, PUBLIC, BACKUPS, ZONES, TLS, LOGS, PROTECTED = (
    RDS + name
    for name in (
        "storage-encrypted", "not-public", "automated-backups", "multi-az", "tls-required", "audit-logs-exported",
        "deletion-protection",
    )
)
CAPACITY = "aws.cloudwatch.capacity-alarms"
SHARED, SNAPSHOT_PUBLIC = "aws.rds.prod-snapshots-not-shared-to-nonprod", "aws.rds.snapshots-not-public"
PRODUCTION = ("111111111111",)

OPEN = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


def document(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def put(part: str, **values: Any) -> Change:
    return lambda parts: parts[part].update(values)


def tag(part: str, list_of: str, **tags: str) -> Change:
    def change(parts: Parts) -> None:
        kept = [row for row in parts[part][list_of] if row["Key"] not in tags]
        parts[part][list_of] = kept + [{"Key": key, "Value": value} for key, value in tags.items() if value]

    return change


# ── databases ──


def databases(estate: Estate, place: Place, others: Sequence[Parts] = ()) -> None:
    """`others`: alarms that are none of a database."""
    instances = estate.grow(place, _instances(120))
    estate.say(place, "rds.describe_db_instances", {"DBInstances": [one["instance"] for one in instances]})
    arn = f"arn:aws:rds:{place.region}:{place.account}:pg:"
    groups = [
        {"DBParameterGroupName": name, "DBParameterGroupFamily": "postgres16", "DBParameterGroupArn": arn + name}
        for name in ("forcing", "lax")
    ]
    estate.say(place, "rds.describe_db_parameter_groups", {"DBParameterGroups": groups})
    for name, value in (("forcing", "1"), ("lax", "0")):
        said = {"Parameters": [{"ParameterName": "rds.force_ssl", "ParameterValue": value}]}
        estate.say(place, "rds.describe_db_parameters", said, DBParameterGroupName=name)
    alarms = [*others, *(row for one in instances for row in one["alarms"])]
    estate.say(place, "cloudwatch.describe_alarms", {"MetricAlarms": alarms})
    for row in alarms:
        estate.expect(place, row["AlarmArn"], {"aws.cloudwatch.alarm-actions-delivered": PASS if row["ActionsEnabled"] else FAIL})
    snapshots = estate.grow(place, _snapshots(60))
    estate.say(place, "rds.describe_db_snapshots", {"DBSnapshots": [one["snapshot"] for one in snapshots]})
    for one in snapshots:
        id = one["snapshot"]["DBSnapshotIdentifier"]
        said = {"DBSnapshotIdentifier": id, "DBSnapshotAttributes": [{"AttributeName": "restore", "AttributeValues": one["shared"]}]}
        estate.say(place, "rds.describe_db_snapshot_attributes", {"DBSnapshotAttributesResult": said}, DBSnapshotIdentifier=id)


def _instances(count: int) -> Population:
    def make(n: int, place: Place) -> Parts:
        name = f"db-{n:03}"
        arn = f"arn:aws:rds:{place.region}:{place.account}:db:{name}"
        alarm = {
            "AlarmName": f"{name}-full", "AlarmArn": f"arn:aws:cloudwatch:{place.region}:{place.account}:alarm:{name}-full",
            "ActionsEnabled": True, "AlarmActions": [f"arn:aws:sns:{place.region}:{place.account}:t-1"], "Namespace": "AWS/RDS",
            "MetricName": "FreeStorageSpace", "Dimensions": [{"Name": "DBInstanceIdentifier", "Value": name}],
        }
        return {
            "instance": {
                "DBInstanceIdentifier": name, "DBInstanceArn": arn, "DbiResourceId": f"db-R{n}", "Engine": "postgres",
                "DBInstanceStatus": "available", "StorageEncrypted": True, "PubliclyAccessible": False, "MultiAZ": True,
                "BackupRetentionPeriod": 14, "LatestRestorableTime": ago(hours=1), "DeletionProtection": True,
                "EnabledCloudwatchLogsExports": ["postgresql"], "TagList": [{"Key": "criticality", "Value": "critical"}],
                "DBParameterGroups": [{"DBParameterGroupName": "forcing", "ParameterApplyStatus": "in-sync"}],
            },
            "alarms": [alarm],
        }

    def groups(name: str, status: str) -> Change:
        return put("instance", DBParameterGroups=[{"DBParameterGroupName": name, "ParameterApplyStatus": status}])

    of_class = (ZONES, PROTECTED, CAPACITY)
    return Population(
        count, make, lambda parts, _: parts["instance"]["DBInstanceArn"],
        dict.fromkeys((ENCRYPTED, PUBLIC, BACKUPS, ZONES, TLS, LOGS, PROTECTED, CAPACITY), PASS),
        [
            Trait(put("instance", StorageEncrypted=False), fails=(ENCRYPTED,)),
            Trait(put("instance", PubliclyAccessible=True), fails=(PUBLIC,)),
            Trait(put("instance", BackupRetentionPeriod=0), fails=(BACKUPS,), slot="retention"),
            Trait(put("instance", BackupRetentionPeriod=6), fails=(BACKUPS,), slot="retention"),
            Trait(put("instance", LatestRestorableTime=ago(hours=30)), fails=(BACKUPS,)),
            Trait(put("instance", MultiAZ=False), fails=(ZONES,)),
            Trait(put("instance", DeletionProtection=False), fails=(PROTECTED,)),
            Trait(put("instance", EnabledCloudwatchLogsExports=["upgrade"]), fails=(LOGS,)),
            Trait(groups("lax", "in-sync"), fails=(TLS,), slot="parameters"),
            # Set, and not in force until it is started again.
            Trait(groups("forcing", "pending-reboot"), fails=(TLS,), slot="parameters"),
            Trait(lambda parts: parts["alarms"].clear(), fails=(CAPACITY,), slot="alarm"),
            Trait(lambda parts: parts["alarms"][0].update(ActionsEnabled=False), fails=(CAPACITY,), slot="alarm"),
            Trait(lambda parts: parts["alarms"][0].update(MetricName="ReadLatency"), fails=(CAPACITY,), slot="alarm"),
            Trait(tag("instance", "TagList", criticality="low"), spares=of_class, slot="class"),
            Trait(tag("instance", "TagList", criticality=""), hides=of_class, slot="class"),
            Trait(put("instance", DBClusterIdentifier="c-1"), spares=(BACKUPS, ZONES, TLS, LOGS, PROTECTED), slot="role"),
            Trait(put("instance", ReadReplicaSourceDBInstanceIdentifier="db-000"), spares=(BACKUPS, ZONES), slot="role"),
        ],
    )


def _snapshots(count: int) -> Population:
    def make(n: int, place: Place) -> Parts:
        name = f"snapshot-{n:03}"
        arn = f"arn:aws:rds:{place.region}:{place.account}:snapshot:{name}"
        return {
            "snapshot": {
                "DBSnapshotIdentifier": name, "DBSnapshotArn": arn, "SnapshotType": "manual", "Encrypted": True,
                "DBInstanceIdentifier": "db-000", "TagList": [{"Key": "environment", "Value": "production"}],
            },
            "shared": [],
        }

    def shared(*with_whom: str) -> Change:
        return lambda parts: parts.update(shared=list(with_whom))

    return Population(
        count, make, lambda parts, _: parts["snapshot"]["DBSnapshotArn"], {SHARED: PASS, SNAPSHOT_PUBLIC: PASS},
        [
            Trait(shared("all"), fails=(SHARED, SNAPSHOT_PUBLIC), slot="shared"),
            Trait(shared("999999999999"), fails=(SHARED,), slot="shared"),
            Trait(shared(*PRODUCTION), slot="shared"),
            Trait(tag("snapshot", "TagList", environment="test"), spares=(SHARED,)),
            Trait(put("snapshot", SnapshotType="automated"), spares=(SHARED, SNAPSHOT_PUBLIC)),
        ],
    )


# ── keys ──

ROTATED, DELETION, KEY_PUBLIC = "aws.kms.rotation-enabled", "aws.kms.no-unplanned-deletion", "aws.kms.key-policy-not-public"
SEPARATED = "aws.kms.admin-use-separated"


def keys(estate: Estate, place: Place) -> None:
    tell_keys(estate, place, estate.grow(place, _keys(60)))


def tell_keys(estate: Estate, place: Place, grown: list[Parts]) -> None:
    rows = [{"KeyId": key["metadata"]["KeyId"], "KeyArn": key["metadata"]["Arn"]} for key in grown]
    estate.say(place, "kms.list_keys", {"Keys": rows})
    for key in grown:
        arn = key["metadata"]["Arn"]
        estate.say(place, "kms.describe_key", {"KeyMetadata": key["metadata"]}, KeyId=arn)
        estate.say(place, "kms.get_key_rotation_status", key["rotation"], KeyId=arn)
        estate.say(place, "kms.list_key_rotations", {"Rotations": key["rotations"]}, KeyId=arn)
        estate.say(place, "kms.list_key_policies", {"PolicyNames": ["default"]}, KeyId=arn)
        estate.say(place, "kms.get_key_policy", {"Policy": document(*key["policy"])}, KeyId=arn)


def key(n: int, place: Place) -> Parts:
    """A key whose policy leaves it to the account's IAM who may use it."""
    arn = f"arn:aws:kms:{place.region}:{place.account}:key/k-{n:03}"
    own = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{place.account}:root"}, "Action": "kms:*", "Resource": "*"}
    return {
        "metadata": {
            "KeyId": f"k-{n:03}", "Arn": arn, "KeyManager": "CUSTOMER", "KeyState": "Enabled", "Origin": "AWS_KMS",
            "KeySpec": "SYMMETRIC_DEFAULT", "CreationDate": ago(days=400), "Enabled": True,
        },
        "rotation": {"KeyRotationEnabled": True, "RotationPeriodInDays": 365}, "rotations": [], "policy": [own],
    }


def _keys(count: int) -> Population:
    """The account has a role that may do everything (identity.py), and so with each of these keys of its own."""
    def imported(*, rotated_days: int) -> Change:
        def change(parts: Parts) -> None:
            parts["metadata"].update(Origin="EXTERNAL")
            parts["rotations"].append({"KeyId": parts["metadata"]["KeyId"], "RotationDate": ago(days=rotated_days)})

        return change

    def anyone(**condition: Any) -> Change:
        statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:Decrypt", "Resource": "*", **condition}
        return lambda parts: parts["policy"].append(statement)

    bound = {"Condition": {"StringEquals": {"kms:CallerAccount": "111122223333"}}}
    every = (ROTATED, DELETION, KEY_PUBLIC)
    return Population(
        count, key, lambda parts, _: parts["metadata"]["Arn"], {**dict.fromkeys(every, PASS), SEPARATED: FAIL},
        [
            Trait(put("rotation", KeyRotationEnabled=False), fails=(ROTATED,), slot="rotation"),
            Trait(put("rotation", RotationPeriodInDays=730), fails=(ROTATED,), slot="rotation"),
            Trait(imported(rotated_days=30), slot="rotation"),
            Trait(imported(rotated_days=500), fails=(ROTATED,), slot="rotation"),
            Trait(put("metadata", KeyState="PendingDeletion"), fails=(DELETION,), spares=(ROTATED,)),
            Trait(put("metadata", KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY"), spares=(ROTATED,)),
            Trait(anyone(), fails=(KEY_PUBLIC,)),
            Trait(anyone(**bound)),
            Trait(put("metadata", KeyManager="AWS"), spares=(*every, SEPARATED)),
        ],
    )


# ── buckets ──

S3 = "aws.s3."
BLOCKED, TRANSPORT, VERSIONED, LIFECYCLE, KEYED, LOGGED = (
    S3 + name
    for name in (
        "bucket-public-access-blocked", "secure-transport-only", "versioning-on-critical", "lifecycle-deletion",
        "default-encryption", "access-logging",
    )
)
RECORDED, COPIED = "aws.cloudtrail.s3-data-events", "aws.s3.cross-region-replication"
BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def buckets(estate: Estate, place: Place, region: str, partner: str, count: int) -> list[Parts]:
    """Buckets of one region, copied to one of the partner's, another account in another region.

    `objects` of each: what trails.py writes into a trail's selector for it (none: that its objects are not recorded).
    """
    grown = estate.grow(place, _buckets(count, region, partner))
    rows = [{"Name": b["name"], "CreationDate": ago(days=90), "BucketRegion": region} for b in grown]
    estate.say(place, "s3.list_buckets", {"Buckets": rows})
    for bucket in grown:
        name = {"Bucket": bucket["name"]}
        block = bucket["block"] and {"PublicAccessBlockConfiguration": bucket["block"]}
        estate.say_or_refuse(place, "s3.get_public_access_block", block, "NoSuchPublicAccessBlockConfiguration", **name)
        status = bucket["policy"] and {"PolicyStatus": {"IsPublic": bucket["public"]}}
        estate.say_or_refuse(place, "s3.get_bucket_policy_status", status, "NoSuchBucketPolicy", **name)
        policy = bucket["policy"] and {"Policy": document(*bucket["policy"])}
        estate.say_or_refuse(place, "s3.get_bucket_policy", policy, "NoSuchBucketPolicy", **name)
        owner = bucket["owner"] and {"OwnershipControls": {"Rules": [{"ObjectOwnership": bucket["owner"]}]}}
        estate.say_or_refuse(place, "s3.get_bucket_ownership_controls", owner, "OwnershipControlsNotFoundError", **name)
        estate.say(place, "s3.get_bucket_versioning", bucket["versioning"], **name)
        estate.say(place, "s3.get_bucket_logging", bucket["logging"], **name)
        rule = bucket["key"] and {"Rules": [{"ApplyServerSideEncryptionByDefault": bucket["key"]}]}
        encryption = rule and {"ServerSideEncryptionConfiguration": rule}
        estate.say_or_refuse(place, "s3.get_bucket_encryption", encryption, "ServerSideEncryptionConfigurationNotFoundError", **name)
        tags = {"TagSet": bucket["tags"]["Tags"]} if bucket["tags"]["Tags"] else None
        estate.say_or_refuse(place, "s3.get_bucket_tagging", tags, "NoSuchTagSet", **name)
        rules = bucket["rules"] and {"Rules": bucket["rules"]}
        estate.say_or_refuse(place, "s3.get_bucket_lifecycle_configuration", rules, "NoSuchLifecycleConfiguration", **name)
        lock = bucket["lock"] and {"ObjectLockConfiguration": bucket["lock"]}
        copying = bucket["copying"] and {"ReplicationConfiguration": {"Role": f"arn:aws:iam::{place.account}:role/copy", "Rules": [bucket["copying"]]}}
        estate.say_or_refuse(place, "s3.get_bucket_replication", copying, "ReplicationConfigurationNotFoundError", **name)
        estate.say_or_refuse(place, "s3.get_object_lock_configuration", lock, "ObjectLockConfigurationNotFoundError", **name)
    return grown


def _buckets(count: int, region: str, partner: str) -> Population:
    def make(n: int, place: Place) -> Parts:
        name = f"bucket-{place.account[0]}-{n:03}"
        arn = f"arn:aws:s3:::{name}"
        plain = {
            "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [arn, arn + "/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        ends = {
            "ID": "end", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 300},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 60}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        }
        tags = [{"Key": "criticality", "Value": "critical"}, {"Key": "retention", "Value": "1-year"}, {"Key": "confidentiality", "Value": "confidential"}]
        own = f"arn:aws:kms:{region}:{place.account}:key/k-009"
        copying = {
            "ID": "copy", "Status": "Enabled", "Priority": 1, "Filter": {"Prefix": ""}, "DeleteMarkerReplication": {"Status": "Disabled"},
            "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
            "Destination": {"Bucket": f"arn:aws:s3:::bucket-{partner[0]}-000", "Account": partner, "EncryptionConfiguration": {"ReplicaKmsKeyID": "arn:aws:kms:eu-west-1:1:key/k"}},
        }
        return {
            "copying": copying, "objects": f"{arn}/",
            "name": name, "block": dict.fromkeys(BLOCKS, True), "policy": [plain], "public": False, "owner": "BucketOwnerEnforced",
            "versioning": {"Status": "Enabled"}, "tags": {"Tags": tags}, "rules": [ends],
            "lock": None, "key": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": own},
            "logging": {"LoggingEnabled": {"TargetBucket": f"bucket-{place.account[0]}-001", "TargetPrefix": "l/"}},
        }

    def anyone(parts: Parts) -> None:
        read = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{parts['name']}/*"}
        parts.update(policy=[*parts["policy"], read], public=True)

    def unblocked(parts: Parts) -> None:
        parts.update(block=None)
        anyone(parts)

    def locked(days: int) -> Parts:
        retention = {"Mode": "COMPLIANCE", "Days": days}
        return {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}}

    def partly(parts: Parts) -> None:
        parts["policy"][0]["Resource"] = [f"arn:aws:s3:::{parts['name']}/*"]

    def unversioned(**versioning: str) -> Change:
        """Without versions nothing is replicated: S3 refuses to suspend them before the rule is gone."""
        return lambda parts: parts.update(versioning=versioning, copying=None)

    def copies(**rule: Any) -> Change:
        return lambda parts: parts["copying"].update(rule)

    return Population(
        count, make, lambda parts, _: f"arn:aws:s3:::{parts['name']}",
        dict.fromkeys((BLOCKED, TRANSPORT, VERSIONED, LIFECYCLE, KEYED, LOGGED, RECORDED, COPIED), PASS),
        [
            # Blocked by one of the two: the bucket's block, or that no access list counts and no policy is public.
            Trait(lambda parts: parts.update(block=None), slot="exposed"),
            Trait(anyone, slot="exposed"),
            Trait(unblocked, fails=(BLOCKED,), slot="exposed"),
            Trait(lambda parts: parts.update(block=None, owner="ObjectWriter"), fails=(BLOCKED,), slot="exposed"),
            Trait(lambda parts: parts.update(policy=None), fails=(TRANSPORT,), slot="exposed"),
            Trait(partly, fails=(TRANSPORT,)),
            Trait(lambda parts: parts["policy"][0].pop("Condition") and parts["policy"][0].update(Effect="Allow", Principal={"AWS": "111122223333"}),
                  fails=(TRANSPORT,), slot="exposed"),
            Trait(unversioned(), fails=(VERSIONED, COPIED), slot="versions copied kept"),
            Trait(unversioned(Status="Suspended"), fails=(VERSIONED, COPIED), slot="versions copied kept"),
            Trait(lambda parts: parts["rules"][0]["NoncurrentVersionExpiration"].update(NoncurrentDays=1), fails=(VERSIONED,), slot="rules"),
            Trait(lambda parts: parts["rules"][0]["Expiration"].update(Days=900), fails=(LIFECYCLE,), slot="rules"),
            Trait(lambda parts: parts["rules"][0].update(Status="Disabled"), fails=(LIFECYCLE,), slot="rules"),
            Trait(lambda parts: parts["rules"][0].update(Filter={"Prefix": "logs/"}), fails=(LIFECYCLE,), slot="rules"),
            Trait(lambda parts: parts.update(rules=None), fails=(LIFECYCLE,), slot="rules"),
            Trait(lambda parts: parts.update(lock=locked(365)), slot="kept"),
            Trait(lambda parts: parts.update(lock=locked(3650)), fails=(LIFECYCLE,), slot="kept"),
            Trait(lambda parts: parts.update(key={"SSEAlgorithm": "AES256"}), fails=(KEYED,), slot="key"),
            Trait(lambda parts: parts.update(key=None), fails=(KEYED,), slot="key"),
            Trait(lambda parts: parts.update(logging={}), slot="logging"),  # a trail logs as well
            Trait(lambda parts: parts.update(logging={}, objects=""), fails=(LOGGED, RECORDED), slot="logging recorded"),
            # A target that is no bucket of the account any more.
            Trait(lambda parts: parts.update(logging={"LoggingEnabled": {"TargetBucket": "gone", "TargetPrefix": ""}}, objects=""), fails=(LOGGED, RECORDED), slot="logging recorded"),
            Trait(tag("tags", "Tags", confidentiality="public"), spares=(KEYED, LOGGED)),
            Trait(tag("tags", "Tags", criticality="low"), spares=(VERSIONED, RECORDED, COPIED)),
            Trait(tag("tags", "Tags", criticality=""), hides=(VERSIONED, RECORDED, COPIED)),
            Trait(tag("tags", "Tags", retention="permanent"), spares=(LIFECYCLE,), slot="kept"),
            Trait(tag("tags", "Tags", retention=""), hides=(LIFECYCLE,), slot="kept"),
            Trait(lambda parts: parts.update(copying=None), fails=(COPIED,), slot="copied"),
            Trait(copies(Status="Disabled"), fails=(COPIED,), slot="copied"),
            Trait(copies(Filter={"Prefix": "invoices/"}), fails=(COPIED,), slot="copied"),
            # What is encrypted with KMS is copied only if the rule says so.
            Trait(lambda parts: parts["copying"].pop("SourceSelectionCriteria"), fails=(COPIED,), slot="copied key"),
            Trait(lambda parts: parts["copying"]["Destination"].update(Bucket=f"arn:aws:s3:::{parts['name']}-near", Account="999999999999"), hides=(COPIED,)),
            Trait(lambda parts: parts.update(objects=""), fails=(RECORDED,), slot="logging recorded"),
            Trait(lambda parts: parts.update(objects=f"arn:aws:s3:::{parts['name']}/in/"), fails=(RECORDED,), slot="logging recorded"),
        ],
    )


# ── what else holds data ──


def stores(estate: Estate, place: Place) -> None:
    _log_groups(estate, place)
    _file_systems(estate, place)
    _tables(estate, place)
    _queues(estate, place)
    _topics(estate, place)
    _secrets(estate, place)


def _log_groups(estate: Estate, place: Place) -> None:
    kept, locked = "aws.logs.retention-set", "aws.logs.kms-encrypted"
    # Two keys that are planted as they are: the one without a trait, and the one that is being deleted.
    arn = f"arn:aws:kms:{place.region}:{place.account}:key/k-"

    def make(n: int, place: Place) -> Parts:
        group = f"arn:aws:logs:{place.region}:{place.account}:log-group:/g/{n:03}"
        own = {"logGroupName": f"/g/{n:03}", "arn": f"{group}:*", "logGroupArn": group, "kmsKeyId": arn + "009"}
        return {"group": {**own, "retentionInDays": 400, "creationTime": 1}}

    population = Population(
        250, make, lambda parts, _: parts["group"]["arn"], {kept: PASS, locked: PASS},
        [
            Trait(put("group", retentionInDays=30), fails=(kept,), slot="kept"),
            Trait(lambda parts: parts["group"].pop("retentionInDays"), slot="kept"),  # for ever
            Trait(lambda parts: parts["group"].pop("kmsKeyId"), fails=(locked,), slot="key"),
            Trait(put("group", kmsKeyId=arn + "004"), fails=(locked,), slot="key"),
            Trait(put("group", logGroupClass="DELIVERY"), spares=(kept, locked)),
        ],
    )
    grown = estate.grow(place, population)
    estate.say(place, "logs.describe_log_groups", {"logGroups": [one["group"] for one in grown]})


def _file_systems(estate: Estate, place: Place) -> None:
    test = "aws.efs.encrypted"

    def make(n: int, place: Place) -> Parts:
        return {
            "fs": {
                "OwnerId": place.account, "CreationToken": f"t{n}", "FileSystemId": f"fs-{n:03}", "CreationTime": ago(days=9),
                "LifeCycleState": "available", "NumberOfMountTargets": 0, "SizeInBytes": {"Value": 6}, "Tags": [],
                "PerformanceMode": "generalPurpose", "Encrypted": True,
            }
        }

    plain = Trait(put("fs", Encrypted=False), fails=(test,))
    grown = estate.grow(place, Population(60, make, lambda parts, _: parts["fs"]["FileSystemId"], {test: PASS}, [plain]))
    estate.say(place, "efs.describe_file_systems", {"FileSystems": [one["fs"] for one in grown]})


def _tables(estate: Estate, place: Place) -> None:
    test, expiring = "aws.dynamodb.pitr", "aws.dynamodb.ttl-on-personal-data"

    def make(n: int, place: Place) -> Parts:
        restorable = {
            "PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": 35,
            "EarliestRestorableDateTime": ago(days=30), "LatestRestorableDateTime": ago(hours=0.1),
        }
        return {"name": f"table-{n:03}", "restorable": restorable, "expiry": {"TimeToLiveStatus": "ENABLED", "AttributeName": "ends"}}

    def off(parts: Parts) -> None:
        parts.update(restorable={"PointInTimeRecoveryStatus": "DISABLED"})

    population = Population(
        40, make, lambda parts, place: f"arn:aws:dynamodb:{place.region}:{place.account}:table/{parts['name']}", {test: PASS, expiring: PASS},
        [
            Trait(off, fails=(test,), slot="restorable"),
            Trait(put("restorable", RecoveryPeriodInDays=7), fails=(test,), slot="restorable"),
            Trait(lambda parts: parts.update(expiry={"TimeToLiveStatus": "DISABLED"}), fails=(expiring,), slot="expiry"),
            Trait(put("expiry", AttributeName="created"), fails=(expiring,), slot="expiry"),
        ],
    )
    grown = estate.grow(place, population)
    estate.say(place, "dynamodb.list_tables", {"TableNames": [one["name"] for one in grown]})
    for one in grown:
        backups = {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": one["restorable"]}
        estate.say(place, "dynamodb.describe_continuous_backups", {"ContinuousBackupsDescription": backups}, TableName=one["name"])
        estate.say(place, "dynamodb.describe_time_to_live", {"TimeToLiveDescription": one["expiry"]}, TableName=one["name"])


def tables_register(place: Place, count: int = 40) -> dict[str, Any]:
    """Every table holds personal data, and says by which attribute it goes."""
    arn = f"arn:aws:dynamodb:{place.region}:{place.account}:table/table-"
    return {f"{arn}{n:03}": {"personal_data": True, "expires_by": "ends"} for n in range(count)}


def _shareable(test: str, base: Callable[[int, Place], Parts], id: Callable[[Parts, Place], str], plain: Sequence[Trait]) -> Population:
    """Something with a policy, which may be open to everybody."""
    bound = {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-truth00000"}}}
    unbound = {"Condition": {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-truth00000"}}}
    return Population(
        50, base, id, {test: PASS},
        [
            Trait(lambda parts: parts["policy"].append(OPEN), fails=(test,)),
            Trait(lambda parts: parts["policy"].append({**OPEN, "Principal": {"AWS": "*"}, **unbound}), fails=(test,)),
            Trait(lambda parts: parts["policy"].append({**OPEN, **bound})),
            *plain,
        ],
    )


def _queues(estate: Estate, place: Place) -> None:
    test = "aws.sqs.queues-encrypted-and-private"

    def make(n: int, place: Place) -> Parts:
        url = f"https://sqs.{place.region}.amazonaws.com/{place.account}/q-{n:03}"
        return {"url": url, "attributes": {"SqsManagedSseEnabled": "true"}, "policy": []}

    key = Trait(lambda parts: parts.update(attributes={"SqsManagedSseEnabled": "false", "KmsMasterKeyId": "alias/own"}), slot="key")
    plain = Trait(put("attributes", SqsManagedSseEnabled="false"), fails=(test,), slot="key")
    grown = estate.grow(place, _shareable(test, make, lambda parts, _: parts["url"], [key, plain]))
    estate.say(place, "sqs.list_queues", {"QueueUrls": [one["url"] for one in grown]})
    for one in grown:
        policy = {"Policy": document(*one["policy"])} if one["policy"] else {}
        estate.say(place, "sqs.get_queue_attributes", {"Attributes": {**one["attributes"], **policy}}, QueueUrl=one["url"])


def _topics(estate: Estate, place: Place) -> None:
    test = "aws.sns.topics-encrypted-and-private"

    def make(n: int, place: Place) -> Parts:
        arn = f"arn:aws:sns:{place.region}:{place.account}:t-{n}"
        return {"arn": arn, "attributes": {"TopicArn": arn, "KmsMasterKeyId": "alias/own", "SubscriptionsConfirmed": "1"}, "policy": []}

    plain = Trait(lambda parts: parts["attributes"].pop("KmsMasterKeyId"), fails=(test,))
    grown = estate.grow(place, _shareable(test, make, lambda parts, _: parts["arn"], [plain]))
    estate.say(place, "sns.list_topics", {"Topics": [{"TopicArn": one["arn"]} for one in grown]})
    for one in grown:
        own = {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sns:Publish", "Resource": one["arn"]}
        said = {**one["attributes"], "Policy": document(own, *one["policy"])}
        estate.say(place, "sns.get_topic_attributes", {"Attributes": said}, TopicArn=one["arn"])


def _secrets(estate: Estate, place: Place) -> None:
    rotated, private = "aws.secretsmanager.rotation", "aws.secretsmanager.not-public"

    def make(n: int, place: Place) -> Parts:
        arn = f"arn:aws:secretsmanager:{place.region}:{place.account}:secret:s-{n:03}"
        times = {"CreatedDate": ago(days=400), "LastRotatedDate": ago(days=20), "NextRotationDate": ago(days=-10)}
        return {"secret": {"ARN": arn, "Name": f"s-{n:03}", "RotationEnabled": True, **times}, "policy": []}

    population = Population(
        60, make, lambda parts, _: parts["secret"]["ARN"], {rotated: PASS, private: PASS},
        [
            Trait(put("secret", RotationEnabled=False), fails=(rotated,)),
            Trait(put("secret", LastRotatedDate=ago(days=120)), fails=(rotated,), slot="rotated"),
            # It should have rotated, and did not.
            Trait(put("secret", NextRotationDate=ago(days=3)), fails=(rotated,), slot="rotated"),
            Trait(lambda parts: parts["secret"].pop("LastRotatedDate"), fails=(rotated,), slot="rotated"),
            Trait(put("secret", DeletedDate=ago(days=1)), spares=(rotated,)),
            Trait(lambda parts: parts["policy"].append(OPEN), fails=(private,)),
        ],
    )
    grown = estate.grow(place, population)
    estate.say(place, "secretsmanager.list_secrets", {"SecretList": [one["secret"] for one in grown]})
    for one in grown:
        arn = one["secret"]["ARN"]
        policy = {"ResourcePolicy": document(*one["policy"])} if one["policy"] else {}
        estate.say(place, "secretsmanager.get_resource_policy", {"ARN": arn, **policy}, SecretId=arn)
