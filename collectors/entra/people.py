"""Users: their state, when they last signed in, what they can prove themselves with, and what is risky about them.

No name is kept, and of addresses what other directories can be compared by. What needs a licence is a population of its own: without it, the others stay known.
"""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType
from annexlog.collectors.entra._calls import COUNTED, GROUPS, HIDDEN, MOST, listed, seen, select
from annexlog.collectors.entra._governance import open_since
from annexlog.collectors.entra._guests import guests, sponsors
from annexlog.collectors.entra._roles import HOLDERS, ROLES, USERS

__all__ = ["activity", "guest", "registration", "risky_user", "role", "user"]

AUDIT = "AuditLog.Read.All"
RISKS = "IdentityRiskyUser.Read.All"


user = ResourceType(
    "entra.user", facet="user", id="{user.id}", per="tenant", sight=seen(USERS),
    listed=Call(USERS, "/users", {**MOST, **COUNTED, **select("id", "accountEnabled", "userType", "externalUserState", "createdDateTime", "onPremisesSyncEnabled", "mail", "userPrincipalName", "employeeId")}, items="value"),
    details=[
        Detail("roles", HOLDERS, key="user", match="{user.id}", otherwise={"roles": []}),
    ],
    redact={"user.mail": "key:email", "user.userPrincipalName": "key:email", "user.employeeId": "key:employee"},
)

guest = ResourceType(
    "entra.guest", facet="guest", id="{guest.id}", per="tenant", sight=seen(USERS),
    listed=Call(USERS, "/users", {**MOST, **COUNTED, **select("id", "accountEnabled", "userType", "externalUserState")}, fn=guests, items="value"),
    details=[
        Detail("sponsors", Call(USERS, "/users/{user}/sponsors", {"user": "{guest.id}"}, fn=sponsors, also=(GROUPS, HIDDEN))),
    ],
)

# Graph gives at most 120 users a page with their activity; who never signed in has none, and so has everybody where the
# permission is missing: hence the proof.
activity = ResourceType(
    "entra.activity", facet="activity", id="{activity.id}", per="tenant", sight=seen(AUDIT, USERS),
    listed=Call(AUDIT, "/users", {"$top": "120", **select("id", "signInActivity.lastSignInDateTime", "signInActivity.lastNonInteractiveSignInDateTime",
                                                          "signInActivity.lastSuccessfulSignInDateTime")}, items="value", also=(USERS,)),
)

registration = ResourceType(
    "entra.registration", facet="registration", id="{registration.id}", per="tenant", sight=seen(AUDIT),
    listed=Call(AUDIT, "/reports/authenticationMethods/userRegistrationDetails", listed("id", "isMfaCapable", "isMfaRegistered", "methodsRegistered"), items="value"),
    sets=("registration.methodsRegistered",),
)

risky_user = ResourceType(
    "entra.risky_user", facet="risky_user", id="{risky_user.id}", per="tenant", sight=seen(RISKS),
    listed=Call(RISKS, "/identityProtection/riskyUsers", {"$filter": "riskLevel eq 'high'", **select("id", "isDeleted", "riskLevel", "riskState", "riskDetail", "riskLastUpdatedDateTime")}, items="value"),
    details=[
        Detail("episode", Call(RISKS, "/identityProtection/riskyUsers/{user}/history",
               {"user": "{risky_user.id}", "state": "{risky_user.riskState}", "updated": "{risky_user.riskLastUpdatedDateTime}"}, fn=open_since)),
    ],
)

role = ResourceType(
    "entra.role", facet="role", id="{role.id}", per="tenant", sight=seen(ROLES),
    listed=Call(ROLES, "/roleManagement/directory/roleDefinitions", select("id", "templateId", "displayName", "isBuiltIn", "isEnabled"), items="value"),
    details=[
        Detail("holders", HOLDERS, key="role", match="{role.id}",
               otherwise={"active": [], "eligible": [], "people": [], "apps": []}),
    ],
)
