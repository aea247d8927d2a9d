"""Who asks Keycloak: a client's service account, and which roles its token says that it has."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson

from annexlog.collectors import Refused
from annexlog.collectors.clock import HOST, Clock
from annexlog.collectors.keycloak._options import Options
from annexlog.collectors.keycloak._refusals import refusal
from annexlog.collectors.rest import Fixed, Session
from annexlog.collectors.tokens import Key, Renewed, Token, secret
from annexlog.evidence_store.model import ConfigError

MASTER = "master"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Access:
    """The session of a target. Raises ConfigError if it is not said, or said twice, how the client shows who it is."""

    def __init__(self, options: Options, where: str, *, clock: Clock = HOST) -> None:
        self._options, self._clock = options, clock
        found = secret(options.client_secret_env, options.client_secret_file, f"{where}.client_secret")
        pem = secret(options.private_key_env, options.private_key_file, f"{where}.private_key")
        if bool(found) is bool(pem):
            raise ConfigError(
                "say how the client shows who it is: client_secret_file or private_key_file.",
                where=where,
                next="See docs/keycloak.md.",
            )
        self._secret, self._key = found, Key(pem, f"{where}.private_key") if pem else None
        self._renewed = Renewed(self._granted, now=clock.monotonic)
        self._plain = Session(options.url, Fixed({}), where, reach=options, refusal=refusal)
        self.session = Session(options.url, self._renewed, where, reach=options, refusal=refusal)

    @property
    def identity(self) -> str:
        return f"client {self._options.realm}/{self._options.client_id}"

    def roles(self, realm: str) -> list[str]:
        """The roles over a realm that the token names, composites resolved. Raises Refused.

        Keycloak decides by the same token. It is not verified: it came from Keycloak itself, over TLS.
        """
        token = self._renewed.headers()["Authorization"].removeprefix("Bearer ")
        told = _claims(token)
        if self._options.realm == MASTER and "admin" in _roles(told.get("realm_access")):
            return ["admin"]
        client = f"{realm}-realm" if self._options.realm == MASTER else "realm-management"
        access = told.get("resource_access")
        return sorted(_roles(access.get(client) if isinstance(access, dict) else None))

    def close(self) -> None:
        self.session.close()
        self._plain.close()

    def _granted(self) -> Token:
        """A token of the service account. Raises Refused."""
        client, path = self._options.client_id, f"/realms/{quote(self._options.realm, safe='')}"
        asked = {"grant_type": "client_credentials", "client_id": client}
        if self._key:
            now, audience = self._clock.now() // 1000, self._plain.url(path)
            claims = {"iss": client, "sub": client, "aud": audience, "iat": now, "exp": now + 60}
            signed = self._key.sign({**claims, "jti": secrets.token_hex(16)}, self._options.key_id)
            asked |= {"client_assertion_type": _ASSERTION, "client_assertion": signed}
        else:
            asked["client_secret"] = self._secret
        answer = self._plain.ask(f"{path}/protocol/openid-connect/token", asked, form=True)
        return Token(str(answer.body["access_token"]), float(answer.body["expires_in"]))


def _claims(token: str) -> Mapping[str, Any]:
    try:
        part = token.split(".")[1]
        found = orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError, binascii.Error):
        found = None
    if not isinstance(found, dict):
        raise Refused("unreadable", "NoClaims", "the access token is no JSON Web Token", again=False)
    return found


def _roles(access: Any) -> list[str]:
    found = access.get("roles") if isinstance(access, dict) else None
    return [role for role in found if isinstance(role, str)] if isinstance(found, list) else []
