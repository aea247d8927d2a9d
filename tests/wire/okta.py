"""Okta's API over HTTPS, as far as a reader sees it, and an organization whose every test passes.

Shapes: Okta management API 2026.06.3; errors: "Okta API error codes".
"""

# ruff: noqa: E501 — answers read as a table

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives.asymmetric import rsa

from tests.wire.api import Api, say
from tests.wire.http import Reply, Request
from tests.wire.jwt import claims, proof

EMAIL = "planted.person@example.com"
PLANTED = "planted-value-0123456789"
"""What must never get into a store: personal data and secrets that Okta's answers hold."""

CLIENT = "0oaservice"
TWO = {"type": "ASSURANCE", "factorMode": "2FA", "constraints": [{"possession": {"phishingResistant": "REQUIRED"}}]}


def role(type: str, status: str = "ACTIVE") -> dict[str, Any]:
    return {"id": f"r-{type}", "label": type.title(), "type": type, "status": status, "assignmentType": "USER"}


def user(id: str, **more: Any) -> dict[str, Any]:
    now = time.strftime("%Y-%m-%dT00:00:00.000Z", time.gmtime())
    profile = {"login": EMAIL, "email": EMAIL, "mobilePhone": PLANTED, "firstName": "Planted"}
    times = {"created": "2020-01-01T00:00:00.000Z", "activated": None, "lastLogin": now, "statusChanged": None}
    return {
        "id": id,
        "status": "ACTIVE",
        **times,
        "profile": profile,
        "credentials": {"recovery_question": {"question": PLANTED}},
        **more,
    }


def rule(name: str, actions: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": f"rule-{name}",
        "name": name,
        "status": "ACTIVE",
        "system": True,
        "priority": 99,
        "conditions": {"people": {"users": {"exclude": [PLANTED]}}},
        "actions": actions,
    }


def app(id: str, name: str, **more: Any) -> dict[str, Any]:
    links = {"accessPolicy": {"href": "https://acme.okta.com/api/v1/policies/pol1"}}
    return {
        "id": id,
        "name": name,
        "label": name,
        "status": "ACTIVE",
        "_links": links,
        "settings": {"signOn": {"attributeStatements": [PLANTED]}},
        **more,
    }


def healthy() -> dict[str, Any]:
    """An organization of Identity Engine in which every test passes."""
    service = app(
        "a3",
        "oidc_client",
        credentials={"oauthClient": {"client_id": CLIENT, "client_secret": PLANTED}},
        settings={"oauthClient": {"application_type": "service"}},
    )
    console = app("a1", "saasure")
    apps = [console, app("a2", "shop"), service]
    return {
        "/.well-known/okta-organization": {"id": "00o1", "pipeline": "idx"},
        "/api/v1/users/me": user("u1"),
        "/api/v1/users": [user("u1"), user("u2"), user("u3", status="DEPROVISIONED", lastLogin=None)],
        "/api/v1/users/u1/roles": [role("SUPER_ADMIN")],
        "/api/v1/users/u2/roles": [role("READ_ONLY_ADMIN"), role("SUPER_ADMIN", "INACTIVE")],
        "/api/v1/users/u2/groups": [{"id": "g2", "profile": {"name": "Staff", "description": PLANTED}}],
        "/api/v1/iam/assignees/users": {"value": [{"id": "u1", "orn": PLANTED}, {"id": "u2", "orn": PLANTED}], "_links": {}},
        "/api/v1/groups": [
            {"id": "g1", "profile": {"name": "Admins", "description": PLANTED}, "_embedded": {"stats": {"hasAdminPrivilege": True, "usersCount": 1}}},
            {"id": "g2", "profile": {"name": "Staff", "description": PLANTED}, "_embedded": {"stats": {"hasAdminPrivilege": False, "usersCount": 3}}},
        ],
        "/api/v1/groups/g1/roles": [role("SUPER_ADMIN")],
        "/api/v1/groups/g2/roles": [],
        "/api/v1/groups/g1/users": [user("u1")],
        f"/oauth2/v1/clients/{CLIENT}/roles": [role("READ_ONLY_ADMIN")],
        "/api/v1/apps": apps,
        '/api/v1/apps?filter=name eq "saasure"': [console],
        **{f"/api/v1/apps/{one['id']}": one for one in apps},
        "/api/v1/policies?type=OKTA_SIGN_ON": [{"id": "pol2", "name": "Default", "status": "ACTIVE", "system": True}],
        "/api/v1/policies?type=PASSWORD": [{
            "id": "pol3", "name": "Default", "status": "ACTIVE", "system": True,
            "settings": {"password": {"complexity": {"minLength": 14, "dictionary": {"common": {"exclude": True}}}, "lockout": {"maxAttempts": 5}}, "recovery": {"x": PLANTED}},
        }],
        "/api/v1/policies/pol1/rules": [rule("Catch-all", {"appSignOn": {"access": "ALLOW", "verificationMethod": TWO}})],
        "/api/v1/policies/pol2/rules": [rule("Default Rule", {"signon": {"access": "ALLOW", "session": {"maxSessionIdleMinutes": 30, "maxSessionLifetimeMinutes": 600, "usePersistentCookie": False}}})],
        "/api/v1/policies/pol3/rules": [rule("Default Rule", {"passwordChange": {"access": "ALLOW"}})],
        "/api/v1/api-tokens": [{"id": "t1", "name": "sync", "clientName": "Okta API", "userId": "u2", "network": {"connection": "ZONE", "include": ["z1"], "exclude": []}, "created": "2026-01-01T00:00:00.000Z"}],
        "/api/v1/zones": [{"id": "z1", "name": "Office", "type": "IP", "status": "ACTIVE", "usage": "POLICY", "gateways": [{"type": "CIDR", "value": "192.0.2.0/24"}]}],
        "/api/v1/threats/configuration": {"action": "block", "excludeZones": [], "created": "2026-01-01T00:00:00.000Z"},
        "/api/v1/logStreams": [{"id": "s1", "name": "SIEM", "type": "splunk_cloud_logstreaming", "status": "ACTIVE", "settings": {"token": PLANTED}}],
    }  # fmt: skip


