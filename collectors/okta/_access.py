"""Who asks Okta: a service app, with a token for each permission, or an API token."""

from __future__ import annotations

import secrets
import threading
from typing import Any

from annexlog.collectors import Refused
from annexlog.collectors.clock import HOST, Clock
from annexlog.collectors.okta._options import Options
from annexlog.collectors.okta._possession import NONCE, WANTED, Possession
from annexlog.collectors.okta._refusals import refusal
from annexlog.collectors.rest import Answer, Fixed, Session
from annexlog.collectors.tokens import Key, Renewed, Token, secret
from annexlog.evidence_store.model import ConfigError

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_TOKEN = "/oauth2/v1/token"  # noqa: S105 — an address


class Access:
    """The sessions of a target. Raises ConfigError if it is not said, or said twice, who asks.

    A service app gets one token for each scope: if one is not granted, the requests that need it are refused, and no
    others; and no token can do more than the request that it goes with needs. Where the app has to prove possession
    (DPoP, RFC 9449), each request goes with a proof, by a key that is made for this process.
    """

    def __init__(self, options: Options, where: str, *, clock: Clock = HOST) -> None:
        self._options, self._where, self._clock = options, where, clock
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}
        token = secret(options.token_env, options.token_file, f"{where}.token")
        pem = secret(options.private_key_env, options.private_key_file, f"{where}.private_key")
        if bool(token) is bool(pem) or bool(pem) is not bool(options.client_id):
            raise ConfigError(
                "say who asks: client_id and private_key_file, or token_file.", where=where, next="See docs/okta.md."
            )
        if "-admin." in options.url:
            raise ConfigError("this is the admin console's address.", where=f"{where}.url", next="Take -admin out.")
        self._token = token
        self._possession = Possession(clock)
        self._key = Key(pem, f"{where}.private_key") if pem else None
        self._plain = self._session(Fixed({"Authorization": f"SSWS {token}"} if token else {}))

    @property
    def identity(self) -> str:
        return f"app {self._options.client_id}" if self._key else "API token"

    def session(self, scope: str) -> Session:
        """The session whose token may do what the scope (`okta.users.read`) allows."""
        if self._key is None:
            return self._plain
        with self._lock:
            if scope not in self._sessions:
                self._sessions[scope] = self._session(Renewed(lambda: self._granted(scope), now=self._clock.monotonic))
            return self._sessions[scope]

    def close(self) -> None:
        for session in (self._plain, *self._sessions.values()):
            session.close()

    def _session(self, credentials: Any) -> Session:
        return Session(
            self._options.url,
            credentials,
            self._where,
            reach=self._options,
            refusal=self._refused,
            prove=self._possession.headers,
        )

    def _refused(self, answer: Answer) -> Refused:
        self._possession.heard(answer)
        return refusal(answer)

    def _granted(self, scope: str) -> Token:
        """A token for one scope, for an hour. Raises Refused (denied) where the app was not granted it."""
        assert self._key is not None  # noqa: S101 — only a service app comes here
        try:
            return self._asked(scope)
        except Refused as refused:
            if refused.code not in WANTED:
                raise
        self._possession.begin(self._plain.url(_TOKEN))
        try:
            return self._asked(scope)
        except Refused as refused:
            if refused.code != NONCE:
                raise
        return self._asked(scope)  # the refusal said which nonce to use

    def _asked(self, scope: str) -> Token:
        assert self._key is not None  # noqa: S101 — as above
        now, client = self._clock.now() // 1000, self._options.client_id
        claims = {"iss": client, "sub": client, "aud": self._plain.url(_TOKEN), "iat": now, "exp": now + 300}
        signed = self._key.sign({**claims, "jti": secrets.token_hex(16)}, self._options.key_id)
        asked = {"grant_type": "client_credentials", "scope": scope, "client_assertion_type": _ASSERTION}
        answer = self._plain.ask(_TOKEN, {**asked, "client_assertion": signed}, form=True)
        kind = "DPoP" if str(answer.body.get("token_type", "")).lower() == "dpop" else "Bearer"
        return Token(str(answer.body["access_token"]), float(answer.body["expires_in"]), kind)
