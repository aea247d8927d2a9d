"""What Intune really asks of the devices that there are, and of apps on private phones; which systems are still served.

Graph v1.0 does not show the settings catalog, policies for some platforms, nor filters of assignments: what rests on
those is unknown. Source: Microsoft Graph v1.0, deviceCompliancePolicy, deviceConfiguration,
targetedManagedAppProtection and the types of each platform; deviceOperatingSystemSummary.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = [
    "compliance_told", "desktops_judged", "os_standing", "phones_unprotected", "platforms_judged",
    "removable_unblocked", "screens_open", "unruled_devices",
]  # fmt: skip

_DEVICES = "/deviceManagement/managedDevices"

_SHOWN: Mapping[str, tuple[str, str]] = {
    "windowsCount": ("Windows", "windows10CompliancePolicy"),
    "iosCount": ("iOS", "iosCompliancePolicy"),
    "macOSCount": ("macOS", "macOSCompliancePolicy"),
    "androidWorkProfileCount": ("Android work profile", "androidWorkProfileCompliancePolicy"),
    "androidDeviceAdminCount": ("Android device administrator", "androidCompliancePolicy"),
}
"""Platforms whose compliance policies v1.0 shows, by Intune's count of their devices."""

_KINDS_OF_ANDROID = (
    "androidDedicatedCount",
    "androidDeviceAdminCount",
    "androidFullyManagedCount",
    "androidWorkProfileCount",
    "androidCorporateWorkProfileCount",
)
_MOBILE = ("androidCount", *_KINDS_OF_ANDROID, "iosCount", "windowsMobileCount")
_NOT_OURS = ("androidCount", "configMgrDeviceCount")


def _used(counts: Mapping[str, int], elsewhere: Collection[str]) -> list[str]:
    """Counts of platforms that have devices. Devices of Android of no known kind are `androidCount`."""
    found = [name for name, n in counts.items() if n != 0 and name not in _NOT_OURS and name not in elsewhere]
    told = sum(max(counts.get(name, 0), 0) for name in _KINDS_OF_ANDROID)
    android = ["androidCount"] if counts.get("androidCount", 0) > told and "androidCount" not in elsewhere else []
    return sorted(found + android)


@derived
def platforms_judged(counts: JSON, elsewhere: JSON) -> JSON:
    """Counts of platforms that have devices which Intune manages, but for those that are looked after `elsewhere`."""
    return _used(counts, elsewhere)


@derived
def desktops_judged(counts: JSON, elsewhere: JSON) -> JSON:
    """Those of platforms_judged that are no phones."""
    return [name for name in _used(counts, elsewhere) if name not in _MOBILE]


def _ruled(
    counts: JSON, policies: JSON, demands: Callable[[Mapping[str, Any]], bool | None], elsewhere: JSON, *, filters: bool
) -> JSON | Unknown:
    """Platforms on which a device could count as compliant without meeting a demand: `platform: why`, each.

    A device that no policy reaches counts as not compliant (secureByDefault, which the test looks at). So nobody gets
    by where every assigned policy of a platform makes the demand, or one that does is for whatever each of the others
    is for, and no filter of its assignment can take devices out. `demands(policy)`: None where v1.0 does not show it.
    """
    found, unseen = [], []
    for count in _used(counts, elsewhere):
        if count not in _SHOWN or counts[count] < 0:
            unseen.append(count)
            continue
        platform, type = _SHOWN[count]
        assigned = [one["policy"] for one in policies if one["policy"]["type"] == type and one["policy"]["to"]]
        strict = [policy for policy in assigned if demands(policy) is True]
        lax = [policy for policy in assigned if demands(policy) is not True]
        bare = [policy for policy in lax if not any(_covers(one, policy) for one in strict)]
        if not assigned:
            found.append(f"{platform}: no policy")
        elif any(demands(policy) is None for policy in bare):
            unseen.append(count)
        elif bare:
            found += [f"{platform}: {policy['id']}" for policy in bare]
        elif lax and filters:
            unseen.append(f"{count} (assignment filters)")
    if found or not unseen:
        return found
    return Unknown("unsupported", operation="/deviceManagement/deviceCompliancePolicies", code=", ".join(unseen))


