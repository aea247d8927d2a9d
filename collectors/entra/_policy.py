"""The application permissions of an app that only reads what these calls need."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import orjson

from annexlog.collectors import Call
from annexlog.collectors.entra._calls import DISCOVERY
from annexlog.evidence_store.model import DeclarationError

GRAPH = "00000003-0000-0000-c000-000000000000"
"""The app id of Microsoft Graph, in every tenant."""

APP_ROLES: Mapping[str, str] = {
    "AccessReview.Read.All": "d07a8cc0-3d51-4b77-b3b0-32704d1f69fa",
    "Application.Read.All": "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
    "AuditLog.Read.All": "b0afded3-3588-46d8-8b3d-9842eff778da",
    "DeviceManagementApps.Read.All": "7a6ee1e7-141e-4cec-ae74-d9db155731ff",
    "DeviceManagementConfiguration.Read.All": "dc377aa6-52d8-4e23-b271-2a7ae04cedf3",
    "DeviceManagementManagedDevices.Read.All": "2f51be20-0bb4-4fed-bf7b-db946066c75e",
    "Directory.Read.All": "7ab1d382-f21e-4acd-a863-ba3e13f7da61",
    "GroupMember.Read.All": "98830695-27a2-44f7-8c18-0c3ebc9698f6",
    "IdentityRiskyUser.Read.All": "dc5007c0-2d7d-4c42-879c-2dab87571379",
    "Member.Read.Hidden": "658aa5d8-239f-45c4-aa12-864f4fc7e490",
    "Organization.Read.All": "498476ce-e0fe-48b0-b801-37ba7e2685c6",
    "Policy.Read.All": "246dd0d5-5bd0-4def-940b-0421030a5b68",
    "RoleManagement.Read.Directory": "483bed4a-2ad3-4361-a73b-c83ccdbdc53c",
    "SecurityEvents.Read.All": "bf394140-e372-4bf9-a898-299cfc7564e5",
    "SecurityIncident.Read.All": "45cc0394-e837-488b-a098-1918f48d186c",
    "SharePointTenantSettings.Read.All": "83d4163d-a2d8-4d3b-9695-4ae3ca98f888",
    "User.Read.All": "df021288-bdef-4463-88db-98f22de89214",
}
"""Application permissions and their ids. Source: learn.microsoft.com, "Microsoft Graph permissions reference"."""

_GRAPH_READ = re.compile(r"[A-Za-z]+\.Read(\.[A-Za-z]+)?")
_ARM_READ = re.compile(r"[A-Za-z]+\.[A-Za-z]+(/[A-Za-z]+)+/read", re.IGNORECASE)


def policy(calls: Iterable[Call]) -> str:
    """{graph, azure}: what to grant the app, as JSON. Raises DeclarationError for a permission that does not read.

    `graph.resourceAccess` is what an app registration's manifest holds of one API (`requiredResourceAccess`).
    `azure`: actions of a role at the tenant's own scope and at the workspace that logs go to.
    """
    named = sorted({DISCOVERY} | {permission for call in calls for permission in (call.permission, *call.also)})
    graph, azure = [p for p in named if "/" not in p], [p for p in named if "/" in p]
    for permission in graph:
        if not _GRAPH_READ.fullmatch(permission) or permission not in APP_ROLES:
            raise DeclarationError(f"{permission!r} is not a permission such as User.Read.All, or does not read")
    for permission in azure:
        if not _ARM_READ.fullmatch(permission):
            raise DeclarationError(f"{permission!r} is not an action that reads")
    access = [{"id": APP_ROLES[permission], "type": "Role"} for permission in graph]
    told = {
        "azure": azure,
        "graph": {
            "permissions": [{"name": permission, "id": APP_ROLES[permission]} for permission in graph],
            "requiredResourceAccess": [{"resourceAppId": GRAPH, "resourceAccess": access}],
        },
    }
    return orjson.dumps(told, option=orjson.OPT_INDENT_2).decode()
