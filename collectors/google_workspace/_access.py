"""Who asks Google Workspace: a service account in an administrator's name, with a token for each scope."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from annexlog.collectors.clock import HOST, Clock
from annexlog.collectors.google_workspace._options import Options
from annexlog.collectors.google_workspace._refusals import refusal
from annexlog.collectors.rest import Fixed, Session
from annexlog.collectors.tokens import Key, Renewed, Token
from annexlog.evidence_store.model import ConfigError

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class Access:
    """The sessions of a target. Raises ConfigError if the key's file is none.

    A scope that was not delegated costs the requests that need it, and no others; no token can do more than the request
    that it goes with needs. Source: Google Identity, OAuth 2.0 for server to server applications.
    """

    def __init__(self, options: Options, where: str, *, clock: Clock = HOST) -> None:
        self._options, self._where, self._clock = options, where, clock
        info = _info(options.key_file, f"{where}.key_file")
        self.identity = f"{info['client_email']} as {options.subject}"
        self._email, self._kid = str(info["client_email"]), str(info.get("private_key_id") or "")
        self._key = Key(str(info["private_key"]), f"{where}.key_file")
        self._audience = str(info["token_uri"])
        self._tokens = Session(self._audience, Fixed({}), f"{where}.key_file", reach=options, refusal=refusal)
        self._lock = threading.Lock()
        self._sessions: dict[tuple[str, str], Session] = {}

    def session(self, base: str, scope: str) -> Session:
        """The session with an API whose token may do what the scope allows."""
        with self._lock:
            if (base, scope) not in self._sessions:
                credentials = Renewed(lambda: self._granted(scope), now=self._clock.monotonic)
                made = Session(base, credentials, f"{self._where}.endpoint", reach=self._options, refusal=refusal)
                self._sessions[base, scope] = made
            return self._sessions[base, scope]

    def close(self) -> None:
        for session in (self._tokens, *self._sessions.values()):
            session.close()

    def _granted(self, scope: str) -> Token:
        """A token for one scope, for an hour. Raises Refused (denied) where it was not delegated."""
        now = self._clock.now() // 1000
        claims = {"iss": self._email, "sub": self._options.subject, "scope": scope, "aud": self._audience}
        signed = self._key.sign({**claims, "iat": now, "exp": now + 600}, self._kid)
        answer = self._tokens.ask(self._audience, {"grant_type": _GRANT, "assertion": signed}, form=True)
        return Token(str(answer.body["access_token"]), float(answer.body["expires_in"]))


def _info(file: str, where: str) -> dict[str, Any]:
    try:
        info = json.loads(Path(file).expanduser().read_text())
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no JSON"
        raise ConfigError(f"{file} cannot be read: {why}.", where=where) from None
    if not isinstance(info, dict) or not {"client_email", "private_key", "token_uri"} <= set(info):
        raise ConfigError(f"{file} is no key of a service account.", where=where, next="See docs/google-workspace.md.")
    return info
