"""The customer, its users and who administers it. Of users ids, states, times and commitments of keys: no name and no address."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType
from annexlog.collectors.google_workspace._calls import (
    DIRECTORY,
    MEMBERS,
    POLICIES,
    ROLES,
    SIGHT,
    UNITS,
    USERS,
    listing,
)
from annexlog.collectors.google_workspace._settings import app_access, loss_rules, role_holders, sharing, super_admins

__all__ = ["customer", "user"]

_USERS = f"{DIRECTORY}/users"

customer = ResourceType(
    "google_workspace.customer", facet="customer", id="{customer}", listed=None, per="customer",
    details=[
        Detail("super_admins", Call(ROLES, f"{DIRECTORY}/customer/{{customer}}/roles", {"customer": "{customer}"}, fn=super_admins, also=(USERS, MEMBERS))),
        Detail("sharing", Call(POLICIES, "/v1/policies", {"customer": "{customer}"}, fn=sharing, also=(UNITS,))),
        Detail("app_access", Call(POLICIES, "/v1/policies", {"customer": "{customer}"}, fn=app_access, also=(UNITS,))),
        Detail("loss_rules", Call(POLICIES, "/v1/policies", {"customer": "{customer}"}, fn=loss_rules, also=(UNITS,))),
    ],
)

user = ResourceType(
    "google_workspace.user", facet="user", id="{user.id}", per="customer", sight=SIGHT,
    listed=Call(USERS, _USERS, {"customer": "{customer}", "maxResults": "500", "projection": "basic"}, items="users",
                fn=listing(_USERS, "users", "id", "isAdmin", "isDelegatedAdmin", "suspended", "archived", "creationTime", "lastLoginTime", "isEnrolledIn2Sv", "isEnforcedIn2Sv", "primaryEmail", "externalIds.type", "externalIds.value")),
    details=[
        Detail("roles", Call(ROLES, f"{DIRECTORY}/customer/{{customer}}/roleassignments", {"customer": "{customer}"}, fn=role_holders, items="rows", also=(MEMBERS,)), key="user", match="{user.id}", otherwise={"roles": []}),
    ],
    redact={"user.primaryEmail": "key:email", "user.externalIds[].value": "key:employee"},
)