REGISTERS: Mapping[str, Any] = {"okta_super_admins": ["u1", "g1"]}

WITHOUT_TOKEN = ("/.well-known/okta-organization",)


@dataclass
class Okta(Api):
    """A running Okta. API tokens go as SSWS; a service app signs in with `key`, and is given the scopes `granted`.

    `tokens`: {token: scope} that were given. `possession`: whether it demands proofs; `bound`: {token: whose key}.
    """

    scheme: str = "SSWS"
    key: rsa.RSAPrivateKey | None = None
    granted: set[str] = field(default_factory=set)
    tokens: dict[str, str] = field(default_factory=dict)
    possession: bool = False
    bound: dict[str, str] = field(default_factory=dict)
    proofs: set[str] = field(default_factory=set)

    def special(self, request: Request, path: str) -> Reply | None:
        if path in WITHOUT_TOKEN:
            return say(self.answers[path])
        if path == "/oauth2/v1/token":
            refused = self._unproven(request) if self.possession else None
            return refused or self._token(dict(parse_qsl(request.body.decode())), self._proof(request, path))
        if self.bound and self._possessed(request, path):
            return self._found(path, dict(parse_qsl(request.target.partition("?")[2])))
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        if bearer in self.tokens and bearer not in self.bound:
            return self._found(path, dict(parse_qsl(request.target.partition("?")[2])))
        return None

    def _proof(self, request: Request, path: str) -> tuple[str, dict[str, Any]] | None:
        """A proof for this very request, that was not seen before."""
        told = proof(request.headers.get("dpop", ""))
        if told is None or told[1]["jti"] in self.proofs or abs(told[1]["iat"] - time.time()) > 300:
            return None
        self.proofs.add(told[1]["jti"])
        return told if (told[1]["htm"], told[1]["htu"]) == (request.method, self.url + path) else None

    def _unproven(self, request: Request) -> Reply | None:
        told = proof(request.headers.get("dpop", ""))
        if told is None:
            missing = "The DPoP proof JWT header is missing."
            return say({"error": "invalid_dpop_proof", "error_description": missing}, 400)
        if told[1].get("nonce") != "n-0S6":
            wanted = "Authorization server requires nonce in DPoP proof."
            return say({"error": "use_dpop_nonce", "error_description": wanted}, 400, {"dpop-nonce": "n-0S6"})
        return None

    def _possessed(self, request: Request, path: str) -> bool:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        told = self._proof(request, path)
        digest = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
        return kind == "DPoP" and told is not None and told[1].get("ath") == digest and self.bound.get(token) == told[0]

    def _token(self, form: Mapping[str, str], proven: tuple[str, dict[str, Any]] | None) -> Reply:
        told = claims(form.get("client_assertion", ""), self.key) if self.key else None
        if (
            told is None
            or told["iss"] != CLIENT
            or told["aud"] != f"{self.url}/oauth2/v1/token"
            or told["exp"] <= time.time()
        ):
            return say(
                {"error": "invalid_client", "error_description": "Invalid value for 'client_id' parameter."}, 401
            )
        if form["scope"] not in self.granted:
            return say({"error": "invalid_scope", "error_description": "One or more scopes are not granted."}, 400)
        token = f"bearer{len(self.tokens)}"
        self.tokens[token] = form["scope"]
        if self.possession:
            if proven is None:
                return say({"error": "invalid_dpop_proof", "error_description": "The DPoP proof JWT is invalid."}, 400)
            self.bound[token] = proven[0]
        kind = "DPoP" if self.possession else "Bearer"
        return say({"token_type": kind, "expires_in": 3600, "access_token": token, "scope": form["scope"]})

    def refuse(self, status: int, message: str = "", **headers: str) -> Reply:
        codes = {401: "E0000011", 403: "E0000006", 404: "E0000007", 429: "E0000047", 500: "E0000009"}
        said = {
            "errorCode": codes.get(status, "E0000001"),
            "errorSummary": message or "on purpose",
            "errorId": "oae1",
            "errorCauses": [],
        }
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return Reply(status, {"Content-Type": "application/json", **told}, json.dumps(said).encode())
