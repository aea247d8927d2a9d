"""What a bucket's configuration comes to: each row looks right at a glance, or has fooled someone."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.evidence_store.model import Unknown
from annexlog.mappings.derive.s3 import (
    bucket_region,
    default_retention_days,
    denies_plain_transport,
    erasure,
    organization_denies_plain_transport,
    replicated_elsewhere,
    write_once_days,
)

ARN = "arn:aws:s3:::ledger"
BOTH = [ARN, f"{ARN}/*"]
PLAIN = {"Bool": {"aws:SecureTransport": "false"}}


def deny(**parts: Any) -> dict[str, Any]:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": BOTH, "Condition": PLAIN, **parts}
    return {name: part for name, part in statement.items() if part is not None}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


# ── transport ─────────────────────────────────────────────────────────────────────────────

REFUSED = {
    "as the guide writes it": policy(deny()),
    "on everything": policy(deny(Action="*", Resource="*")),
    "by a wildcard over bucket and keys": policy(deny(Resource=f"{ARN}*")),
    "a statement that is no list": {"Statement": deny()},
    "principals and actions in lists": policy(deny(Principal={"AWS": ["*"]}, Action=["s3:*"])),
    "every action but another service's": policy(deny(Action=None, NotAction="iam:*")),
    "IfExists, another case, a true boolean": policy(deny(Condition={"boolifexists": {"AWS:SECURETRANSPORT": False}})),
    "shared out over two statements": policy(deny(Resource=ARN), deny(Resource=f"{ARN}/*")),
    "beside statements that allow": policy({**deny(), "Effect": "Allow", "Condition": {}}, deny()),
}
LET_THROUGH = {
    "no policy": None,
    "allowed where TLS is used": policy(deny(Effect="Allow", Condition={"Bool": {"aws:SecureTransport": "true"}})),
    "the bucket alone": policy(deny(Resource=ARN)),
    "its keys alone": policy(deny(Resource=f"{ARN}/*")),
    "the bucket with a slash, which is no key": policy(deny(Resource=[ARN, f"{ARN}/"])),
    "keys of one prefix": policy(deny(Resource=[ARN, f"{ARN}/a*"])),
    "keys of one ending": policy(deny(Resource=[ARN, f"{ARN}/*.csv"])),
    "another bucket whose name begins so": policy(deny(Resource=[f"{ARN}-2", f"{ARN}-2/*"])),
    "reading alone": policy(deny(Action="s3:Get*")),
    "a list that leaves something out": policy(deny(Action=["s3:Get*", "s3:Put*", "s3:List*", "s3:Delete*"])),
    "every action but one of S3's": policy(deny(Action=None, NotAction="s3:*")),
    "TLS denied instead": policy(deny(Condition={"Bool": {"aws:SecureTransport": "true"}})),
    "a second key in the same operator": policy(
        deny(Condition={"Bool": {"aws:SecureTransport": "false", "aws:ViaAWSService": "false"}})
    ),
    "another key": policy(deny(Condition={"Bool": {"aws:ViaAWSService": "false"}})),
    "a second operator": policy(deny(Condition={**PLAIN, "StringNotEquals": {"aws:SourceVpce": "vpce-1"}})),
    "an old TLS alone": policy(deny(Condition={"NumericLessThan": {"s3:TlsVersion": "1.2"}})),
    "another operator": policy(deny(Condition={"StringEquals": {"aws:SecureTransport": "false"}})),
    "no condition: it denies all, and nobody keeps it": policy(deny(Condition=None)),
    "one role": policy(deny(Principal={"AWS": "arn:aws:iam::111111111111:role/app"})),
    "everybody of another kind": policy(deny(Principal={"Service": "*"})),
    "everybody but some": policy(deny(Principal=None, NotPrincipal={"AWS": "111111111111"})),
    "everything but some": policy(deny(Resource=None, NotResource="arn:aws:s3:::ledger/public/*")),
}


@pytest.mark.parametrize("document", REFUSED.values(), ids=REFUSED)
def test_requests_without_tls_are_refused(document: Any) -> None:
    assert denies_plain_transport(document, ARN) is True


@pytest.mark.parametrize("document", LET_THROUGH.values(), ids=LET_THROUGH)
def test_some_request_without_tls_gets_through(document: Any) -> None:
    assert denies_plain_transport(document, ARN) is False


def test_what_is_no_policy_is_no_answer() -> None:
    with pytest.raises(ValueError, match="not a policy"):
        denies_plain_transport({"Policy": "{}"}, ARN)


UNDER = {"Ancestors": ["111111111111", "ou-1", "r-1"], "PolicyTypes": ["RESOURCE_CONTROL_POLICY"]}


def control(target: str, **parts: Any) -> dict[str, Any]:
    return {"content": policy(deny(Resource="*", **parts)), "targets": [{"TargetId": "ou-9"}, {"TargetId": target}]}


CONTROLS: dict[str, tuple[list[Any], Any, bool]] = {
    "attached to the root": ([control("r-1")], UNDER, True),
    "attached to the unit": ([control("ou-1")], UNDER, True),
    "attached to the account": ([control("111111111111")], UNDER, True),
    "one of several": ([control("ou-2"), control("r-1")], UNDER, True),
    "attached to another unit": ([control("ou-2")], UNDER, False),
    "of a type that is not enabled": ([control("r-1")], {**UNDER, "PolicyTypes": ["SERVICE_CONTROL_POLICY"]}, False),
    "about another service": ([control("r-1", Action="sqs:*")], UNDER, False),
    "with a second condition": (
        [control("r-1", Condition={**PLAIN, "StringNotEquals": {"aws:SourceVpc": "v"}})],
        UNDER,
        False,
    ),
    "an account that is not of the organization": ([control("r-1")], None, False),
    "none": ([], UNDER, False),
}


@pytest.mark.parametrize(("policies", "ancestry", "expected"), CONTROLS.values(), ids=CONTROLS)
def test_a_resource_control_policy_binds_what_is_under_its_targets(
    policies: Any, ancestry: Any, expected: bool
) -> None:
    assert organization_denies_plain_transport(policies, ancestry, ARN) is expected


# ── write once ────────────────────────────────────────────────────────────────────────────


def lock(**retention: Any) -> dict[str, Any]:
    return {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}}


def no_bypass(**parts: Any) -> dict[str, Any]:
    return policy(deny(**{"Action": "s3:BypassGovernanceRetention", "Condition": None, **parts}))


WRITE_ONCE: dict[str, tuple[Any, Any, int]] = {
    "compliance, in days": (lock(Mode="COMPLIANCE", Days=400), None, 400),
    "compliance, in years": (lock(Mode="COMPLIANCE", Years=7), None, 2555),
    "compliance, with the unit that is not used as zero": (lock(Mode="COMPLIANCE", Days=0, Years=1), None, 365),
    "governance that nobody may bypass": (lock(Mode="GOVERNANCE", Days=400), no_bypass(), 400),
    "governance, everything of S3 denied for keys": (lock(Mode="GOVERNANCE", Days=9), no_bypass(Action="s3:*"), 9),
    "no lock": (None, None, 0),
    "a lock without a default": ({"ObjectLockEnabled": "Enabled"}, None, 0),
    "a default whose lock is not on": ({"Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 9}}}, None, 0),
    "governance, and no policy": (lock(Mode="GOVERNANCE", Days=400), None, 0),
    "governance that some may bypass": (
        lock(Mode="GOVERNANCE", Days=400),
        no_bypass(Condition={"StringNotEquals": {"aws:PrincipalArn": "arn:aws:iam::1:role/admin"}}),
        0,
    ),
    "governance, denied to one": (lock(Mode="GOVERNANCE", Days=9), no_bypass(Principal={"AWS": "1"}), 0),
    "governance, denied on the bucket, not its keys": (lock(Mode="GOVERNANCE", Days=9), no_bypass(Resource=ARN), 0),
    "governance, another action denied": (
        lock(Mode="GOVERNANCE", Days=9),
        no_bypass(Action="s3:DeleteObjectVersion"),
        0,
    ),
    "a mode that is not known": (lock(Mode="ADVISORY", Days=400), None, 0),
    "an event hold and no retention": (lock(DefaultEventHold={"Days": 400}), None, 0),
}


@pytest.mark.parametrize(("object_lock", "document", "days"), WRITE_ONCE.values(), ids=WRITE_ONCE)
def test_days_for_which_nobody_can_delete(object_lock: Any, document: Any, days: int) -> None:
    assert write_once_days(object_lock, document, ARN) == days


@pytest.mark.parametrize(
    ("object_lock", "days"),
    [(None, 0), ({"ObjectLockEnabled": "Enabled"}, 0), (lock(Mode="GOVERNANCE", Days=9), 9), (lock(Years=2), 730)],
)
def test_days_for_which_objects_are_kept_by_default(object_lock: Any, days: int) -> None:
    assert default_retention_days(object_lock) == days


# ── erasure ───────────────────────────────────────────────────────────────────────────────


def rule(**parts: Any) -> dict[str, Any]:
    whole = {
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Expiration": {"Days": 30},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        **parts,
    }
    return {name: part for name, part in whole.items() if part is not None}


GONE, NEVER = {"days": 30, "uploads": 7}, {"days": None, "uploads": None}
VERSIONED, SUSPENDED = {"Status": "Enabled"}, {"Status": "Suspended"}
ERASURES: dict[str, tuple[Any, Any, Any]] = {
    "one rule for all": ([rule()], {}, GONE),
    "the old way of writing it": ([rule(Filter=None, Prefix="")], {}, GONE),
    "an empty filter": ([rule(Filter={})], {}, GONE),
    "the shorter of two": ([rule(), rule(Expiration={"Days": 90})], {}, GONE),
    "versions end too": (
        [rule(NoncurrentVersionExpiration={"NoncurrentDays": 5})],
        VERSIONED,
        {"days": 35, "uploads": 7},
    ),
    "versions end by a second rule": (
        [rule(), rule(Expiration=None, NoncurrentVersionExpiration={"NoncurrentDays": 5})],
        SUSPENDED,
        {"days": 35, "uploads": 7},
    ),
    "no rules": (None, {}, NEVER),
    "a rule that is off": ([rule(Status="Disabled")], {}, NEVER),
    "one prefix": ([rule(Filter={"Prefix": "tmp/"})], {}, NEVER),
    "one prefix, the old way": ([rule(Filter=None, Prefix="tmp/")], {}, NEVER),
    "one tag": ([rule(Filter={"Tag": {"Key": "a", "Value": "b"}})], {}, NEVER),
    "large objects": ([rule(Filter={"ObjectSizeGreaterThan": 1})], {}, NEVER),
    "small objects": ([rule(Filter={"ObjectSizeLessThan": 1})], {}, NEVER),
    "several filters": ([rule(Filter={"And": {"Prefix": "", "Tags": [{"Key": "a", "Value": "b"}]}})], {}, NEVER),
    "at a date": ([rule(Expiration={"Date": "2040-01-01T00:00:00Z"})], {}, {"days": None, "uploads": 7}),
    "delete markers alone": ([rule(Expiration={"ExpiredObjectDeleteMarker": True})], {}, {"days": None, "uploads": 7}),
    "versions are kept": ([rule()], VERSIONED, {"days": None, "uploads": 7}),
    "versions of a time that is over are kept": ([rule()], SUSPENDED, {"days": None, "uploads": 7}),
    "some versions are kept by number": (
        [rule(NoncurrentVersionExpiration={"NoncurrentDays": 5, "NewerNoncurrentVersions": 2})],
        VERSIONED,
        {"days": None, "uploads": 7},
    ),
    "versions of one prefix end": (
        [rule(), rule(Filter={"Prefix": "a"}, NoncurrentVersionExpiration={"NoncurrentDays": 5})],
        VERSIONED,
        {"days": None, "uploads": 7},
    ),
    "unfinished uploads stay": ([rule(AbortIncompleteMultipartUpload=None)], {}, {"days": 30, "uploads": None}),
    "unfinished uploads of one prefix end": (
        [
            rule(AbortIncompleteMultipartUpload=None),
            rule(Filter={"Prefix": "a"}, AbortIncompleteMultipartUpload={"DaysAfterInitiation": 1}),
        ],
        {},
        {"days": 30, "uploads": None},
    ),
}


@pytest.mark.parametrize(("lifecycle", "versioning", "expected"), ERASURES.values(), ids=ERASURES)
def test_when_everything_in_a_bucket_is_gone(lifecycle: Any, versioning: Any, expected: Any) -> None:
    assert erasure(lifecycle, versioning) == expected


# ── place ─────────────────────────────────────────────────────────────────────────────────

NOT_SAID = Unknown("unresolved", code="BucketRegion")


@pytest.mark.parametrize(
    ("bucket", "location", "expected"),
    [
        ({"BucketRegion": "eu-west-1"}, None, "eu-west-1"),
        ({}, {"LocationConstraint": "eu-central-1"}, "eu-central-1"),
        ({}, {"LocationConstraint": None}, "us-east-1"),
        ({}, {}, "us-east-1"),
        ({}, {"LocationConstraint": "EU"}, "eu-west-1"),
        ({}, None, NOT_SAID),
    ],
)
def test_the_region_of_a_bucket(bucket: Any, location: Any, expected: Any) -> None:
    assert bucket_region(bucket, location) == expected


def copying(**parts: Any) -> dict[str, Any]:
    whole = {"Status": "Enabled", "Filter": {"Prefix": ""}, "Destination": {"Bucket": f"{ARN}-copy"}, **parts}
    return {"Rules": [{name: part for name, part in whole.items() if part is not None}]}


def copy(region: str | None) -> list[Any]:
    return [{"id": f"{ARN}-copy", "bucket": {"BucketRegion": region} if region else {}, "location": None}]


def by(algorithm: str) -> dict[str, Any]:
    return {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm}}]}


KMS_TOO = {"SseKmsEncryptedObjects": {"Status": "Enabled"}}
COPIES: dict[str, tuple[Any, Any, Any, Any]] = {
    "to another region": (copying(), by("AES256"), copy("eu-central-1"), True),
    "to another region, the old way": (copying(Filter=None, Prefix=""), None, copy("eu-central-1"), True),
    "KMS, which the rule selects": (
        copying(SourceSelectionCriteria=KMS_TOO),
        by("aws:kms:dsse"),
        copy("eu-central-1"),
        True,
    ),
    "no rules": (None, None, [], False),
    "to the same region": (copying(), None, copy("eu-west-1"), False),
    "a rule that is off": (copying(Status="Disabled"), None, copy("eu-central-1"), False),
    "one prefix": (copying(Filter={"Prefix": "a/"}), None, copy("eu-central-1"), False),
    "all but some": (copying(Filter={"Not": {"Prefix": "a/"}}), None, copy("eu-central-1"), False),
    "one tag": (copying(Filter={"Tag": {"Key": "a", "Value": "b"}}), None, copy("eu-central-1"), False),
    "KMS, which the rule does not select": (copying(), by("aws:kms"), copy("eu-central-1"), False),
    "KMS, which the rule turned off": (
        copying(SourceSelectionCriteria={"SseKmsEncryptedObjects": {"Status": "Disabled"}}),
        by("aws:kms"),
        copy("eu-central-1"),
        False,
    ),
    "into an account that we do not see": (copying(), None, [], Unknown("unresolved", code="Destination")),
    "to a bucket that does not say where it is": (copying(), None, copy(None), NOT_SAID),
}


@pytest.mark.parametrize(("replication", "encryption", "destinations", "expected"), COPIES.values(), ids=COPIES)
def test_whether_new_objects_are_copied_to_another_region(
    replication: Any, encryption: Any, destinations: Any, expected: Any
) -> None:
    assert replicated_elsewhere(replication, encryption, "eu-west-1", destinations) == expected


def test_one_copy_in_another_region_is_enough_whatever_else_is_not_known() -> None:
    rules = copying()["Rules"] + copying(Destination={"Bucket": "arn:aws:s3:::unseen"})["Rules"]

    assert replicated_elsewhere({"Rules": rules[::-1]}, None, "eu-west-1", copy("eu-central-1")) is True
