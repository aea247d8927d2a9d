"""Key vaults: whether what is deleted in them comes back."""

from __future__ import annotations

from annexlog.collectors import ResourceType
from annexlog.collectors.azure._calls import graph, sees

__all__ = ["vault"]

VAULT = "Microsoft.KeyVault/vaults"

vault = ResourceType(
    "azure.keyvault.vault", facet="vault", id="{vault.id}", per="subscription", fold=True, tags="vault.tags", sight=sees(f"{VAULT}/read"),
    listed=graph(VAULT, *(f"properties.{name}" for name in (
        "enableSoftDelete", "softDeleteRetentionInDays", "enablePurgeProtection", "enableRbacAuthorization", "publicNetworkAccess", "networkAcls.defaultAction", "networkAcls.ipRules.value",
    ))),
)
