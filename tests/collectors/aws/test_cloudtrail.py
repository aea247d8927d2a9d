"""Trails where they live, and as the accounts that they record see them."""

from __future__ import annotations

import json
from typing import Any

from annexlog.collectors import Scope
from annexlog.collectors.aws.cloudtrail import trail, visible_trail
from annexlog.evidence_store.model import Coverage, Unknown
from tests.collectors.aws.conftest import Connect
from tests.collectors.aws.looking import REGION, look
from tests.wire import Fault, Moto, Reply, Wire
from tests.wire.moto import ACCOUNT

ALL = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/all"
OF_THE_ORGANIZATION = f"arn:aws:cloudtrail:{REGION}:999988887777:trail/org"
ELSEWHERE = Scope(f"aws/{ACCOUNT}/us-east-1", "region", {"partition": "aws", "account": ACCOUNT, "region": "us-east-1"})
SELECTORS = [
    {
        "ReadWriteType": "All",
        "IncludeManagementEvents": True,
        "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}],
        "ExcludeManagementEventSources": [],
    }
]
MOVING = {
    "LatestNotificationTime", "LatestDeliveryAttemptTime", "LatestDeliveryAttemptSucceeded", "TimeLoggingStarted",
    "LatestNotificationAttemptTime", "LatestNotificationAttemptSucceeded", "TimeLoggingStopped",
}  # fmt: skip


def plant(client: Any) -> None:
    client("s3").create_bucket(Bucket="logs")
    cloudtrail = client("cloudtrail", region=REGION)
    cloudtrail.create_trail(Name="all", S3BucketName="logs", IsMultiRegionTrail=True, EnableLogFileValidation=True)
    cloudtrail.start_logging(Name="all")
    cloudtrail.put_event_selectors(TrailName="all", EventSelectors=SELECTORS)


def test_a_trail_shows_its_settings_its_status_and_what_it_selects(moto: Moto, client: Any, connect: Connect) -> None:
    plant(client)

    seen = look(connect(), trail, "status", "selectors", "insights")

    status = seen.facets[ALL].pop("status")
    assert status["IsLogging"] is True
    assert set(status) & MOVING == set()
    assert seen.facets == {
        ALL: {
            "": {
                "Name": "all",
                "S3BucketName": "logs",
                "IncludeGlobalServiceEvents": True,
                "IsMultiRegionTrail": True,
                "HomeRegion": REGION,
                "TrailARN": ALL,
                "LogFileValidationEnabled": True,
                "HasCustomEventSelectors": False,
                "HasInsightSelectors": False,
                "IsOrganizationTrail": False,
            },
            "selectors": {"TrailARN": ALL, "EventSelectors": SELECTORS, "AdvancedEventSelectors": []},
            "insights": None,
        }
    }


def test_a_multi_region_trail_belongs_to_its_home_region_alone(moto: Moto, client: Any, connect: Connect) -> None:
    plant(client)

    owned = look(connect(), trail, scope=ELSEWHERE)
    visible = look(connect(), visible_trail, scope=ELSEWHERE)

    assert (owned.facets, owned.status[""]) == ({}, Coverage.COMPLETE)
    assert (visible.facets, visible.elsewhere) == ({}, 1)


def test_a_member_sees_its_organizations_trail_beside_its_own_and_asks_for_both_by_arn(
    wire: Wire, client: Any, connect: Connect
) -> None:
    plant(client)
    shadow = {"TrailARN": OF_THE_ORGANIZATION, "HomeRegion": REGION, "IsOrganizationTrail": True, "Name": "org"}
    own = {"TrailARN": ALL, "HomeRegion": REGION, "IsOrganizationTrail": False, "Name": "all"}
    wire.inject(Fault("reply", "cloudtrail.describe_trails", reply=answer(trailList=[own, shadow])))
    wire.inject(Fault("reply", "cloudtrail.get_trail_status", containing="999988887777", reply=answer(IsLogging=False)))

    seen = look(connect(), visible_trail, "status")

    assert seen.of("") == {ALL: own, OF_THE_ORGANIZATION: shadow}
    assert seen.facets[ALL]["status"]["IsLogging"] is True
    assert seen.facets[OF_THE_ORGANIZATION]["status"] == {"IsLogging": False}


def test_what_another_account_owns_is_no_trail_of_a_member(wire: Wire, client: Any, connect: Connect) -> None:
    plant(client)
    shadow = {"TrailARN": OF_THE_ORGANIZATION, "HomeRegion": REGION, "IsOrganizationTrail": True, "Name": "org"}
    with_shadows = 'includeShadowTrails": true'
    wire.inject(Fault("reply", "cloudtrail.describe_trails", containing=with_shadows, reply=answer(trailList=[shadow])))

    seen = look(connect(), trail)

    assert set(seen.facets) == {ALL}


def test_insights_that_are_off_are_null(wire: Wire, client: Any, connect: Connect) -> None:
    plant(client)
    wire.inject(Fault("refused", "cloudtrail.get_insight_selectors", code="InsightNotEnabledException"))

    seen = look(connect(), trail, "insights")

    assert seen.of("insights") == {ALL: None}
    assert seen.status["insights"] is Coverage.COMPLETE


def test_selectors_that_may_not_be_read_are_unknown(wire: Wire, client: Any, connect: Connect) -> None:
    plant(client)
    wire.inject(Fault("refused", "cloudtrail.get_event_selectors"))

    seen = look(connect(), trail, "selectors")

    denied = Unknown("denied", "get_event_selectors", "cloudtrail:GetEventSelectors", "AccessDeniedException")
    assert seen.of("selectors") == {ALL: denied}
    assert (seen.status["selectors"], seen.refusals["selectors"]) == (Coverage.DENIED, denied)


def answer(**body: Any) -> Reply:
    return Reply(200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(body).encode())
