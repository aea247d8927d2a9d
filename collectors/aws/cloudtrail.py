"""AWS CloudTrail trails, where they live and as the accounts that they record see them."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType

__all__ = ["regional_trail", "trail", "visible_trail"]

# The other times of a status say when something last moved, and nothing reads them; the rest of these are retired.
MOVING = (
    "status.LatestNotificationTime", "status.LatestDeliveryAttemptTime", "status.LatestDeliveryAttemptSucceeded",
    "status.LatestNotificationAttemptTime", "status.LatestNotificationAttemptSucceeded",
    "status.TimeLoggingStarted", "status.TimeLoggingStopped",
)

trail = ResourceType(
    "aws.cloudtrail.trail", facet="trail", id="{trail.TrailARN}", gone=("TrailNotFoundException",),
    # A multi-region trail is shown by every region, and an organization's trail by every member account (shadow
    # trails). Only where it lives may its selectors be read, and only there is it judged.
    home="{trail.HomeRegion}",
    listed=Call("cloudtrail:DescribeTrails", "describe_trails", {"includeShadowTrails": False}, items="trailList"),
    details=[
        Detail("status", Call("cloudtrail:GetTrailStatus", "get_trail_status", {"Name": "{trail.TrailARN}"})),
        Detail("selectors", Call("cloudtrail:GetEventSelectors", "get_event_selectors", {"TrailName": "{trail.TrailARN}"})),
        Detail("insights", Call("cloudtrail:GetInsightSelectors", "get_insight_selectors", {"TrailName": "{trail.TrailARN}"},
               take="InsightSelectors", absent=("InsightNotEnabledException",), missing=None)),
    ],
    ignore=MOVING,
)

visible_trail = ResourceType(
    "aws.cloudtrail.visible_trail", facet="visible_trail", id="{visible_trail.TrailARN}",
    gone=("TrailNotFoundException",),
    # What records this account, as it sees it itself: its own trails and its organization's, each once, in the
    # trail's home region.
    home="{visible_trail.HomeRegion}",
    listed=Call("cloudtrail:DescribeTrails", "describe_trails", {"includeShadowTrails": True}, items="trailList"),
    details=[
        # By ARN, and for this account and region: a shadow trail has a status of its own.
        Detail("status", Call("cloudtrail:GetTrailStatus", "get_trail_status", {"Name": "{visible_trail.TrailARN}"})),
    ],
    ignore=MOVING,
)

regional_trail = ResourceType(
    "aws.cloudtrail.regional_trail", facet="visible_trail", id="{visible_trail.TrailARN}", gone=("TrailNotFoundException",),
    # What records this region of this account, as it shows there: a status is of one region.
    listed=Call("cloudtrail:DescribeTrails", "describe_trails", {"includeShadowTrails": True}, items="trailList"),
    details=[
        Detail("status", Call("cloudtrail:GetTrailStatus", "get_trail_status", {"Name": "{visible_trail.TrailARN}"})),
    ],
    ignore=MOVING,
)
