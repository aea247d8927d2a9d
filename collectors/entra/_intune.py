"""What Intune asks of devices and apps, and whom: each policy in short, since Graph has a type for every platform."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Page, Refused
from annexlog.collectors.declaring import Asks
from annexlog.collectors.entra._calls import items

COMPLIANCE = "/deviceManagement/deviceCompliancePolicies"
CONFIGURATIONS = "/deviceManagement/deviceConfigurations"
OVERVIEW = "/deviceManagement/managedDeviceOverview"
IOS, ANDROID = "/deviceAppManagement/iosManagedAppProtections", "/deviceAppManagement/androidManagedAppProtections"

_EVERYBODY: Mapping[str, str] = {"allDevicesAssignmentTarget": "devices", "allLicensedUsersAssignmentTarget": "users"}


def policies(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Compliance policies: [{id, name, type, password, idle, minutes, block_hours, to, but}].

    `type`: Graph's, which says the platform. `password`: whether one must be set; `idle`: whether a device of Windows
    asks for it again (null: it has no such setting); `minutes`: without use before it is asked for, null if not set.
    `block_hours`: after how many a device counts as not compliant, null: never. `to`, `but`: see _assigned.
    Source: List deviceCompliancePolicies and the types of each platform (those of iOS say passcode for password).
    """
    for page in ask.pages(COMPLIANCE, params):
        found = [_compliance(row) for row in items(page)]
        yield Page({"value": found}, page.request_id, page.date)


def _compliance(row: Mapping[str, Any]) -> dict[str, Any]:
    rules = [one for rule in row["scheduledActionsForRule"] for one in rule["scheduledActionConfigurations"]]
    blocks = [one["gracePeriodHours"] for one in rules if one["actionType"] == "block"]
    minutes = ("passwordMinutesOfInactivityBeforeLock", "passcodeMinutesOfInactivityBeforeLock")
    return {
        "id": row["id"],
        "name": row.get("displayName"),
        "type": _type(row),
        "password": row.get("passwordRequired") is True or row.get("passcodeRequired") is True,
        "idle": row.get("passwordRequiredToUnlockFromIdle"),
        "minutes": next((row[name] for name in minutes if row.get(name) is not None), None),
        "block_hours": min(blocks, default=None),
        **_assigned(row),
    }


def configurations(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Device configurations: [{id, name, type, storage_blocked, encrypted_to_write, to, but}], the last two of Windows.

    Source: List deviceConfigurations, windows10GeneralConfiguration (storageBlockRemovableStorage),
    windows10EndpointProtectionConfiguration (bitLockerRemovableDrivePolicy.requireEncryptionForWriteAccess).
    """
    for page in ask.pages(CONFIGURATIONS, params):
        found = [
            {
                "id": row["id"],
                "name": row.get("displayName"),
                "type": _type(row),
                "storage_blocked": row.get("storageBlockRemovableStorage") is True,
                "encrypted_to_write": (row.get("bitLockerRemovableDrivePolicy") or {}).get(
                    "requireEncryptionForWriteAccess"
                )
                is True,
                **_assigned(row),
            }
            for row in items(page)
        ]
        yield Page({"value": found}, page.request_id, page.date)


def protections(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """App protection policies: [{id, name, platform, assigned, apps, group, pin, backup_blocked, outbound, to, but}].

    `platform`: iOS or android, as conditional access calls them. `apps`: how many; `group`: a group of apps that Intune
    keeps up, null if none. Source: List iosManagedAppProtections, List androidManagedAppProtections.
    """
    for path, platform in ((IOS, "iOS"), (ANDROID, "android")):
        for page in ask.pages(path, params):
            found = [
                {
                    "id": row["id"],
                    "name": row.get("displayName"),
                    "platform": platform,
                    "assigned": row["isAssigned"] is True,
                    "apps": len(row["apps"]),
                    "group": row.get("appGroupType"),
                    "pin": row["pinRequired"] is True,
                    "backup_blocked": row["dataBackupBlocked"] is True,
                    "outbound": row["allowedOutboundDataTransferDestinations"],
                    **_assigned(row),
                }
                for row in items(page)
            ]
            yield Page({"value": found}, page.request_id, page.date)


def _type(row: Mapping[str, Any]) -> str:
    return str(row["@odata.type"]).rpartition(".")[2]


def _assigned(row: Mapping[str, Any]) -> dict[str, list[str]]:
    """{to, but}: ids of groups, or `devices` or `users` for all of them; those left out.

    A target that is not known here, or whose filter is shown, goes to nobody: `filtered`.
    """
    to, but = set[str](), set[str]()
    for assignment in row["assignments"]:
        target = assignment["target"]
        kind = _type(target)
        if kind == "exclusionGroupAssignmentTarget":
            but.add(target["groupId"])
        elif target.get("deviceAndAppManagementAssignmentFilterId"):
            to.add("filtered")
        elif kind in _EVERYBODY:
            to.add(_EVERYBODY[kind])
        else:
            to.add(target["groupId"] if kind == "groupAssignmentTarget" else "filtered")
    return {"to": sorted(to), "but": sorted(but)}


def platforms(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """How many managed devices there are of each platform, as Intune counts them: {windowsCount, iosCount, …}.

    Source: Get managedDeviceOverview (deviceOperatingSystemSummary), whose pages show it inside `value` too.
    """
    page = ask(OVERVIEW, params)
    body = page.body.get("value", page.body) if isinstance(page.body, dict) else None
    counts = body.get("deviceOperatingSystemSummary") if isinstance(body, dict) else None
    if not isinstance(counts, dict) or "windowsCount" not in counts:
        raise Refused("unreadable", "OtherAnswer", "the answer has no deviceOperatingSystemSummary")
    yield Page({name: n for name, n in counts.items() if isinstance(n, int)}, page.request_id, page.date)
