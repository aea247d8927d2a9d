"""What was set or given by hand: rules of passwords, application permissions that count, consent for everybody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Page, Refused
from annexlog.collectors.declaring import Asks
from annexlog.collectors.entra._calls import MOST, items, select, values

RULES_TEMPLATE = "5cf42378-d67d-4f36-ba46-e8b86229381d"
"""The template of the settings that hold the tenant's own rules of passwords."""

GRAPH = "00000003-0000-0000-c000-000000000000"

RESOURCES: Mapping[str, str] = {
    GRAPH: "Microsoft Graph",
    "00000002-0000-0000-c000-000000000000": "Azure AD Graph",
    "00000002-0000-0ff1-ce00-000000000000": "Exchange Online",
    "00000003-0000-0ff1-ce00-000000000000": "SharePoint Online",
    "c5393580-f805-4401-95e8-94b7a6ef2fc2": "Office 365 Management APIs",
}
"""APIs whose application permissions are read, by app id."""

_GIVEN = "/servicePrincipals/{id}/appRoleAssignedTo"


def permissions(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:  # noqa: ARG001 — the tenant's
    """Every application permission of these APIs that an app was given: [{id, api, permission, app}].

    `app`: the id of the app's service principal. An API that the tenant does not use has no service principal in it;
    Microsoft Graph always has one. Source: List servicePrincipals (appRoles), List appRoleAssignments granted for a
    service principal.
    """
    wanted = ", ".join(f"'{app}'" for app in RESOURCES)
    asked = {"$filter": f"appId in ({wanted})", **select("id", "appId", "appRoles.id", "appRoles.value")}
    apis = {api["appId"]: api for api in values(ask, "/servicePrincipals", asked)}
    if GRAPH not in apis:
        raise Refused("denied", "NotShown", "Microsoft Graph is in every tenant, and is not shown", again=False)
    for app, api in sorted(apis.items()):
        named = {role["id"]: role["value"] for role in api["appRoles"]}
        for page in ask.pages(_GIVEN, {"id": api["id"], **MOST}):
            found = [
                {
                    "id": row["id"],
                    "api": RESOURCES[app],
                    "permission": named.get(row["appRoleId"]) or row["appRoleId"],
                    "app": row["principalId"],
                }
                for row in items(page)
                if row["principalType"] == "ServicePrincipal"
            ]
            yield Page({"value": found}, page.request_id, page.date)


def consents(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Consent that an administrator gave for everybody: [{id, app, api, scopes}], ids of service principals."""
    for page in ask.pages("/oauth2PermissionGrants", params):
        found = [
            {
                "id": row["id"],
                "app": row["clientId"],
                "api": row["resourceId"],
                "scopes": sorted(set((row.get("scope") or "").split())),
            }
            for row in items(page)
            if row["consentType"] == "AllPrincipals"
        ]
        yield Page({"value": found}, page.request_id, page.date)


def password_rules(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:  # noqa: ARG001 — the tenant's
    """{rules}: {checked, banned, threshold, seconds, on_premises, mode}; null: Microsoft's defaults hold.

    `banned`: how many words the tenant's own list has; the words themselves are kept nowhere. `threshold`, `seconds`: of
    locking out. Source: List groupSettings (Password Rule Settings), whose values are texts.
    """
    found = [one for one in values(ask, "/groupSettings", {}) if one["templateId"] == RULES_TEMPLATE]
    if not found:
        yield Page({"rules": None})
        return
    said = {value["name"]: value["value"] for value in found[0]["values"]}
    rules = {
        "checked": said["EnableBannedPasswordCheck"].lower() == "true",
        "banned": len([word for word in said["BannedPasswordList"].split("\t") if word.strip()]),
        "threshold": int(said["LockoutThreshold"]),
        "seconds": int(said["LockoutDurationInSeconds"]),
        "on_premises": said["EnableBannedPasswordCheckOnPremises"].lower() == "true",
        "mode": said["BannedPasswordCheckOnPremisesMode"],
    }
    yield Page({"rules": rules})
