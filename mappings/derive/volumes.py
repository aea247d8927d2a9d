"""Volumes of a cluster: whether they are encrypted, and whether they are backed up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["backup_gaps", "volume_encrypted"]


@derived
def volume_encrypted(volume: JSON, classes: JSON, drivers: JSON) -> JSON | Unknown:
    """Whether a PersistentVolume is encrypted, as far as the cluster shows.

    True: its driver (spec.csi.driver) is one of `drivers`, which always encrypt, or its class's parameter `encrypted`
    is the text true. False: that parameter is false, or the volume is a path or disk of a node or NFS. Otherwise
    Unknown(unresolved): a cloud may encrypt by a setting of its own. `classes`: [{storage_class}], that of the volume.
    """
    spec = volume["spec"]
    if any(spec.get(kind) for kind in ("hostPath", "local", "nfs")):
        return False
    driver = (spec.get("csi") or {}).get("driver") or ""
    if driver in drivers:
        return True
    for one in classes:
        said = str((one["storage_class"].get("parameters") or {}).get("encrypted", "")).lower()
        if said in ("true", "false"):
            return said == "true"
    return Unknown("unresolved", operation="storage_class", code=driver)


@derived
def backup_gaps(namespace: JSON, schedules: JSON, backups: JSON, locations: JSON, now: JSON, hours: JSON) -> JSON:
    """What keeps a namespace from being backed up by Velero, sorted; [] if one schedule does it all.

    A schedule that is enabled and not paused, whose template takes in the namespace and its volumes, whose newest
    backup is Completed and no older than `hours`, in a location that is Available. `now`: ms since 1970.
    Source: Velero API, Schedule, Backup, BackupStorageLocation.
    """
    covering = [one["backup_schedule"] for one in schedules if _covers(one["backup_schedule"], str(namespace))]
    if not covering:
        return ["no schedule that runs takes it in with its volumes"]
    found = [
        why for schedule in covering if (why := _stale(schedule, [b["backup"] for b in backups], locations, now, hours))
    ]
    return sorted(found) if len(found) == len(covering) else []


def _covers(schedule: Mapping[str, Any], namespace: str) -> bool:
    spec, template = schedule["spec"], schedule["spec"].get("template") or {}
    if spec.get("paused") or (schedule.get("status") or {}).get("phase") != "Enabled":
        return False
    inside = [str(one) for one in template.get("includedNamespaces") or ("*",)]
    outside = [str(one) for one in template.get("excludedNamespaces") or ()]
    if not any(fnmatchcase(namespace, one) for one in inside) or any(fnmatchcase(namespace, one) for one in outside):
        return False
    if any(template.get(part) for part in ("includedResources", "labelSelector", "orLabelSelectors")):
        return False  # a part of the namespace
    dropped = {str(one) for one in template.get("excludedResources") or ()}
    volumes = template.get("snapshotVolumes") is not False or template.get("defaultVolumesToFsBackup") is True
    return volumes and not dropped & {"*", "persistentvolumes", "persistentvolumeclaims", "pv", "pvc"}


def _stale(
    schedule: Mapping[str, Any], backups: Iterable[Mapping[str, Any]], locations: JSON, now: int, hours: float
) -> str:
    name, where = schedule["metadata"]["name"], schedule["metadata"].get("namespace")
    made = [
        backup
        for backup in backups
        if (backup["metadata"].get("labels") or {}).get("velero.io/schedule-name") == name
        and backup["metadata"].get("namespace") == where
        and (backup.get("status") or {}).get("phase") not in ("New", "InProgress")
    ]
    if not made:
        return f"{name} has made no backup"
    newest = max(made, key=lambda backup: str(backup["metadata"].get("creationTimestamp") or ""))
    status = newest.get("status") or {}
    if status.get("phase") != "Completed":
        return f"{name}: the newest backup is {status.get('phase')}"
    ended = datetime.fromisoformat(status["completionTimestamp"]).timestamp() * 1000
    if now - ended > hours * 3_600_000:
        return f"{name}: the newest backup is too old"
    place = (newest.get("spec") or {}).get("storageLocation") or "default"
    kept = [one["backup_location"] for one in locations if one["backup_location"]["metadata"]["name"] == place]
    available = any((one.get("status") or {}).get("phase") == "Available" for one in kept)
    return "" if available else f"{name}: its storage is not available"
