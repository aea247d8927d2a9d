"""The organization: who administers it, how people sign in, what is logged and what is blocked."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType
from annexlog.collectors.declaring import keep, whole
from annexlog.collectors.okta._admins import APPS, GROUPS, USERS, super_admins
from annexlog.collectors.okta._calls import MOST, ROLES, SIGHT
from annexlog.collectors.okta._policies import POLICIES, of_console, of_type

__all__ = ["log_stream", "org", "zone"]

org = ResourceType(
    "okta.org", facet="org", id="{org}", listed=None, per="organization", sight=SIGHT,
    details=[
        Detail("threat_insight", Call("okta.threatInsights.read", "/api/v1/threats/configuration", keep("action", "excludeZones"), fn=whole("/api/v1/threats/configuration", "action"))),
        Detail("session_policies", Call(POLICIES, "/api/v1/policies", {"type": "OKTA_SIGN_ON"}, items="policies", fn=of_type)),
        Detail("password_policies", Call(POLICIES, "/api/v1/policies", {"type": "PASSWORD"}, items="policies", fn=of_type)),
        Detail("console_rules", Call(POLICIES, "/api/v1/policies/{policy}/rules", fn=of_console, take="rules", missing=None, also=("okta.apps.read",))),
        Detail("super_admins", Call(ROLES, "/api/v1/iam/assignees/users", fn=super_admins, also=(USERS, GROUPS, APPS))),
    ],
)

log_stream = ResourceType(
    "okta.log_stream", facet="log_stream", id="{log_stream.id}", per="organization", sight=SIGHT,
    listed=Call("okta.logStreams.read", "/api/v1/logStreams", {**MOST, **keep("id", "name", "type", "status")}, items=""),
)

zone = ResourceType(
    "okta.zone", facet="zone", id="{zone.id}", per="organization", sight=SIGHT,
    listed=Call("okta.networkZones.read", "/api/v1/zones", {**MOST, **keep("id", "name", "type", "status", "usage", "gateways")}, items=""),
)
