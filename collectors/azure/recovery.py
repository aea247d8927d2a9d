"""What is backed up in Recovery Services vaults, and how the last time went."""

from __future__ import annotations

from annexlog.collectors import ResourceType
from annexlog.collectors.azure._calls import graph, sees

__all__ = ["protected_item", "vault"]

ITEM = "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems"

protected_item = ResourceType(
    "azure.recovery.protected_item", facet="item", id="{item.id}", per="subscription", fold=True, sight=sees(f"{ITEM}/read"),
    listed=graph(ITEM, *(f"properties.{name}" for name in (
        "sourceResourceId", "protectionState", "protectionStatus", "lastBackupStatus", "lastBackupTime", "policyId", "extendedProperties.diskExclusionProperties",
    )), table="recoveryservicesresources"),
)

VAULT = "Microsoft.RecoveryServices/vaults"

vault = ResourceType(
    "azure.recovery.vault", facet="vault", id="{vault.id}", per="subscription", fold=True, tags="vault.tags", sight=sees(f"{VAULT}/read"),
    listed=graph(VAULT, "properties.securitySettings.immutabilitySettings.state", "properties.securitySettings.softDeleteSettings.softDeleteState", "properties.securitySettings.softDeleteSettings.softDeleteRetentionPeriodInDays"),
)
