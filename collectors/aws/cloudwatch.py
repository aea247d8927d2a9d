"""Amazon CloudWatch: alarms of every kind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Page, Refused, ResourceType

__all__ = ["alarm"]

KINDS = {"MetricAlarms": "metric", "CompositeAlarms": "composite", "LogAlarms": "log"}
# What a composite alarm's rule names, by name or ARN: ALARM(name), ALARM("name").
NAMED = re.compile(r"(?<!NOT )\bALARM\(\s*\"?([^\")]+?)\"?\s*\)")

Row = dict[str, Any]


def alarms(ask: Any, params: Mapping[str, Any]) -> Iterator[Page]:
    """Every alarm: `{"Alarms": [{Kind: metric | composite | log, …, Through: [ARNs]}]}`. An answer has a list of each kind.

    `Through`: what is done when it goes off: its own alarm actions, if they are on, and those of composite alarms that
    go off with it. A kind of which there is none may be left out; an answer with no list at all is none.
    """
    rows: list[Row] = []
    for page in ask.pages("describe_alarms", params):
        lists = [(kind, page.body[member]) for member, kind in KINDS.items() if member in page.body]
        if not lists:
            raise Refused("unreadable", "MetricAlarms", "the answer lists alarms of no kind")
        rows += [{"Kind": kind, **row} for kind, found in lists for row in found]
    above: dict[str, list[str]] = {}
    for row in rows:
        for name in NAMED.findall(row.get("AlarmRule", "")):
            above.setdefault(name, []).extend(_on(row))
    for row in rows:
        others = above.get(row["AlarmName"], []) + above.get(row["AlarmArn"], [])
        row["Through"] = sorted({*_on(row), *others})
    yield Page({"Alarms": rows})


def _on(row: Row) -> list[str]:
    return list(row.get("AlarmActions", ())) if row.get("ActionsEnabled") else []


alarm = ResourceType(
    "aws.cloudwatch.alarm", facet="alarm", id="{alarm.AlarmArn}",
    # Unless they are named, only metric alarms are listed.
    listed=Call("cloudwatch:DescribeAlarms", "describe_alarms", {"AlarmTypes": ["MetricAlarm", "CompositeAlarm", "LogAlarm"]},
                items="Alarms", fn=alarms),
    # What the alarm last said, and when: events, not configuration.
    ignore=("alarm.StateValue", "alarm.StateReason", "alarm.StateReasonData", "alarm.StateUpdatedTimestamp",
            "alarm.StateTransitionedTimestamp", "alarm.EvaluationState", "alarm.ActionsSuppressedBy", "alarm.ActionsSuppressedReason"),
    sets=("alarm.Dimensions",),
)
