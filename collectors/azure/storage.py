"""Storage accounts: who reaches them, with what, and what is kept of their blobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annexlog.collectors import Detail, ResourceType
from annexlog.collectors.azure._calls import GONE, arm, graph, sees

__all__ = ["account"]

ACCOUNT = "Microsoft.Storage/storageAccounts"
_ID: Mapping[str, Any] = {"id": "{account.id}"}

account = ResourceType(
    "azure.storage.account", facet="account", id="{account.id}", per="subscription", fold=True, gone=GONE, tags="account.tags",
    sight=sees(f"{ACCOUNT}/read"), sets=("account.properties.networkAcls.ipRules", "account.properties.networkAcls.ipv6Rules", "account.properties.networkAcls.resourceAccessRules"),
    listed=graph(ACCOUNT, "kind", "access", "sku.name", *(f"properties.{name}" for name in (
        "allowBlobPublicAccess", "supportsHttpsTrafficOnly", "minimumTlsVersion", "publicNetworkAccess", "allowSharedKeyAccess", "allowCrossTenantReplication", "isHnsEnabled",
        "networkAcls.defaultAction", "networkAcls.ipRules.value", "networkAcls.ipRules.action", "networkAcls.ipv6Rules.value", "networkAcls.ipv6Rules.action", "networkAcls.resourceAccessRules",
    )), extend="extend access = tostring(properties.publicNetworkAccess)"),
    details=[
        Detail("perimeters", arm(f"{ACCOUNT}/networkSecurityPerimeterConfigurations", "{id}/networkSecurityPerimeterConfigurations", _ID, "properties.resourceAssociation.accessMode", "properties.provisioningState", items="value"),
               only="account.access == 'SecuredByPerimeter'"),
        Detail("lifecycle", arm(f"{ACCOUNT}/managementPolicies", "{id}/managementPolicies/default", _ID, "policy", take="properties", absent=("ManagementPolicyNotFound",))),
        Detail("blob_service", arm(f"{ACCOUNT}/blobServices", "{id}/blobServices/default", _ID, "deleteRetentionPolicy", "containerDeleteRetentionPolicy", "isVersioningEnabled", take="properties")),
    ],
)
