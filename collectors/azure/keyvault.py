"""Key vaults: whether what is deleted in them comes back, what is logged, and when keys and secrets end."""

from __future__ import annotations

from annexlog.collectors import Detail, ResourceType
from annexlog.collectors.azure._calls import GONE, arm, graph, sees

__all__ = ["key", "secret", "vault"]

VAULT = "Microsoft.KeyVault/vaults"
_SINKS = ("workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "logs.category", "logs.categoryGroup", "logs.enabled")
_DATES = tuple(f"properties.attributes.{name}" for name in ("enabled", "exp", "created"))

vault = ResourceType(
    "azure.keyvault.vault", facet="vault", id="{vault.id}", per="subscription", fold=True, gone=GONE, tags="vault.tags", sight=sees(f"{VAULT}/read"),
    listed=graph(VAULT, *(f"properties.{name}" for name in (
        "enableSoftDelete", "softDeleteRetentionInDays", "enablePurgeProtection", "enableRbacAuthorization", "publicNetworkAccess", "networkAcls.defaultAction", "networkAcls.ipRules.value",
    ))),
    details=[
        Detail("audit_sinks", arm("Microsoft.Insights/diagnosticSettings", "{id}/providers/Microsoft.Insights/diagnosticSettings", {"id": "{vault.id}"}, *(f"properties.{name}" for name in _SINKS), items="value")),
    ],
)

# Resource Manager tells of keys and secrets what they are called and when they end; it cannot tell what is in them.
# A vault that is not shown would take its keys along: so they are believed with the same proof.
key = ResourceType(
    "azure.keyvault.key", facet="key", id="{key.id}", per="subscription", fold=True, under="azure.keyvault.vault", gone=(*GONE, "KeyNotFound"), sight=sees(f"{VAULT}/read"),
    listed=arm(f"{VAULT}/keys", "{id}/keys", {"id": "{vault.id}"}, "id", "name", *_DATES, items="value"),
    details=[
        # The list says nothing of it.
        Detail("rotation", arm(f"{VAULT}/keys", "{id}", {"id": "{key.id}"}, "attributes.exp", "rotationPolicy.lifetimeActions", take="properties")),
    ],
)

secret = ResourceType(
    "azure.keyvault.secret", facet="secret", id="{secret.id}", per="subscription", fold=True, under="azure.keyvault.vault", sight=sees(f"{VAULT}/read"),
    listed=arm(f"{VAULT}/secrets", "{id}/secrets", {"id": "{vault.id}"}, "id", "name", *_DATES, items="value"),
)
