"""Clients and users. Of users their ids, states and times, and keys to compare other directories by: no name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from annexlog.collectors import Call, Detail, Page, Refused, ResourceType
from annexlog.collectors.declaring import Asks, keep, rows
from annexlog.collectors.keycloak._admins import ROLES, powers
from annexlog.collectors.keycloak._calls import MOST, REALM, VIEW_CLIENTS, VIEW_REALM, VIEW_USERS, sight

__all__ = ["client", "user"]

POLICIES = f"{REALM}/client-policies/policies"
PROFILES = f"{REALM}/client-policies/profiles"
_EVERY = "every client"
CLIENTS, USERS = f"{REALM}/clients", f"{REALM}/users"
_PKCE = "pkce.code.challenge.method"
_CLIENT = keep("id", "clientId", "enabled", "protocol", "publicClient", "bearerOnly", "standardFlowEnabled", "implicitFlowEnabled", "directAccessGrantsEnabled",
               "serviceAccountsEnabled", "redirectUris", "webOrigins", "rootUrl", "authenticationFlowBindingOverrides", "attributes")  # fmt: skip


def clients(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Clients, of whose attributes only the PKCE method goes further: others hold keys and tokens.

    A client without `enabled` is one that we may not see more of. Raises Refused (denied).
    """
    for page in ask.pages(CLIENTS, params):
        if not isinstance(page.body, list):
            raise Refused("unreadable", "NotAList", "the clients are no list")
        for one in page.body:
            if "enabled" not in one:
                raise Refused("denied", "NotShown", "a client is shown by its name alone", again=False)
            one["pkce"] = (one.pop("attributes", None) or {}).get(_PKCE, "")
        yield page


def pkce(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:  # noqa: ARG001 — the realm's
    """{policies: [{of, pkce_for_all}]}: one row, whether a client policy demands PKCE of every client.

    That is an enabled policy with the one condition `any-client`, not turned round, and a profile whose executors have `pkce-enforcer`.
    Source: admin REST API, Client policies and Client profiles.
    """
    policies = rows(ask, POLICIES, keep("policies.enabled", "policies.conditions.condition", "policies.conditions.configuration.is-negative-logic", "policies.profiles"), "policies")
    asked = {"include-global-profiles": "true", **keep("profiles.name", "profiles.executors.executor", "globalProfiles.name", "globalProfiles.executors.executor")}
    body = ask(Call(VIEW_REALM, PROFILES), asked).body
    if not isinstance(body, dict) or "profiles" not in body:
        raise Refused("unreadable", "OtherAnswer", "the answer has no profiles")
    enforcing = {
        one["name"]
        for one in (*body["profiles"], *body.get("globalProfiles", ()))
        if any(executor.get("executor") == "pkce-enforcer" for executor in one.get("executors") or ())
    }
    demanded = any(_covers_all(policy) and enforcing.intersection(policy.get("profiles") or ()) for policy in policies)
    yield Page({"policies": [{"of": _EVERY, "pkce_for_all": demanded}]})


def _covers_all(policy: Mapping[str, Any]) -> bool:
    conditions = policy.get("conditions") or ()
    turned = any((one.get("configuration") or {}).get("is-negative-logic") not in (None, False) for one in conditions)
    return policy.get("enabled") is True and not turned and [one.get("condition") for one in conditions] == ["any-client"]


def users(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Users, with the number that Keycloak says there are."""
    total = ask(f"{USERS}/count", {}).body
    if not isinstance(total, int) or isinstance(total, bool):
        raise Refused("unreadable", "NotANumber", "the number of users is none")
    for page in ask.pages(USERS, params):
        yield replace(page, total=total)


client = ResourceType(
    "keycloak.client", facet="client", id="{client.id}", per="realm", sight=sight(VIEW_CLIENTS),
    listed=Call(VIEW_CLIENTS, CLIENTS, {**MOST, **_CLIENT}, items="", fn=clients),
    details=[
        # Asked once for all of them: the one row is every client's.
        Detail("policies", Call(VIEW_REALM, POLICIES, items="policies", fn=pkce), key="of", match=_EVERY),
    ],
    sets=("client.redirectUris", "client.webOrigins"),
)

user = ResourceType(
    "keycloak.user", facet="user", id="{user.id}", per="realm", sight=sight(VIEW_USERS),
    listed=Call(VIEW_USERS, USERS, {**MOST, "briefRepresentation": "false", **keep("id", "enabled", "createdTimestamp", "federationLink", "requiredActions", "totp", "email", "username")}, items="", fn=users),
    details=[
        Detail("power", Call(VIEW_REALM, ROLES, {"realm": "{realm}"}, items="rows", fn=powers, also=(VIEW_CLIENTS, VIEW_USERS)), key="of", match="{user.id}", otherwise={"roles": []}),
    ],
    redact={"user.email": "key:email", "user.username": "key:keycloak"}, sets=("user.requiredActions", "power.roles"),
)
