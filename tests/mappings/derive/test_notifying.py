"""Whether somebody is told: by alarms' actions, and by rules that match findings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from annexlog.evidence_store.model import Unknown
from annexlog.mappings.derive.notifying import alarm_reaches, findings_routed

HERE = {"account": "123456789012", "region": "eu-west-1"}
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"
FOREIGN = "arn:aws:sns:eu-west-1:999988887777:alerts"
ELSEWHERE = Unknown("unresolved", code="TopicArn")
HEARD = [{"id": TOPIC, "attributes": {"SubscriptionsConfirmed": "1"}}]
UNHEARD = [{"id": TOPIC, "attributes": {"SubscriptionsConfirmed": "0"}}]
LAMBDA = "arn:aws:lambda:eu-west-1:123456789012:function:page"
SCALING = "arn:aws:autoscaling:eu-west-1:123456789012:scalingPolicy:1"


@pytest.mark.parametrize(
    ("through", "topics", "reached"),
    [
        ([TOPIC], HEARD, True),
        ([TOPIC], UNHEARD, False),
        ([TOPIC], [], False),
        ([FOREIGN], HEARD, ELSEWHERE),
        ([FOREIGN, LAMBDA], [], True),
        ([SCALING], [], False),
        ([], HEARD, False),
    ],
)
def test_an_alarm_reaches_somebody_through_one_of_its_actions(through: Any, topics: Any, reached: Any) -> None:
    alarm = {"AlarmArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:cpu", "Through": through}

    assert alarm_reaches(alarm, topics) == reached


def rule(target: str, pattern: Any, state: str = "ENABLED") -> dict[str, Any]:
    return {"rule": {"State": state, "EventPattern": json.dumps(pattern)}, "targets": [{"Id": "1", "Arn": target}]}


GUARDDUTY = {"source": ["aws.guardduty"]}
LOW = {**GUARDDUTY, "detail": {"severity": [{"numeric": ["<", 4]}]}}


@pytest.mark.parametrize(
    ("rules", "routed"),
    [
        ([rule(TOPIC, GUARDDUTY)], True),
        ([rule(TOPIC, GUARDDUTY, "DISABLED")], False),
        ([rule(TOPIC, GUARDDUTY, "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")], True),
        ([rule(TOPIC, LOW)], False),
        ([rule(FOREIGN, GUARDDUTY)], ELSEWHERE),
        ([rule(FOREIGN, GUARDDUTY), rule(LAMBDA, GUARDDUTY)], True),
        ([rule("arn:aws:ecs:eu-west-1:123456789012:cluster/c", GUARDDUTY)], False),
        ([{"rule": {"State": "ENABLED", "ScheduleExpression": "rate(1 day)"}, "targets": []}], False),
    ],
)
def test_findings_are_routed_by_a_rule_that_is_on_matches_and_reaches_somebody(rules: Any, routed: Any) -> None:
    assert findings_routed(rules, HEARD, HERE, "aws.guardduty") == routed


def test_a_pattern_that_cannot_be_read_gives_no_verdict() -> None:
    assert isinstance(
        findings_routed([rule(TOPIC, {"source": [{"cidr": "x"}]})], HEARD, HERE, "aws.guardduty"), Unknown
    )
