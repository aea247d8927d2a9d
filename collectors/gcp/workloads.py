"""What runs: clusters, services and functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Page, ResourceType
from annexlog.collectors.declaring import Asks
from annexlog.collectors.gcp._calls import ASSETS, ROW, assets

__all__ = ["admission_policy", "backup_plan", "cluster", "function", "run_service"]

BACKUP = "gkebackup.googleapis.com/Backup"


_IMAGE = re.compile(r"([a-z0-9-]+)-docker\.pkg\.dev/((?:[^/.]+\.[^/]+/)?[^/]+)/([^/:@]+)/")
_REGISTRY = re.compile(r"((?:([a-z]+)\.)?gcr\.io)/((?:[^/.]+\.[^/]+/)?[^/]+)/")
_LOCATIONS = {None: "us", "us": "us", "eu": "europe", "asia": "asia"}


def place(image: str) -> str:
    """The repository of Artifact Registry that an image comes from (`projects/…/locations/…/repositories/…`); "" for others.

    Images of gcr.io are in repositories of that name. Source: Artifact Registry, repository and image names; transition from
    Container Registry.
    """
    if found := _IMAGE.match(image):
        return f"projects/{_id(found[2])}/locations/{found[1]}/repositories/{found[3]}"
    if (found := _REGISTRY.match(image)) and found[2] in _LOCATIONS:
        return f"projects/{_id(found[3])}/locations/{_LOCATIONS[found[2]]}/repositories/{found[1]}"
    return ""


def _id(project: str) -> str:
    """A project's id as it is elsewhere: one in a domain has a slash in names of images."""
    return project.replace("/", ":")


def services(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Services, each with its images and where they come from: {…, images: [{image, place}]}."""
    for page in ask.pages(ASSETS, params):
        for row in page.body["assets"]:
            data = row.get("data") or {}
            old, new = (data.pop("spec", None) or {}).get("template") or {}, data.pop("template", None) or {}
            containers = [*((old.get("spec") or {}).get("containers") or ()), *(new.get("containers") or ())]
            images = sorted({one["image"] for one in containers if one.get("image")})
            row["images"] = [{"image": one, "place": place(one)} for one in images]
        yield page


def clusters(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Clusters, each with what a backup plan may call it (`places`): by its project's id or number, its location or zone."""
    for page in ask.pages(ASSETS, params):
        for row in page.body["assets"]:
            path = row["name"].removeprefix("//container.googleapis.com/").replace("/zones/", "/locations/", 1)
            project, _, below = path.partition("/locations/")
            numbers = [one for one in row["nodes"] if one.startswith("projects/")]
            row["places"] = [f"{one}/{kind}/{below}" for one in dict.fromkeys([project, *numbers]) for kind in ("locations", "zones")]
        yield page


def backup_plans(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Plans of backups of clusters, each with when its newest backup that succeeded on schedule was done ("" if none).

    A backup is called `//gkebackup.googleapis.com/<plan>/backups/<backup>`.
    """
    pages = list(ask.pages(ASSETS, params))
    rows = [row for page in pages for row in page.body["assets"]]
    newest = dict[str, str]()
    for row in rows:
        data = row.get("data") or {}
        if row["type"] == BACKUP and data.get("state") == "SUCCEEDED" and data.get("manual") is not True:
            plan = row["name"].partition("/backups/")[0]
            newest[plan] = max(newest.get(plan, ""), str(data.get("completeTime") or ""))
    found = [row | {"backup": newest.get(row["name"], "")} for row in rows if row["type"] != BACKUP]
    yield Page({"assets": found, "readTime": min(page.body["readTime"] for page in pages)})

cluster = ResourceType(
    "gcp.gke.cluster", facet="cluster", id="{cluster.name}", per="project", scope=ROW % "cluster",
    listed=assets("container.googleapis.com/Cluster", fn=clusters, keep=("name", "status", "endpoint", "databaseEncryption.currentState", "databaseEncryption.state", "autopilot.enabled", "privateClusterConfig", "networkConfig.defaultEnablePrivateNodes", "masterAuthorizedNetworksConfig", "controlPlaneEndpointsConfig",
                  "workloadIdentityConfig.workloadPool", "shieldedNodes.enabled", "nodePools.name", "nodePools.networkConfig.enablePrivateNodes", "nodePools.config.workloadMetadataConfig.mode",
                  "resourceLabels", "currentMasterVersion", "releaseChannel.channel", "maintenancePolicy.window.maintenanceExclusions", "maintenancePolicy.disruptionBudget.patchVersionDisruptionInterval", "nodePools.version", "nodePools.management.autoUpgrade", "nodePools.maintenancePolicy.exclusionUntilEndOfSupport.enabled", "binaryAuthorization.evaluationMode", "binaryAuthorization.enabled", "binaryAuthorization.policyBindings")),
    tags="cluster.data.resourceLabels",
)

backup_plan = ResourceType(
    "gcp.gke.backup_plan", facet="backup_plan", id="{backup_plan.name}", per="project", scope=ROW % "backup_plan",
    listed=assets("gkebackup.googleapis.com/BackupPlan", BACKUP, fn=backup_plans,
                  keep=("cluster", "state", "deactivated", "backupSchedule.cronSchedule", "backupSchedule.rpoConfig.targetRpoMinutes", "backupSchedule.paused", "backupConfig.allNamespaces", "backupConfig.includeVolumeData", "manual", "completeTime")),
)

# Binary Authorization: what may run in the clusters of a project.
admission_policy = ResourceType(
    "gcp.binaryauthorization.policy", facet="admission_policy", id="{admission_policy.name}", per="project", scope=ROW % "admission_policy",
    listed=assets("binaryauthorization.googleapis.com/Policy", keep=("admissionWhitelistPatterns", "defaultAdmissionRule", "clusterAdmissionRules", "kubernetesNamespaceAdmissionRules", "kubernetesServiceAccountAdmissionRules", "istioServiceIdentityAdmissionRules", "globalPolicyEvaluationMode")),
)

# Of the annotations only whether the caller is checked: others are whatever people write there.
run_service = ResourceType(
    "gcp.run.service", facet="run_service", id="{run_service.name}", per="project", scope=ROW % "run_service",
    listed=assets("run.googleapis.com/Service", fn=services, keep=("spec.template.spec.containers.image", "template.containers.image", "kind", "invokerIamDisabled", "iapEnabled", ("metadata", "annotations", "run.googleapis.com/invoker-iam-disabled"), ("metadata", "annotations", "run.googleapis.com/iap-enabled"))),
)

function = ResourceType(
    "gcp.functions.function", facet="function_", id="{function_.name}", per="project", scope=ROW % "function_",
    listed=assets("cloudfunctions.googleapis.com/(CloudFunction|Function)", keep=("name", "state", "status", "environment")),
)
