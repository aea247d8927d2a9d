"""A local Entra ID, as far as it gives tokens to azure-identity's unmodified credentials, and an API that takes them.

Shapes: the OAuth 2.0 client credentials flow of the Microsoft identity platform, and its error answers.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from tests.wire.api import Api, say
from tests.wire.http import Reply, Request
from tests.wire.jwt import claims, pem

TENANT = "11111111-1111-4111-8111-111111111111"
CLIENT = "22222222-2222-4222-8222-222222222222"
SECRET = "planted-client-secret"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def certificate(key: rsa.RSAPrivateKey) -> str:
    """A certificate of this key and the key itself, in PEM form."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "annexlog")])
    day, now = dt.timedelta(days=1), dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - day).not_valid_after(now + day)
    signed = builder.sign(key, hashes.SHA256())
    return pem(key) + signed.public_bytes(serialization.Encoding.PEM).decode()


@dataclass
class Microsoft(Api):
    """An authority and an API at one address. `tokens`: {token: scope} that were given; only these are taken.

    `key`: of the app's certificate. `federated`: the token of a workload that is exchanged. `lasts`: seconds. `grants`:
    the scopes that are given; empty: every one.
    """

    key: rsa.RSAPrivateKey | None = None
    federated: str = ""
    lasts: int = 3600
    grants: set[str] = field(default_factory=set)
    tokens: dict[str, str] = field(default_factory=dict)
    prefix: str = ""

    def special(self, request: Request, path: str) -> Reply | None:
        if path.endswith("/.well-known/openid-configuration"):
            base = f"{self.url}/{TENANT}/oauth2/v2.0"
            ends = {"token_endpoint": f"{base}/token", "authorization_endpoint": f"{base}/authorize"}
            return say({**ends, "issuer": f"{self.url}/{TENANT}/v2.0", "tenant_region_scope": "EU"})
        if path == f"/{TENANT}/oauth2/v2.0/token":
            return self._token(dict(parse_qsl(request.body.decode())))
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        return self.answer(request, path) if bearer in self.tokens else None

    def answer(self, request: Request, path: str) -> Reply:
        """The answer to a request whose token is good."""
        return self._found(path, dict(parse_qsl(request.target.partition("?")[2])))

    def _token(self, form: Mapping[str, str]) -> Reply:
        if form.get("client_id") != CLIENT:
            return self._error("unauthorized_client", 700016, "Application was not found in the directory.", 400)
        if not self._known(form):
            return self._error("invalid_client", 7000215, "Invalid client secret provided.", 401)
        scope = form["scope"].split()[0]
        if self.grants and scope not in self.grants:
            return self._error("invalid_grant", 65001, "The user or administrator has not consented.", 400)
        token = f"token-{len(self.tokens)}"
        self.tokens[token] = scope
        return say(
            {"token_type": "Bearer", "expires_in": self.lasts, "ext_expires_in": self.lasts, "access_token": token}
        )

    def _known(self, form: Mapping[str, str]) -> bool:
        if "client_secret" in form:
            return form["client_secret"] == SECRET
        assertion = form.get("client_assertion", "")
        if form.get("client_assertion_type") != ASSERTION or not assertion:
            return False
        if self.federated and assertion == self.federated:
            return True
        told = claims(assertion, self.key) if self.key else None
        endpoint = f"{self.url}/{TENANT}/oauth2/v2.0/token"
        return told is not None and (told["iss"], told["aud"]) == (CLIENT, endpoint) and told["exp"] > time.time()

    def _error(self, error: str, code: int, said: str, status: int) -> Reply:
        description = f"AADSTS{code}: {said} Trace ID: 3333 Correlation ID: 4444 Timestamp: 2026-11-26 00:00:00Z"
        return say(
            {"error": error, "error_description": description, "error_codes": [code], "trace_id": "3333"}, status
        )


def options(api: Any, **more: object) -> dict[str, object]:
    """The keys of a target's table that lead to this authority."""
    return {"tenant_id": TENANT, "client_id": CLIENT, "authority": api.url, "ca_file": api.ca_file, **more}
