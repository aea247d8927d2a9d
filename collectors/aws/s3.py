"""Amazon S3 buckets, and what guards them."""

from __future__ import annotations

from functools import partial

from annexlog.collectors import Call, Detail, ResourceType

__all__ = ["bucket"]

NAMED = {"Bucket": "{bucket.Name}"}
# Both replication and Object Lock need versioning, and neither lets it be suspended (S3 User Guide, "Requirements and
# considerations for replication", "Object Lock considerations"): a bucket that never had versions has neither.
VERSIONED = "versioning.Status != ''"
# A bucket answers in its own region; elsewhere it sends one there.
InRegion = partial(Detail, region="{bucket.BucketRegion}")

bucket = ResourceType(
    "aws.s3.bucket", facet="bucket", id="arn:{partition}:s3:::{bucket.Name}", per="account", gone=("NoSuchBucket",),
    # MaxBuckets is what makes S3 name each bucket's region; and accounts of more than 10,000 buckets must page.
    listed=Call("s3:ListAllMyBuckets", "list_buckets", {"MaxBuckets": 10_000}, items="Buckets"),
    details=[
        # Only where the listing does not say it (S3 itself does).
        Detail("location", Call("s3:GetBucketLocation", "get_bucket_location", NAMED), only="bucket.BucketRegion == ''"),
        InRegion("public_access_block", Call("s3:GetBucketPublicAccessBlock", "get_public_access_block", NAMED,
               take="PublicAccessBlockConfiguration", absent=("NoSuchPublicAccessBlockConfiguration",))),
        InRegion("policy", Call("s3:GetBucketPolicy", "get_bucket_policy", NAMED,
               take="Policy", absent=("NoSuchBucketPolicy",), decode={"": "json"})),
        InRegion("policy_status", Call("s3:GetBucketPolicyStatus", "get_bucket_policy_status", NAMED,
               take="PolicyStatus", absent=("NoSuchBucketPolicy",)), only="policy.Statement != ''"),
        InRegion("ownership", Call("s3:GetBucketOwnershipControls", "get_bucket_ownership_controls", NAMED,
               take="OwnershipControls", absent=("OwnershipControlsNotFoundError",))),
        InRegion("encryption", Call("s3:GetEncryptionConfiguration", "get_bucket_encryption", NAMED,
               take="ServerSideEncryptionConfiguration", absent=("ServerSideEncryptionConfigurationNotFoundError",))),
        # A bucket that never had versions, or has no access log, answers with an empty element: {} here.
        InRegion("versioning", Call("s3:GetBucketVersioning", "get_bucket_versioning", NAMED)),
        InRegion("logging", Call("s3:GetBucketLogging", "get_bucket_logging", NAMED)),
        InRegion("tagging", Call("s3:GetBucketTagging", "get_bucket_tagging", NAMED,
               take="TagSet", absent=("NoSuchTagSet",))),
        InRegion("lifecycle", Call("s3:GetLifecycleConfiguration", "get_bucket_lifecycle_configuration", NAMED,
               take="Rules", absent=("NoSuchLifecycleConfiguration",))),
        InRegion("replication", Call("s3:GetReplicationConfiguration", "get_bucket_replication", NAMED,
               take="ReplicationConfiguration", absent=("ReplicationConfigurationNotFoundError",)), only=VERSIONED),
        InRegion("object_lock", Call("s3:GetBucketObjectLockConfiguration", "get_object_lock_configuration", NAMED,
               take="ObjectLockConfiguration", absent=("ObjectLockConfigurationNotFoundError",)), only=VERSIONED),
    ],
    tags="tagging",
    # S3 says that CreationDate may move when the policy is edited: details are then read as not yet looked at until
    # their next poll. The other way round, a bucket made anew under the old name would keep its predecessor's details.
    incarnation="bucket.CreationDate",
    sets=("tagging",),
)
