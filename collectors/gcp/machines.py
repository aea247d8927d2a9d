"""What machines are made of and run in: metadata above them, groups, disks and their copies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Page, ResourceType
from annexlog.collectors.declaring import Asks
from annexlog.collectors.gcp._calls import ASSETS, ROW, assets
from annexlog.collectors.gcp._spelling import spelled, spellings
from annexlog.collectors.gcp.compute import said, zone

__all__ = ["disk", "instance_group", "metadata", "target_instance"]

TEMPLATE, POLICY, SNAPSHOT = (f"compute.googleapis.com/{one}" for one in ("InstanceTemplate", "ResourcePolicy", "Snapshot"))


def shared_metadata(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Metadata of projects (`zone` is "") and of their zones, as far as it is kept: {project, zone, items}."""
    for page in ask.pages(ASSETS, params):
        for row in page.body["assets"]:
            row["zone"] = zone(row["name"])
            data = row.pop("data", None)
            if isinstance(data, dict):  # one without metadata is not one that cannot be read
                row["items"] = said(data.get("metadata" if row["zone"] else "commonInstanceMetadata"))
        yield page


def groups(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Managed instance groups, with the labels that their machines get.

    Those of the templates of all versions, less what they say differently, and over them those of `allInstancesConfig`.
    """
    pages = list(spelled(ask, params))
    rows = [row for page in pages for row in page.body["assets"]]
    templates = {row["data"].get("selfLink"): _labels(row["data"]) for row in rows if row["type"] == TEMPLATE and row.get("data")}
    found = [row for row in rows if row["type"] != TEMPLATE]
    for row in found:
        if row.get("data"):
            row["labels"] = _all_labels(row["data"], templates)
    yield Page({"assets": found, "readTime": min(page.body["readTime"] for page in pages)})


def _labels(data: Mapping[str, Any]) -> dict[str, str]:
    return (data.get("properties") or {}).get("labels") or {}


def _all_labels(data: Mapping[str, Any], templates: Mapping[Any, Mapping[str, str]]) -> dict[str, str]:
    named = [one.get("instanceTemplate") for one in data.get("versions") or ()] or [data.get("instanceTemplate")]
    several = [templates.get(one) or {} for one in named]
    same = {key: value for key, value in several[0].items() if all(one.get(key) == value for one in several)}
    return {**same, **_labels(data.get("allInstancesConfig") or {})}


def disks(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Disks, each with its schedules of snapshots and the time of its newest snapshot that is whole ("" if none).

    {…, schedules: [{status, days, scheduled}], snapshot}; `days` are null where snapshots are kept for ever. A snapshot is a disk's by `sourceDiskId`: another disk may have had its name.
    """
    pages = list(spelled(ask, params))
    rows = [row for page in pages for row in page.body["assets"]]
    schedules, newest = dict[str, dict[str, Any]](), dict[str, str]()
    for row in rows:
        data = row.get("data") or {}
        if row["type"] == POLICY:
            kept = data.get("snapshotSchedulePolicy") or {}
            days = (kept.get("retentionPolicy") or {}).get("maxRetentionDays")
            schedules[data.get("selfLink") or row["name"]] = {"status": data.get("status"), "days": days, "scheduled": bool(kept.get("schedule"))}
        if row["type"] == SNAPSHOT and data.get("status") == "READY" and data.get("sourceDiskId"):
            made = str(data.get("creationTimestamp") or "")
            newest[data["sourceDiskId"]] = max(newest.get(data["sourceDiskId"], ""), made)
    found = [row for row in rows if row["type"] not in (POLICY, SNAPSHOT)]
    for row in found:
        data = row.get("data") or {}
        row["schedules"] = [schedules[one] for one in data.get("resourcePolicies") or () if one in schedules]
        row["snapshot"] = newest.get(str(data.get("id") or ""), "")
    yield Page({"assets": found, "readTime": min(page.body["readTime"] for page in pages)})


metadata = ResourceType(
    "gcp.compute.metadata", facet="metadata", id="{metadata.name}", per="project", scope=ROW % "metadata",
    listed=assets("compute.googleapis.com/Project", "compute.googleapis.com/InstanceSettings", fn=shared_metadata, keep=spellings("commonInstanceMetadata.items", "metadata.items")),
)

instance_group = ResourceType(
    "gcp.compute.instance_group", facet="instance_group", id="{instance_group.name}", per="project", scope=ROW % "instance_group",
    listed=assets("compute.googleapis.com/(Region)?InstanceGroupManager", TEMPLATE, fn=groups,
                  keep=spellings("selfLink", "region", "targetSize", "autoHealingPolicies.healthCheck", "distributionPolicy.targetShape", "distributionPolicy.zones", "instanceLifecyclePolicy.defaultActionOnFailure", "instanceLifecyclePolicy.onFailedHealthCheck",
                                 "versions.instanceTemplate", "instanceTemplate", "allInstancesConfig.properties.labels", "properties.labels")),
    tags="instance_group.labels",
)

disk = ResourceType(
    "gcp.compute.disk", facet="disk", id="{disk.name}", per="project", scope=ROW % "disk",
    listed=assets("compute.googleapis.com/(Region)?Disk", POLICY, SNAPSHOT, fn=disks,
                  keep=spellings("selfLink", "id", "status", "labels", "sourceImage", "sourceSnapshot", "sourceInstantSnapshot", "sourceDisk", "sourceStorageObject", "resourcePolicies", "snapshotSchedulePolicy.schedule", "snapshotSchedulePolicy.retentionPolicy.maxRetentionDays", "sourceDiskId", "creationTimestamp")),
    tags="disk.data.labels", incarnation="disk.data.id",
)

target_instance = ResourceType(
    "gcp.compute.target_instance", facet="target_instance", id="{target_instance.name}", per="project", scope=ROW % "target_instance",
    listed=assets("compute.googleapis.com/TargetInstance", keep=("selfLink", "instance")),
)
