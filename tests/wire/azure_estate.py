"""A subscription of Azure in which every test passes, with secrets and personal data that no store may hold."""

# ruff: noqa: E501 — answers read as a table

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from tests.wire.azure import SUBSCRIPTION, at, row, tenant
from tests.wire.microsoft import TENANT

PLANTED = "planted-value-0123456789"
EMAIL = "planted.person@example.com"
OWNER_ROLE = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
OWNER = "0a0a0a0a-0000-4000-8000-00000000000a"
SUPPLIER = "5a5a5a5a-0000-4000-8000-00000000000b"
BASELINE = "/providers/microsoft.authorization/policysetdefinitions/baseline"
REGISTERS: Mapping[str, Any] = {
    "azure_owners": [OWNER], "azure_standing_principals": [OWNER], "azure_suppliers": {SUPPLIER: ["acdd72a7-3385-48ef-bd42-f606fba81ae7"]}, "azure_baseline": [BASELINE], "azure_regions": ["West Europe"], "azure_tag_owners": ["shop-team"], "azure_policy_exemptions": [], "azure_code_organizations": {SUBSCRIPTION: ["Acme"]}, "azure_public_addresses": [at("Microsoft.Network/publicIPAddresses", "pip1").lower()],
}  # fmt: skip

SUB = f"/subscriptions/{SUBSCRIPTION}"
ITEM = "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems"
ASSIGNMENT = (
    "/providers/Microsoft.Management/managementGroups/top/providers/Microsoft.Authorization/policyAssignments/Base"
)
WORKSPACE = at("Microsoft.OperationalInsights/workspaces", "central", group="Logs")
_COLUMN = {"schemaName": "dbo", "tableName": "buyer", "columnName": "mail"}
_GROUPS = ["SUCCESSFUL_DATABASE_AUTHENTICATION_GROUP", "FAILED_DATABASE_AUTHENTICATION_GROUP", "BATCH_COMPLETED_GROUP"]

OPERATIONS = (
    "Microsoft.Authorization/policyAssignments/write", "Microsoft.Authorization/policyAssignments/delete", "Microsoft.Authorization/roleAssignments/write",
    "Microsoft.Network/networkSecurityGroups/write", "Microsoft.Network/networkSecurityGroups/delete", "Microsoft.Sql/servers/firewallRules/write",
)  # fmt: skip
MACHINE = at("Microsoft.Compute/virtualMachines", "Vm1")
NOW = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
IN_100_DAYS = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 100 * 86400))
SHORT_LIVED = {"enabled": True, "created": int(time.time()) - 86400, "exp": int(time.time()) + 100 * 86400}
CONNECTOR = at("Microsoft.Security/securityConnectors", "code")
SHOP = f"{SUB}/resourceGroups/Shop"
TAGGED = {"Owner": "Shop-Team", "classification": "internal", "environment": "prod", "criticality": "critical"}
OWN_SET = f"{SUB}/providers/Microsoft.Authorization/policySetDefinitions/Own"


def rule(name: str, access: str, source: str, port: str, priority: int) -> dict[str, Any]:
    return {"name": name, "properties": {
        "access": access, "direction": "Inbound", "priority": priority, "protocol": "Tcp", "sourceAddressPrefix": source, "sourcePortRange": "*",
        "destinationPortRange": port, "destinationAddressPrefix": "*", "description": PLANTED,
    }}  # fmt: skip


def _region_rule(definition: str, parameter: str) -> dict[str, Any]:
    """A part of an initiative that limits regions to those of its parameter."""
    return {
        "policyDefinitionId": f"/providers/Microsoft.Authorization/policyDefinitions/{definition}",
        "policyDefinitionReferenceId": "where",
        "parameters": {"listOfAllowedLocations": {"value": f"[parameters('{parameter}')]"}},
    }


