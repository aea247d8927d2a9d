"""The subscription itself: where its activity log goes, who holds which roles, what guards it."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType
from annexlog.collectors.azure._calls import GRAPH, SIGHT, SUBSCRIPTION, VERSION, arm, shown
from annexlog.collectors.azure._code import CONNECTOR, CONNECTORS, HOLDERS, code_connectors
from annexlog.collectors.azure._defender import ASSIGNMENTS, USED, alerts, assessments, policies
from annexlog.collectors.azure._locations import SET_READ, locations
from annexlog.collectors.azure._stacks import FUNCTION, WEB, runtimes
from annexlog.collectors.azure._versions import version
from annexlog.collectors.declaring import keep, whole

__all__ = ["subscription"]

_AT = "/subscriptions/{subscription}/providers/"
_ITSELF = "/subscriptions/{subscription}"
_AUTHORIZATION = "Microsoft.Authorization/"
_HELD = ("id", "properties.scope", "properties.roleDefinitionId", "properties.principalId", "properties.principalType")
_USED = f"resources | where type in~ ({', '.join(repr(type.lower()) for type in USED)}) | summarize resources = count() by type | order by type asc"
_COMPLIANCE = "policyresources | where type =~ 'microsoft.policyinsights/policystates' | extend resource = tolower(tostring(properties.resourceId)), state = tostring(properties.complianceState) | summarize bad = countif(state =~ 'NonCompliant' or state =~ 'Exempt' or state =~ 'Unknown'), latest = max(todatetime(properties.timestamp)) by resource, id = tolower(tostring(properties.policyAssignmentId)) | summarize resources = count(), deviating = countif(bad > 0), latest = tostring(max(latest)) by id | order by id asc"

subscription = ResourceType(
    "azure.subscription", facet="subscription", id="/subscriptions/{subscription}", listed=None, per="subscription", fold=True, tags="about.tags",
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
        # Addresses of people are left out: whether roles are notified can be seen without them.
        Detail("contacts", arm("Microsoft.Security/securityContacts", f"{_AT}Microsoft.Security/securityContacts", SUBSCRIPTION,
                               "name", "properties.isEnabled", "properties.notificationsByRole", "properties.notificationsSources", items="value")),
        Detail("used_types", shown(_USED, *(f"{type}/read" for type in USED))),
        Detail("alerts", Call("Microsoft.Security/alerts/read", f"{_AT}Microsoft.Security/alerts", SUBSCRIPTION, items="", fn=alerts)),
        Detail("assessments", Call("Microsoft.Security/assessments/read", GRAPH, SUBSCRIPTION, fn=assessments, also=SIGHT)),
        # Those at the subscription and above it; what is assigned below is not for all of it.
        Detail("policies", Call(f"{_AUTHORIZATION}policyAssignments/read", ASSIGNMENTS, {**SUBSCRIPTION, VERSION: version(f"{_AUTHORIZATION}policyAssignments"), "$filter": "atScope()"}, items="", fn=policies)),
        # One catalogue for all: what runs in this subscription's apps is compared with it.
        Detail("stacks", Call(f"{WEB}/read", f"/providers/{WEB}", items="", fn=runtimes, also=(f"{FUNCTION}/read",))),
        Detail("location_policies", Call(f"{_AUTHORIZATION}policyAssignments/read", ASSIGNMENTS, SUBSCRIPTION, items="", fn=locations, also=(SET_READ,))),
        Detail("code_connectors", Call(f"{CONNECTOR}/read", CONNECTORS, SUBSCRIPTION, items="", fn=code_connectors, also=(f"{CONNECTOR}/devops/read", *(f"{CONNECTOR}/devops/{holder}/read" for holder in HOLDERS.values())))),
        Detail("locks", arm(f"{_AUTHORIZATION}locks", f"{_AT}Microsoft.Authorization/locks", SUBSCRIPTION, "id", "name", "properties.level", items="value")),
        Detail("about", Call("Microsoft.Resources/subscriptions/read", _ITSELF, {**SUBSCRIPTION, VERSION: version("Microsoft.Resources/subscriptions"), **keep("subscriptionId", "tags")}, fn=whole(_ITSELF, "subscriptionId"))),
        Detail("compliance", shown(_COMPLIANCE, "Microsoft.PolicyInsights/policyStates/queryResults/read")),
    ],
)
