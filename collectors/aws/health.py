"""AWS Health: what AWS says of events that touch this account."""

from __future__ import annotations

from annexlog.collectors import Call, ResourceType

__all__ = ["event"]

event = ResourceType(
    "aws.health.event", facet="event", id="{event.arn}", per="account",
    # Those that are over are left out: there is nothing left to act on.
    listed=Call("health:DescribeEvents", "describe_events", {"filter": {"eventStatusCodes": ["open", "upcoming"]}}, items="events"),
    ignore=("event.lastUpdatedTime",),
)
