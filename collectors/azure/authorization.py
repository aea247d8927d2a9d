"""Role definitions that an organization made itself. Assignments are facets of the subscription they hold in."""

from __future__ import annotations

from annexlog.collectors import ResourceType
from annexlog.collectors.azure._calls import SUBSCRIPTION, arm

__all__ = ["role_definition"]

DEFINITION = "Microsoft.Authorization/roleDefinitions"

# Refused, not cut, where the caller may not read them in the subscription: no further proof is needed.
role_definition = ResourceType(
    "azure.authorization.role_definition", facet="role_definition", id="{role_definition.id}", per="subscription", fold=True,
    listed=arm(DEFINITION, "/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions", {**SUBSCRIPTION, "$filter": "type eq 'CustomRole'"},
               "id", "name", "properties.roleName", "properties.type", "properties.permissions", "properties.assignableScopes", items="value"),
)
