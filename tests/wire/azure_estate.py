"""A subscription of Azure in which every test passes, with secrets and personal data that no store may hold."""

# ruff: noqa: E501 — answers read as a table

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.wire.azure import SUBSCRIPTION, at, row, tenant
from tests.wire.microsoft import TENANT

PLANTED = "planted-value-0123456789"
EMAIL = "planted.person@example.com"
OWNER_ROLE = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
OWNER = "0a0a0a0a-0000-4000-8000-00000000000a"
REGISTERS: Mapping[str, Any] = {"azure_owners": [OWNER], "azure_standing_principals": [OWNER]}

SUB = f"/subscriptions/{SUBSCRIPTION}"
WORKSPACE = at("Microsoft.OperationalInsights/workspaces", "central", group="Logs")
_GROUPS = ["SUCCESSFUL_DATABASE_AUTHENTICATION_GROUP", "FAILED_DATABASE_AUTHENTICATION_GROUP", "BATCH_COMPLETED_GROUP"]


def rule(name: str, access: str, source: str, port: str, priority: int) -> dict[str, Any]:
    return {"name": name, "properties": {
        "access": access, "direction": "Inbound", "priority": priority, "protocol": "Tcp", "sourceAddressPrefix": source, "sourcePortRange": "*",
        "destinationPortRange": port, "destinationAddressPrefix": "*", "description": PLANTED,
    }}  # fmt: skip


def inventory() -> dict[str, list[dict[str, Any]]]:
    """What Resource Graph shows, by type."""
    subnet = f"{at('Microsoft.Network/virtualNetworks', 'Net')}/subnets/front"
    group = at("Microsoft.Network/networkSecurityGroups", "Front")
    return {
        "Microsoft.Storage/storageAccounts": [row("Microsoft.Storage/storageAccounts", "acme", {
            "allowBlobPublicAccess": False, "supportsHttpsTrafficOnly": True, "minimumTlsVersion": "TLS1_2", "publicNetworkAccess": "SecuredByPerimeter", "allowSharedKeyAccess": False,
            "networkAcls": {"defaultAction": "Deny", "ipRules": [], "bypass": "AzureServices"}, "keyCreationTime": {"key1": PLANTED},
        }, access="SecuredByPerimeter", kind="StorageV2")],
        "Microsoft.Sql/servers": [row("Microsoft.Sql/servers", "db1", {"publicNetworkAccess": "Enabled", "administratorLogin": PLANTED, "administrators": {"login": EMAIL}}, access="Enabled")],
        "Microsoft.Sql/servers/databases": [row("Microsoft.Sql/servers/databases", "db1/shop", {"status": "Online"})],
        "Microsoft.Sql/managedInstances": [row("Microsoft.Sql/managedInstances", "mi1", {"publicDataEndpointEnabled": False, "administratorLogin": PLANTED})],
        "Microsoft.Sql/managedInstances/databases": [row("Microsoft.Sql/managedInstances/databases", "mi1/shop", {"status": "Online"})],
        "Microsoft.Synapse/workspaces/sqlPools": [row("Microsoft.Synapse/workspaces/sqlPools", "syn/pool", {"status": "Online"})],
        "Microsoft.DBforPostgreSQL/flexibleServers": [row("Microsoft.DBforPostgreSQL/flexibleServers", "pg1", {"network": {"publicNetworkAccess": "Enabled"}, "administratorLogin": PLANTED})],
        "Microsoft.DocumentDB/databaseAccounts": [row("Microsoft.DocumentDB/databaseAccounts", "cosmos", {"publicNetworkAccess": "Disabled", "disableLocalAuth": True, "ipRules": []}, kind="GlobalDocumentDB")],
        "Microsoft.KeyVault/vaults": [row("Microsoft.KeyVault/vaults", "kv", {"enableSoftDelete": True, "enablePurgeProtection": True, "enableRbacAuthorization": True, "publicNetworkAccess": "Disabled", "accessPolicies": [{"objectId": PLANTED}]})],
        "Microsoft.OperationalInsights/workspaces": [{**row("Microsoft.OperationalInsights/workspaces", "central", {"retentionInDays": 365}), "id": WORKSPACE}],
        "Microsoft.Network/networkSecurityGroups": [row("Microsoft.Network/networkSecurityGroups", "Front", {"securityRules": [rule("web", "Allow", "Internet", "443", 100), rule("office", "Allow", "192.0.2.0/28", "22", 110)]})],
        "Microsoft.Network/networkInterfaces": [row("Microsoft.Network/networkInterfaces", "nic1", {"ipConfigurations": [{"name": "a", "properties": {"privateIPAddress": "10.0.0.4", "publicIPAddress": {"id": at("Microsoft.Network/publicIPAddresses", "pip1")}, "subnet": {"id": subnet}}}]})],
        "Microsoft.Network/virtualNetworks": [row("Microsoft.Network/virtualNetworks", "Net", {"subnets": [{"id": subnet.upper().replace("/SUBSCRIPTIONS/", "/subscriptions/"), "name": "front", "properties": {"networkSecurityGroup": {"id": group}}}]})],
        "Microsoft.Network/networkManagers": [row("Microsoft.Network/networkManagers", "avnm", {"networkManagerScopeAccesses": ["SecurityAdmin"]})],
        "Microsoft.Web/sites": [row("Microsoft.Web/sites", "shop", {"httpsOnly": True, "state": "Running"}, kind="app")],
        "Microsoft.Web/sites/slots": [row("Microsoft.Web/sites/slots", "shop/staging", {"httpsOnly": True, "state": "Running"}, kind="app")],
        "Microsoft.ContainerService/managedClusters": [row("Microsoft.ContainerService/managedClusters", "aks1", {"apiServerAccessProfile": {"authorizedIPRanges": ["192.0.2.0/28"]}, "aadProfile": {"managed": True, "adminGroupObjectIDs": [PLANTED]}, "enableRBAC": True, "disableLocalAccounts": True, "windowsProfile": {"adminUsername": PLANTED}})],
    }  # fmt: skip


