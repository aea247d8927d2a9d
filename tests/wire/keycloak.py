"""Keycloak's admin API over HTTPS, as far as a reader sees it, and a realm whose every test passes.

Shapes: Keycloak admin REST API 26; what is left out for want of a role: RealmAdminResource.getRealm, UsersResource.
"""

# ruff: noqa: E501 — answers read as a table

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives.asymmetric import rsa

from tests.wire.api import Api, say
from tests.wire.http import Reply, Request
from tests.wire.jwt import claims

EMAIL = "planted.person@example.com"
PLANTED = "planted-value-0123456789"
"""What must never get into a store: personal data and secrets that Keycloak's answers hold."""

CLIENT, SECRET = "annexlog", "client-s3cret-token"
ROLES = ("view-clients", "view-events", "view-identity-providers", "view-realm", "view-users")
REALM = "/admin/realms/shop"


def step(level: int, requirement: str, provider: str = "", **more: Any) -> dict[str, Any]:
    flow = {} if provider else {"authenticationFlow": True, "flowId": PLANTED}
    told = {
        "id": PLANTED,
        "displayName": provider or "forms",
        "requirementChoices": ["REQUIRED"],
        "configurable": False,
    }
    return {
        **told,
        **flow,
        **({"providerId": provider} if provider else {}),
        "level": level,
        "index": 0,
        "requirement": requirement,
        **more,
    }


TWO = [
    step(0, "ALTERNATIVE", "auth-cookie"),
    step(0, "DISABLED", "auth-spnego"),
    step(0, "ALTERNATIVE", "identity-provider-redirector"),
    step(0, "ALTERNATIVE"),
    step(1, "REQUIRED", "auth-username-password-form"),
    step(1, "REQUIRED", "auth-otp-form"),
]
GRANT = [
    step(0, "REQUIRED", "direct-grant-validate-username"),
    step(0, "REQUIRED", "direct-grant-validate-password"),
    step(0, "CONDITIONAL"),
    step(1, "REQUIRED", "conditional-user-configured"),
    step(1, "REQUIRED", "direct-grant-validate-otp"),
]


def user(id: str, **more: Any) -> dict[str, Any]:
    personal = {
        "username": EMAIL,
        "email": EMAIL,
        "firstName": "Planted",
        "lastName": "Person",
        "attributes": {"phone": [PLANTED]},
    }
    state = {
        "enabled": True,
        "createdTimestamp": 1577836800000,
        "totp": True,
        "emailVerified": True,
        "requiredActions": [],
    }
    return {"id": id, **personal, **state, "notBefore": 0, "access": {"view": True}, **more}


def client(id: str, name: str, **more: Any) -> dict[str, Any]:
    flags = {
        "standardFlowEnabled": False,
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "serviceAccountsEnabled": False,
    }
    return {
        "id": id, "clientId": name, "enabled": True, "protocol": "openid-connect", "publicClient": False, "bearerOnly": False, **flags,
        "secret": PLANTED, "registrationAccessToken": PLANTED, "redirectUris": [], "webOrigins": [], "authenticationFlowBindingOverrides": {},
        "attributes": {"jwt.credential.certificate": PLANTED}, **more,
    }  # fmt: skip


def role(id: str, name: str, *, composite: bool = False) -> dict[str, Any]:
    return {
        "id": id,
        "name": name,
        "description": PLANTED,
        "composite": composite,
        "clientRole": False,
        "containerId": PLANTED,
    }


def settings(**more: Any) -> dict[str, Any]:
    return {
        "id": PLANTED, "realm": "shop", "enabled": True, "sslRequired": "all", "registrationAllowed": False, "verifyEmail": True, "rememberMe": False,
        "resetPasswordAllowed": True, "bruteForceProtected": True, "permanentLockout": False, "failureFactor": 5, "maxFailureWaitSeconds": 900,
        "waitIncrementSeconds": 60, "maxDeltaTimeSeconds": 43200, "passwordPolicy": "length(14) and passwordHistory(5) and notUsername(undefined)",
        "ssoSessionIdleTimeout": 1800, "ssoSessionMaxLifespan": 36000, "ssoSessionIdleTimeoutRememberMe": 0, "ssoSessionMaxLifespanRememberMe": 0,
        "offlineSessionIdleTimeout": 2592000, "offlineSessionMaxLifespanEnabled": True, "offlineSessionMaxLifespan": 5184000, "revokeRefreshToken": True,
        "browserFlow": "browser", "directGrantFlow": "direct-grant", "webAuthnPolicyPasswordlessUserVerificationRequirement": "not specified",
        "eventsEnabled": True, "adminEventsEnabled": True, "attributes": {"adminEventsExpiration": "31536000", "other": PLANTED},
        "smtpServer": {"host": "mail", "password": PLANTED, "from": EMAIL}, **more,
    }  # fmt: skip


