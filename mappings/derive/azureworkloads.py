"""What Azure's machines, clusters, plans and apps are made from, where they stand, and how long they are supported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["aks_version_gaps", "app_runtime", "guest_reports", "image_approved", "places", "replicated", "scales"]

_DAY = 86_400_000
_BY_ITSELF = frozenset({"dynamic", "flexconsumption"})
"""Tiers of plans that grow by themselves. Source: learn.microsoft.com, "Azure Functions hosting options"."""


# ── images ──


@derived
def image_approved(reference: JSON, approved: JSON) -> JSON:
    """Whether an image is approved: by `publisher`, `publisher/offer`, `publisher/offer/sku`, or an id.

    The id of a gallery or image approves what is below it, such as the versions of an image. null, as of a disk that
    was attached, is not. Source: REST API, ImageReference.
    """
    if not reference:
        return False
    market = "/".join(str(reference[name]) for name in ("publisher", "offer", "sku") if reference.get(name))
    ids = [reference.get(name) for name in ("id", "sharedGalleryImageId", "communityGalleryImageId")]
    texts = [str(text).lower().strip("/") for text in (*ids, "" if any(ids) else market) if text]
    roots = [str(one).lower().strip("/") for one in approved]
    return any(text == root or text.startswith(f"{root}/") for text in texts for root in roots if root)


# ── what is found inside ──


@derived
def guest_reports(assignments: JSON, named: JSON) -> JSON:
    """[{status, at}] of assignments of machine configuration with one of these names, or whose configuration has it.

    `at`: when it was last checked; a time long past where nobody did. Azure Policy gives assignments names of its own,
    with the configuration's name in front. Source: REST API, Guest Configuration Assignments.
    """
    names = {str(one).lower() for one in named}
    found = []
    for one in assignments:
        value = one["assignment"]["properties"]
        own = {
            str(one["assignment"].get("name")).lower(),
            str((value.get("guestConfiguration") or {}).get("name")).lower(),
        }
        if own & names:
            at = str(value.get("lastComplianceStatusChecked") or "1970-01-01T00:00:00Z")
            found.append({"status": str(value.get("complianceStatus")), "at": at})
    return found


# ── places ──

_RUNNING = frozenset({"PowerState/running", "PowerState/starting"})


@derived
def places(machine: JSON, others: JSON) -> JSON | Unknown:
    """How many zones or regions a machine's workload stands in.

    `others`: [{machine}] of the same workload, itself perhaps among them. One that is stopped stands nowhere, and one
    without a zone may stand in any zone of its region, so that it counts once for it. Unknown(unresolved) where only
    machines of which Resource Graph does not say whether they run would make it two.
    """
    every = [machine, *(one["machine"] for one in others)]
    running = _standing(one for one in every if one.get("power") in _RUNNING)
    perhaps = _standing(one for one in every if not one.get("power") or one["power"] in _RUNNING)
    if running < 2 <= perhaps:
        return Unknown("unresolved", operation="Microsoft.Compute/virtualMachines", code="powerState")
    return perhaps


def _standing(machines: Iterable[Mapping[str, Any]]) -> int:
    found = {_place(one) for one in machines}
    return max(len({region for region, _ in found}), len({place for place in found if place[1]}))


@derived
def replicated(replicas: JSON) -> JSON:
    """Whether one of [{item}], replicated items, is protected and healthy, in another region or zone.

    Source: REST API, Replication Protected Items (A2AReplicationDetails).
    """
    return any(_replicated(one["item"]["properties"]) for one in replicas)


def _place(machine: Mapping[str, Any]) -> tuple[str, str]:
    return str(machine.get("location")).lower(), ",".join(str(zone) for zone in machine.get("zones") or ())


def _replicated(value: Mapping[str, Any]) -> bool:
    details = value.get("providerSpecificDetails") or {}
    away = any(
        details.get(f"recovery{name}") and details.get(f"recovery{name}") != details.get(f"primary{name}")
        for name in ("FabricLocation", "AvailabilityZone")
    )
    return away and value.get("protectionState") == "Protected" and value.get("replicationHealth") == "Normal"


# ── load ──


@derived
def scales(settings: JSON, plan: JSON, now: JSON) -> JSON:
    """Whether a plan or scale set grows and shrinks under load: by a setting, or, as some plans, by itself.

    Each profile that is not over must have room between its limits and rules for both ways: another would stop it for
    as long as it rules. Source: REST API, Autoscale Settings (numbers are texts); App Service Plans.
    """
    if plan:
        tier, value = str((plan.get("sku") or {}).get("tier")).lower(), plan.get("properties") or {}
        room = int(value.get("maximumElasticWorkerCount") or 0) > 1
        if tier in _BY_ITSELF or (room and (tier == "elasticpremium" or value.get("elasticScaleEnabled") is True)):
            return True
    on = [one["autoscale"]["properties"] for one in settings if one["autoscale"]["properties"].get("enabled") is True]
    profiles = [[one for one in value.get("profiles") or () if not _over(one, now)] for value in on]
    return any(each and all(_moves(one) for one in each) for each in profiles)


def _over(profile: Mapping[str, Any], now: int) -> bool:
    end = (profile.get("fixedDate") or {}).get("end")
    if not end:
        return False
    at = datetime.fromisoformat(str(end))
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000) + _DAY < now


def _moves(profile: Mapping[str, Any]) -> bool:
    capacity = profile.get("capacity") or {}
    ways = {
        (one.get("scaleAction") or {}).get("direction")
        for one in profile.get("rules") or ()
        if str((one.get("scaleAction") or {}).get("value") or "0") != "0"
    }
    return int(capacity.get("minimum") or 0) < int(capacity.get("maximum") or 0) and {"Increase", "Decrease"} <= ways


# ── versions ──


@derived
def aks_version_gaps(cluster: JSON, versions: JSON) -> JSON:
    """What of a cluster runs a version of Kubernetes that its region does not support, sorted.

    `versions`: [{version, isPreview, capabilities, patchVersions}] of the region. A version that has long-term support
    only counts for a cluster with that plan. Source: REST API, Managed Clusters - List Kubernetes Versions.
    """
    value = cluster["properties"]
    plan = str(value.get("supportPlan") or "KubernetesOfficial")
    plans = {"KubernetesOfficial", plan}
    supported = {
        str(patch)
        for one in versions
        if one.get("isPreview") is not True and plans & set((one.get("capabilities") or {}).get("supportPlan") or ())
        for patch in one.get("patchVersions") or {}
    }
    running = {"control plane": value.get("currentKubernetesVersion")}
    running |= {str(one["name"]): one.get("currentOrchestratorVersion") for one in value.get("agentPoolProfiles") or ()}
    return sorted(f"{name}: {version}" for name, version in running.items() if version not in supported)


@derived
def app_runtime(kind: JSON, properties: JSON, config: JSON, catalogue: JSON) -> JSON | Unknown:
    """{runtime, ends, deprecated} of an app on Linux, by Microsoft's catalogue of runtimes.

    Unknown(unresolved) for an image of one's own, for Windows, whose app settings alone say what it runs, and for a
    runtime that the catalogue lacks or names no end of. Source: REST API, Web Apps (linuxFxVersion, functionAppConfig).
    """
    flex = (properties.get("functionAppConfig") or {}).get("runtime") or {}
    named = f"{flex['name']}|{flex['version']}" if flex.get("name") and flex.get("version") else ""
    runtime = named or str(config.get("linuxFxVersion") or "")
    app = "function" if "functionapp" in str(kind).lower() else "web"
    stacks = [one for each in catalogue for one in each["stacks"]]
    mine = [one for one in stacks if str(one["runtime"]).lower() == runtime.lower() and one["app"] == app]
    dated = [one for one in mine if one.get("ends") or one.get("deprecated") is True]
    if not dated:
        return Unknown(
            "unresolved", operation="Microsoft.Web/webAppStacks", code=runtime[:100] or "no runtime is named"
        )
    one = min(dated, key=lambda each: str(each.get("ends") or ""))
    return {"runtime": runtime, "ends": one.get("ends"), "deprecated": one.get("deprecated") is True}
