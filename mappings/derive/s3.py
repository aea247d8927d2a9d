"""What an S3 bucket's policy, lifecycle, lock and replication come to for everything that is in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.policy import ANYONE, acts_on, listed, matches, statements

__all__ = [
    "bucket_region",
    "default_retention_days",
    "denies_plain_transport",
    "erasure",
    "organization_denies_plain_transport",
    "replicated_elsewhere",
    "write_once_days",
]

DAYS_OF_A_YEAR = 365


# ── policies ──────────────────────────────────────────────────────────────────────────────


@derived
def denies_plain_transport(policy: JSON, arn: str) -> bool:
    """Whether a bucket's policy refuses every request that comes without TLS.

    It must deny to everybody, every action of S3, on the bucket and on every key in it, if `aws:SecureTransport` is
    false, and on no further condition. Several statements may share the bucket and its keys between them. NotPrincipal
    and NotResource spare somebody or something, so they do not count. No policy (null) denies nothing.
    Source: IAM user guide, aws:SecureTransport; Amazon S3 user guide, enforcing encryption in transit.
    """
    plain = [s for s in _denials(policy, "s3:annexlogProbe") if _is_plain(s.get("Condition"))]
    return any(_reaches(s, arn) for s in plain) and any(_reaches_keys(s, arn) for s in plain)


@derived
def organization_denies_plain_transport(policies: Sequence[JSON], ancestry: JSON, arn: str) -> bool:
    """The same, by a resource control policy that binds the bucket's account.

    `policies`: the organization's, with `content` and `targets`; `ancestry`: {Ancestors, PolicyTypes} of the account,
    null where it is not of the organization. Such policies never bind the management account: that is not asked here.
    Source: AWS Organizations user guide, resource control policies.
    """
    if ancestry is None or "RESOURCE_CONTROL_POLICY" not in ancestry["PolicyTypes"]:
        return False
    above = ancestry["Ancestors"]
    binding = [p for p in policies if any(target["TargetId"] in above for target in p["targets"])]
    return any(denies_plain_transport(policy["content"], arn) for policy in binding)


@derived
def write_once_days(object_lock: JSON, policy: JSON, arn: str) -> int:
    """For how many days nobody can delete or overwrite a new object, by the bucket's default retention; 0: not at all.

    GOVERNANCE can be bypassed by who may, so it counts only where the policy denies s3:BypassGovernanceRetention to
    everybody, unconditionally, on every key. Source: API DefaultRetention; Amazon S3 user guide, Object Lock.
    """
    if object_lock is None or object_lock.get("ObjectLockEnabled") != "Enabled":
        return 0
    retention = object_lock.get("Rule", {}).get("DefaultRetention", {})
    if retention.get("Mode") == "GOVERNANCE":
        denials = _denials(policy, "s3:BypassGovernanceRetention")
        if not any(_reaches_keys(s, arn) and not s.get("Condition") for s in denials):
            return 0
    elif retention.get("Mode") != "COMPLIANCE":
        return 0
    return _days(retention)


def _denials(policy: JSON, action: str) -> Iterator[Mapping[str, Any]]:
    """The Deny statements about an action that are for everybody and say which resources they are for.

    An action that does not exist is only denied by who denies them all.
    """
    for statement in statements(policy, "Deny"):
        principal = statement.get("Principal", {})
        everybody = ANYONE in listed(principal.get("AWS") if isinstance(principal, Mapping) else principal)
        if everybody and "Resource" in statement and acts_on(statement, action):
            yield statement


def _is_plain(condition: JSON) -> bool:
    """Whether a condition is "not by TLS" and nothing else: every further key or operator would have to hold too."""
    if not isinstance(condition, Mapping) or len(condition) != 1:
        return False
    [(operator, pairs)] = condition.items()
    if operator.lower() not in ("bool", "boolifexists") or len(pairs) != 1:
        return False
    [(key, values)] = pairs.items()
    return key.lower() == "aws:securetransport" and "false" in [str(value).lower() for value in listed(values)]


def _reaches(statement: Mapping[str, Any], arn: str) -> bool:
    return any(matches(pattern, arn) for pattern in listed(statement["Resource"]))


def _reaches_keys(statement: Mapping[str, Any], arn: str) -> bool:
    """Whether one pattern meets every key: it ends in `*` and meets what all keys begin with, so it meets them all."""
    return any(pattern.endswith("*") and matches(pattern, f"{arn}/") for pattern in listed(statement["Resource"]))


# ── lifecycle ─────────────────────────────────────────────────────────────────────────────


@derived
def erasure(lifecycle: JSON, versioning: JSON) -> dict[str, JSON]:
    """After how many days every object of a bucket, and every unfinished upload, is gone for good: {days, uploads}.

    Null: never, or not every one. Only enabled rules without a filter count. An Expiration by date or of delete
    markers alone ends nothing for objects to come. Where versions are kept, or were, an expired object lives on as
    a version: a rule must end those too, all of them (NewerNoncurrentVersions keeps some for ever).
    Source: API GetBucketLifecycleConfiguration; Amazon S3 user guide, lifecycle and versioning.
    """
    rules = [rule for rule in lifecycle or [] if rule["Status"] == "Enabled" and _unfiltered(rule)]
    current = [rule["Expiration"]["Days"] for rule in rules if "Days" in rule.get("Expiration", {})]
    ended = [rule.get("NoncurrentVersionExpiration", {}) for rule in rules]
    old = [e["NoncurrentDays"] for e in ended if "NoncurrentDays" in e and not e.get("NewerNoncurrentVersions")]
    aborted = [rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation") for rule in rules]
    uploads = min((days for days in aborted if days is not None), default=None)
    versioned = bool(versioning.get("Status"))
    if not current or (versioned and not old):
        return {"days": None, "uploads": uploads}
    return {"days": min(current) + (min(old) if versioned else 0), "uploads": uploads}


def _unfiltered(rule: Mapping[str, Any]) -> bool:
    """Whether a lifecycle or replication rule is for every key: no prefix, tag, size or negation narrows it."""
    narrowing = rule.get("Filter") or {}
    return set(narrowing) <= {"Prefix"} and not narrowing.get("Prefix") and not rule.get("Prefix")


def _days(retention: Mapping[str, Any]) -> int:
    return int(retention.get("Days", 0)) or int(retention.get("Years", 0)) * DAYS_OF_A_YEAR


@derived
def default_retention_days(object_lock: JSON) -> int:
    """For how many days Object Lock keeps a new object unless told otherwise, in either mode; 0: not at all."""
    return _days((object_lock or {}).get("Rule", {}).get("DefaultRetention", {}))


# ── place ─────────────────────────────────────────────────────────────────────────────────


@derived
def bucket_region(bucket: JSON, location: JSON) -> str | Unknown:
    """The region a bucket is in, by its listing, else by GetBucketLocation, which says nothing for us-east-1.

    Source: API Bucket.BucketRegion, GetBucketLocation.
    """
    if bucket.get("BucketRegion"):
        return str(bucket["BucketRegion"])
    if location is None:
        return Unknown("unresolved", code="BucketRegion")
    named = location.get("LocationConstraint") or "us-east-1"
    return "eu-west-1" if named == "EU" else str(named)


@derived
def replicated_elsewhere(
    replication: JSON, encryption: JSON, region: str, destinations: Sequence[JSON]
) -> bool | Unknown:
    """Whether every new object of a bucket is copied to a bucket in another region.

    Only an enabled rule without a filter does that; where objects are encrypted with KMS by default, it must select
    them too. `destinations`: the buckets that the rules name, as joined, with `bucket` and `location`; one that is not
    among them is in an account we do not see, so that its region is not known.
    Source: API GetBucketReplication; Amazon S3 user guide, replicating encrypted objects.
    """
    rules = (replication or {}).get("Rules", [])
    whole = [rule for rule in rules if rule["Status"] == "Enabled" and _unfiltered(rule)]
    if _by_kms(encryption):
        whole = [rule for rule in whole if _selects_kms(rule)]
    regions = {found["id"]: bucket_region(found["bucket"], found["location"]) for found in destinations}
    places = [regions.get(rule["Destination"]["Bucket"], Unknown("unresolved", code="Destination")) for rule in whole]
    if any(isinstance(place, str) and place != region for place in places):
        return True
    return next((place for place in places if isinstance(place, Unknown)), False)


def _by_kms(encryption: JSON) -> bool:
    defaults = [r.get("ApplyServerSideEncryptionByDefault", {}) for r in (encryption or {}).get("Rules", [])]
    return any(default.get("SSEAlgorithm", "").startswith("aws:kms") for default in defaults)


def _selects_kms(rule: Mapping[str, Any]) -> bool:
    selected = rule.get("SourceSelectionCriteria", {}).get("SseKmsEncryptedObjects", {})
    return bool(selected.get("Status") == "Enabled")
