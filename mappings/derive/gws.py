"""Google Workspace: which super administrators can sign in, what may leave by files and apps, what devices lack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["active_super_admins", "device_lacking", "loose_apps", "loose_sharing", "undetected"]


@derived
def active_super_admins(super_admins: JSON, users: JSON) -> JSON:
    """Ids of super administrators that are neither suspended nor archived; one that is not among the users counts."""
    known = {one["user"]["id"]: one["user"] for one in users}
    return [id for id in super_admins["users"] if not _closed(known.get(id, {}))]


def _closed(user: Mapping[str, Any]) -> bool:
    return user.get("suspended") is True or user.get("archived") is True


_STRICT = frozenset({"DISALLOWED", "ALLOWLISTED_DOMAINS"})


@derived
def loose_sharing(sharing: JSON, agreed: JSON) -> JSON:
    """Where files may be shared outside of listed domains, or published: `unit or group: reason`, each.

    Of several policies for one unit the one with the highest order counts, member by member. What the root does not set
    is Google's default, which lets both; what others do not set is inherited. One for nobody in particular is for
    all. `agreed`: units and groups left out.
    Source: Cloud Identity API, PolicyQuery (sortOrder); Policy API, drive_and_docs.external_sharing.
    """
    resolved = _resolved(sharing, {"externalSharingMode": "ALLOWED", "allowPublishingFiles": True})
    found = []
    for where, value in sorted(resolved.items()):
        if where.partition(" ")[0] in agreed:
            continue
        if value.get("externalSharingMode", "DISALLOWED") not in _STRICT:
            found.append(f"{where}: {value['externalSharingMode']}")
        if value.get("allowPublishingFiles") is True:
            found.append(f"{where}: files can be published")
    return found


def _resolved(settings: Mapping[str, Any], default: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """{unit or group: what is set for it}, of several policies the last, member by member. `default`: of the root.

    A policy that is only for some of its unit or group stands by itself: the others have what is set without it. What
    is set later for all of them is for these as well.
    """
    resolved: dict[str, dict[str, Any]] = {settings["root"]: dict(default)}
    for policy in sorted(settings["policies"], key=lambda one: float(one["policyQuery"].get("sortOrder", 0))):
        query, value = policy["policyQuery"], policy["setting"].get("value") or {}
        where = query.get("group") or query.get("orgUnit")
        if query.get("narrowed"):
            resolved[f"{where or 'some'} {policy['name']}"] = dict(value)
            continue
        where = where or settings["root"]
        resolved.setdefault(where, {})
        for name, found in resolved.items():
            if name.partition(" ")[0] == where:
                found.update(value)
    return resolved


@derived
def loose_apps(app_access: JSON, restricted: JSON, agreed: JSON) -> JSON | Unknown:
    """Where people may give their data to apps that nobody configured: `unit or group: level`, each.

    `restricted`: names of levels at which they may not. `agreed`: units and groups left out. Unknown(unresolved) where
    nothing is set for the root, since Google does not say what holds then; Unknown(unclassified) for a level that says
    neither that all is allowed nor that it is restricted. Source: Cloud Identity Policy API,
    api_controls.unconfigured_third_party_apps.
    """
    found, unclear = list[str](), list[str]()
    for where, value in sorted(_resolved(app_access, {"accessLevel": None}).items()):
        if where.partition(" ")[0] in agreed or "accessLevel" not in value:
            continue
        level = value["accessLevel"]
        if level is None:
            return Unknown("unresolved", operation="/v1/policies", code=where)
        if level not in restricted:
            (found if level.startswith("ALLOW_ALL") else unclear).append(f"{where}: {level}")
    if unclear and not found:
        return Unknown("unclassified", operation="/v1/policies", code=", ".join(unclear)[:200])
    return found + unclear


SHARES = "google.workspace.drive.file.v1.share"
_STOPS = frozenset({"blockAccess", "warnUser"})


@derived
def undetected(loss_rules: JSON, detectors: JSON, most: JSON) -> JSON:
    """Those of the detectors that no rule looks for when anybody shares a file of Drive, to do more than note it.

    A rule counts if it is active, for the whole of the root unit, finds any of its detectors alone enough, from `most`
    matches on or fewer, and blocks or warns.
    """
    held = set[str]()
    for policy in loss_rules["policies"]:
        query, rule = policy["policyQuery"], policy["rule"]
        here = query.get("orgUnit") == loss_rules["root"] and not (query.get("group") or query["narrowed"])
        if (
            here
            and rule["state"] == "ACTIVE"
            and SHARES in rule["triggers"]
            and rule["plain"]
            and _STOPS & set(rule["drive"])
        ):
            held |= {name for name, count in rule["matches"].items() if count <= most}
    return sorted(set(detectors) - held)


_GONE = frozenset({"WIPED", "BLOCKED", "UNENROLLED"})


@derived
def device_lacking(device: JSON, uses: JSON) -> JSON | Unknown:
    """What a device lacks that accounts are used on: encryption, a password, approval, to be whole.

    Accounts that were wiped from it, blocked or unenrolled do not count. Unknown(unsupported) where nothing is lacking
    and Google does not say. Source: Cloud Identity API, Device, DeviceUser.
    """
    using = [one for one in uses["users"] if one["state"] not in _GONE]
    told = [
        ("encryption", device.get("encryptionState"), ("ENCRYPTED",), ("NOT_ENCRYPTED", "UNSUPPORTED_BY_DEVICE")),
        *(("password", one["password"], ("PASSWORD_SET",), ("PASSWORD_NOT_SET",)) for one in using),
        *(("approval", one["state"], ("APPROVED",), ("PENDING_APPROVAL", "WIPING")) for one in using),
    ]
    compromised = "COMPROMISED" in (device.get("compromisedState"), *(one["compromised"] for one in using))
    lacking = {name for name, state, _, bad in told if state in bad} | ({"integrity"} if compromised else set())
    unseen = {name for name, state, good, bad in told if state not in (*good, *bad)}
    if unseen and not lacking:
        return Unknown("unsupported", operation="/v1/devices", code=", ".join(sorted(unseen)))
    return sorted(lacking)
