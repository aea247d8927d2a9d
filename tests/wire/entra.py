"""Microsoft Graph over HTTPS, as far as a reader sees it, and a tenant in which every test passes.

Shapes: Microsoft Graph v1.0; errors: "Microsoft Graph error responses and resource types". Nothing is left out for
`$select`, so that what must not be kept is in every answer.
"""

# ruff: noqa: E501 — answers read as a table

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from annexlog.collectors.entra._policy import APP_ROLES, GRAPH
from tests.wire.api import say
from tests.wire.http import Reply, Request
from tests.wire.microsoft import TENANT, Microsoft

EMAIL = "planted.person@example.com"
PLANTED = "planted-value-0123456789"
"""What must never get into a store: personal data and secrets that Graph's answers hold."""

GLOBAL, PRIVILEGED, READER = (
    "62e90394-69f5-4237-9190-012177145e10",
    "e8611ab8-c189-46e8-94e1-60213ab1f814",
    "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
)
WORKSPACE = "/subscriptions/s1/resourceGroups/logs/providers/Microsoft.OperationalInsights/workspaces/siem"
CATEGORIES = {
    "AuditLogs": "AuditLogs", "SignInLogs": "SigninLogs", "NonInteractiveUserSignInLogs": "AADNonInteractiveUserSignInLogs",
    "ServicePrincipalSignInLogs": "AADServicePrincipalSignInLogs", "ManagedIdentitySignInLogs": "AADManagedIdentitySignInLogs",
}  # fmt: skip
V1 = "/v1.0"
BREAK_GLASS = ["b1", "b2"]

NO_P1 = (
    403,
    "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
    "Neither tenant is B2C or tenant doesn't have premium license",
)
NO_P2 = (
    400,
    "AadPremiumLicenseRequired",
    "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.",
)
NO_RISK = (403, "Forbidden", "Your tenant is not licensed for this feature.")
NO_INTUNE = (400, "BadRequest", "Request not applicable to target tenant.")
"""What Graph says where a licence is missing: (status, code, message)."""


def days_ago(days: float) -> str:
    return time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(time.time() - days * 86_400))


TESTED = 40
"""Days since break-glass accounts were tried, and last used."""


def user(id: str, **more: Any) -> dict[str, Any]:
    names = {
        "displayName": PLANTED,
        "userPrincipalName": EMAIL,
        "mail": EMAIL,
        "mobilePhone": PLANTED,
        "employeeId": PLANTED,
    }
    state = {
        "accountEnabled": True,
        "userType": "Member",
        "externalUserState": None,
        "createdDateTime": "2020-01-01T00:00:00Z",
        "onPremisesSyncEnabled": None,
    }
    return {"id": id, **names, **state, **more}


def activity(id: str, **more: Any) -> dict[str, Any]:
    seen = {
        "lastSignInDateTime": days_ago(1),
        "lastSignInRequestId": PLANTED,
        "lastNonInteractiveSignInDateTime": days_ago(1),
        "lastSuccessfulSignInDateTime": days_ago(1),
    }
    return {"id": id, "userPrincipalName": EMAIL, "signInActivity": {**seen, **more}}


def registration(id: str, *methods: str) -> dict[str, Any]:
    return {
        "id": id,
        "userPrincipalName": EMAIL,
        "userDisplayName": PLANTED,
        "isAdmin": False,
        "isMfaCapable": True,
        "isMfaRegistered": True,
        "methodsRegistered": list(methods),
        "userType": "member",
    }


def policy(
    id: str,
    grant: Mapping[str, Any] | None,
    *,
    state: str = "enabled",
    users: Mapping[str, Any] | None = None,
    **conditions: Any,
) -> dict[str, Any]:
    """A policy for everybody but the group of break-glass accounts, and for every app."""
    people = {"includeUsers": ["All"], "excludeUsers": [], "includeGroups": [], "excludeGroups": ["g-glass"], "includeRoles": [], "excludeRoles": [],
              "includeGuestsOrExternalUsers": None, "excludeGuestsOrExternalUsers": None, **(users or {})}  # fmt: skip
    apps = {
        "includeApplications": ["All"],
        "excludeApplications": [],
        "includeUserActions": [],
        "includeAuthenticationContextClassReferences": [],
        "applicationFilter": None,
    }
    said = {"userRiskLevels": [], "signInRiskLevels": [], "servicePrincipalRiskLevels": [], "clientAppTypes": ["all"], "platforms": None, "locations": None, "devices": None,
            "clientApplications": None, "authenticationFlows": None, "insiderRiskLevels": None, "applications": apps, "users": people, **conditions}  # fmt: skip
    return {
        "id": id,
        "displayName": f"Policy {id}",
        "state": state,
        "conditions": said,
        "grantControls": grant,
        "sessionControls": None,
        "createdDateTime": "2026-01-01T00:00:00Z",
    }


