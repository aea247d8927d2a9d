"""Who asks GitHub: an App, with a token of its installation in each organization, or a token."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from annexlog.collectors import Page, Refused
from annexlog.collectors.clock import HOST, Clock
from annexlog.collectors.github._options import Options
from annexlog.collectors.github._refusals import refusal
from annexlog.collectors.rest import Fixed, Pages, Session, linked
from annexlog.collectors.tokens import Key, Renewed, Signed, Token, secret
from annexlog.evidence_store.model import ConfigError

VERSION = "2022-11-28"
"""The API's version, which says what its answers look like; GitHub keeps a version for two years after the next."""

HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": VERSION}


class Access:
    """The sessions of a target. Raises ConfigError if it is not said, or said twice, who asks."""

    def __init__(self, options: Options, where: str, *, clock: Clock = HOST) -> None:
        self._options, self._where, self._clock = options, where, clock
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}
        self._grants: dict[str, Mapping[str, Any]] = {}
        self.app: Session | None = None
        token = secret(options.token_env, options.token_file, f"{where}.token")
        pem = secret(options.private_key_env, options.private_key_file, f"{where}.private_key")
        if bool(token) is bool(pem) or bool(pem) is not bool(options.app_id):
            raise ConfigError(
                "say who asks: app_id and private_key_file, or token_file.", where=where, next="See docs/github.md."
            )
        if token and not options.organizations:
            raise ConfigError("a token does not say which organizations to look at.", where=f"{where}.organizations")
        self._token = token
        if pem:
            self._key = Key(pem, f"{where}.private_key")
            self.app = self._session(Signed(self._assertion))
        else:
            self._session(Fixed({})).close()  # an address that is no good is said at once

    @property
    def identity(self) -> str:
        return f"app {self._options.app_id}" if self.app else "token"

    def installations(self) -> Iterator[Page]:
        """Where the App is installed. Raises Refused."""
        if self.app is None:
            raise Refused("unsupported", "NoApp")
        return Pages(self.app, "/app/installations", {"per_page": "100"}, linked)

    def session(self, organization: str) -> Session:
        """The session of an organization."""
        with self._lock:
            if organization not in self._sessions:
                credentials = (
                    Renewed(lambda: self._installed(organization), now=self._clock.monotonic)
                    if self.app
                    else Fixed({"Authorization": f"Bearer {self._token}"})
                )
                self._sessions[organization] = self._session(credentials)
            return self._sessions[organization]

    def grant(self, organization: str) -> Mapping[str, Any]:
        """What the App's installation was given: {repository_selection, permissions}; {} of a token. Raises Refused."""
        if self.app is None:
            return {}
        if organization not in self._grants:
            self.session(organization).get("/installation/repositories", {"per_page": "1"})  # fetches a token
        return self._grants[organization]

    def close(self) -> None:
        for session in (*self._sessions.values(), *filter(None, (self.app,))):
            session.close()

    def _session(self, credentials: Any) -> Session:
        return Session(
            self._options.url, credentials, self._where, reach=self._options, refusal=refusal, headers=HEADERS
        )

    def _assertion(self) -> str:
        # A minute back, for clocks differ; ten minutes is the most that GitHub takes.
        now = self._clock.now() // 1000
        return self._key.sign({"iat": now - 60, "exp": now + 480, "iss": self._options.app_id})

    def _installed(self, organization: str) -> Token:
        """A token of the App's installation, for an hour. Raises Refused."""
        if self.app is None:
            raise Refused("unsupported", "NoApp")
        found = self.app.get(f"/orgs/{organization}/installation").body
        answer = self.app.ask(f"/app/installations/{int(found['id'])}/access_tokens", {})
        body = answer.body
        self._grants[organization] = {
            "repository_selection": body.get("repository_selection") or found.get("repository_selection"),
            "permissions": body.get("permissions") or {},
        }
        until = datetime.fromisoformat(str(body["expires_at"])).timestamp() * 1000
        return Token(str(body["token"]), (until - (answer.date or self._clock.now())) / 1000)
