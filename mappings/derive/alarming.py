"""Which security events would be noticed: by a metric filter and its alarm, or by an EventBridge rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.logfilters import NotReadable, reads
from annexlog.mappings.derive.notifying import alarm_reaches, targets_reach
from annexlog.mappings.derive.patterns import matches

__all__ = ["EVENTS", "unalarmed"]

Row = Mapping[str, Any]


def _calls(service: str, names: str, **more: Any) -> tuple[Row, ...]:
    usual = {"eventType": "AwsApiCall", "userIdentity": {"type": "AssumedRole"}, "sourceIPAddress": "203.0.113.1"}
    source = f"{service}.amazonaws.com"
    return tuple({**usual, "eventSource": source, "eventName": name, **more} for name in names.split())


_LOGIN = {
    "eventType": "AwsConsoleSignIn", "eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin",
    "sourceIPAddress": "203.0.113.1", "userIdentity": {"type": "IAMUser"},
}  # fmt: skip

EVENTS: Mapping[str, tuple[Row, ...]] = {
    "root-use": _calls("iam", "CreateUser", userIdentity={"type": "Root"}),
    "console-sign-in-without-mfa": (
        {**_LOGIN, "additionalEventData": {"MFAUsed": "No"}, "responseElements": {"ConsoleLogin": "Success"}},
    ),
    "iam-policy-changes": _calls(
        "iam",
        "DeleteGroupPolicy DeleteRolePolicy DeleteUserPolicy PutGroupPolicy PutRolePolicy PutUserPolicy CreatePolicy "
        "DeletePolicy CreatePolicyVersion DeletePolicyVersion AttachRolePolicy DetachRolePolicy AttachUserPolicy "
        "DetachUserPolicy AttachGroupPolicy DetachGroupPolicy",
    ),
    "cloudtrail-changes": _calls("cloudtrail", "CreateTrail UpdateTrail DeleteTrail StartLogging StopLogging"),
    "key-deletion": _calls("kms", "DisableKey ScheduleKeyDeletion"),
    "bucket-policy-changes": _calls(
        "s3",
        "PutBucketAcl PutBucketPolicy PutBucketCors PutBucketLifecycle PutBucketReplication DeleteBucketPolicy "
        "DeleteBucketCors DeleteBucketLifecycle DeleteBucketReplication",
    ),
    "config-changes": _calls(
        "config", "StopConfigurationRecorder DeleteDeliveryChannel PutDeliveryChannel PutConfigurationRecorder"
    ),
    "security-group-changes": _calls(
        "ec2",
        "AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress "
        "RevokeSecurityGroupEgress CreateSecurityGroup DeleteSecurityGroup",
    ),
    "network-acl-changes": _calls(
        "ec2",
        "CreateNetworkAcl CreateNetworkAclEntry DeleteNetworkAcl DeleteNetworkAclEntry ReplaceNetworkAclEntry "
        "ReplaceNetworkAclAssociation",
    ),
    "route-changes": _calls(
        "ec2",
        "CreateRoute CreateRouteTable ReplaceRoute ReplaceRouteTableAssociation DeleteRouteTable DeleteRoute "
        "DisassociateRouteTable",
    ),
    "organization-changes": _calls(
        "organizations",
        "AttachPolicy CreateAccount CreatePolicy DeletePolicy DetachPolicy DisablePolicyType LeaveOrganization "
        "MoveAccount RemoveAccountFromOrganization UpdatePolicy",
    ),
}
"""The least of each event that has to be noticed, as CloudTrail records it. Source: CIS AWS Foundations Benchmark, the
chapter on monitoring, and the CloudTrail user guide's record contents."""

_GLOBAL = frozenset({"iam-policy-changes", "organization-changes"})  # their events are of one region alone
# Of each partition that where IAM answers. Source: botocore's endpoints, the credential scope of `iam`.
_HOMES = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}


@derived
def unalarmed(
    wanted: Sequence[str],
    trails: Sequence[Row],
    filters: Sequence[Row],
    alarms: Sequence[Row],
    topics: Sequence[Row],
    rules: Sequence[Row],
    regions: Sequence[Row],
) -> JSON | Unknown:
    """Those of the wanted kinds of events (EVENTS) that nobody would be told of, sorted.

    One is noticed if every event of its kind is matched by metric filters on a log group that one of the `trails`
    delivers to, whose metrics have alarms that reach somebody; or, in each region where it may happen, by rules on the
    default bus. Unknown where it rests on what cannot be told. Raises ValueError on a kind that does not exist.
    Joined `trails` (visible_trail), `filters` (metric_filter), `alarms` (alarm), `topics` (attributes), `rules` (rule,
    targets), `regions` (region).
    """
    if stray := set(wanted) - EVENTS.keys():
        raise ValueError(f"no kind of event is called {', '.join(sorted(stray))}")
    watched = list(_watched(trails, filters, alarms, topics))
    routed = list(_routed(rules, topics))
    everywhere = sorted({str(one["scope"]["region"]) for one in regions})
    home = _HOMES.get(next((str(one["scope"].get("partition", "aws")) for one in regions), "aws"), "")
    missed: list[JSON] = []
    doubt: Unknown | None = None
    for kind in sorted(set(wanted)):
        where = [home] if kind in _GLOBAL else everywhere
        found = [_noticed(EVENTS[kind], watched)]
        found += [_each(_by_rule(EVENTS[kind], routed, region) for region in where) if where else False]
        if True in found:
            continue
        unknown = next((one for one in found if isinstance(one, Unknown)), None)
        doubt = doubt or unknown
        missed += [] if unknown else [kind]
    return missed if missed or doubt is None else doubt


