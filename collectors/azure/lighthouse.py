"""Azure Lighthouse: which service providers were given access to what."""

from __future__ import annotations

from annexlog.collectors import Detail, ResourceType
from annexlog.collectors.azure._calls import GONE, arm, graph, sees

__all__ = ["delegation"]

ASSIGNMENT, DEFINITION = "Microsoft.ManagedServices/registrationAssignments", "Microsoft.ManagedServices/registrationDefinitions"

delegation = ResourceType(
    "azure.lighthouse.delegation", facet="delegation", id="{delegation.id}", per="subscription", fold=True, gone=GONE, sight=sees(f"{ASSIGNMENT}/read"),
    listed=graph(ASSIGNMENT, "properties.registrationDefinitionId", "properties.provisioningState", table="managedservicesresources"),
    details=[
        Detail("definition", arm(DEFINITION, "{id}", {"id": "{delegation.properties.registrationDefinitionId}"}, "managedByTenantId", "authorizations.roleDefinitionId", "authorizations.delegatedRoleDefinitionIds", "eligibleAuthorizations.roleDefinitionId", take="properties")),
    ],
)
