"""Amazon Macie: whether it is on, the buckets that it watches, and the sensitive data that it found."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType

__all__ = ["bucket", "finding", "region", "suppression"]

# Macie says that it is off with the code of a missing permission; only the message tells the two apart.
OFF = ("AccessDeniedException:Macie is not enabled",)
# An administrator is shown its members' too: each account is asked for its own.
OWN = {"accountId": {"eq": ["{account}"]}}

region = ResourceType(
    "aws.macie.region", facet="macie_region", id="{region}", listed=None, per="region",
    details=[Detail("session", Call("macie2:GetMacieSession", "get_macie_session", absent=OFF))],
)

bucket = ResourceType(
    "aws.macie.bucket", facet="macie_bucket", id="{macie_bucket.bucketArn}",
    listed=Call("macie2:DescribeBuckets", "describe_buckets", {"criteria": OWN}, items="buckets", absent=OFF),
    # Counts and times that move by themselves; S3's own answers say the rest better.
    ignore=("macie_bucket.lastUpdated", "macie_bucket.lastAutomatedDiscoveryTime", "macie_bucket.classifiableObjectCount",
            "macie_bucket.classifiableSizeInBytes", "macie_bucket.objectCount", "macie_bucket.objectCountByEncryptionType",
            "macie_bucket.sizeInBytes", "macie_bucket.sizeInBytesCompressed", "macie_bucket.unclassifiableObjectCount",
            "macie_bucket.unclassifiableObjectSizeInBytes", "macie_bucket.sensitivityScore", "macie_bucket.jobDetails.lastJobId",
            "macie_bucket.jobDetails.lastJobRunTime"),
    sets=("macie_bucket.tags",),
)

finding = ResourceType(
    "aws.macie.finding", facet="finding_id", id="{finding_id}",
    listed=Call("macie2:ListFindings", "list_findings",
                {"findingCriteria": {"criterion": {"category": {"eq": ["CLASSIFICATION"]}, **OWN}}}, items="findingIds", absent=OFF),
    details=[
        Detail("finding", Call("macie2:GetFindings", "get_findings", items="findings"),
               key="id", match="{finding_id}", batch=("findingIds", 50)),
    ],
    # Where in the object it was found, and the object's own name and tags: more than is needed to know that it was.
    ignore=("finding.classificationDetails.result", "finding.resourcesAffected.s3Object", "finding.description"),
)

suppression = ResourceType(
    "aws.macie.findings_filter", facet="suppression", id="{suppression.arn}",
    listed=Call("macie2:ListFindingsFilters", "list_findings_filters", items="findingsFilterListItems", absent=OFF),
)