def _each(found: Iterator[bool | Unknown]) -> bool | Unknown:
    """Whether all of them hold."""
    seen = list(found)
    if False in seen:
        return False
    return next((one for one in seen if isinstance(one, Unknown)), True)


def _some(found: Iterator[bool | Unknown]) -> bool | Unknown:
    unknown: Unknown | None = None
    for one in found:
        if one is True:
            return True
        unknown = one if isinstance(one, Unknown) else unknown
    return unknown or False


# ── metric filters ──


def _watched(
    trails: Sequence[Row], filters: Sequence[Row], alarms: Sequence[Row], topics: Sequence[Row]
) -> Iterator[tuple[str, bool | Unknown]]:
    """The patterns on the trails' log groups, each with whether an alarm on its metric reaches somebody."""
    groups = {_place(one["visible_trail"].get("CloudWatchLogsLogGroupArn") or "") for one in trails}
    reaching: dict[tuple[Any, ...], list[Row]] = {}
    for one in alarms:
        alarm, scope = one["alarm"], one["scope"]
        key = (scope["account"], scope["region"], alarm.get("Namespace"), alarm.get("MetricName"))
        reaching.setdefault(key, []).append(alarm)
    for one in filters:
        told, scope = one["metric_filter"], one["scope"]
        if (scope["account"], scope["region"], told.get("logGroupName")) not in groups:
            continue
        metrics = [(t["metricNamespace"], t["metricName"]) for t in told.get("metricTransformations", ())]
        found = [a for metric in metrics for a in reaching.get((scope["account"], scope["region"], *metric), ())]
        near = [t for t in topics if t["scope"]["account"] == scope["account"]]
        yield told.get("filterPattern", ""), _some(_reach(alarm, near) for alarm in found)


def _reach(alarm: Row, topics: Sequence[Row]) -> bool | Unknown:
    found = alarm_reaches(alarm, topics)
    return found if isinstance(found, Unknown) else bool(found)


def _place(arn: str) -> tuple[str, str, str] | None:
    """Account, region and name of a log group's ARN."""
    parts = arn.split(":")
    return (parts[4], parts[3], parts[6]) if len(parts) > 6 else None


def _noticed(events: Sequence[Row], watched: Sequence[tuple[str, bool | Unknown]]) -> bool | Unknown:
    return _each(_some(_hit(pattern, event, reach) for pattern, reach in watched) for event in events)


def _hit(pattern: str, event: Row, reach: bool | Unknown) -> bool | Unknown:
    try:
        return reach if reads(pattern)(event) else False
    except NotReadable:
        # A pattern without one is every event's; one with a regular expression may match or not.
        if not pattern.strip():
            return reach
        return Unknown("unreadable", code="filterPattern") if "%" in pattern and reach is not False else False


# ── rules ──


def _routed(rules: Sequence[Row], topics: Sequence[Row]) -> Iterator[tuple[str, Any, bool | Unknown]]:
    """The rules' regions and patterns, each with whether its targets reach somebody."""
    for one in rules:
        pattern, scope = one["rule"].get("EventPattern"), one["scope"]
        if pattern and one["rule"].get("State", "").startswith("ENABLED"):
            near = [t for t in topics if t["scope"]["region"] == scope["region"]]
            yield (
                str(scope["region"]),
                orjson.loads(pattern),
                targets_reach(one["targets"], near, str(scope["account"])),
            )


def _by_rule(events: Sequence[Row], routed: Sequence[tuple[str, Any, bool | Unknown]], region: str) -> bool | Unknown:
    here = [(pattern, reach) for where, pattern, reach in routed if where == region]
    return _each(_some(_sent(pattern, event, reach) for pattern, reach in here) for event in events)


def _sent(pattern: Any, event: Row, reach: bool | Unknown) -> bool | Unknown:
    service = str(event["eventSource"]).split(".")[0]
    kind = "AWS Console Sign In via CloudTrail" if service == "signin" else "AWS API Call via CloudTrail"
    found = matches(pattern, {"source": f"aws.{service}", "detail-type": kind, "detail": event})
    return reach if found is True else found
