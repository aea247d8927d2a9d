"""Role definitions that an organization made itself, and assignments, one by one: all of them are a facet of the subscription, too."""

from __future__ import annotations

from annexlog.collectors import ResourceType
from annexlog.collectors.azure._calls import SUBSCRIPTION, arm

__all__ = ["role_assignment", "role_definition"]

ASSIGNMENT, DEFINITION = "Microsoft.Authorization/roleAssignments", "Microsoft.Authorization/roleDefinitions"

# Refused, not cut, where the caller may not read them in the subscription: no further proof is needed.
role_definition = ResourceType(
    "azure.authorization.role_definition", facet="role_definition", id="{role_definition.id}", per="subscription", fold=True,
    listed=arm(DEFINITION, "/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions", {**SUBSCRIPTION, "$filter": "type eq 'CustomRole'"},
               "id", "name", "properties.roleName", "properties.type", "properties.permissions", "properties.assignableScopes", items="value"),
)

# Without a filter it holds what is assigned above the subscription and within it as well.
role_assignment = ResourceType(
    "azure.authorization.role_assignment", facet="role_assignment", id="{role_assignment.id}", per="subscription", fold=True,
    listed=arm(ASSIGNMENT, "/subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments", SUBSCRIPTION,
               "id", *(f"properties.{name}" for name in ("scope", "roleDefinitionId", "principalId", "principalType", "delegatedManagedIdentityResourceId")), items="value"),
)