def answers() -> dict[str, Any]:
    """What Resource Manager says, by path."""
    storage, sql, pg = (
        at("Microsoft.Storage/storageAccounts", "acme"),
        at("Microsoft.Sql/servers", "db1"),
        at("Microsoft.DBforPostgreSQL/flexibleServers", "pg1"),
    )
    manager, site = (
        at("Microsoft.Network/networkManagers", "avnm"),
        {"minTlsVersion": "1.2", "scmMinTlsVersion": "1.2", "ftpsState": "Disabled", "publishingUsername": PLANTED},
    )
    provider = f"{SUB}/providers"
    held = {
        "roleDefinitionId": f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/{OWNER_ROLE}",
        "principalId": OWNER,
        "principalType": "Group",
        "scope": SUB,
        "createdBy": PLANTED,
    }
    on = {"enabled": True, "retentionPolicy": {"enabled": False, "days": 0}}
    return {
        **tenant((SUBSCRIPTION, "Enabled")),
        f"{storage}/networkSecurityPerimeterConfigurations": {"value": [{"name": "p", "properties": {"provisioningState": "Succeeded", "resourceAssociation": {"name": "a", "accessMode": "Enforced"}}}]},
        f"{storage}/managementPolicies/default": {"properties": {"policy": {"rules": [{"enabled": True, "name": "old", "definition": {"filters": {"blobTypes": ["blockBlob"], "prefixMatch": ["tmp/"]}, "actions": {"baseBlob": {"delete": {"daysAfterModificationGreaterThan": 30}}}}}]}}},
        f"{storage}/blobServices/default": {"properties": {"deleteRetentionPolicy": {"enabled": True, "days": 14}, "containerDeleteRetentionPolicy": {"enabled": True, "days": 14}, "isVersioningEnabled": True}},
        f"{sql}/firewallRules": {"value": [{"name": "office", "properties": {"startIpAddress": "192.0.2.1", "endIpAddress": "192.0.2.6"}}]},
        f"{sql}/ipv6FirewallRules": {"value": []},
        f"{sql}/extendedAuditingSettings/default": {"properties": {"state": "Enabled", "auditActionsAndGroups": _GROUPS, "isAzureMonitorTargetEnabled": True, "retentionDays": 0, "storageAccountSubscriptionId": PLANTED}},
        f"{sql}/databases/master/providers/Microsoft.Insights/diagnosticSettings": {"value": [{"name": "audit", "properties": {"workspaceId": WORKSPACE, "logs": [{"category": "SQLSecurityAuditEvents", **on}]}}]},
        f"{at('Microsoft.Sql/servers/databases', 'db1/shop')}/transparentDataEncryption/current": {"properties": {"state": "Enabled"}},
        f"{at('Microsoft.Sql/managedInstances/databases', 'mi1/shop')}/transparentDataEncryption/current": {"properties": {"state": "Enabled"}},
        f"{at('Microsoft.Synapse/workspaces/sqlPools', 'syn/pool')}/transparentDataEncryption/current": {"properties": {"status": "Enabled"}},
        f"{pg}/configurations/require_secure_transport": {"properties": {"value": "on", "isConfigPendingRestart": False}},
        f"{pg}/configurations/ssl_min_protocol_version": {"properties": {"value": "TLSv1.2", "isConfigPendingRestart": False}},
        f"{pg}/firewallRules": {"value": []},
        f"{WORKSPACE}/tables/AzureActivity": {"properties": {"totalRetentionInDays": 365, "retentionInDays": 90, "plan": "Analytics"}},
        f"{WORKSPACE}/tables/AzureDiagnostics": {"properties": {"totalRetentionInDays": 365, "retentionInDays": 90, "plan": "Analytics"}},
        f"{manager}/securityAdminConfigurations": {"value": [{"id": f"{manager}/securityAdminConfigurations/c", "name": "c"}]},
        f"{manager}/securityAdminConfigurations/c/ruleCollections": {"value": [{"id": f"{manager}/securityAdminConfigurations/c/ruleCollections/r", "name": "r"}]},
        f"{manager}/securityAdminConfigurations/c/ruleCollections/r/rules": {"value": [{"name": "no-ssh", "properties": {"access": "Deny", "direction": "Inbound", "protocol": "Tcp", "priority": 1, "sources": [{"addressPrefix": "Internet", "addressPrefixType": "ServiceTag"}], "destinationPortRanges": ["22"]}}]},
        f"{at('Microsoft.Web/sites', 'shop')}/config/web": {"properties": site},
        f"{at('Microsoft.Web/sites/slots', 'shop/staging')}/config/web": {"properties": site},
        f"{provider}/Microsoft.Insights/diagnosticSettings": {"value": [{"name": "central", "properties": {"workspaceId": WORKSPACE, "logs": [{"category": name, "enabled": True} for name in ("Administrative", "Security", "Alert", "Policy")]}}]},
        f"{provider}/Microsoft.Authorization/roleAssignments": {"value": [{"id": f"{provider}/Microsoft.Authorization/roleAssignments/1", "properties": held}]},
        f"{provider}/Microsoft.Authorization/roleAssignmentScheduleInstances": {"value": [{"id": f"{provider}/Microsoft.Authorization/roleAssignmentScheduleInstances/1", "properties": {**held, "assignmentType": "Assigned", "memberType": "Direct", "expandedProperties": {"principal": {"email": EMAIL}}}}]},
        f"{provider}/Microsoft.Authorization/roleDefinitions": {"value": [{"id": f"{provider}/Microsoft.Authorization/roleDefinitions/r1", "name": "r1", "properties": {"roleName": "VM operator", "type": "CustomRole", "assignableScopes": [SUB], "createdBy": PLANTED, "permissions": [{"actions": ["*/read", "Microsoft.Compute/virtualMachines/restart/action"], "notActions": []}]}}]},
    }  # fmt: skip


def options(folder: Any, url: str) -> str:
    """The target's table, but for its CA."""
    return f'url = "{url}"\nauthority = "{url}"\ntenant_id = "{TENANT}"\nclient_id = "22222222-2222-4222-8222-222222222222"\nclient_secret_file = "{folder}/secret"'
