"""Users, apps and API tokens. Of users their ids, states and times, and keys to compare other directories by: no name."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType
from annexlog.collectors.declaring import keep
from annexlog.collectors.okta._admins import role_holders, token_owner
from annexlog.collectors.okta._calls import MOST, ROLES, SIGHT
from annexlog.collectors.okta._policies import POLICIES, of_app

__all__ = ["api_token", "app", "user"]

STATES = ("STAGED", "PROVISIONED", "ACTIVE", "RECOVERY", "LOCKED_OUT", "PASSWORD_EXPIRED", "SUSPENDED", "DEPROVISIONED")
"""All there are: a list without a filter leaves out those who are deprovisioned."""
_ALL = " or ".join(f'status eq "{state}"' for state in STATES)

user = ResourceType(
    "okta.user", facet="user", id="{user.id}", per="organization", sight=SIGHT,
    listed=Call("okta.users.read", "/api/v1/users",
                {**MOST, "filter": _ALL, **keep("id", "status", "created", "activated", "lastLogin", "statusChanged", "transitioningToStatus", "profile.email", "profile.login", "profile.employeeNumber")}, items=""),
    details=[
        Detail("roles", Call(ROLES, "/api/v1/iam/assignees/users", fn=role_holders, items="rows", also=("okta.users.read", "okta.groups.read")), key="user", match="{user.id}", otherwise={"roles": []}),
    ],
    redact={"user.profile.email": "key:email", "user.profile.login": "key:okta", "user.profile.employeeNumber": "key:employee"},
)

app = ResourceType(
    "okta.app", facet="app", id="{app.id}", per="organization", sight=SIGHT,
    listed=Call("okta.apps.read", "/api/v1/apps", {**MOST, **keep("id", "name", "label", "status")}, items=""),
    details=[
        Detail("access_rules", Call(POLICIES, "/api/v1/policies/{policy}/rules", {"app": "{app.id}"}, fn=of_app, take="rules", missing=None, also=("okta.apps.read",)),
               only="app.status == 'ACTIVE'"),
    ],
)

api_token = ResourceType(
    "okta.api_token", facet="api_token", id="{api_token.id}", per="organization", sight=SIGHT,
    listed=Call("okta.apiTokens.read", "/api/v1/api-tokens", keep("id", "name", "clientName", "userId", "network", "created", "expiresAt"), items=""),
    details=[
        Detail("owner", Call(ROLES, "/api/v1/users/{user}/roles", {"user": "{api_token.userId}"}, fn=token_owner, also=("okta.users.read",))),
    ],
)
