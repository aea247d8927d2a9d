"""Velero: what is backed up when, where to, and how it went."""

from __future__ import annotations

from annexlog.collectors.kubernetes._kinds import kind

__all__ = ["backup", "backup_location", "backup_schedule"]

backup_schedule = kind("backup_schedule", "schedules.velero.io", custom=True, ignore=("backup_schedule.metadata.annotations", "backup_schedule.status.lastBackup"))

backup = kind("backup", "backups.velero.io", custom=True, ignore=("backup.metadata.annotations", "backup.status.progress"))

# Its configuration names a bucket; credentials are in a Secret, and never asked for.
backup_location = kind("backup_location", "backupstoragelocations.velero.io", custom=True, ignore=(
    "backup_location.metadata.annotations", "backup_location.status.lastSyncedTime", "backup_location.status.lastValidationTime"))
