"""The api-versions with which Azure Resource Manager is asked, all in one place: what an answer means hangs on them.

Source: learn.microsoft.com/rest/api and /azure/templates, of each resource type. Stable ones where there are any.
"""

from __future__ import annotations

from collections.abc import Mapping

VERSIONS: Mapping[str, str] = {
    "Microsoft.Authorization/denyAssignments": "2022-04-01",
    "Microsoft.Authorization/locks": "2020-05-01",
    "Microsoft.Authorization/permissions": "2022-04-01",
    "Microsoft.Authorization/policyAssignments": "2023-04-01",
    "Microsoft.Authorization/policyExemptions": "2022-07-01-preview",
    "Microsoft.Authorization/policySetDefinitions": "2023-04-01",
    "Microsoft.Authorization/roleAssignmentScheduleInstances": "2020-10-01",
    "Microsoft.Authorization/roleAssignments": "2022-04-01",
    "Microsoft.Authorization/roleDefinitions": "2022-04-01",
    "Microsoft.Authorization/roleEligibilityScheduleInstances": "2020-10-01",
    "Microsoft.Cdn/profiles": "2024-02-01",
    "Microsoft.Compute/locations": "2024-07-01",
    "Microsoft.ContainerService/locations": "2024-09-01",
    "Microsoft.DBforPostgreSQL/flexibleServers": "2024-08-01",
    "Microsoft.Insights/actionGroups": "2023-01-01",
    "Microsoft.Insights/diagnosticSettings": "2021-05-01-preview",
    "Microsoft.KeyVault/vaults": "2023-07-01",
    "Microsoft.ManagedServices/registrationDefinitions": "2022-10-01",
    "Microsoft.Management/managementGroups": "2020-05-01",
    "Microsoft.Network/locations": "2024-05-01",
    "Microsoft.Network/dnsResolverDomainLists": "2025-05-01",
    "Microsoft.Network/dnsResolverPolicies": "2025-05-01",
    "Microsoft.Network/networkManagers": "2024-05-01",
    "Microsoft.Network/virtualNetworkGateways": "2024-05-01",
    "Microsoft.OperationalInsights/workspaces": "2022-10-01",
    "Microsoft.ResourceGraph/resources": "2024-04-01",
    "Microsoft.Resources/subscriptions": "2022-12-01",
    "Microsoft.Resources/subscriptions/resourceGroups": "2022-09-01",
    "Microsoft.Security/alerts": "2022-01-01",
    "Microsoft.Security/locations/jitNetworkAccessPolicies": "2020-01-01",
    "Microsoft.Security/pricings": "2024-01-01",
    "Microsoft.Security/securityConnectors": "2023-10-01-preview",
    "Microsoft.Security/securityConnectors/devops": "2024-04-01",
    "Microsoft.Security/securityContacts": "2023-12-01-preview",
    "Microsoft.SecurityInsights/alertRules": "2024-03-01",
    "Microsoft.SecurityInsights/incidents": "2024-03-01",
    "Microsoft.SecurityInsights/onboardingStates": "2024-03-01",
    "Microsoft.SecurityInsights/threatIntelligence": "2024-03-01",
    "Microsoft.Sql/managedInstances": "2021-11-01",
    "Microsoft.Sql/servers": "2021-11-01",
    "Microsoft.Storage/locations": "2024-01-01",
    "Microsoft.Storage/storageAccounts": "2024-01-01",
    "Microsoft.Synapse/workspaces": "2021-06-01",
    "Microsoft.Web/functionAppStacks": "2023-12-01",
    "Microsoft.Web/sites": "2023-12-01",
    "Microsoft.Web/webAppStacks": "2023-12-01",
}


def version(type: str) -> str:
    """The api-version of a resource type: its own, or that of the type it is in."""
    while type not in VERSIONS:
        type, _, last = type.rpartition("/")
        if not last:
            raise KeyError(type)
    return VERSIONS[type]
