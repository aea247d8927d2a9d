"""What trails record: each row is a trail that records all of it, or looks as if."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.evidence_store.model import Unknown
from annexlog.mappings.derive.cloudtrail import (
    insights_by_organization,
    insights_by_own,
    management_by_organization,
    management_by_own,
    objects_by_organization,
    objects_by_own,
)

BUCKET = "arn:aws:s3:::ledger"
ORG = "arn:aws:cloudtrail:eu-west-1:999988887777:trail/org"
NOT_SEEN = Unknown("unresolved", code="TrailARN")


def trail(selectors: Any = None, *, logging: Any = True, insights: Any = None, **parts: Any) -> dict[str, Any]:
    described = {
        "IsMultiRegionTrail": True,
        "IncludeGlobalServiceEvents": True,
        "HasCustomEventSelectors": True,
        "IsOrganizationTrail": False,
        "HomeRegion": "eu-west-1",
        **parts,
    }
    return {
        "id": ORG,
        "trail": described,
        "status": {"IsLogging": logging},
        "selectors": selectors or {},
        "insights": insights,
    }


def basic(*selectors: dict[str, Any]) -> dict[str, Any]:
    usual = {"ReadWriteType": "All", "IncludeManagementEvents": True}
    return {"EventSelectors": [{**usual, **selector} for selector in selectors or ({},)]}


def advanced(*selectors: list[dict[str, Any]]) -> dict[str, Any]:
    return {"AdvancedEventSelectors": [{"FieldSelectors": fields} for fields in selectors]}


def where(field: str, **operators: Any) -> dict[str, Any]:
    return {"Field": field, **operators}


MANAGEMENT = where("eventCategory", Equals=["Management"])
NO_KMS = where("eventSource", NotEquals=["kms.amazonaws.com"])
READS, WRITES = where("readOnly", Equals=["true"]), where("readOnly", Equals=["false"])

# ── management events ─────────────────────────────────────────────────────────────────────

RECORDED = {
    "everything": trail(basic()),
    "an empty list of exclusions": trail(basic({"ExcludeManagementEventSources": []})),
    "no selectors of its own": trail(HasCustomEventSelectors=False),
    "no selectors of its own, as empty lists": trail(
        {"EventSelectors": [], "AdvancedEventSelectors": []}, HasCustomEventSelectors=False
    ),
    "everything, advanced": trail(advanced([MANAGEMENT])),
    "reads and writes by a selector each": trail(basic({"ReadWriteType": "ReadOnly"}, {"ReadWriteType": "WriteOnly"})),
    "reads and writes by an advanced selector each": trail(advanced([MANAGEMENT, READS], [MANAGEMENT, WRITES])),
    "both values of readOnly in one": trail(advanced([MANAGEMENT, where("readOnly", Equals=["true", "false"])])),
    "one good selector among others": trail(basic({"IncludeManagementEvents": False}, {})),
    "an operator that was left empty": trail(advanced([{**MANAGEMENT, "NotEquals": []}])),
}
NOT_RECORDED = {
    "stopped": trail(basic(), logging=False),
    "stopped, and nothing said": trail(basic(), logging=None),
    "one region": trail(basic(), IsMultiRegionTrail=False),
    "without global services": trail(basic(), IncludeGlobalServiceEvents=False),
    "reads alone": trail(basic({"ReadWriteType": "ReadOnly"})),
    "writes alone": trail(basic({"ReadWriteType": "WriteOnly"})),
    "data events alone": trail(basic({"IncludeManagementEvents": False})),
    "without KMS": trail(basic({"ExcludeManagementEventSources": ["kms.amazonaws.com"]})),
    "selectors of its own, and none shown": trail(HasCustomEventSelectors=True),
    "writes alone, advanced": trail(advanced([MANAGEMENT, WRITES])),
    "without KMS, advanced": trail(advanced([MANAGEMENT, NO_KMS])),
    "reads of all, and writes without KMS": trail(advanced([MANAGEMENT, READS], [MANAGEMENT, WRITES, NO_KMS])),
    "one source": trail(advanced([MANAGEMENT, where("eventSource", Equals=["iam.amazonaws.com"])])),
    "one event": trail(advanced([MANAGEMENT, where("eventName", Equals=["ConsoleLogin"])])),
    "all but one user": trail(advanced([MANAGEMENT, where("userIdentity.arn", NotStartsWith=["arn:aws:iam::1"])])),
    "data events, advanced": trail(advanced([where("eventCategory", Equals=["Data"])])),
    "a category that is not said": trail(advanced([READS], [WRITES])),
}


@pytest.mark.parametrize("one", RECORDED.values(), ids=RECORDED)
def test_all_management_events_are_recorded(one: Any) -> None:
    assert management_by_own([one], []) is True


@pytest.mark.parametrize("one", NOT_RECORDED.values(), ids=NOT_RECORDED)
def test_some_management_event_is_not_recorded(one: Any) -> None:
    assert management_by_own([one], []) is False


def test_two_trails_that_each_record_a_half_are_not_one_that_records_all() -> None:
    halves = [trail(basic({"ReadWriteType": kind})) for kind in ("ReadOnly", "WriteOnly")]

    assert management_by_own(halves, []) is False


def test_no_trail_records_nothing() -> None:
    assert management_by_own([], []) is False


@pytest.mark.parametrize(
    "selectors",
    [basic({"ExcludeManagementEventSources": ["kms.amazonaws.com"]}), advanced([MANAGEMENT, NO_KMS])],
)
def test_event_sources_may_be_left_out_where_that_was_agreed(selectors: Any) -> None:
    one = trail(selectors)

    assert management_by_own([one], ["kms.amazonaws.com", "rdsdata.amazonaws.com"]) is True
    assert management_by_own([one], ["rdsdata.amazonaws.com"]) is False


def test_a_trail_that_does_not_say_what_it_is_gives_no_answer() -> None:
    with pytest.raises(KeyError):
        management_by_own([{"id": ORG, "trail": {}, "status": {"IsLogging": True}, "selectors": {}}], [])


# ── by the organization ───────────────────────────────────────────────────────────────────


def visible(*, logging: Any = True, organization: Any = True) -> dict[str, Any]:
    return {"id": ORG, "visible_trail": {"IsOrganizationTrail": organization}, "status": {"IsLogging": logging}}


ORGANIZATION: dict[str, tuple[list[Any], list[Any], Any]] = {
    "its trail records all": ([visible()], [trail(basic())], True),
    "its trail does not": ([visible()], [trail(basic({"ReadWriteType": "WriteOnly"}))], False),
    "its trail does not log this account": ([visible(logging=False)], [trail(basic())], False),
    "its trail is not seen from this account": ([], [trail(basic())], False),
    "the trail that is seen is not the organization's": ([visible(organization=False)], [trail(basic())], False),
    "its trail lives in an account that we do not see": ([visible()], [], NOT_SEEN),
    "a stopped one lives in an account that we do not see": ([visible(logging=False)], [], False),
    "one is good, whatever the unseen one is": ([{**visible(), "id": "unseen"}, visible()], [trail(basic())], True),
    "one is bad, and the unseen one may be good": (
        [{**visible(), "id": "unseen"}, visible()],
        [trail(basic({"ReadWriteType": "ReadOnly"}))],
        NOT_SEEN,
    ),
}


@pytest.mark.parametrize(("seen", "central", "expected"), ORGANIZATION.values(), ids=ORGANIZATION)
def test_management_events_by_a_trail_of_the_organization(seen: Any, central: Any, expected: Any) -> None:
    assert management_by_organization(seen, central, []) == expected


# ── objects ───────────────────────────────────────────────────────────────────────────────


def of_objects(*values: str, **parts: Any) -> dict[str, Any]:
    return {"DataResources": [{"Type": "AWS::S3::Object", "Values": list(values)}], **parts}


DATA = where("eventCategory", Equals=["Data"])
OBJECTS = where("resources.type", Equals=["AWS::S3::Object"])


def named(**operators: Any) -> dict[str, Any]:
    return where("resources.ARN", **operators)


OBJECTS_RECORDED = {
    "all buckets": trail(basic(of_objects("arn:aws:s3"))),
    "all buckets, with colons": trail(basic(of_objects("arn:aws:s3:::"))),
    "this bucket": trail(basic(of_objects(f"{BUCKET}/"))),
    "this bucket among others": trail(basic(of_objects("arn:aws:s3:::other/", f"{BUCKET}/"))),
    "without management events": trail(basic(of_objects("arn:aws:s3", IncludeManagementEvents=False))),
    "reads and writes by a selector each": trail(
        basic(of_objects("arn:aws:s3", ReadWriteType="ReadOnly"), of_objects(f"{BUCKET}/", ReadWriteType="WriteOnly"))
    ),
    "a trail of the bucket's region": trail(basic(of_objects("arn:aws:s3")), IsMultiRegionTrail=False),
    "all buckets, advanced": trail(advanced([DATA, OBJECTS])),
    "this bucket, advanced": trail(advanced([DATA, OBJECTS, named(StartsWith=["arn:aws:s3:::other/", f"{BUCKET}/"])])),
    "all but another bucket": trail(advanced([DATA, OBJECTS, named(NotStartsWith=["arn:aws:s3:::other/"])])),
    "this kind after another": trail(
        advanced([DATA, where("resources.type", Equals=["AWS::Lambda::Function", "AWS::S3::Object"])])
    ),
    "reads and writes, advanced": trail(advanced([DATA, OBJECTS, READS], [DATA, OBJECTS, WRITES])),
}
OBJECTS_NOT_RECORDED = {
    "no data events": trail(basic()),
    "stopped": trail(basic(of_objects("arn:aws:s3")), logging=False),
    "a trail of another region": trail(
        basic(of_objects("arn:aws:s3")), IsMultiRegionTrail=False, HomeRegion="us-east-1"
    ),
    "writes alone": trail(basic(of_objects("arn:aws:s3", ReadWriteType="WriteOnly"))),
    "one prefix": trail(basic(of_objects(f"{BUCKET}/in/"))),
    "a bucket whose name goes on": trail(basic(of_objects(f"{BUCKET}-2/"))),
    "another kind": trail(basic({"DataResources": [{"Type": "AWS::Lambda::Function", "Values": ["arn:aws:s3"]}]})),
    "no values": trail(basic(of_objects())),
    "another partition": trail(basic(of_objects("arn:aws-cn:s3"))),
    "no selectors of its own": trail(HasCustomEventSelectors=False),
    "writes alone, advanced": trail(advanced([DATA, OBJECTS, WRITES])),
    "another kind, advanced": trail(advanced([DATA, where("resources.type", Equals=["AWS::DynamoDB::Table"])])),
    "a kind that is not said": trail(advanced([DATA])),
    "management events of that kind": trail(advanced([MANAGEMENT, OBJECTS])),
    "one object": trail(advanced([DATA, OBJECTS, named(Equals=[f"{BUCKET}/a.csv"])])),
    "the bucket's own ARN, which is no object's": trail(advanced([DATA, OBJECTS, named(Equals=[BUCKET])])),
    "one prefix, advanced": trail(advanced([DATA, OBJECTS, named(StartsWith=[f"{BUCKET}/in/"])])),
    "one ending": trail(advanced([DATA, OBJECTS, named(EndsWith=[".csv"])])),
    "this bucket and one ending": trail(advanced([DATA, OBJECTS, named(StartsWith=[f"{BUCKET}/"], EndsWith=[".csv"])])),
    "all but this bucket": trail(advanced([DATA, OBJECTS, named(NotStartsWith=[f"{BUCKET}/"])])),
    "all but buckets whose names begin so": trail(advanced([DATA, OBJECTS, named(NotStartsWith=["arn:aws:s3:::led"])])),
    "a kind that is left out": trail(advanced([DATA, where("resources.type", NotEquals=["AWS::S3::Object"])])),
    "all but some of it": trail(advanced([DATA, OBJECTS, named(NotStartsWith=[f"{BUCKET}/tmp/"])])),
    "all but one object": trail(advanced([DATA, OBJECTS, named(NotEquals=[f"{BUCKET}/a.csv"])])),
    "all but one ending": trail(advanced([DATA, OBJECTS, named(NotEndsWith=[".tmp"])])),
    "one event": trail(advanced([DATA, OBJECTS, where("eventName", Equals=["DeleteObject"])])),
}


@pytest.mark.parametrize("one", OBJECTS_RECORDED.values(), ids=OBJECTS_RECORDED)
def test_every_read_and_write_of_a_buckets_objects_is_recorded(one: Any) -> None:
    assert objects_by_own(BUCKET, "eu-west-1", [one]) is True


@pytest.mark.parametrize("one", OBJECTS_NOT_RECORDED.values(), ids=OBJECTS_NOT_RECORDED)
def test_some_read_or_write_of_a_buckets_objects_is_not_recorded(one: Any) -> None:
    assert objects_by_own(BUCKET, "eu-west-1", [one]) is False


@pytest.mark.parametrize(
    ("central", "expected"), [([trail(advanced([DATA, OBJECTS]))], True), ([trail(basic())], False), ([], NOT_SEEN)]
)
def test_objects_by_a_trail_of_the_organization(central: Any, expected: Any) -> None:
    assert objects_by_organization(BUCKET, "eu-west-1", [visible()], central) == expected


# ── insights ──────────────────────────────────────────────────────────────────────────────

CALLS, ERRORS = {"InsightType": "ApiCallRateInsight"}, {"InsightType": "ApiErrorRateInsight"}
KINDS = ["ApiCallRateInsight", "ApiErrorRateInsight"]
INSIGHTS: dict[str, tuple[Any, bool]] = {
    "both": (trail(insights=[CALLS, ERRORS]), True),
    "both, for management events among others": (
        trail(insights=[CALLS, {**ERRORS, "EventCategories": ["Data", "Management"]}]),
        True,
    ),
    "one": (trail(insights=[CALLS]), False),
    "off": (trail(insights=None), False),
    "for data events alone": (trail(insights=[CALLS, {**ERRORS, "EventCategories": ["Data"]}]), False),
    "stopped": (trail(insights=[CALLS, ERRORS], logging=False), False),
    "one region": (trail(insights=[CALLS, ERRORS], IsMultiRegionTrail=False), False),
}


@pytest.mark.parametrize(("one", "expected"), INSIGHTS.values(), ids=INSIGHTS)
def test_whether_a_trail_looks_for_unusual_activity(one: Any, expected: bool) -> None:
    assert insights_by_own([one], KINDS) is expected


@pytest.mark.parametrize(
    ("central", "expected"), [([trail(insights=[CALLS, ERRORS])], True), ([trail()], False), ([], NOT_SEEN)]
)
def test_insights_by_a_trail_of_the_organization(central: Any, expected: Any) -> None:
    assert insights_by_organization([visible()], central, KINDS) == expected
