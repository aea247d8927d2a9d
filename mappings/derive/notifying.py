"""Whether what is sent off reaches somebody: alarms' actions, and EventBridge rules that match findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.patterns import matches

__all__ = ["alarm_reaches", "findings_routed", "targets_reach"]

Row = Mapping[str, Any]

# What an alarm can start that people or a responder get to see. Scaling and EC2 actions only act on machines.
_RESPONDING = frozenset({"lambda", "ssm", "ssm-incidents"})
_ON = frozenset({"ENABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"})

_FINDINGS: Mapping[str, Row] = {
    "aws.guardduty": {
        "source": "aws.guardduty", "detail-type": "GuardDuty Finding",
        "detail": {"severity": 8, "service": {"archived": False}},
    },
    "aws.securityhub": {
        "source": "aws.securityhub", "detail-type": "Security Hub Findings - Imported",
        "detail": {"findings": [{
            "Severity": {"Label": "CRITICAL", "Normalized": 90}, "Workflow": {"Status": "NEW"}, "WorkflowState": "NEW",
            "RecordState": "ACTIVE", "Compliance": {"Status": "FAILED"},
        }]},
    },
}  # fmt: skip
"""The least of a high GuardDuty finding and of a new critical one of Security Hub; a pattern that asks for more does
not match all of them. Sources: GuardDuty and Security Hub user guides, their EventBridge event formats."""


@derived
def alarm_reaches(alarm: Row, topics: Sequence[Row]) -> JSON | Unknown:
    """Whether somebody is told when an alarm goes off: one of the things that it leads to (`Through`) reaches somebody.

    Joined `topics` (attributes). Unknown where it rests on a topic of another account.
    """
    return _anyone(alarm["Through"], alarm["AlarmArn"].split(":")[4], _topics(topics), _RESPONDING)


def _topics(topics: Sequence[Row]) -> dict[str, bool]:
    """Whether a subscription is confirmed, by the topic's ARN."""
    return {one["id"]: int(one["attributes"].get("SubscriptionsConfirmed") or 0) > 0 for one in topics}


def _anyone(arns: Iterable[str], account: str, heard: Mapping[str, bool], others: frozenset[str]) -> bool | Unknown:
    """Whether one of these is a topic that somebody has subscribed to, or of the other services that count."""
    unknown: Unknown | None = None
    for arn in arns:
        parts = arn.split(":")
        if len(parts) < 6:
            continue
        if parts[2] in others or heard.get(arn):
            return True
        if parts[2] == "sns" and arn not in heard and parts[4] != account:
            unknown = Unknown("unresolved", code="TopicArn")
    return unknown or False


@derived
def findings_routed(rules: Sequence[Row], topics: Sequence[Row], scope: Row, source: str) -> JSON | Unknown:
    """Whether a rule of the scope's region that is on matches every high finding of `source` and sends it to somebody.

    `source`: aws.guardduty or aws.securityhub. Joined `rules` (rule, targets) and `topics` (attributes). Unknown where
    it rests on a topic of another account, or on a pattern with an operator that is not known here.
    """
    unknown: Unknown | None = None
    for one in rules:
        rule = one["rule"]
        if rule.get("State") not in _ON or not rule.get("EventPattern"):
            continue
        found = matches(orjson.loads(rule["EventPattern"]), _FINDINGS[source])
        if found is True:
            found = targets_reach(one["targets"], topics, str(scope["account"]))
        if found is True:
            return True
        unknown = found if isinstance(found, Unknown) else unknown
    return unknown or False


def targets_reach(targets: Iterable[Row], topics: Sequence[Row], account: str) -> bool | Unknown:
    """Whether one of a rule's targets gets it to somebody; Unknown where it rests on a topic of another account."""
    return _anyone((target["Arn"] for target in targets), account, _topics(topics), _RECEIVING)


_RECEIVING = frozenset(
    {"lambda", "sqs", "states", "ssm", "ssm-incidents", "events", "kinesis", "firehose", "logs", "chatbot"}
)
