"""The subscription itself: where its activity log goes, who holds which roles, what guards it."""

from __future__ import annotations

from annexlog.collectors import Detail, ResourceType
from annexlog.collectors.azure._calls import SUBSCRIPTION, arm

__all__ = ["subscription"]

_AT = "/subscriptions/{subscription}/providers/"
_AUTHORIZATION = "Microsoft.Authorization/"
_HELD = ("id", "properties.scope", "properties.roleDefinitionId", "properties.principalId", "properties.principalType")

subscription = ResourceType(
    "azure.subscription", facet="subscription", id="/subscriptions/{subscription}", listed=None, per="subscription", fold=True,
    details=[
        Detail("log_exports", arm("Microsoft.Insights/diagnosticSettings", f"{_AT}Microsoft.Insights/diagnosticSettings", SUBSCRIPTION,
                                  "name", *(f"properties.{name}" for name in ("workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "logs.category", "logs.categoryGroup", "logs.enabled")), items="value")),
        # The list of a subscription holds what is assigned above it as well.
        Detail("role_assignments", arm(f"{_AUTHORIZATION}roleAssignments", f"{_AT}Microsoft.Authorization/roleAssignments", SUBSCRIPTION, *_HELD, "properties.condition", items="value")),
        Detail("active_roles", arm(f"{_AUTHORIZATION}roleAssignmentScheduleInstances", f"{_AT}Microsoft.Authorization/roleAssignmentScheduleInstances", SUBSCRIPTION,
                                   *_HELD, "properties.assignmentType", "properties.memberType", "properties.endDateTime", items="value")),
        Detail("eligible_roles", arm(f"{_AUTHORIZATION}roleEligibilityScheduleInstances", f"{_AT}Microsoft.Authorization/roleEligibilityScheduleInstances", SUBSCRIPTION,
                                     *_HELD, "properties.memberType", "properties.endDateTime", items="value")),
        Detail("plans", arm("Microsoft.Security/pricings", f"{_AT}Microsoft.Security/pricings", SUBSCRIPTION,
                            "name", *(f"properties.{name}" for name in ("pricingTier", "subPlan", "deprecated", "resourcesCoverageStatus", "extensions.name", "extensions.isEnabled", "extensions.operationStatus.code")), items="value")),
    ],
)