def healthy() -> dict[str, Any]:
    """A realm in which every test passes."""
    shop = client(
        "c1",
        "shop",
        standardFlowEnabled=True,
        publicClient=True,
        redirectUris=["https://shop.example.com/back"],
        webOrigins=["https://shop.example.com"],
        attributes={"pkce.code.challenge.method": "S256", "saml.signing.private.key": PLANTED},
    )
    clients = [
        shop,
        client("c2", "realm-management", bearerOnly=True),
    ]
    now = int(time.time() * 1000)
    return {
        "/admin/realms": [{"realm": "master"}, {"realm": "shop"}],
        REALM: settings(),
        f"{REALM}/events/config": {"eventsEnabled": True, "eventsExpiration": 31536000, "eventsListeners": ["jboss-logging"], "enabledEventTypes": ["LOGIN", "LOGIN_ERROR", "LOGOUT", "UPDATE_CREDENTIAL"], "adminEventsEnabled": True, "adminEventsDetailsEnabled": True},
        f"{REALM}/authentication/flows": [
            {"id": "f1", "alias": "browser", "topLevel": True, "providerId": "basic-flow", "description": PLANTED},
            {"id": "f2", "alias": "direct-grant", "topLevel": True, "providerId": "basic-flow"},
            {"id": "f3", "alias": "clients", "topLevel": True, "providerId": "client-flow"},
            {"id": "f4", "alias": "forms", "topLevel": False, "providerId": "basic-flow"},
        ],
        f"{REALM}/authentication/flows/browser/executions": TWO,
        f"{REALM}/authentication/flows/direct-grant/executions": GRANT,
        f"{REALM}/authentication/required-actions": [
            {"alias": alias, "providerId": alias, "name": alias, "enabled": True, "defaultAction": False, "priority": 10, "config": {}}
            for alias in ("CONFIGURE_TOTP", "UPDATE_PASSWORD", "webauthn-register")
        ],
        f"{REALM}/client-policies/policies": {"policies": [{"name": "all", "enabled": True, "conditions": [{"condition": "any-client", "configuration": {"x": PLANTED}}], "profiles": ["strict"]}]},
        f"{REALM}/client-policies/profiles": {"profiles": [], "globalProfiles": [{"name": "strict", "executors": [{"executor": "pkce-enforcer", "configuration": {"x": PLANTED}}]}]},
        f"{REALM}/identity-provider/instances": [{"alias": "partner", "providerId": "oidc", "enabled": True, "trustEmail": False, "config": {"clientSecret": PLANTED, "validateSignature": "true"}}],
        f"{REALM}/clients": clients,
        f"{REALM}/users/count": 3,
        f"{REALM}/users": [user("u1"), user("u2", createdTimestamp=now, requiredActions=["UPDATE_PASSWORD"]), user("u3", enabled=False)],
        f"{REALM}/roles": [role("r1", "offline_access"), role("r2", "boss", composite=True)],
        f"{REALM}/clients/c1/roles": [],
        f"{REALM}/clients/c2/roles": [role("r4", "manage-users"), role("r5", "view-users")],
        f"{REALM}/roles-by-id/r2/composites": [role("r4", "manage-users")],
        f"{REALM}/roles/boss/users": [user("u1")],
        f"{REALM}/roles/boss/groups": [],
        f"{REALM}/clients/c2/roles/manage-users/users": [],
        f"{REALM}/clients/c2/roles/manage-users/groups": [{"id": "g1", "name": "Admins", "path": "/Admins"}],
        f"{REALM}/groups/g1/members": [],
        f"{REALM}/groups/g1/children": [{"id": "g2", "name": "Night shift", "path": "/Admins/Night shift"}],
        f"{REALM}/groups/g2/members": [user("u2")],
        f"{REALM}/groups/g2/children": [],
    }  # fmt: skip


REGISTERS: Mapping[str, Any] = {"keycloak_admins": ["u1", "u2"], "keycloak_identity_providers": ["partner"]}


@dataclass
class Keycloak(Api):
    """A running Keycloak. Its client is in `realm`, shows a secret or signs with `key`, and has `roles` over `over`.

    `lifetime`: seconds of a token. `tokens`: those that were given.
    """

    realm: str = "shop"
    over: str = "realm-management"
    roles: tuple[str, ...] = ROLES
    realm_roles: tuple[str, ...] = ()
    key: rsa.RSAPrivateKey | None = None
    lifetime: int = 60
    tokens: list[str] = field(default_factory=list)

    def special(self, request: Request, path: str) -> Reply | None:
        if path == f"/realms/{self.realm}/protocol/openid-connect/token":
            return self._token(dict(parse_qsl(request.body.decode())))
        return None

    def _token(self, form: Mapping[str, str]) -> Reply:
        if form.get("client_id") != CLIENT or form.get("grant_type") != "client_credentials" or not self._known(form):
            return say(
                {"error": "unauthorized_client", "error_description": "Invalid client or Invalid client credentials"},
                401,
            )
        told = {
            "jti": str(len(self.tokens)),
            "realm_access": {"roles": list(self.realm_roles)},
            "resource_access": {self.over: {"roles": list(self.roles)}},
        }
        parts = ({"alg": "RS256", "typ": "JWT"}, told)
        head, body = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
        self.tokens.append(f"{head}.{body}.c2lnbmVk")
        self.valid = {self.tokens[-1]}
        return say({"access_token": self.tokens[-1], "expires_in": self.lifetime, "token_type": "Bearer"})

    def _known(self, form: Mapping[str, str]) -> bool:
        if self.key is None:
            return form.get("client_secret") == SECRET
        told = claims(form.get("client_assertion", ""), self.key)
        if told is None:
            return False
        return bool(
            told["sub"] == CLIENT and told["aud"] == f"{self.url}/realms/{self.realm}" and told["exp"] > time.time()
        )

    def _found(self, path: str, query: dict[str, str]) -> Reply:
        answer = self.choose(path, query)
        if answer is None:
            return self.refuse(404, "Could not find resource")
        if isinstance(answer, list) and path.endswith("/identity-provider/instances"):
            answer = answer[: int(query.get("max", 100))]
        elif isinstance(answer, list) and "max" in query:
            at = int(query.get("first", 0))
            answer = answer[at : at + min(int(query["max"]), self.page)]
        return answer if isinstance(answer, Reply) else say(answer)

    def refuse(self, status: int, message: str = "", **headers: str) -> Reply:
        return say({"error": message or f"HTTP {status}", "error_description": "on purpose"}, status, headers)
