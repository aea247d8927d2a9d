"""Azure Policy: what is assigned, how far it is enforced, and who is exempt from it."""

from __future__ import annotations

from annexlog.collectors import Call, ResourceType
from annexlog.collectors.azure._calls import SUBSCRIPTION, arm
from annexlog.collectors.azure._defender import ASSIGNMENTS
from annexlog.collectors.azure._policies import EXEMPTIONS, exemptions

__all__ = ["assignment", "exemption"]

ASSIGNMENT, EXEMPTION = "Microsoft.Authorization/policyAssignments", "Microsoft.Authorization/policyExemptions"

# Both lists are refused, not cut, where the caller may not read them in the subscription: no further proof is needed.
assignment = ResourceType(
    "azure.policy.assignment", facet="assignment", id="{assignment.id}", per="subscription", fold=True, sets=("assignment.properties.notScopes",),
    listed=arm(ASSIGNMENT, ASSIGNMENTS, SUBSCRIPTION, "id", "name", *(f"properties.{name}" for name in ("policyDefinitionId", "scope", "notScopes", "enforcementMode", "overrides", "resourceSelectors")), items="value"),
)

exemption = ResourceType(
    "azure.policy.exemption", facet="exemption", id="{exemption.id}", per="subscription", fold=True,
    listed=Call(f"{EXEMPTION}/read", EXEMPTIONS, SUBSCRIPTION, items="value", fn=exemptions),
)
