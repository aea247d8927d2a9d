"""What is backed up in Recovery Services vaults, how the last time went, and what is replicated elsewhere."""

from __future__ import annotations

from annexlog.collectors import ResourceType
from annexlog.collectors.azure._calls import graph, sees

__all__ = ["protected_item", "replicated_item", "vault"]

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

REPLICATED = "Microsoft.RecoveryServices/vaults/replicationFabrics/replicationProtectionContainers/replicationProtectedItems"
_DETAILS = "properties.providerSpecificDetails"

replicated_item = ResourceType(
    "azure.recovery.replicated_item", facet="item", id="{item.id}", per="subscription", fold=True, sight=sees(f"{REPLICATED}/read"),
    listed=graph(REPLICATED, "properties.protectionState", "properties.replicationHealth", *(f"{_DETAILS}.{name}" for name in ("instanceType", "fabricObjectId", "primaryFabricLocation", "recoveryFabricLocation", "primaryAvailabilityZone", "recoveryAvailabilityZone"))),
)