def inventory() -> dict[str, list[dict[str, Any]]]:
    """What Resource Graph shows, by type."""
    subnet = f"{at('Microsoft.Network/virtualNetworks', 'Net')}/subnets/front"
    group = at("Microsoft.Network/networkSecurityGroups", "Front")
    return {
        "Microsoft.Storage/storageAccounts": [row("Microsoft.Storage/storageAccounts", "acme", {
            "allowBlobPublicAccess": False, "supportsHttpsTrafficOnly": True, "minimumTlsVersion": "TLS1_2", "publicNetworkAccess": "SecuredByPerimeter", "allowSharedKeyAccess": False, "allowCrossTenantReplication": False,
            "networkAcls": {"defaultAction": "Deny", "ipRules": [], "bypass": "AzureServices"}, "keyCreationTime": {"key1": PLANTED},
                    "encryption": {"keySource": "Microsoft.Keyvault", "keyvaultproperties": {"keyname": PLANTED}, "services": {"table": {"enabled": True, "keyType": "Account"}}},
        }, access="SecuredByPerimeter", others="tables and queues", kind="StorageV2", sku={"name": "Standard_GZRS", "tier": "Standard"}, tags={"criticality": "critical", "confidentiality": "strict", "retention": "3-years"})],
        "Microsoft.Sql/servers": [row("Microsoft.Sql/servers", "db1", {"publicNetworkAccess": "Enabled", "administratorLogin": PLANTED, "administrators": {"login": EMAIL, "azureADOnlyAuthentication": True}}, access="Enabled")],
        "Microsoft.Sql/servers/databases": [row("Microsoft.Sql/servers/databases", "db1/shop", {"status": "Online"}, sku={"name": "GP_Gen5", "tier": "GeneralPurpose"}, awake="yes", own_backups="yes", tags={"criticality": "critical"})],
        "Microsoft.Sql/managedInstances": [row("Microsoft.Sql/managedInstances", "mi1", {"publicDataEndpointEnabled": False, "administratorLogin": PLANTED})],
        "Microsoft.Sql/managedInstances/databases": [row("Microsoft.Sql/managedInstances/databases", "mi1/shop", {"status": "Online"}, tags={"criticality": "critical"})],
        "Microsoft.Synapse/workspaces/sqlPools": [row("Microsoft.Synapse/workspaces/sqlPools", "syn/pool", {"status": "Online"})],
        "Microsoft.DBforPostgreSQL/flexibleServers": [row("Microsoft.DBforPostgreSQL/flexibleServers", "pg1", {"network": {"publicNetworkAccess": "Enabled"}, "administratorLogin": PLANTED, "highAvailability": {"mode": "ZoneRedundant", "state": "Healthy"}, "backup": {"geoRedundantBackup": "Enabled", "backupRetentionDays": 14}}, tags={"criticality": "critical"})],
        "Microsoft.DocumentDB/databaseAccounts": [row("Microsoft.DocumentDB/databaseAccounts", "cosmos", {"publicNetworkAccess": "Disabled", "disableLocalAuth": True, "ipRules": []}, kind="GlobalDocumentDB")],
        "Microsoft.KeyVault/vaults": [row("Microsoft.KeyVault/vaults", "kv", {"enableSoftDelete": True, "enablePurgeProtection": True, "enableRbacAuthorization": True, "publicNetworkAccess": "Disabled", "accessPolicies": [{"objectId": PLANTED}]})],
        "Microsoft.EventHub/namespaces": [row("Microsoft.EventHub/namespaces", "hub", {"serviceBusEndpoint": PLANTED})],
        "Microsoft.Web/certificates": [row("Microsoft.Web/certificates", "cert", {"expirationDate": IN_100_DAYS, "subjectName": PLANTED, "thumbprint": PLANTED})],
        "Microsoft.ApiManagement/service": [row("Microsoft.ApiManagement/service", "apim", {"publisherEmail": EMAIL, "hostnameConfigurations": [{"type": "Proxy", "hostName": "api.shop.example", "certificateSource": "KeyVault", "keyVaultId": PLANTED, "certificate": {"expiry": IN_100_DAYS, "thumbprint": PLANTED}}]})],
        "Microsoft.OperationalInsights/workspaces": [{**row("Microsoft.OperationalInsights/workspaces", "central", {"retentionInDays": 365}), "id": WORKSPACE}],
        "Microsoft.Network/networkSecurityGroups": [row("Microsoft.Network/networkSecurityGroups", "Front", {"securityRules": [rule("web", "Allow", "Internet", "443", 100), rule("office", "Allow", "192.0.2.0/28", "22", 110)]})],
        "Microsoft.Network/networkInterfaces": [row("Microsoft.Network/networkInterfaces", "nic1", {"ipConfigurations": [{"name": "a", "properties": {"privateIPAddress": "10.0.0.4", "publicIPAddress": {"id": at("Microsoft.Network/publicIPAddresses", "pip1")}, "subnet": {"id": subnet}}}]})],
        "Microsoft.Network/virtualNetworks": [row("Microsoft.Network/virtualNetworks", "Net", {"subnets": [{"id": subnet.upper().replace("/SUBSCRIPTIONS/", "/subscriptions/"), "name": "front", "properties": {"networkSecurityGroup": {"id": group}}}]})],
        "Microsoft.Network/networkManagers": [row("Microsoft.Network/networkManagers", "avnm", {"networkManagerScopeAccesses": ["SecurityAdmin"]})],
        "Microsoft.Network/publicIPAddresses": [row("Microsoft.Network/publicIPAddresses", "pip1", {"ipAddress": "192.0.2.9", "dnsSettings": {"fqdn": PLANTED}})],
        "Microsoft.ContainerRegistry/registries": [row("Microsoft.ContainerRegistry/registries", "acr1", {"adminUserEnabled": False, "anonymousPullEnabled": False, "publicNetworkAccess": "Disabled"})],
        "Microsoft.RecoveryServices/vaults": [row("Microsoft.RecoveryServices/vaults", "vault", {"securitySettings": {"immutabilitySettings": {"state": "Locked"}, "softDeleteSettings": {"softDeleteState": "AlwaysON"}}})],
        "Microsoft.Network/azureFirewalls": [row("Microsoft.Network/azureFirewalls", "fw", {"firewallPolicy": {"id": at("Microsoft.Network/firewallPolicies", "Fwp")}})],
        "Microsoft.Network/firewallPolicies": [row("Microsoft.Network/firewallPolicies", "fwp", {"threatIntelMode": "Deny"})],
        "Microsoft.Insights/activityLogAlerts": [row("Microsoft.Insights/activityLogAlerts", "guards", {"enabled": True, "scopes": [SUB], "description": PLANTED, "condition": {"allOf": [{"field": "category", "equals": "Administrative"}, {"anyOf": [{"field": "operationName", "equals": name} for name in OPERATIONS]}]}, "actions": {"actionGroups": [{"actionGroupId": at("Microsoft.Insights/actionGroups", "ops")}]}})],
        "Microsoft.Web/sites": [row("Microsoft.Web/sites", "shop", {"httpsOnly": True, "state": "Running"}, kind="app", identity={"type": "SystemAssigned", "principalId": PLANTED})],
        "Microsoft.Web/sites/slots": [row("Microsoft.Web/sites/slots", "shop/staging", {"httpsOnly": True, "state": "Running"}, kind="app")],
        "Microsoft.ContainerService/managedClusters": [row("Microsoft.ContainerService/managedClusters", "aks1", {"fqdn": "aks1-dns-1a2b3c4d.hcp.westeurope.azmk8s.io", "securityProfile": {"azureKeyVaultKms": {"enabled": True, "keyId": PLANTED}}, "apiServerAccessProfile": {"authorizedIPRanges": ["192.0.2.0/28"]}, "aadProfile": {"managed": True, "adminGroupObjectIDs": [PLANTED]}, "enableRBAC": True, "disableLocalAccounts": True, "autoUpgradeProfile": {"upgradeChannel": "patch", "nodeOSUpgradeChannel": "NodeImage"}, "windowsProfile": {"adminUsername": PLANTED}})],
        "Microsoft.Compute/virtualMachines": [row("Microsoft.Compute/virtualMachines", "Vm1", {"osProfile": {"adminUsername": PLANTED}, "securityProfile": {"securityType": "TrustedLaunch", "uefiSettings": {"secureBootEnabled": True, "vTpmEnabled": True}}, "storageProfile": {"osDisk": {"osType": "Linux"}}}, power="PowerState/running", tags={"criticality": "critical"})],
        "Microsoft.Compute/disks": [row("Microsoft.Compute/disks", "disk1", {"encryption": {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": at("Microsoft.Compute/diskEncryptionSets", "set1")}}, tags={"confidentiality": "confidential"})],
        "Microsoft.Compute/snapshots": [row("Microsoft.Compute/snapshots", "snap1", {"encryption": {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": at("Microsoft.Compute/diskEncryptionSets", "set1")}}, tags={"confidentiality": "strict"})],
        ITEM: [row(ITEM, "vault/Azure/c/i", {"sourceResourceId": MACHINE, "protectionState": "Protected", "lastBackupStatus": "Completed", "lastBackupTime": NOW, "policyId": "p", "extendedProperties": {"linuxVmApplicationName": None}, "friendlyName": PLANTED})],
        "Microsoft.OperationsManagement/solutions": [row("Microsoft.OperationsManagement/solutions", "SecurityInsights(central)", {"workspaceResourceId": WORKSPACE})],
        "Microsoft.ManagedServices/registrationAssignments": [{**row("Microsoft.ManagedServices/registrationAssignments", "d1", {"registrationDefinitionId": f"{SUB}/providers/Microsoft.ManagedServices/registrationDefinitions/d1", "provisioningState": "Succeeded"}), "id": f"{SUB}/providers/Microsoft.ManagedServices/registrationAssignments/d1"}],
        "Microsoft.Security/assessments/subAssessments": [{**row("Microsoft.Security/assessments/subAssessments", "k/f", {"description": PLANTED}, code="Unhealthy", severity="High", cause="", finding="CVE-2026-1"), "id": f"{MACHINE}/providers/Microsoft.Security/assessments/k/subAssessments/f"}],
    }  # fmt: skip


def views() -> dict[str, tuple[str, str, list[dict[str, Any]]]]:
    """What Resource Graph says to queries that are no list of a type."""
    machine = MACHINE.lower()
    everything = [
        {
            "id": at("Microsoft.Web/sites", name),
            "name": name,
            "type": "microsoft.web/sites",
            "location": "westeurope",
            "tags": tags,
            "group": SHOP.lower(),
        }
        for name, tags in (("shop", {"env": "production", "note": "x"}), ("blog", None))
    ]
    return {
        "everything": ("resources | extend group", "*", everything),
        "regions": ("distinct location", "Microsoft.Storage/storageAccounts", [{"id": "westeurope"}]),
        "used": ("summarize resources = count() by type", "Microsoft.KeyVault/vaults", [{"type": "microsoft.keyvault/vaults", "resources": 1}, {"type": "microsoft.compute/virtualmachines", "resources": 1}]),
        "compliance": ("microsoft.policyinsights/policystates", "Microsoft.PolicyInsights/policyStates/queryResults", [{"id": ASSIGNMENT.lower(), "resources": 40, "deviating": 1, "latest": NOW}]),
        "patches": ("softwarePatches", "Microsoft.Compute/virtualMachines/patchAssessmentResults/softwarePatches", [{"id": machine, "oldest": NOW, "undated": 0, "patches": 1}]),
        "assessed": ("patchAssessmentResults", "Microsoft.Compute/virtualMachines/patchAssessmentResults", [{"id": machine, "status": "Succeeded", "at": NOW, "critical": 0, "security": 1, "reboot": False}]),
        "edr": ("EDR configuration issues", "Microsoft.Security/assessments", [{"id": machine, "codes": ["Healthy", "configuration: Healthy"]}]),
        "scanned": ("ffff0522", "Microsoft.Security/assessments", [{"id": machine, "code": "Healthy"}]),
        "evaluated": ("summarize evaluated", "Microsoft.Security/assessments", [{"evaluated": 12}]),
        "weighty": ("since = tostring", "Microsoft.Security/assessments", [{"id": f"{machine}/x", "name": "key1", "code": "Unhealthy", "cause": "", "since": NOW}]),
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
    vault = at("Microsoft.KeyVault/vaults", "kv")
    database, managed = (
        at("Microsoft.Sql/servers/databases", "db1/shop"),
        at("Microsoft.Sql/managedInstances/databases", "mi1/shop"),
    )
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
        f"{storage}/managementPolicies/default": {"properties": {"policy": {"rules": [{"enabled": True, "name": "old", "definition": {"filters": {"blobTypes": ["blockBlob", "appendBlob"]}, "actions": {part: {"delete": {"daysAfterCreationGreaterThan": 1000}} for part in ("baseBlob", "snapshot", "version")}}}]}}},
        f"{storage}/blobServices/default/containers": {"value": [{"name": "insights-activity-logs", "properties": {"metadata": {"by": PLANTED}, "hasImmutabilityPolicy": True, "immutabilityPolicy": {"properties": {"state": "Locked", "immutabilityPeriodSinceCreationInDays": 400, "allowProtectedAppendWrites": True}}}}]},
        f"{storage}/encryptionScopes": {"value": [{"name": "own", "properties": {"state": "Enabled", "source": "Microsoft.KeyVault", "keyVaultProperties": {"keyUri": PLANTED}}}]},
        f"{storage}/tableServices/default/tables": {"value": [{"name": "orders", "properties": {"signedIdentifiers": [{"id": PLANTED}]}}]},
        f"{storage}/queueServices/default/queues": {"value": []},
        f"{storage}/blobServices/default": {"properties": {"deleteRetentionPolicy": {"enabled": True, "days": 14}, "containerDeleteRetentionPolicy": {"enabled": True, "days": 14}, "isVersioningEnabled": True}},
        f"{sql}/firewallRules": {"value": [{"name": "office", "properties": {"startIpAddress": "192.0.2.1", "endIpAddress": "192.0.2.6"}}]},
        f"{sql}/ipv6FirewallRules": {"value": []},
        f"{sql}/extendedAuditingSettings/default": {"properties": {"state": "Enabled", "auditActionsAndGroups": _GROUPS, "isAzureMonitorTargetEnabled": True, "retentionDays": 0, "storageAccountSubscriptionId": PLANTED}},
        f"{sql}/databases/master/providers/Microsoft.Insights/diagnosticSettings": {"value": [{"name": "audit", "properties": {"workspaceId": WORKSPACE, "logs": [{"category": "SQLSecurityAuditEvents", **on}]}}]},
        f"{at('Microsoft.ContainerService/managedClusters', 'aks1')}/providers/Microsoft.Insights/diagnosticSettings": {"value": [{"name": "audit", "properties": {"workspaceId": WORKSPACE, "logs": [{"category": "kube-audit-admin", **on}]}}]},
        f"{at('Microsoft.Sql/servers/databases', 'db1/shop')}/transparentDataEncryption/current": {"properties": {"state": "Enabled"}},
        f"{at('Microsoft.Sql/managedInstances/databases', 'mi1/shop')}/transparentDataEncryption/current": {"properties": {"state": "Enabled"}},
        f"{database}/currentSensitivityLabels": {"value": [{"id": f"{database}/schemas/dbo/tables/buyer/columns/mail/sensitivityLabels/current", "properties": {**_COLUMN, "labelName": "Confidential", "informationType": "Contact Info", "managedBy": PLANTED}}]},
        f"{database}/recommendedSensitivityLabels": {"value": []},
        f"{database}/dataMaskingPolicies/Default": {"properties": {"dataMaskingState": "Enabled", "exemptPrincipals": "", "maskingLevel": ""}},
        f"{database}/dataMaskingPolicies/Default/rules": {"value": [{"properties": {**_COLUMN, "ruleState": "Enabled", "maskingFunction": "Email", "aliasName": PLANTED}}]},
        **{f"{one}/backupShortTermRetentionPolicies/default": {"properties": {"retentionDays": 14}} for one in (database, managed)},
        **{f"{one}/backupLongTermRetentionPolicies/default": {"properties": {"weeklyRetention": "PT0S", "monthlyRetention": "P12M", "yearlyRetention": "PT0S", "weekOfYear": 1}} for one in (database, managed)},
        f"{at('Microsoft.Synapse/workspaces/sqlPools', 'syn/pool')}/transparentDataEncryption/current": {"properties": {"status": "Enabled"}},
        f"{vault}/providers/Microsoft.Insights/diagnosticSettings": {"value": [{"name": "audit", "properties": {"workspaceId": WORKSPACE, "logs": [{"categoryGroup": "audit", **on}]}}]},
        f"{vault}/keys": {"value": [{"id": f"{vault}/keys/Sign", "name": "Sign", "tags": {"by": PLANTED}, "properties": {"attributes": SHORT_LIVED, "keyUri": PLANTED}}]},
        f"{vault}/keys/Sign": {"id": f"{vault}/keys/Sign", "properties": {"attributes": SHORT_LIVED, "rotationPolicy": {"lifetimeActions": [{"action": {"type": "rotate"}, "trigger": {"timeBeforeExpiry": "P30D"}}]}}},
        f"{vault}/secrets": {"value": [{"id": f"{vault}/secrets/db", "name": "db", "properties": {"attributes": SHORT_LIVED, "contentType": PLANTED, "secretUri": PLANTED}}]},
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
        f"{provider}/Microsoft.Authorization/roleEligibilityScheduleInstances": {"value": [{"id": f"{provider}/Microsoft.Authorization/roleEligibilityScheduleInstances/1", "properties": {**held, "memberType": "Group"}}]},
        f"{provider}/Microsoft.Authorization/roleDefinitions": {"value": [{"id": f"{provider}/Microsoft.Authorization/roleDefinitions/r1", "name": "r1", "properties": {"roleName": "VM operator", "type": "CustomRole", "assignableScopes": [SUB], "createdBy": PLANTED, "permissions": [{"actions": ["*/read", "Microsoft.Compute/virtualMachines/restart/action"], "notActions": []}]}}]},
        f"{provider}/Microsoft.Security/pricings": {"value": [{"name": name, "properties": {"pricingTier": "Standard", "resourcesCoverageStatus": "FullyCovered"}} for name in ("Arm", "KeyVaults", "VirtualMachines")]},
        f"{provider}/Microsoft.Security/securityContacts": {"value": [{"name": "default", "properties": {"isEnabled": True, "emails": EMAIL, "phone": PLANTED, "notificationsByRole": {"state": "On", "roles": ["Owner"]}, "notificationsSources": [{"sourceType": "Alert", "minimalSeverity": "High"}]}}]},
        f"{provider}/Microsoft.Security/alerts": {"value": [{"name": "a1", "properties": {"severity": "High", "status": "Resolved", "timeGeneratedUtc": "2026-01-01T00:00:00Z", "entities": [{"name": PLANTED}]}}, {"name": "a2", "properties": {"severity": "High", "status": "InProgress", "timeGeneratedUtc": NOW, "compromisedEntity": EMAIL}}]},
        f"{provider}/Microsoft.Authorization/policyAssignments": {"value": [{"id": ASSIGNMENT, "name": "Base", "properties": {"policyDefinitionId": BASELINE, "enforcementMode": "Default", "notScopes": [], "parameters": {"effect": {"value": "Audit"}, "mail": {"value": PLANTED}, "Regions": {"value": ["westeurope"]}}, "scope": "/providers/Microsoft.Management/managementGroups/top", "metadata": {"createdBy": PLANTED}}}, {"id": f"{provider}/Microsoft.Authorization/policyAssignments/groups", "name": "groups", "properties": {"policyDefinitionId": OWN_SET}}]},
        BASELINE: {"id": BASELINE, "properties": {"displayName": PLANTED, "parameters": {"regions": {"type": "Array"}}, "policyDefinitions": [_region_rule("e56962a6-4747-49cd-b67b-bf8b01975c4c", "regions"), {"policyDefinitionId": "/providers/Microsoft.Authorization/policyDefinitions/other", "parameters": {"mail": {"value": PLANTED}}}]}},
        f"{provider}/Microsoft.Authorization/policySetDefinitions": {"value": [{"id": OWN_SET, "properties": {"parameters": {"where": {"defaultValue": ["westeurope"]}}, "policyDefinitions": [_region_rule("e765b5de-1225-4ba3-bd56-1ac6695af988", "where")]}}]},
        f"{provider}/Microsoft.Authorization/policyExemptions": {"value": [{"id": f"{SHOP}/providers/Microsoft.Authorization/policyExemptions/e1", "name": "e1", "properties": {"policyAssignmentId": ASSIGNMENT, "policyDefinitionReferenceIds": ["other"], "exemptionCategory": "Waiver", "expiresOn": IN_100_DAYS, "description": PLANTED, "metadata": {"Ticket": PLANTED, "createdBy": EMAIL}}}]},
        f"{provider}/Microsoft.Security/securityConnectors": {"value": [{"id": CONNECTOR, "properties": {"environmentName": "Github", "environmentData": {"note": PLANTED}}}, {"id": f"{CONNECTOR}2", "properties": {"environmentName": "AWS", "hierarchyIdentifier": PLANTED}}]},
        f"{CONNECTOR}/devops/default": {"properties": {"provisioningState": "Succeeded", "autoDiscovery": "Enabled", "provisioningStatusMessage": PLANTED}},
        f"{CONNECTOR}/devops/default/gitHubOwners": {"value": [{"name": "acme", "properties": {"provisioningState": "Succeeded", "onboardingState": "Onboarded", "ownerUrl": PLANTED}}]},
        f"{provider}/Microsoft.Authorization/locks": {"value": [{"id": f"{SHOP}/providers/Microsoft.Authorization/locks/Keep", "name": "Keep", "properties": {"level": "CanNotDelete", "notes": PLANTED, "owners": [{"applicationId": PLANTED}]}}]},
        SUB: {"id": SUB, "subscriptionId": SUBSCRIPTION, "displayName": PLANTED, "state": "Enabled", "tags": {"Environment": "production"}},
        f"{SUB}/resourcegroups": {"value": [{"id": SHOP, "name": "Shop", "location": "westeurope", "tags": TAGGED, "properties": {"provisioningState": "Succeeded"}}]},
        f"{provider}/Microsoft.Compute/locations/westeurope/usages": {"value": [{"unit": "Count", "currentValue": 8, "limit": 100, "name": {"value": "cores", "localizedValue": "Total Regional vCPUs"}}]},
        f"{provider}/Microsoft.Network/locations/westeurope/usages": {"value": [{"currentValue": 1, "limit": 1, "name": {"value": "NetworkWatchers"}}]},
        f"{provider}/Microsoft.Storage/locations/westeurope/usages": {"value": [{"currentValue": 2, "limit": 250, "name": {"value": "StorageAccounts"}}]},
        f"{provider}/Microsoft.ManagedServices/registrationDefinitions/d1": {"properties": {"managedByTenantId": SUPPLIER, "authorizations": [{"principalId": PLANTED, "principalIdDisplayName": EMAIL, "roleDefinitionId": "acdd72a7-3385-48ef-bd42-f606fba81ae7"}]}},
        f"{WORKSPACE}/providers/Microsoft.SecurityInsights/incidents": {"value": [{"name": "i1", "properties": {"severity": "High", "status": "Active", "createdTimeUtc": NOW, "owner": {"objectId": OWNER, "email": EMAIL, "assignedTo": PLANTED}, "incidentNumber": 7, "title": PLANTED}}]},
    }  # fmt: skip


def options(folder: Any, url: str) -> str:
    """The target's table, but for its CA."""
    return f'url = "{url}"\nauthority = "{url}"\ntenant_id = "{TENANT}"\nclient_id = "22222222-2222-4222-8222-222222222222"\nclient_secret_file = "{folder}/secret"'
