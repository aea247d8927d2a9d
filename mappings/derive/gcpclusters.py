"""Clusters and services of Google Cloud: whether they are kept up to date and backed up, and what may run in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.kubeversions import minors_behind

__all__ = ["admission_gaps", "newest_cluster_backup", "unscanned_images", "upgrade_gaps", "upgrade_pauses"]

_CHANNELS = frozenset({"RAPID", "REGULAR", "STABLE", "EXTENDED"})
_PATCHED = "NO_MINOR_UPGRADES"
"""The only scope of an exclusion that lets patches into control plane and nodes."""

_FAR = datetime.max.replace(tzinfo=UTC)


@derived
def upgrade_gaps(cluster: JSON) -> JSON:
    """Why a cluster is not kept up to date, one text for each reason.

    Nodes that are three minor versions behind are not upgraded, whatever is configured. Source: container.v1,
    ReleaseChannel, NodeManagement, NodePoolMaintenancePolicy; GKE, version skew.
    """
    data = cluster["data"]
    channel = (data.get("releaseChannel") or {}).get("channel")
    found = [] if channel in _CHANNELS else ["it is in no release channel"]
    autopilot = (data.get("autopilot") or {}).get("enabled") is True
    for pool in data.get("nodePools") or ():
        if not autopilot and (pool.get("management") or {}).get("autoUpgrade") is not True:
            found.append(f"{pool['name']} is not upgraded")
        if ((pool.get("maintenancePolicy") or {}).get("exclusionUntilEndOfSupport") or {}).get("enabled") is True:
            found.append(f"{pool['name']} is not upgraded until its support ends")
        if minors_behind(pool["version"], data["currentMasterVersion"]) > 2:
            found.append(f"{pool['name']} is behind")
    return found


@derived
def upgrade_pauses(cluster: JSON) -> JSON:
    """When upgrades are put off, [{end, days}], what touches put together; and, for ever, the days between two patches.

    `end`: RFC 3339; `days`: 999999 for those that last until support ends. Exclusions of minor
    versions alone still let patches in. Source: container.v1, MaintenanceExclusionOptions, DisruptionBudget.
    """
    policy = cluster["data"].get("maintenancePolicy") or {}
    spans = sorted(_stops((policy.get("window") or {}).get("maintenanceExclusions") or {}))
    found: list[list[Any]] = []
    for start, end, open_ended in spans:
        if found and start <= found[-1][1] + timedelta(days=1):
            found[-1] = [found[-1][0], max(found[-1][1], end), found[-1][2] or open_ended]
        else:
            found.append([start, end, open_ended])
    pauses = [{"end": end.isoformat(), "days": 999_999 if far else (end - start).days} for start, end, far in found]
    apart = (policy.get("disruptionBudget") or {}).get("patchVersionDisruptionInterval")
    between = [timedelta(seconds=float(apart.removesuffix("s")))] if apart else []
    return pauses + [{"end": _FAR.isoformat(), "days": one.days} for one in between]


def _stops(exclusions: Mapping[str, Any]) -> Iterator[tuple[datetime, datetime, bool]]:
    for one in exclusions.values():
        options = one.get("maintenanceExclusionOptions") or {}
        if options.get("scope") != _PATCHED:
            far = options.get("endTimeBehavior") == "UNTIL_END_OF_SUPPORT"
            end = _FAR - timedelta(days=1) if far and not one.get("endTime") else _time(one["endTime"])
            yield _time(one["startTime"]), end, far


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


_ENFORCING = frozenset({"PROJECT_SINGLETON_POLICY_ENFORCE", "POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_ENFORCE"})
_SPECIFIC = (
    "clusterAdmissionRules",
    "kubernetesNamespaceAdmissionRules",
    "kubernetesServiceAccountAdmissionRules",
    "istioServiceIdentityAdmissionRules",
)


@derived
def admission_gaps(cluster: JSON, policies: JSON, exempt: JSON) -> JSON:
    """Why images that nobody attested may run in a cluster, one text for each reason.

    `policies`: joined, the project's; none means Google's default, which lets everything in. `exempt`: patterns of
    images that were agreed to. Source: container.v1, BinaryAuthorization; binaryauthorization.v1, Policy.
    """
    given = cluster["data"].get("binaryAuthorization") or {}
    mode = given.get("evaluationMode")
    old = mode in (None, "EVALUATION_MODE_UNSPECIFIED") and given.get("enabled") is True
    found = [] if old or mode in _ENFORCING else ["it does not enforce the project's policy"]
    if not policies:
        return [*found, "the project has no policy"]
    data = policies[0]["admission_policy"]["data"]
    rules = [("by default", data["defaultAdmissionRule"])]
    rules += [one for kind in _SPECIFIC for one in (data.get(kind) or {}).items()]
    found += [f"{name}, images need no attestation" for name, rule in rules if not _strict(rule)]
    patterns = [one["namePattern"] for one in data.get("admissionWhitelistPatterns") or ()]
    return found + [f"{one} is exempt" for one in patterns if one not in exempt]


def _strict(rule: Mapping[str, Any]) -> bool:
    mode = rule.get("evaluationMode")
    attested = mode == "ALWAYS_DENY" or (mode == "REQUIRE_ATTESTATION" and bool(rule.get("requireAttestationsBy")))
    return attested and rule.get("enforcementMode") == "ENFORCED_BLOCK_AND_AUDIT_LOG"


@derived
def newest_cluster_backup(plans: JSON, selective: JSON) -> JSON:
    """When the newest backup of a cluster by a plan that takes all of it was done (RFC 3339); "" if there is none.

    `plans`: joined, its own. `selective`: names of plans whose choice of namespaces was agreed to.
    Source: gkebackup.v1, BackupPlan (state, deactivated, backupSchedule, backupConfig).
    """
    found = [one["backup_plan"] for one in plans]
    return max((one["backup"] for one in found if _whole(one, one["name"] in selective)), default="")


def _whole(plan: Mapping[str, Any], selective: bool) -> bool:
    data = plan["data"]
    schedule, config = data.get("backupSchedule") or {}, data.get("backupConfig") or {}
    runs = data.get("state") == "READY" and data.get("deactivated") is not True and schedule.get("paused") is not True
    due = bool(schedule.get("cronSchedule") or (schedule.get("rpoConfig") or {}).get("targetRpoMinutes"))
    return (
        runs and due and config.get("includeVolumeData") is True and (selective or config.get("allNamespaces") is True)
    )


@derived
def unscanned_images(images: JSON, repositories: JSON, agreed: JSON) -> JSON | Unknown:
    """Images that come from no repository whose images are scanned.

    `images`: [{image, place}]; `repositories`: joined, those that they come from; `agreed`: how names of images begin
    that were agreed to. Unknown(unresolved) where there are none, or one comes by a virtual repository, which passes on
    what others hold. Source: Artifact Analysis, container scanning.
    """
    rest = [one for one in images if not one["image"].startswith(tuple(agreed))]
    known = {one["repository"]["place"]: one["repository"]["data"] for one in repositories}
    virtual = any((known.get(one["place"]) or {}).get("mode") == "VIRTUAL_REPOSITORY" for one in rest)
    if not images or virtual:
        return Unknown("unresolved", operation="ListAssets")
    return [one["image"] for one in rest if one["place"] not in known or not _scanned(known[one["place"]])]


def _scanned(repository: Mapping[str, Any]) -> bool:
    return bool(repository["vulnerabilityScanningConfig"]["enablementState"] == "SCANNING_ACTIVE")
