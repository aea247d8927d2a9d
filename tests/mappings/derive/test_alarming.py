"""Which security events would be noticed: each row is a way by which one would."""

from __future__ import annotations

import json
from typing import Any

import pytest

from annexlog.evidence_store.model import Unknown
from annexlog.mappings.derive.alarming import unalarmed

HERE = {"account": "123456789012", "region": "eu-west-1"}
GROUP = "arn:aws:logs:eu-west-1:123456789012:log-group:trail:*"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"
TRAILS = [{"visible_trail": {"CloudWatchLogsLogGroupArn": GROUP}}]
TOPICS = [{"id": TOPIC, "scope": HERE, "attributes": {"SubscriptionsConfirmed": "1"}}]
REGIONS = [{"scope": {**HERE, "region": region}} for region in ("eu-west-1", "us-east-1")]
ROOT = '{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS }'


def metric_filter(pattern: str, group: str = "trail", metric: str = "m") -> dict[str, Any]:
    counted = {"metricNamespace": "Security", "metricName": metric, "metricValue": "1"}
    told = {"logGroupName": group, "filterPattern": pattern, "metricTransformations": [counted]}
    return {"scope": HERE, "metric_filter": told}


def alarm(*through: str, metric: str = "m") -> dict[str, Any]:
    arn = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a"
    told = {"AlarmArn": arn, "Namespace": "Security", "MetricName": metric, "Through": list(through)}
    return {"scope": HERE, "alarm": told}


def rule(region: str, pattern: Any, state: str = "ENABLED") -> dict[str, Any]:
    target = {"Id": "1", "Arn": f"arn:aws:lambda:{region}:123456789012:function:page"}
    told = {"State": state, "EventPattern": json.dumps(pattern)}
    return {"scope": {**HERE, "region": region}, "rule": told, "targets": [target]}


@pytest.mark.parametrize(
    ("filters", "alarms", "missed"),
    [
        ([metric_filter(ROOT)], [alarm(TOPIC)], []),
        ([metric_filter(ROOT)], [], ["root-use"]),
        ([metric_filter(ROOT)], [alarm()], ["root-use"]),
        ([metric_filter(ROOT)], [alarm(TOPIC, metric="other")], ["root-use"]),
        ([metric_filter(ROOT, group="other")], [alarm(TOPIC)], ["root-use"]),
        (
            [metric_filter('{ $.eventName = "CreateUser" && $.userIdentity.type = "IAMUser" }')],
            [alarm(TOPIC)],
            ["root-use"],
        ),
        ([metric_filter("ERROR")], [alarm(TOPIC)], ["root-use"]),
        ([metric_filter("")], [alarm(TOPIC)], []),
        ([metric_filter("{ $.eventName = %Create.*% }")], [alarm(TOPIC)], Unknown("unreadable", code="filterPattern")),
    ],
)
def test_a_filter_on_the_trails_log_group_with_an_alarm_that_is_heard_notices(
    filters: Any, alarms: Any, missed: Any
) -> None:
    assert unalarmed(["root-use"], TRAILS, filters, alarms, TOPICS, [], REGIONS) == missed


def test_several_filters_together_may_notice_every_event_of_a_kind() -> None:
    one, other = metric_filter('{ $.eventName = "DisableKey" }'), metric_filter('{ $.eventName = "ScheduleKey*" }')

    assert unalarmed(["key-deletion"], TRAILS, [one, other], [alarm(TOPIC)], TOPICS, [], REGIONS) == []
    assert unalarmed(["key-deletion"], TRAILS, [one], [alarm(TOPIC)], TOPICS, [], REGIONS) == ["key-deletion"]


KEYS = {"source": ["aws.kms"], "detail": {"eventName": ["DisableKey", "ScheduleKeyDeletion"]}}
IAM = {"source": ["aws.iam"], "detail-type": ["AWS API Call via CloudTrail"]}


@pytest.mark.parametrize(
    ("kind", "rules", "missed"),
    [
        ("key-deletion", [rule("eu-west-1", KEYS), rule("us-east-1", KEYS)], []),
        ("key-deletion", [rule("eu-west-1", KEYS)], ["key-deletion"]),
        ("key-deletion", [rule("eu-west-1", KEYS), rule("us-east-1", KEYS, "DISABLED")], ["key-deletion"]),
        ("iam-policy-changes", [rule("us-east-1", IAM)], []),
        ("iam-policy-changes", [rule("eu-west-1", IAM)], ["iam-policy-changes"]),
    ],
)
def test_a_rule_in_every_region_where_it_may_happen_notices(kind: str, rules: Any, missed: Any) -> None:
    assert unalarmed([kind], [], [], [], TOPICS, rules, REGIONS) == missed


@pytest.mark.parametrize(("region", "missed"), [("us-gov-west-1", []), ("us-gov-east-1", ["iam-policy-changes"])])
def test_events_of_the_whole_account_come_where_iam_answers_in_the_partition(region: str, missed: list[str]) -> None:
    here = {"account": "123456789012", "partition": "aws-us-gov", "region": region}
    topic = {**TOPICS[0], "scope": here}

    assert unalarmed(["iam-policy-changes"], [], [], [], [topic], [rule(region, IAM)], [{"scope": here}]) == missed


def test_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no kind of event is called earthquakes"):
        unalarmed(["earthquakes"], [], [], [], [], [], [])
