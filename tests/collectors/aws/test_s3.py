"""Buckets as S3 shows them: what is configured, what is not, and what could not be seen."""

from __future__ import annotations

import json
from typing import Any

from annexlog.collectors.aws.s3 import bucket
from annexlog.evidence_store.model import Coverage, Unknown
from tests.collectors.aws.conftest import Connect
from tests.collectors.aws.looking import look
from tests.wire import Fault, Moto, Reply, Wire

BLOCKED = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
KEPT = "arn:aws:s3:::kept"
BARE = "arn:aws:s3:::bare"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{KEPT}/*"}],
}
LIFECYCLE = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 30}}
REPLICATION = {
    "ID": "copy",
    "Status": "Enabled",
    "Priority": 1,
    "Filter": {"Prefix": ""},
    "DeleteMarkerReplication": {"Status": "Disabled"},
    "Destination": {"Bucket": BARE},
}
DETAILS = bucket.facets[1:]
LISTED = Reply(
    200,
    {"Content-Type": "application/xml"},
    b'<?xml version="1.0"?><ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Buckets><Bucket>'
    b"<Name>bare</Name><CreationDate>2026-01-01T00:00:00Z</CreationDate><BucketRegion>ap-south-2</BucketRegion>"
    b"</Bucket></Buckets><Owner><ID>1</ID></Owner></ListAllMyBucketsResult>",
)


def plant(client: Any) -> None:
    """`kept` has everything configured, in another region than the one that is asked; `bare` has nothing."""
    s3 = client("s3", region="eu-central-1")
    s3.create_bucket(
        Bucket="kept",
        CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
        ObjectLockEnabledForBucket=True,
        ObjectOwnership="BucketOwnerEnforced",
    )
    s3.put_public_access_block(Bucket="kept", PublicAccessBlockConfiguration=BLOCKED)
    s3.put_bucket_policy(Bucket="kept", Policy=json.dumps(POLICY))
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/kept"}}
    s3.put_bucket_encryption(Bucket="kept", ServerSideEncryptionConfiguration={"Rules": [rule]})
    tags = [{"Key": "team", "Value": "payroll"}, {"Key": "criticality", "Value": "critical"}]
    s3.put_bucket_tagging(Bucket="kept", Tagging={"TagSet": tags})
    s3.put_bucket_lifecycle_configuration(Bucket="kept", LifecycleConfiguration={"Rules": [LIFECYCLE]})
    lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 30}}}
    s3.put_object_lock_configuration(Bucket="kept", ObjectLockConfiguration=lock)
    client("s3", region="us-east-1").create_bucket(Bucket="bare")
    copy = {"Role": "arn:aws:iam::123456789012:role/copy", "Rules": [REPLICATION]}
    client("s3").put_bucket_versioning(Bucket="bare", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_replication(Bucket="kept", ReplicationConfiguration=copy)
    client("s3").put_bucket_versioning(Bucket="bare", VersioningConfiguration={"Status": "Suspended"})


def test_a_configured_bucket_shows_every_setting_as_json(moto: Moto, client: Any, connect: Connect) -> None:
    plant(client)

    seen = look(connect(), bucket, *DETAILS)

    created = seen.facets[KEPT].pop("")
    assert created["Name"] == "kept"
    assert seen.facets[KEPT] == {
        "location": {"LocationConstraint": "eu-central-1"},
        "public_access_block": BLOCKED,
        "policy_status": {"IsPublic": True},
        "policy": POLICY,
        "ownership": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "encryption": {
            "Rules": [
                {
                    "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/kept"},
                    "BucketKeyEnabled": False,
                }
            ]
        },
        "versioning": {"Status": "Enabled"},
        "logging": {},
        "tagging": [{"Key": "criticality", "Value": "critical"}, {"Key": "team", "Value": "payroll"}],
        "lifecycle": [LIFECYCLE],
        "replication": {"Role": "arn:aws:iam::123456789012:role/copy", "Rules": [REPLICATION]},
        "object_lock": {
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 30, "Years": 0}},
        },
    }


def test_what_is_not_configured_is_null_and_not_an_error(moto: Moto, client: Any, connect: Connect) -> None:
    client("s3").create_bucket(Bucket="bare")

    seen = look(connect(), bucket, *DETAILS)

    assert seen.facets[BARE] | {"": None} == {
        "": None,
        "location": {"LocationConstraint": None},
        "public_access_block": None,
        "policy_status": None,
        "policy": None,
        "ownership": None,
        "encryption": None,
        "versioning": {},
        "logging": {},
        "tagging": None,
        "lifecycle": None,
        "replication": None,
        "object_lock": None,
    }
    assert set(seen.status.values()) == {Coverage.COMPLETE}


def test_a_refused_read_is_unknown_and_names_the_permission_that_is_missing(
    wire: Wire, client: Any, connect: Connect
) -> None:
    client("s3").create_bucket(Bucket="bare")
    wire.inject(Fault("refused", "s3.get_bucket_encryption"))

    seen = look(connect(), bucket, "encryption", "versioning")

    denied = Unknown("denied", "get_bucket_encryption", "s3:GetEncryptionConfiguration", "AccessDenied")
    assert seen.of("encryption") == {BARE: denied}
    assert seen.of("versioning") == {BARE: {}}
    assert (seen.status["encryption"], seen.refusals["encryption"]) == (Coverage.DENIED, denied)
    assert (seen.status["versioning"], seen.refusals["versioning"]) == (Coverage.COMPLETE, None)


def test_a_bucket_that_vanishes_between_listing_and_detail_is_no_failure(
    wire: Wire, client: Any, connect: Connect
) -> None:
    client("s3").create_bucket(Bucket="bare")
    wire.inject(Fault("refused", "s3.get_bucket_policy", code="NoSuchBucket"))

    seen = look(connect(), bucket, "policy")

    assert seen.of("policy") == {BARE: Unknown("vanished", "get_bucket_policy", "s3:GetBucketPolicy", "NoSuchBucket")}
    assert seen.status["policy"] is Coverage.COMPLETE


def test_details_are_asked_for_in_the_region_that_the_listing_names(wire: Wire, client: Any, connect: Connect) -> None:
    client("s3").create_bucket(Bucket="bare")
    wire.inject(Fault("reply", "s3.list_buckets", reply=LISTED))
    wire.inject(Fault("refused", "s3.get_bucket_versioning", containing="/ap-south-2/s3/"))

    seen = look(connect(), bucket, "versioning", "location")

    assert seen.facets[BARE]["versioning"] == Unknown(
        "denied", "get_bucket_versioning", "s3:GetBucketVersioning", "AccessDenied"
    )
    assert seen.facets[BARE]["location"] is None
    assert "s3.get_bucket_location" not in wire.operations()
