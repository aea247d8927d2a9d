"""AWS Backup: what it protects, its vaults, and how backups, copies and restores went."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Detail, Page, Refused, ResourceType

__all__ = ["backup_history", "candidate", "copy_history", "protected_resource", "restore_job", "vault"]

Ask = Callable[[str, Mapping[str, Any]], Page]
Row = Mapping[str, Any]

ENDED = frozenset({"COMPLETED", "FAILED", "EXPIRED", "ABORTED", "PARTIAL"})

# What AWS Backup can back up, as the tagging API names it.
SUPPORTED = [
    "cloudformation:stack", "dynamodb:table", "ec2:instance", "ec2:volume", "elasticfilesystem:file-system", "fsx:file-system",
    "fsx:volume", "rds:cluster", "rds:db", "redshift:cluster", "s3", "storagegateway:gateway/volume", "timestream:database",
]

# ── answers that are kept in short ────────────────────────────────────────────────────────


def _rows(ask: Ask, operation: str, params: Mapping[str, Any], member: str) -> Iterator[Row]:
    token: dict[str, Any] = {}
    while True:
        body = ask(operation, {**params, "MaxResults": 1000, **token}).body
        yield from body[member]
        if not body.get("NextToken"):
            return
        if token == (token := {"NextToken": body["NextToken"]}):
            raise Refused("unreadable", "RepeatedToken", "the same continuation was given twice")


def newest_points(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """Of a resource's recovery points the newest of each vault and status: `{"Points": […]}`. Years of them would say no more."""
    newest: dict[tuple[str, str], Row] = {}
    for row in _rows(ask, "list_recovery_points_by_resource", params, "RecoveryPoints"):
        key = (row["BackupVaultName"], row["Status"])
        if key not in newest or newest[key]["CreationDate"] < row["CreationDate"]:
            newest[key] = row
    kept = ("RecoveryPointArn", "BackupVaultName", "VaultType", "Status", "CreationDate")
    yield Page({"Points": [{k: row[k] for k in kept if k in row} for _, row in sorted(newest.items())]})


def unencrypted_points(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """`{"Empty", "Unencrypted": [ARNs]}`: whether a vault holds anything, and which of it is not encrypted."""
    empty, bare = True, []
    for row in _rows(ask, "list_recovery_points_by_backup_vault", params, "RecoveryPoints"):
        empty = False
        if not row["IsEncrypted"]:
            bare.append(row["RecoveryPointArn"])
    yield Page({"Empty": empty, "Unencrypted": sorted(bare)})


def backups(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """Of each resource the last backup that ended, of the 30 days that AWS tells of: `{"Last": [{ResourceArn, State, …}]}`.

    A composite resource's parts are jobs of their own, of their own resources.
    """
    last: dict[str, Row] = {}
    for row in _rows(ask, "list_backup_jobs", params, "BackupJobs"):
        arn = row["ResourceArn"]
        if row["State"] in ENDED and (arn not in last or last[arn]["CreationDate"] < row["CreationDate"]):
            last[arn] = row
    kept = ("ResourceArn", "ResourceType", "BackupJobId", "State", "CreationDate", "CompletionDate", "BackupVaultName", "MessageCategory")
    yield Page({"Last": [{k: row[k] for k in kept if k in row} for _, row in sorted(last.items())]})


def copies(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """Of each resource and vault that it is copied to, the last copy that was completed: `{"Last": [{ResourceArn, …}]}`."""
    last: dict[tuple[str, str], Row] = {}
    for row in _rows(ask, "list_copy_jobs", params, "CopyJobs"):
        key = (row["ResourceArn"], row["DestinationBackupVaultArn"])
        if key not in last or last[key]["CreationDate"] < row["CreationDate"]:
            last[key] = row
    kept = ("ResourceArn", "DestinationBackupVaultArn", "DestinationVaultType", "CopyJobId", "State", "CreationDate", "CompletionDate")
    yield Page({"Last": [{k: row[k] for k in kept if k in row} for _, row in sorted(last.items())]})


# ── declarations ──────────────────────────────────────────────────────────────────────────

# Those without a tag are not given: their inventory is another.
candidate = ResourceType(
    "aws.backup.candidate", facet="candidate", id="{candidate.ResourceARN}", tags="candidate.Tags",
    listed=Call("tag:GetResources", "get_resources", {"ResourceTypeFilters": SUPPORTED, "ResourcesPerPage": 100}, items="ResourceTagMappingList"),
    sets=("candidate.Tags",),
)

protected_resource = ResourceType(
    "aws.backup.protected_resource", facet="protected", id="{protected.ResourceArn}", tags="tagging.Tags", gone=("ResourceNotFoundException",),
    listed=Call("backup:ListProtectedResources", "list_protected_resources", items="Results"),
    details=[
        # What was never tagged is not mentioned there.
        Detail("tagging", Call("tag:GetResources", "get_resources", {"ResourceTypeFilters": SUPPORTED, "ResourcesPerPage": 100},
               items="ResourceTagMappingList"), key="ResourceARN", match="{protected.ResourceArn}", otherwise={"Tags": []}),
        Detail("points", Call("backup:ListRecoveryPointsByResource", "list_recovery_points_by_resource",
               {"ResourceArn": "{protected.ResourceArn}"}, items="Points", fn=newest_points)),
    ],
    ignore=("protected.LastBackupTime", "protected.LastRecoveryPointArn"), sets=("tagging.Tags",),
)

vault = ResourceType(
    "aws.backup.vault", facet="vault", id="{vault.BackupVaultArn}", tags="tagging", gone=("ResourceNotFoundException",),
    listed=Call("backup:ListBackupVaults", "list_backup_vaults", items="BackupVaultList"),
    details=[
        Detail("tagging", Call("backup:ListTags", "list_tags", {"ResourceArn": "{vault.BackupVaultArn}"}, take="Tags")),
        Detail("points", Call("backup:ListRecoveryPointsByBackupVault", "list_recovery_points_by_backup_vault",
               {"BackupVaultName": "{vault.BackupVaultName}"}, fn=unencrypted_points)),
    ],
    ignore=("vault.NumberOfRecoveryPoints",),
)

backup_history = ResourceType(
    "aws.backup.backup_history", facet="backup", id="{backup.ResourceArn}",
    listed=Call("backup:ListBackupJobs", "list_backup_jobs", items="Last", fn=backups),
)

copy_history = ResourceType(
    "aws.backup.copy_history", facet="copy", id="{copy.ResourceArn} {copy.DestinationBackupVaultArn}",
    listed=Call("backup:ListCopyJobs", "list_copy_jobs", {"ByState": "COMPLETED"}, items="Last", fn=copies),
)

restore_job = ResourceType(
    "aws.backup.restore_job", facet="restore", id="{restore.RestoreJobId}",
    listed=Call("backup:ListRestoreJobs", "list_restore_jobs", {"ByStatus": "COMPLETED"}, items="RestoreJobs"),
)
