"""More of the organization in which every test passes: what holds data, who is told, what people and programs use."""

# ruff: noqa: E501 — answers read as a table

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

Asset = Callable[..., dict[str, Any]]


def estate(asset: Asset, bound: Asset, org: str, project: str, number: str, planted: str) -> list[dict[str, Any]]:
    """See gcp.healthy, whose `asset` and `bound` these are made by. `planted`: what must never be stored."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    here = f"projects/{project}"
    above: dict[str, Any] = {"node": "", "above": [org]}
    service = f"{org}/locations/global/securityCenterServices/security-health-analytics"
    check = "monitoring.googleapis.com/uptime_check/check_passed"
    account, key = (
        f"//iam.googleapis.com/{here}/serviceAccounts",
        f"//apikeys.googleapis.com/projects/{number}/locations/global/keys",
    )
    secret = f"//secretmanager.googleapis.com/projects/{number}/secrets/db"
    table = f"//bigquery.googleapis.com/{here}/datasets/sales/tables"
    channel = f"{here}/notificationChannels/1"
    everything: list[dict[str, Any]] = [
        {"bigQueryTarget": {"filter": {"otherTables": {}}}},
        {"cloudStorageTarget": {"filter": {"others": {}}}},
        {"cloudSqlTarget": {"filter": {"others": {}}}},
    ]
    return [
        asset("accessapproval.googleapis.com/AccessApprovalSettings", f"//accessapproval.googleapis.com/{org}/accessApprovalSettings", {"name": f"{org}/accessApprovalSettings", "notificationEmails": [planted], "enrolledServices": [{"cloudProduct": "all", "enrollmentLevel": "BLOCK_ALL"}]}, **above),
        asset("apikeys.googleapis.com/Key", f"{key}/1", {"name": "1", "displayName": planted, "keyString": planted, "createTime": now, "restrictions": {"apiTargets": [{"service": "maps-backend.googleapis.com"}], "browserKeyRestrictions": {"allowedReferrers": ["https://shop.example/*"]}}}),
        asset("bigquery.googleapis.com/Table", f"{table}/orders", {"creationTime": "1767225600000", "expirationTime": "1769817600000", "description": planted, "schema": {"fields": [{"name": planted, "type": "TYPE_STRING"}]}}),
        asset("bigquery.googleapis.com/Table", f"{table}/today", {"creationTime": "1767225600000", "view": {"query": planted, "useLegacySql": False}}),
        asset("dlp.googleapis.com/DiscoveryConfig", f"//dlp.googleapis.com/{org}/locations/global/discoveryConfigs/1", {"name": f"{org}/locations/global/discoveryConfigs/1", "displayName": planted, "status": "RUNNING", "lastRunTime": now, "orgConfig": {"projectId": project, "location": {"organizationId": org.partition("/")[2]}}, "targets": everything}, **above),
        asset("iam.googleapis.com/ServiceAccount", f"{account}/1", {"name": f"{here}/serviceAccounts/app@shop-prod.iam.gserviceaccount.com", "email": "app@shop-prod.iam.gserviceaccount.com", "uniqueId": "1", "description": planted}, **bound(("roles/iam.serviceAccountUser", "user:bob@acme.example"))),
        asset("logging.googleapis.com/LogBucket", f"//logging.googleapis.com/{here}/locations/eu/buckets/all", {"name": f"{here}/locations/eu/buckets/all", "lifecycleState": "ACTIVE", "retentionDays": 400, "locked": True, "description": planted}),
        asset("monitoring.googleapis.com/AlertPolicy", f"//monitoring.googleapis.com/{here}/alertPolicies/1", {"name": f"{here}/alertPolicies/1", "displayName": planted, "enabled": True, "combiner": "OR", "notificationChannels": [channel], "documentation": {"content": planted}, "conditions": [{"displayName": planted, "conditionThreshold": {"filter": f'metric.type="{check}" AND metric.label.check_id="shop"', "comparison": "COMPARISON_GT", "thresholdValue": 1, "duration": "60s", "trigger": {"count": 1}, "aggregations": [{"alignmentPeriod": "1200s", "perSeriesAligner": "ALIGN_NEXT_OLDER", "crossSeriesReducer": "REDUCE_COUNT_FALSE", "groupByFields": ["resource.label.*"]}]}}, {"conditionThreshold": {"filter": 'metric.type="logging.googleapis.com/user/changes" AND resource.type="global"', "comparison": "COMPARISON_GT", "duration": "0s", "aggregations": [{"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_DELTA"}]}}]}),
        asset("logging.googleapis.com/LogMetric", f"//logging.googleapis.com/{here}/metrics/changes", {"name": "changes", "description": planted, "bucketName": f"{here}/locations/eu/buckets/all", "labelExtractors": {planted: "x"}, "filter": 'protoPayload.methodName:("SetIamPolicy" OR "iam.admin.v1" OR "compute.firewalls" OR "compute.routes" OR "compute.networks" OR "setIamPermissions" OR "cloudsql.instances")'}),
        asset("monitoring.googleapis.com/NotificationChannel", f"//monitoring.googleapis.com/{channel}", {"name": channel, "type": "email", "enabled": True, "labels": {"email_address": planted}, "verificationStatus": "VERIFIED"}),
        asset("monitoring.googleapis.com/UptimeCheckConfig", f"//monitoring.googleapis.com/{here}/uptimeCheckConfigs/shop", {"name": f"{here}/uptimeCheckConfigs/shop", "displayName": planted, "monitoredResource": {"type": "uptime_url", "labels": {"host": "shop.example", "project_id": project}}, "httpCheck": {"path": "/health", "port": 443, "useSsl": True, "validateSsl": True, "authInfo": {"password": planted}, "headers": {"x": planted}}}),
        asset("pubsub.googleapis.com/Topic", f"//pubsub.googleapis.com/{here}/topics/scc", {"name": f"{here}/topics/scc"}),
        asset("pubsub.googleapis.com/Subscription", f"//pubsub.googleapis.com/{here}/subscriptions/tickets", {"name": f"{here}/subscriptions/tickets", "topic": f"{here}/topics/scc", "state": "ACTIVE", "pushConfig": {"pushEndpoint": planted}}),
        asset("secretmanager.googleapis.com/Secret", secret, {"name": f"projects/{number}/secrets/db", "createTime": "2026-01-01T00:00:00Z", "annotations": {"x": planted}, "rotation": {"nextRotationTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 30 * 86400))}}),
        asset("secretmanager.googleapis.com/SecretVersion", f"{secret}/versions/2", {"name": f"projects/{number}/secrets/db/versions/2", "createTime": now, "state": "ENABLED", "etag": planted}),
        asset("securitycenter.googleapis.com/NotificationConfig", f"//securitycenter.googleapis.com/{org}/notificationConfigs/all", {"name": f"{org}/notificationConfigs/all", "description": planted, "pubsubTopic": f"{here}/topics/scc", "streamingConfig": {"filter": 'state = "ACTIVE"'}}, **above),
        asset("securitycentermanagement.googleapis.com/SecurityCenterService", f"//securitycentermanagement.googleapis.com/{service}", {"name": service, "intendedEnablementState": "ENABLED", "effectiveEnablementState": "ENABLED", "modules": {planted: {}}}, **above),
        asset("storage.googleapis.com/Bucket", "//storage.googleapis.com/books", {"id": "books", "timeCreated": "2026-01-01T00:00:00Z", "labels": {"criticality": "low", "retention": "permanent"}, "iamConfiguration": {"publicAccessPrevention": "enforced", "uniformBucketLevelAccess": {"enabled": True}}, "retentionPolicy": {"retentionPeriod": "315360000", "isLocked": True}}),
    ]  # fmt: skip


def apis(project: str, planted: str) -> dict[str, Any]:
    """What other APIs say of the projects of that organization, by path."""
    day, now = 86400, time.time()
    last, since = (time.strftime("%Y-%m-%dT07:00:00Z", time.gmtime(now - days * day)) for days in (2, 300))
    activities = "/v1/projects/%s/locations/global/activityTypes/serviceAccountLastAuthentication/activities:query"
    account = {"serviceAccountId": "1", "fullResourceName": planted, "projectNumber": "12"}
    used = {
        "fullResourceName": planted,
        "activityType": "serviceAccountLastAuthentication",
        "observationPeriod": {"startTime": since, "endTime": last},
        "activity": {"lastAuthenticatedTime": last, "serviceAccount": account},
    }
    quotas = [{"metric": "CPUS", "limit": 24.0, "usage": 4.0}, {"metric": "SSD_TOTAL_GB", "limit": 500.0, "usage": 0.0}]
    compute = f"/compute/v1/projects/{project}"
    return {
        activities % project: {"activities": [used]},
        activities % "tools": {},
        f"/dns/v1/projects/{project}/managedZones/acme/dnsKeys": {
            "kind": "dns#dnsKeysListResponse",
            "dnsKeys": [{"type": "keySigning", "algorithm": "rsasha256", "isActive": True, "publicKey": planted}],
        },
        compute: {
            "name": project,
            "quotas": quotas,
            "commonInstanceMetadata": {"items": [{"key": "x", "value": planted}]},
        },
        f"{compute}/regions": {
            "items": [{"name": "europe-west1", "status": "UP", "quotas": quotas, "description": planted}]
        },
    }


REGISTERS = {"gcp_record_buckets": {"books": 3650}, "gcp_endpoints": ["https://shop.example/health"]}
