"""Storage accounts: who reaches them, with what, and what is kept of their blobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annexlog.collectors import Detail, ResourceType
from annexlog.collectors.azure._calls import GONE, arm, graph, sees

__all__ = ["account"]

ACCOUNT = "Microsoft.Storage/storageAccounts"
CONTAINERS = f"{ACCOUNT}/blobServices/containers"
_POLICY = "properties.immutabilityPolicy.properties"
_GUARDS = (
    "properties.hasLegalHold", "properties.hasImmutabilityPolicy", "properties.immutableStorageWithVersioning.enabled",
    *(f"{_POLICY}.{name}" for name in ("state", "immutabilityPeriodSinceCreationInDays", "allowProtectedAppendWrites", "allowProtectedAppendWritesAll")),
)  # fmt: skip
_ID: Mapping[str, Any] = {"id": "{account.id}"}

account = ResourceType(
    "azure.storage.account", facet="account", id="{account.id}", per="subscription", fold=True, gone=GONE, tags="account.tags",
    sight=sees(f"{ACCOUNT}/read"), sets=("account.properties.networkAcls.ipRules", "account.properties.networkAcls.ipv6Rules", "account.properties.networkAcls.resourceAccessRules"),
    listed=graph(ACCOUNT, "kind", "access", "others", "sku.name", *(f"properties.{name}" for name in (
        "allowBlobPublicAccess", "supportsHttpsTrafficOnly", "minimumTlsVersion", "publicNetworkAccess", "allowSharedKeyAccess", "allowCrossTenantReplication", "isHnsEnabled",
        "encryption.keySource", "encryption.services.table", "encryption.services.queue", "immutableStorageWithVersioning",
        "networkAcls.defaultAction", "networkAcls.bypass", "networkAcls.ipRules.value", "networkAcls.ipRules.action", "networkAcls.ipv6Rules.value", "networkAcls.ipv6Rules.action", "networkAcls.resourceAccessRules",
    )), extend="extend access = tostring(properties.publicNetworkAccess), others = iff(kind in~ ('Storage', 'StorageV2'), 'tables and queues', '')"),
    details=[
        Detail("perimeters", arm(f"{ACCOUNT}/networkSecurityPerimeterConfigurations", "{id}/networkSecurityPerimeterConfigurations", _ID, "properties.resourceAssociation.accessMode", "properties.provisioningState", items="value"),
               only="account.access == 'SecuredByPerimeter'"),
        Detail("lifecycle", arm(f"{ACCOUNT}/managementPolicies", "{id}/managementPolicies/default", _ID, "policy", take="properties", absent=("ManagementPolicyNotFound",))),
        Detail("blob_service", arm(f"{ACCOUNT}/blobServices", "{id}/blobServices/default", _ID, "deleteRetentionPolicy", "containerDeleteRetentionPolicy", "isVersioningEnabled", take="properties")),
        Detail("containers", arm(f"{CONTAINERS}", "{id}/blobServices/default/containers", _ID, "name", *_GUARDS, items="value"), only="account.kind != 'FileStorage'"),
        Detail("encryption_scopes", arm(f"{ACCOUNT}/encryptionScopes", "{id}/encryptionScopes", _ID, "name", "properties.source", "properties.state", items="value")),
        Detail("tables", arm(f"{ACCOUNT}/tableServices/tables", "{id}/tableServices/default/tables", _ID, "name", items="value"), only="account.others != ''"),
        Detail("queues", arm(f"{ACCOUNT}/queueServices/queues", "{id}/queueServices/default/queues", _ID, "name", items="value"), only="account.others != ''"),
    ],
)
