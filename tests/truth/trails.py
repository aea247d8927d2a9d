"""Trails, as an organization keeps them: written into a bucket and by a key of a log archive, an account of its own."""

# ruff: noqa: E501 — one trait a line
# fmt: off

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.truth.data import put
from tests.truth.planting import FAIL, PASS, Estate, Parts, Place, Population, Trait, ago
from tests.truth.told import GROUP

VALIDATED, ENCRYPTED, PRIVATE, LOCKED = (
    f"aws.cloudtrail.{name}" for name in ("log-file-validation", "kms-encrypted", "bucket-not-public", "logs-object-lock")
)
RECORDED, DELIVERED, INSIGHTS = (
    f"aws.cloudtrail.{name}" for name in ("multi-region-enabled", "delivery-healthy", "insights-enabled")
)
OUTSIDE = "999999999999"


def plant(estate: Estate, owner: Place, member: Place, archive: list[Parts], owned: list[Parts]) -> None:
    """Trails of the organization in `owner`; their buckets and keys are the member's, among those that data.py plants.

    They are of one region, so they record the objects of the owner's buckets there (`owned`), and not the member's.
    """
    locked = next(bucket["name"] for bucket in archive if bucket["lock"])
    open_ = next(bucket["name"] for bucket in archive if bucket["block"] is None and bucket["public"])
    trails = estate.grow(owner, _trails(20, member, locked, open_))
    for kind in (True, False):
        estate.say(owner, "cloudtrail.describe_trails", {"trailList": [t["trail"] for t in trails]}, includeShadowTrails=kind)
    objects = [{"Type": "AWS::S3::Object", "Values": [bucket["objects"] for bucket in (*owned, *archive) if bucket["objects"]]}]
    basic = [{"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": objects}]
    for one in trails:
        arn = one["trail"]["TrailARN"]
        estate.say(owner, "cloudtrail.get_trail_status", one["status"], Name=arn)
        estate.say(owner, "cloudtrail.get_event_selectors", {"TrailARN": arn, "EventSelectors": basic if one is trails[0] else []}, TrailName=arn)
        estate.refuse(owner, "cloudtrail.get_insight_selectors", "InsightNotEnabledException", 400, TrailName=arn)
    _own(estate, member, trails[-1], locked, [bucket["objects"] for bucket in archive if bucket["objects"]])
    per_account = (RECORDED, DELIVERED, INSIGHTS)
    estate.expect(Place(owner.account), owner.account, dict.fromkeys(per_account, FAIL))
    estate.expect(Place(member.account), member.account, dict.fromkeys(per_account, PASS))


def _trail(n: int, place: Place, **more: Any) -> Parts:
    arn = f"arn:aws:cloudtrail:{place.region}:{place.account}:trail/trail-{n:02}"
    trail = {
        "Name": f"trail-{n:02}", "TrailARN": arn, "HomeRegion": place.region, "IsMultiRegionTrail": False, "IsOrganizationTrail": True,
        "IncludeGlobalServiceEvents": True, "LogFileValidationEnabled": True, **more,
    }
    status = {"IsLogging": True, "LatestDeliveryTime": ago(hours=0.2), "LatestDigestDeliveryTime": ago(hours=0.5)}
    return {"trail": trail, "status": status}


def _trails(count: int, member: Place, locked: str, open_: str) -> Population:
    keys = f"arn:aws:kms:{member.region}:{member.account}:key/k-"

    def change(part: str, **values: Any) -> Callable[[Parts], object]:
        return put(part, **values)

    return Population(
        count, lambda n, place: _trail(n, place, S3BucketName=locked, KmsKeyId=keys + "009"), lambda parts, _: parts["trail"]["TrailARN"],
        dict.fromkeys((VALIDATED, ENCRYPTED, PRIVATE, LOCKED), PASS),
        [
            Trait(change("trail", LogFileValidationEnabled=False), fails=(VALIDATED,)),
            Trait(change("status", LatestDigestDeliveryTime=ago(hours=30)), fails=(VALIDATED,), slot="digest"),
            Trait(change("status", LatestDigestDeliveryError="AccessDenied"), fails=(VALIDATED,), slot="digest"),
            Trait(lambda parts: parts["trail"].pop("KmsKeyId"), fails=(ENCRYPTED,), slot="key"),
            Trait(change("trail", KmsKeyId=keys + "004"), fails=(ENCRYPTED,), slot="key"),  # about to be deleted
            Trait(change("trail", S3BucketName=open_), fails=(PRIVATE, LOCKED), slot="bucket"),
            # A bucket and a key of an account that is not looked at: nobody knows.
            Trait(change("trail", S3BucketName="elsewhere"), hides=(PRIVATE, LOCKED), slot="bucket"),
            Trait(change("trail", KmsKeyId=f"arn:aws:kms:{member.region}:{OUTSIDE}:key/k-1"), hides=(ENCRYPTED,), slot="key"),
        ],
    )


def _own(estate: Estate, member: Place, central: Parts, bucket: str, objects: list[str]) -> None:
    """The member has a whole trail of its own, and sees the organization's beside it, which is judged at its owner alone."""
    group = f"arn:aws:logs:{member.region}:{member.account}:log-group:{GROUP}:*"
    mine = _trail(99, member, S3BucketName=bucket, IsMultiRegionTrail=True, IsOrganizationTrail=False, CloudWatchLogsLogGroupArn=group, KmsKeyId=f"arn:aws:kms:{member.region}:{member.account}:key/k-009")
    arn = mine["trail"]["TrailARN"]
    estate.expect(member, arn, dict.fromkeys((VALIDATED, ENCRYPTED, PRIVATE, LOCKED), PASS))
    estate.say(member, "cloudtrail.describe_trails", {"trailList": [mine["trail"], central["trail"]]})
    for trail in (mine, central):
        estate.say(member, "cloudtrail.get_trail_status", mine["status"], Name=trail["trail"]["TrailARN"])
    advanced = {"Name": "management", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}
    data = [{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}, {"Field": "resources.ARN", "StartsWith": objects}]
    selectors = {"TrailARN": arn, "AdvancedEventSelectors": [advanced, {"Name": "objects", "FieldSelectors": data}]}
    estate.say(member, "cloudtrail.get_event_selectors", selectors, TrailName=arn)
    kinds = [{"InsightType": kind} for kind in ("ApiCallRateInsight", "ApiErrorRateInsight")]
    estate.say(member, "cloudtrail.get_insight_selectors", {"TrailARN": arn, "InsightSelectors": kinds}, TrailName=arn)
