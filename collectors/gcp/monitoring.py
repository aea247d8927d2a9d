"""Where logs go and how long they stay, who is told of what, and what Security Command Center looks for and found."""

from __future__ import annotations

from annexlog.collectors import Call, ResourceType
from annexlog.collectors.gcp._calls import ROW, assets, listing

__all__ = [
    "alert_policy", "detector", "finding", "log_bucket", "log_metric", "log_sink", "notification_channel", "notification_config", "subscription", "topic", "uptime_check",
]

FINDINGS = "/v2/organizations/{organization}/sources/-/findings"

THRESHOLD = ("filter", "comparison", "thresholdValue", "duration", "trigger", "aggregations.alignmentPeriod", "aggregations.perSeriesAligner", "aggregations.crossSeriesReducer", "denominatorFilter", "forecastOptions.forecastHorizon")

log_sink = ResourceType(
    "gcp.logging.sink", facet="log_sink", id="{log_sink.name}", per="organization",
    listed=assets("logging.googleapis.com/LogSink", keep=("name", "destination", "filter", "includeChildren", "disabled", "exclusions.name", "exclusions.disabled", "exclusions.filter")),
)

finding = ResourceType(
    "gcp.scc.finding", facet="finding", id="{finding.finding.name}", per="organization",
    listed=Call("securitycenter.findings.list", FINDINGS, {"organization": "{number}", "filter": 'state="ACTIVE"', "pageSize": 1000}, items="listFindingsResults",
                fn=listing(FINDINGS, "listFindingsResults", *(f"finding.{name}" for name in ("name", "category", "severity", "createTime", "state", "mute", "findingClass", "resourceName")))),
)

# Of what Security Command Center looks with, whether it is on: for the organization, and wherever else it says so.
detector = ResourceType(
    "gcp.scc.detector", facet="detector", id="{detector.name}", per="organization",
    listed=assets("securitycentermanagement.googleapis.com/SecurityCenterService", keep=("name", "intendedEnablementState", "effectiveEnablementState")),
)

notification_config = ResourceType(
    "gcp.scc.notification_config", facet="notification_config", id="{notification_config.name}", per="organization",
    listed=assets("securitycenter.googleapis.com/NotificationConfig", keep=("name", "pubsubTopic", "streamingConfig.filter")),
)

topic = ResourceType(
    "gcp.pubsub.topic", facet="topic", id="{topic.name}", per="project", scope=ROW % "topic",
    listed=assets("pubsub.googleapis.com/Topic", keep=("name", "state")),
)

subscription = ResourceType(
    "gcp.pubsub.subscription", facet="subscription", id="{subscription.name}", per="project", scope=ROW % "subscription",
    listed=assets("pubsub.googleapis.com/Subscription", keep=("topic", "state", "detached", "filter")),
)

log_bucket = ResourceType(
    "gcp.logging.bucket", facet="log_bucket", id="{log_bucket.name}", per="organization",
    listed=assets("logging.googleapis.com/LogBucket", keep=("name", "lifecycleState", "retentionDays", "locked")),
)

log_metric = ResourceType(
    "gcp.logging.metric", facet="log_metric", id="{log_metric.name}", per="project", scope=ROW % "log_metric",
    listed=assets("logging.googleapis.com/LogMetric", keep=("name", "filter", "disabled", "bucketName")),
)

alert_policy = ResourceType(
    "gcp.monitoring.alert_policy", facet="alert_policy", id="{alert_policy.name}", per="project", scope=ROW % "alert_policy",
    listed=assets("monitoring.googleapis.com/AlertPolicy", keep=("name", "enabled", "combiner", "notificationChannels", "validity.code", *(f"conditions.conditionThreshold.{part}" for part in THRESHOLD),
                  "conditions.conditionMatchedLog.filter", "conditions.conditionAbsent.filter")),
)

# Of a channel not where it leads: addresses and tokens are labels, and none is kept.
notification_channel = ResourceType(
    "gcp.monitoring.notification_channel", facet="notification_channel", id="{notification_channel.name}", per="project", scope=ROW % "notification_channel",
    listed=assets("monitoring.googleapis.com/NotificationChannel", keep=("name", "type", "enabled", "verificationStatus")),
)

uptime_check = ResourceType(
    "gcp.monitoring.uptime_check", facet="uptime_check", id="{uptime_check.name}", per="project", scope=ROW % "uptime_check",
    listed=assets("monitoring.googleapis.com/UptimeCheckConfig", keep=("name", "disabled", "monitoredResource.type", "monitoredResource.labels.host", "httpCheck.path", "httpCheck.port", "httpCheck.useSsl", "httpCheck.validateSsl", "httpCheck.acceptedResponseStatusCodes", "tcpCheck.port")),
)
