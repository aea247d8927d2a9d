"""Apps: whose they are, their secrets and certificates, the permissions that they were given, and consent for everybody."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType
from annexlog.collectors.entra._calls import COUNTED, MOST, seen, select
from annexlog.collectors.entra._consent import consents, permissions

__all__ = ["app_permission", "application", "consent", "service_principal"]

APPS = "Application.Read.All"
DIRECTORY = "Directory.Read.All"

_CREDENTIALS = (
    "passwordCredentials.keyId", "passwordCredentials.startDateTime", "passwordCredentials.endDateTime",
    "keyCredentials.keyId", "keyCredentials.usage", "keyCredentials.startDateTime", "keyCredentials.endDateTime",
)

application = ResourceType(
    "entra.application", facet="application", id="{application.id}", per="tenant", sight=seen(APPS),
    listed=Call(APPS, "/applications", {**MOST, **select("id", "appId", "displayName", *_CREDENTIALS)}, items="value"),
    details=[
        Detail("federated", Call(APPS, "/applications/{application}/federatedIdentityCredentials", {"application": "{application.id}", **select("id", "issuer", "subject", "audiences")}, items="value")),
    ],
)

service_principal = ResourceType(
    "entra.service_principal", facet="service_principal", id="{service_principal.id}", per="tenant", sight=seen(APPS),
    listed=Call(APPS, "/servicePrincipals", {**MOST, **COUNTED, **select("id", "appId", "displayName", "accountEnabled", "servicePrincipalType", "appOwnerOrganizationId")}, items="value"),
)

app_permission = ResourceType(
    "entra.app_permission", facet="app_permission", id="{app_permission.id}", per="tenant", sight=seen(APPS),
    listed=Call(APPS, "/servicePrincipals/{id}/appRoleAssignedTo", fn=permissions, items="value"),
)

consent = ResourceType(
    "entra.consent", facet="consent", id="{consent.id}", per="tenant", sight=seen(DIRECTORY),
    listed=Call(DIRECTORY, "/oauth2PermissionGrants", {**MOST, "$filter": "consentType eq 'AllPrincipals'"}, fn=consents, items="value"),
)