def _covers(policy: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a policy is for whatever another one is for, as far as assignments tell.

    Whether a group that is left out takes anything away depends on what it is left out of: groups of users take
    nothing from all devices, nor groups of devices from all users.
    """
    to, others = set(policy["to"]), set(other["to"])
    if policy["but"] and (to != others or not set(policy["but"]) <= set(other["but"])):
        return False
    return "devices" in to or ("filtered" not in others and others <= to)


def _blocks(policy: Mapping[str, Any], hours: JSON) -> bool:
    """Whether a device counts as not compliant within so many hours after it fails the policy."""
    return policy["block_hours"] is not None and policy["block_hours"] <= hours


@derived
def unruled_devices(counts: JSON, policies: JSON, hours: JSON, elsewhere: JSON, filters: JSON) -> JSON | Unknown:
    """Platforms on which a device could count as compliant without a password, or for more than `hours` after it lost
    it.

    `counts`: {windowsCount, …}. `policies`: joined, with their facet `policy`. `elsewhere`: counts that are looked
    after by other means. `filters`: whether assignments may have filters. Unknown(unsupported) where it rests on what
    is not shown.
    """

    def demands(policy: Mapping[str, Any]) -> bool:
        return policy["password"] is True and _blocks(policy, hours)

    return _ruled(counts, policies, demands, elsewhere, filters=filters)


@derived
def screens_open(
    counts: JSON, policies: JSON, minutes: JSON, hours: JSON, elsewhere: JSON, filters: JSON
) -> JSON | Unknown:
    """Platforms on which a device could count as compliant, or for more than `hours`, whose screen stays open for more
    than `minutes`.

    Parameters as of unruled_devices. What iOS has of it in v1.0 is the time after the screen went dark, not before.
    """

    def demands(policy: Mapping[str, Any]) -> bool | None:
        if policy["type"] == "iosCompliancePolicy":
            return None
        idle = policy["idle"] is True or policy["type"] != "windows10CompliancePolicy"
        asked = policy["password"] is True and _blocks(policy, hours)
        return asked and idle and policy["minutes"] is not None and 1 <= policy["minutes"] <= minutes

    return _ruled(counts, policies, demands, elsewhere, filters=filters)


@derived
def removable_unblocked(
    counts: JSON, configurations: JSON, groups: JSON, elsewhere: JSON, filters: JSON, catalog: JSON
) -> JSON | Unknown:
    """Desktop platforms whose devices may write to removable storage that is not encrypted.

    `groups`: ids of groups that hold every device. `filters`: whether assignments may have filters; `catalog`: whether
    the settings catalog may say more. With either, Unknown(unsupported) where the answer would rest on it.
    """
    used = desktops_judged(counts, elsewhere)
    unseen = [name for name in used if name != "windowsCount" or counts[name] < 0]
    if "windowsCount" in used and not any(_stops_writing(one["configuration"], groups) for one in configurations):
        if not catalog:
            return ["Windows"]
        unseen.append("windowsCount (settings catalog)")
    elif "windowsCount" in used and filters:
        unseen.append("windowsCount (assignment filters)")
    if not unseen:
        return []
    return Unknown("unsupported", operation="/deviceManagement/deviceConfigurations", code=", ".join(unseen))


def _stops_writing(one: Mapping[str, Any], groups: Collection[str]) -> bool:
    to = set(one["to"])
    return (one["storage_blocked"] or one["encrypted_to_write"]) and bool(to & {"devices", *groups}) and not one["but"]


@derived
def compliance_told(device: JSON) -> JSON | Unknown:
    """A device's complianceState; Unknown(unsupported) where Configuration Manager says whether it is compliant."""
    if device["complianceState"] == "configManager":
        return Unknown("unsupported", operation=_DEVICES, code="configManager")
    return device["complianceState"]


# ── apps ──────────────────────────────────────────────────────────────────────────────────

_KEPT_UP = ("allApps", "allMicrosoftApps", "allCoreMicrosoftApps")


@derived
def phones_unprotected(protections: JSON, groups: JSON, left_out: JSON) -> JSON | Unknown:
    """Platforms for which no app protection policy holds that is for everybody: `iOS`, `android`.

    `protections`: joined, with their facet `protection`. `groups`: ids of groups that hold everybody who may use a
    private phone; `left_out`: of groups that policies may leave out. Unknown(unsupported) where a laxer policy is
    assigned as well: it may be all that holds for some apps; or for some phones, by a filter or the kind of devices
    that a policy is for, which v1.0 does not show. Without one, what the strict ones do not reach has no protection at
    all, and conditional access keeps it out.
    """
    assigned = [one["protection"] for one in protections if one["protection"]["assigned"]]
    found, unseen = [], []
    for platform in ("iOS", "android"):
        here = [one for one in assigned if one["platform"] == platform]
        if not any(_keeps_in(one) is not False and _for_everybody(one, groups, left_out) for one in here):
            found.append(platform)
        elif not all(map(_keeps_in, here)):
            unseen.append(platform)
    if found or not unseen:
        return found
    return Unknown("unsupported", operation="/deviceAppManagement/managedAppPolicies", code=", ".join(unseen))


def _keeps_in(one: Mapping[str, Any]) -> bool | None:
    """Whether a policy keeps data in; None where no app is told: it may be for a group of them, not shown in v1.0."""
    if not (one["pin"] and one["backup_blocked"] and one["outbound"] in ("managedApps", "none")):
        return False
    if one["apps"] > 0:
        return True
    return None if one["group"] is None else one["group"] in _KEPT_UP


def _for_everybody(one: Mapping[str, Any], groups: Collection[str], left_out: Collection[str]) -> bool:
    return bool(set(one["to"]) & {"users", *groups}) and set(one["but"]) <= set(left_out)


# ── systems ───────────────────────────────────────────────────────────────────────────────

_NUMBERS = re.compile(r"\d+(?:\.\d+)*")


@derived
def os_standing(device: JSON, supported: JSON) -> JSON | Unknown:
    """{until, current, patched} of a device's system: until when its branch is served, and whether it is no older than
    asked.

    `supported`: [{os, branch, until, at_least}], versions compared number by number; the longest branch that fits
    counts. Of Android `current` is true and `patched` the date of its patches, which stand for it.
    Unknown(unclassified) for a branch that is not among them; Unknown(unsupported) for an Android that does not say
    when it was patched. Raises ValueError (unreadable) for a version that has no number, KeyError for a branch without
    `at_least`.
    """
    system, version = str(device["operatingSystem"]).casefold(), _version(device["osVersion"])
    fitting = [
        one
        for one in supported
        if str(one["os"]).casefold() == system and version[: len(_version(one["branch"]))] == _version(one["branch"])
    ]
    if not fitting:
        return Unknown("unclassified", code=f"{device['operatingSystem']} {'.'.join(map(str, version))}"[:100])
    branch = max(fitting, key=lambda one: len(_version(one["branch"])))
    if system.startswith("android"):
        if not device["androidSecurityPatchLevel"]:
            return Unknown("unsupported", operation=_DEVICES, code="androidSecurityPatchLevel")
        return {"until": branch["until"], "current": True, "patched": device["androidSecurityPatchLevel"]}
    return {"until": branch["until"], "current": version >= _version(branch["at_least"]), "patched": None}


def _version(text: Any) -> tuple[int, ...]:
    found = _NUMBERS.match(str(text).strip())
    if found is None:
        raise ValueError(text)
    return tuple(int(part) for part in found[0].split("."))