def grant(*controls: str, operator: str = "OR", strength: str | None = None) -> dict[str, Any]:
    of = {"id": strength, "displayName": "x", "combinationConfigurations": []} if strength else None
    return {
        "operator": operator,
        "builtInControls": list(controls),
        "customAuthenticationFactors": [],
        "termsOfUse": [],
        "authenticationStrength": of,
    }


def strength(id: str, satisfies: str, *methods: str) -> dict[str, Any]:
    return {
        "id": id,
        "displayName": id,
        "description": "x",
        "policyType": "builtIn",
        "requirementsSatisfied": satisfies,
        "allowedCombinations": list(methods),
    }


def who(id: str, kind: str = "user") -> dict[str, Any]:
    return {"@odata.type": f"#microsoft.graph.{kind}", "id": id, "displayName": PLANTED, "mail": EMAIL}


def assignment(role: str, principal: str, kind: str = "user") -> dict[str, Any]:
    return {
        "id": f"{role[:4]}-{principal}",
        "principalId": principal,
        "directoryScopeId": "/",
        "roleDefinitionId": role,
        "principal": who(principal, kind),
    }


def instance(
    role: str, principal: str, kind: str = "user", *, type: str = "Assigned", end: str | None = None
) -> dict[str, Any]:
    return {**assignment(role, principal, kind), "id": f"i-{role[:4]}-{principal}", "roleAssignmentOriginId": f"{role[:4]}-{principal}", "assignmentType": type,
            "startDateTime": days_ago(1), "endDateTime": end, "memberType": "Direct", "appScopeId": None}  # fmt: skip


def eligible(role: str, principal: str, kind: str = "user") -> dict[str, Any]:
    return {
        "id": f"e-{role[:4]}-{principal}",
        "principalId": principal,
        "roleDefinitionId": role,
        "directoryScopeId": "/",
        "startDateTime": days_ago(9),
        "endDateTime": None,
        "memberType": "Direct",
        "principal": who(principal, kind),
    }


def rules(role: str, context: str = "") -> dict[str, Any]:
    """What activating a role takes: a second factor, or to meet an authentication context, which excludes that."""
    enabled = ["Justification"] if context else ["MultiFactorAuthentication", "Justification"]
    return {"id": f"DirectoryRole_{role}", "scopeId": "/", "scopeType": "DirectoryRole", "roleDefinitionId": role, "policy": {"id": "x", "rules": [
        {"id": "Expiration_EndUser_Assignment", "maximumDuration": "PT8H", "isExpirationRequired": True},
        {"id": "Enablement_EndUser_Assignment", "enabledRules": enabled},
        {"id": "Approval_EndUser_Assignment", "setting": {"isApprovalRequired": True, "approvalStages": [{"primaryApprovers": [{"userId": "u1", "description": EMAIL}]}]}},
        {"id": "AuthenticationContext_EndUser_Assignment", "isEnabled": bool(context), "claimValue": context},
    ]}}  # fmt: skip


