"""The realm: how its people sign in, what is guarded and kept, who administers it, and whom else it believes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Detail, Page, Refused, ResourceType
from annexlog.collectors.declaring import Asks, keep, rows
from annexlog.collectors.keycloak._admins import ROLES, admins
from annexlog.collectors.keycloak._calls import (
    REALM,
    VIEW_CLIENTS,
    VIEW_EVENTS,
    VIEW_PROVIDERS,
    VIEW_REALM,
    VIEW_USERS,
    shown,
)

__all__ = ["identity_provider", "realm"]

FLOWS = f"{REALM}/authentication/flows"
ACTIONS = f"{REALM}/authentication/required-actions"
_EXECUTION = keep("level", "index", "requirement", "providerId", "authenticationFlow", "displayName")
_SETTINGS = (
    "realm", "enabled", "sslRequired", "registrationAllowed", "verifyEmail", "rememberMe", "resetPasswordAllowed",
    "bruteForceProtected", "permanentLockout", "maxTemporaryLockouts", "bruteForceStrategy", "failureFactor",
    "maxFailureWaitSeconds", "waitIncrementSeconds", "maxDeltaTimeSeconds", "passwordPolicy",
    "ssoSessionIdleTimeout", "ssoSessionMaxLifespan", "ssoSessionIdleTimeoutRememberMe", "ssoSessionMaxLifespanRememberMe",
    "offlineSessionIdleTimeout", "offlineSessionMaxLifespanEnabled", "offlineSessionMaxLifespan", "revokeRefreshToken",
    "browserFlow", "directGrantFlow", "webAuthnPolicyPasswordlessUserVerificationRequirement",
    "eventsEnabled", "adminEventsEnabled", "eventsExpiration", "attributes.adminEventsExpiration",
)  # fmt: skip


def flows(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:  # noqa: ARG001 — the realm's
    """{flows: [{id, alias, executions}]}: every flow that a browser or a password grant can be bound to.

    Source: admin REST API, Authentication Management. `executions` are in their order, each with its `level`.
    """
    found = rows(ask, FLOWS, keep("id", "alias", "topLevel", "providerId"))
    if not found:
        raise Refused("denied", "NotShown", "a realm always has flows, and none is shown", again=False)
    told = []
    for flow in found:
        if flow.get("topLevel") and flow.get("providerId") == "basic-flow":
            steps = rows(ask, f"{FLOWS}/{{flow}}/executions", {"flow": flow["alias"], **_EXECUTION})
            told.append({"id": flow["id"], "alias": flow["alias"], "executions": steps})
    yield Page({"flows": told})


def required_actions(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:  # noqa: ARG001 — the realm's
    """{actions: [{alias, enabled}]}: what a realm may ask of a user at the sign-in, such as to enrol a second factor."""
    found = rows(ask, ACTIONS, keep("alias", "enabled"))
    if not found:
        raise Refused("denied", "NotShown", "a realm always has required actions, and none is shown", again=False)
    yield Page({"actions": found})


realm = ResourceType(
    "keycloak.realm", facet="realm", id="{realm}", listed=None, per="realm",
    details=[
        Detail("configuration", Call(VIEW_REALM, REALM, keep(*_SETTINGS), fn=shown(REALM, "sslRequired", "browserFlow"))),
        Detail("events", Call(VIEW_EVENTS, f"{REALM}/events/config",
               keep("eventsEnabled", "eventsExpiration", "eventsListeners", "enabledEventTypes", "adminEventsEnabled"), fn=shown(f"{REALM}/events/config", "eventsEnabled", "adminEventsEnabled"))),
        Detail("flows", Call(VIEW_REALM, FLOWS, items="flows", fn=flows)),
        Detail("required_actions", Call(VIEW_REALM, ACTIONS, items="actions", fn=required_actions)),
        Detail("admins", Call(VIEW_REALM, ROLES, {"realm": "{realm}"}, fn=admins, also=(VIEW_CLIENTS, VIEW_USERS))),
    ],
    sets=("required_actions", "events.eventsListeners", "events.enabledEventTypes"),
)

identity_provider = ResourceType(
    "keycloak.identity_provider", facet="identity_provider", id="{identity_provider.alias}", per="realm",
    listed=Call(VIEW_PROVIDERS, f"{REALM}/identity-provider/instances",
                # Keycloak 26 gives 100 where no number is said; older ones give all, whatever is.
                {"first": 0, "max": 10_000, **keep("alias", "providerId", "enabled", "trustEmail", "linkOnly", "config.validateSignature", "config.wantAssertionsSigned")},
                items=""),
)
