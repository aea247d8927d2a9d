"""The tenant: security defaults, what people may do without asking, what is shared, and where logs go."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType
from annexlog.collectors.declaring import keep, whole
from annexlog.collectors.entra._calls import ARM, DISCOVERY, inside, select, select_one
from annexlog.collectors.entra._consent import password_rules
from annexlog.collectors.entra._governance import DAYS, secure_scores
from annexlog.collectors.entra._intune import OVERVIEW, platforms
from annexlog.collectors.entra._logs import SETTINGS, TABLES, exports
from annexlog.collectors.entra._roles import demands

__all__ = ["activation_rule", "tenant"]

POLICIES = "Policy.Read.All"
DEFAULTS = "/policies/identitySecurityDefaultsEnforcementPolicy"
AUTHORIZATION = "/policies/authorizationPolicy"
CONSENT = "/policies/adminConsentRequestPolicy"
SHARING = "/admin/sharepoint/settings"
DEVICES = "/deviceManagement"

tenant = ResourceType(
    "entra.tenant", facet="tenant", id="{tenant}", listed=None, per="tenant",
    details=[
        Detail("security_defaults", Call(POLICIES, DEFAULTS, select_one("id", "isEnabled"), fn=whole(DEFAULTS, "isEnabled"))),
        Detail("authorization", Call(POLICIES, AUTHORIZATION, keep("id", "guestUserRoleId", "allowInvitesFrom", "allowUserConsentForRiskyApps",
               "defaultUserRolePermissions.permissionGrantPoliciesAssigned", "defaultUserRolePermissions.allowedToCreateApps"), fn=whole(AUTHORIZATION, "guestUserRoleId"))),
        Detail("consent_requests", Call(POLICIES, CONSENT, select_one("isEnabled", "reviewers.query"), fn=whole(CONSENT, "isEnabled"))),
        Detail("organization", Call(DISCOVERY, "/organization", select("id", "onPremisesSyncEnabled"), items="value")),
        Detail("password_rules", Call("Directory.Read.All", "/groupSettings", fn=password_rules, take="rules", missing=None)),
        Detail("sharing", Call("SharePointTenantSettings.Read.All", SHARING, keep("sharingCapability", "value.sharingCapability"), fn=inside(SHARING, "sharingCapability"))),
        Detail("device_compliance", Call("DeviceManagementConfiguration.Read.All", DEVICES, {"$select": "settings", **keep("settings.secureByDefault", "value.settings.secureByDefault")}, fn=inside(DEVICES, "settings"), take="settings")),
        Detail("platforms", Call("DeviceManagementManagedDevices.Read.All", OVERVIEW, fn=platforms)),
        Detail("secure_scores", Call("SecurityEvents.Read.All", "/security/secureScores", {"$top": str(DAYS)}, fn=secure_scores, items="days")),
        Detail("log_exports", Call(SETTINGS, f"{ARM}/providers/microsoft.aadiam/diagnosticSettings", fn=exports, items="settings", also=(TABLES,))),
    ],
)

activation_rule = ResourceType(
    "entra.activation_rule", facet="rule", id="{rule.role}", per="tenant",
    listed=Call("RoleManagement.Read.Directory", "/policies/roleManagementPolicyAssignments", fn=demands, items="value"),
)