def intune(type: str, *to: str, **more: Any) -> dict[str, Any]:
    """A policy of Intune; `to`: kinds of targets, or ids of groups."""
    kinds = ("allDevices", "allLicensedUsers")
    targets = [{"@odata.type": f"#microsoft.graph.{one}AssignmentTarget"} if one in kinds else {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": one} for one in to]  # fmt: skip
    assigned = [{"id": f"as-{n}", "target": target} for n, target in enumerate(targets)]
    return {
        "@odata.type": f"#microsoft.graph.{type}",
        "id": type,
        "displayName": type,
        "description": PLANTED,
        "assignments": assigned,
        **more,
    }


def protection(type: str) -> dict[str, Any]:
    rules = {
        "isAssigned": True,
        "pinRequired": True,
        "dataBackupBlocked": True,
        "allowedOutboundDataTransferDestinations": "managedApps",
    }
    app = {"id": "a", "mobileAppIdentifier": {"bundleId": PLANTED}}
    return intune(type, "allLicensedUsers", apps=[app], appGroupType="selectedPublicApps", **rules)


def healthy() -> dict[str, Any]:
    """A tenant with P2 in which every test passes."""
    people = [
        *(user(id) for id in ("u1", "u2", "b1", "b2")),
        user("u9", accountEnabled=False, userType="Guest", externalUserState="Accepted"),
        user("x1", userType="Guest", externalUserState="Accepted"),
    ]
    admins = {"includeUsers": [], "includeRoles": [GLOBAL, PRIVILEGED]}
    review = f"{V1}/identityGovernance/accessReviews/definitions"
    secret = {
        "keyId": "k1",
        "displayName": PLANTED,
        "hint": "abc",
        "secretText": None,
        "startDateTime": days_ago(30),
        "endDateTime": days_ago(-60),
    }
    return {
        f"{V1}/organization": {"value": [{"id": TENANT, "displayName": PLANTED, "technicalNotificationMails": [EMAIL], "onPremisesSyncEnabled": None}]},
        f"{V1}/policies/identitySecurityDefaultsEnforcementPolicy": {"id": "00000000-0000-0000-0000-000000000005", "isEnabled": False, "displayName": "Security Defaults"},
        f"{V1}/policies/authorizationPolicy": {"id": "authorizationPolicy", "guestUserRoleId": "2af84b1e-32c8-42b7-82bc-daa82404023b", "allowInvitesFrom": "adminsAndGuestInviters",
            "allowUserConsentForRiskyApps": False, "defaultUserRolePermissions": {"allowedToCreateApps": False, "permissionGrantPoliciesAssigned": ["ManagePermissionGrantsForSelf.microsoft-user-default-low"]}},
        f"{V1}/policies/adminConsentRequestPolicy": {"isEnabled": True, "version": 1, "reviewers": [{"query": "/v1.0/users/u1", "queryType": "MicrosoftGraph"}]},
        f"{V1}/groupSettings": {"value": [{"id": "x", "templateId": "5cf42378-d67d-4f36-ba46-e8b86229381d", "displayName": "Password Rule Settings", "values": [
            {"name": name, "value": value} for name, value in {
                "BannedPasswordCheckOnPremisesMode": "Audit", "EnableBannedPasswordCheckOnPremises": "False", "EnableBannedPasswordCheck": "True",
                "LockoutDurationInSeconds": "60", "LockoutThreshold": "10", "BannedPasswordList": f"{PLANTED}\tcontoso",
            }.items()
        ]}]},
        f"{V1}/admin/sharepoint/settings": {"sharingCapability": "externalUserSharingOnly", "isLegacyAuthProtocolsEnabled": False, "sharingAllowedDomainList": [PLANTED]},
        f"{V1}/deviceManagement": {"id": "d", "settings": {"secureByDefault": True, "deviceComplianceCheckinThresholdDays": 30}},
        f"{V1}/identity/conditionalAccess/policies": {"value": [
            policy("mfa", grant("mfa")),
            policy("legacy", grant("block"), clientAppTypes=["exchangeActiveSync", "other"]),
            policy("admins", grant(strength="s-fido"), users=admins),
            policy("sign-in-risk", grant("mfa"), signInRiskLevels=["high"]),
            policy("user-risk", grant("mfa", "passwordChange", operator="AND"), userRiskLevels=["high"]),
            policy("devices", grant("compliantDevice")),
            policy("phones", grant("compliantApplication", "compliantDevice"), platforms={"includePlatforms": ["android", "iOS"], "excludePlatforms": []}),
            policy("activating", grant("mfa"), applications={"includeApplications": [], "excludeApplications": [], "includeUserActions": [], "includeAuthenticationContextClassReferences": ["c1"], "applicationFilter": None}),
            policy("terms", {**grant(), "termsOfUse": ["t1"]}),
            policy("trial", grant("block"), state="enabledForReportingButNotEnforced"),
        ]},
        f"{V1}/policies/authenticationStrengthPolicies": {"value": [strength("s-mfa", "mfa", "password,sms", "fido2"), strength("s-fido", "mfa", "fido2", "windowsHelloForBusiness", "x509CertificateMultiFactor")]},
        f"{V1}/groups/g-glass": {"id": "g-glass", "visibility": None, "displayName": PLANTED},
        f"{V1}/groups/g-glass/transitiveMembers": {"value": [who("b1"), who("b2")]},
        f"{V1}/groups/g-admins": {"id": "g-admins", "visibility": "Private", "displayName": PLANTED},
        f"{V1}/groups/g-admins/transitiveMembers": {"value": [who("u2"), who("g-inner", "group")]},
        f"{V1}/roleManagement/directory/roleDefinitions": {"value": [
            {"id": id, "templateId": id, "displayName": name, "isBuiltIn": True, "isEnabled": True, "rolePermissions": [{"allowedResourceActions": [PLANTED]}]}
            for id, name in ((GLOBAL, "Global Administrator"), (PRIVILEGED, "Privileged Role Administrator"), (READER, "Global Reader"))
        ]},
        f"{V1}/roleManagement/directory/roleAssignments": {"value": [assignment(GLOBAL, "b1"), assignment(GLOBAL, "u1"), assignment(PRIVILEGED, "sp-pim", "servicePrincipal")]},
        f"{V1}/roleManagement/directory/roleAssignmentScheduleInstances": {"value": [instance(GLOBAL, "b1"), instance(GLOBAL, "u1", type="Activated", end=days_ago(-1))]},
        f"{V1}/roleManagement/directory/roleEligibilityScheduleInstances": {"value": [eligible(GLOBAL, "u1"), eligible(GLOBAL, "g-admins", "group")]},
        f"{V1}/policies/roleManagementPolicyAssignments": {"value": [rules(GLOBAL, "c1"), rules(PRIVILEGED), rules(READER)]},
        f"{V1}/users": {"value": people},
        f"{V1}/users?$select=id,signInActivity": {"value": [activity(one["id"], **({"lastSuccessfulSignInDateTime": days_ago(TESTED)} if one["id"] in BREAK_GLASS else {})) for one in people]},
        **{f"{V1}/users/{id}/sponsors": {"value": [who("u1"), who("g-admins", "group")]} for id in ("u9", "x1")},
        **{f"{V1}/users/{id}": {"id": id, "assignedPlans": [{"service": "exchange", "capabilityStatus": "Deleted", "servicePlanId": PLANTED}]} for id in ("b1", "u1", "u2")},
        f"{V1}/reports/authenticationMethods/userRegistrationDetails": {"value": [registration("u1", "fido2"), registration("u2", "fido2"), registration("b1", "fido2"), registration("b2", "passKeyDeviceBound")]},
        f"{V1}/identityProtection/riskyUsers": {"value": [{"id": "u2", "userPrincipalName": EMAIL, "userDisplayName": PLANTED, "isDeleted": False, "isProcessing": False, "riskLevel": "high", "riskState": "atRisk", "riskDetail": "none", "riskLastUpdatedDateTime": days_ago(0)}]},
        f"{V1}/identityProtection/riskyUsers/u2/history": {"value": [{"id": "h1", "userPrincipalName": EMAIL, "riskState": "atRisk", "riskLevel": "high", "riskLastUpdatedDateTime": days_ago(0)}, {"id": "h0", "riskState": "remediated", "riskLevel": "none", "riskLastUpdatedDateTime": days_ago(40)}]},
        review: {"value": [{"id": "r1", "displayName": "Administrators", "status": "InProgress", "createdBy": {"displayName": PLANTED}, "settings": {"recurrence": {"pattern": {"type": "absoluteMonthly", "interval": 1}}, "autoApplyDecisionsEnabled": True}}]},
        f"{review}/r1/instances": {"value": [{"id": "n2", "startDateTime": days_ago(2), "endDateTime": days_ago(-2), "status": "InProgress"}, {"id": "n1", "startDateTime": days_ago(32), "endDateTime": days_ago(28), "status": "Applied"}]},
        f"{review}/r1/instances/n1/decisions": {"value": [
            {"id": "d1", "decision": "Approve", "applyResult": "New", "reviewedBy": {"id": "u1", "userPrincipalName": EMAIL}, "principal": {"id": "u2", "displayName": PLANTED}, "justification": PLANTED},
            {"id": "d2", "decision": "Deny", "applyResult": "AppliedSuccessfully", "reviewedBy": {"id": "u2"}, "principal": {"id": "u1"}},
        ]},
        f"{V1}/applications": {"value": [{"id": "o1", "appId": "a1", "displayName": "shop", "passwordCredentials": [secret], "keyCredentials": [{**secret, "usage": "Verify", "key": PLANTED}]}]},
        f"{V1}/applications/o1/federatedIdentityCredentials": {"value": [{"id": "f1", "name": PLANTED, "description": PLANTED, "issuer": "https://token.actions.githubusercontent.com", "subject": "repo:acme/shop:environment:production", "audiences": ["api://AzureADTokenExchange"]}]},
        f"{V1}/servicePrincipals": {"value": [{"id": "sp-graph", "appId": GRAPH, "displayName": "Microsoft Graph", "appRoles": [{"id": APP_ROLES["User.Read.All"], "value": "User.Read.All"}, {"id": "ar-mail", "value": "Mail.Send", "description": PLANTED}]}]},
        f"{V1}/servicePrincipals?$count=true": {"value": [
            {"id": id, "appId": app, "displayName": name, "accountEnabled": True, "servicePrincipalType": type, "appOwnerOrganizationId": owner, "notificationEmailAddresses": [EMAIL]}
            for id, app, name, type, owner in (("sp-graph", GRAPH, "Microsoft Graph", "Application", "f8cdef31-a31e-4b4a-93e4-5f571e91255a"), ("sp-shop", "a1", "shop", "Application", TENANT),
                                               ("sp-crm", "a9", "CRM", "Application", "99999999-9999-4999-8999-999999999999"))
        ]},
        f"{V1}/servicePrincipals/sp-graph/appRoleAssignedTo": {"value": [
            {"id": "g1", "appRoleId": "ar-mail", "principalId": "sp-shop", "principalType": "ServicePrincipal", "principalDisplayName": PLANTED, "resourceId": "sp-graph"},
            {"id": "g2", "appRoleId": "ar-mail", "principalId": "u1", "principalType": "User", "principalDisplayName": EMAIL, "resourceId": "sp-graph"},
        ]},
        f"{V1}/oauth2PermissionGrants": {"value": [{"id": "c1", "clientId": "sp-shop", "consentType": "AllPrincipals", "principalId": None, "resourceId": "sp-graph", "scope": " Mail.Send openid "}]},
        f"{V1}/deviceManagement/managedDevices": {"@odata.count": 1, "value": [{"id": "d1", "userId": "u1", "deviceName": PLANTED, "emailAddress": EMAIL, "operatingSystem": "Windows", "managementAgent": "mdm", "complianceState": "compliant", "complianceGracePeriodExpirationDateTime": "9999-12-31T23:59:59Z", "isEncrypted": True, "lastSyncDateTime": days_ago(1), "osVersion": "10.0.22631.4460", "androidSecurityPatchLevel": ""}]},
        f"{V1}/deviceManagement/managedDeviceOverview": {"value": {"enrolledDeviceCount": 1, "deviceOperatingSystemSummary": {"androidCount": 0, "iosCount": 0, "macOSCount": 0, "windowsCount": 1, "unknownCount": 0}}},
        f"{V1}/deviceManagement/deviceCompliancePolicies": {"value": [intune("windows10CompliancePolicy", "allDevices", passwordRequired=True, passwordRequiredToUnlockFromIdle=True, passwordMinutesOfInactivityBeforeLock=10,
            scheduledActionsForRule=[{"ruleName": "x", "scheduledActionConfigurations": [{"actionType": "notification", "gracePeriodHours": 0, "notificationMessageCCList": [EMAIL]}, {"actionType": "block", "gracePeriodHours": 24}]}])]},
        f"{V1}/deviceManagement/deviceConfigurations": {"value": [intune("windows10EndpointProtectionConfiguration", "g-devices", bitLockerRemovableDrivePolicy={"requireEncryptionForWriteAccess": True})]},
        f"{V1}/deviceAppManagement/iosManagedAppProtections": {"value": [protection("iosManagedAppProtection")]},
        f"{V1}/deviceAppManagement/androidManagedAppProtections": {"value": [protection("androidManagedAppProtection")]},
        f"{V1}/security/secureScores": {"value": [{"id": f"s{n}", "azureTenantId": TENANT, "createdDateTime": days_ago(n), "currentScore": 70.5 + n / 10, "maxScore": 100.0, "enabledServices": ["HasExchange", "HasAADP1"], "controlScores": [{"description": PLANTED}]} for n in (1, 2)]},
        f"{V1}/security/incidents": {"value": [{"id": "77", "status": "Active", "severity": "high", "classification": "unknown", "assignedTo": EMAIL, "displayName": PLANTED, "createdDateTime": days_ago(1), "lastUpdateDateTime": days_ago(0)}]},
        "/providers/microsoft.aadiam/diagnosticSettings": {"value": [{"id": "x", "name": "siem", "properties": {"workspaceId": WORKSPACE, "storageAccountId": None, "eventHubName": PLANTED, "logs": [{"category": c, "enabled": True} for c in CATEGORIES]}}]},
        **{f"{WORKSPACE}/tables/{table}": {"name": table, "properties": {"totalRetentionInDays": 730, "schema": {"description": PLANTED}}} for table in CATEGORIES.values()},
    }  # fmt: skip


REGISTERS: Mapping[str, Any] = {
    "entra_break_glass": BREAK_GLASS,
    "entra_privileged_apps": ["sp-pim"],
    "entra_app_permissions": [{"app": "sp-shop", "permissions": ["Mail.Send"]}],
    "entra_access_reviews": ["r1"],
    "entra_break_glass_tests": [{"user": id, "date": days_ago(TESTED)[:10]} for id in BREAK_GLASS],
    "entra_federated_issuers": [
        {"issuer": "https://token.actions.githubusercontent.com", "subjects": ["repo:acme/shop:"]}
    ],
    "entra_app_suppliers": [{"app": "a9", "supplier": "Widgets", "until": days_ago(-100)[:10]}],
    "intune_supported_os": [
        {"os": "Windows", "branch": "10.0.22631", "until": "2099-12-31", "at_least": "10.0.22631.4000"}
    ],
    "m365_secure_score": {"minimum": 60},
}
SETTINGS: Mapping[str, Any] = {"intune_assignment_filters": False, "intune_device_groups": ["g-devices"]}


@dataclass
class Entra(Microsoft):
    """A running tenant. `roles`: the application permissions in the tokens that are given. `without`: {path pattern:
    what Graph says where the licence for it is missing}.
    """

    roles: set[str] = field(default_factory=lambda: set(APP_ROLES))
    without: dict[str, tuple[int, str, str]] = field(default_factory=dict)

    def _token(self, form: Mapping[str, str]) -> Reply:
        """A token whose claims can be read, as Entra ID gives it to apps."""
        reply = super()._token(form)
        if reply.status != 200:
            return reply
        body = json.loads(reply.body)
        parts = [
            {"alg": "none"},
            {"aud": "https://graph.microsoft.com", "tid": TENANT, "roles": sorted(self.roles), "uti": len(self.tokens)},
        ]
        body["access_token"] = ".".join(
            [
                *(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts),
                "signature",
            ]
        )
        self.tokens[body["access_token"]] = self.tokens.popitem()[1]
        return say(body)

    def answer(self, request: Request, path: str) -> Reply:
        query = dict(parse_qsl(request.target.partition("?")[2]))
        for pattern, (status, code, message) in self.without.items():
            if re.fullmatch(pattern, path):
                return self.error(status, code, message)
        found = self.choose(path, query)
        if found is None:
            return self.refuse(404)
        if isinstance(found, Reply):
            return found
        if "signInActivity" in query.get("$select", "") and "AuditLog.Read.All" not in self.roles:
            found = {"value": [{"id": one["id"]} for one in found["value"]]}
        if not isinstance(found.get("value"), list):
            return self.give(found)
        rows = found["value"]
        size, at = min(self.page, int(query.get("$top") or self.page)), int(query.get("$skiptoken") or 0)
        counted = query.get("$count") == "true" and request.headers.get("consistencylevel") == "eventual" and at == 0
        body = {**found, **({"@odata.count": len(rows)} if counted else {}), "value": rows[at : at + size]}
        if len(rows) > at + size:
            body["@odata.nextLink"] = f"{self.url}{path}?{urlencode({**query, '$skiptoken': at + size})}"
        return self.give(body)

    def give(self, body: Any, status: int = 200) -> Reply:
        return say(body, status, {"request-id": f"r-{len(self.log)}", "client-request-id": f"r-{len(self.log)}"})

    def error(self, status: int, code: str, message: str, **headers: str) -> Reply:
        inner = {"date": "2026-11-26T00:00:00", "request-id": "r-0", "client-request-id": "r-0"}
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        body = {"error": {"code": code, "message": message, "innerError": inner}}
        return Reply(status, {"Content-Type": "application/json", **told}, json.dumps(body).encode())

    def refuse(self, status: int, message: str = "", **headers: str) -> Reply:
        codes = {
            401: "InvalidAuthenticationToken",
            403: "Authorization_RequestDenied",
            404: "Request_ResourceNotFound",
            429: "TooManyRequests",
            500: "generalException",
            503: "serviceNotAvailable",
        }
        return self.error(status, codes.get(status, "badRequest"), message or "on purpose", **headers)
