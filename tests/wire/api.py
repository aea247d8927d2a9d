"""A provider's REST API over HTTPS: answers from data, pages by Link headers, tokens that are checked, and faults.

What is particular to a provider (its sign-in, its errors) is in a subclass.
"""

from __future__ import annotations

import json
import re
import ssl
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import trustme

from tests.wire.http import Reply, Request, Server

HTML = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Welcome to the network</body></html>"


@dataclass
class Fault:
    """What is answered instead: to requests whose path fits the pattern (with `containing` in the query), from the
    `since`-th of them on, `times` of them (None: for ever).
    """

    pattern: str
    reply: Reply
    containing: str = ""
    since: int = 1
    times: int | None = None
    seen: int = 0

    def strikes(self, path: str, query: str) -> bool:
        if not re.fullmatch(self.pattern, path) or self.containing not in query:
            return False
        self.seen += 1
        return self.seen >= self.since and (self.times is None or self.seen < self.since + self.times)


@dataclass
class Api:
    """`answers`: {path, or path?query: body, or Reply}; a list is given in pages of `page` items. `faults` are in
    force as long as they are there. `valid`: the tokens that are taken. `date`: what its clock says, in seconds; None:
    the host's.
    """

    answers: dict[str, Any]
    page: int = 100
    valid: set[str] = field(default_factory=lambda: {"s3cret-token"})
    faults: list[Fault] = field(default_factory=list)
    log: list[Request] = field(default_factory=list)
    scheme: str = "Bearer"
    prefix: str = ""
    date: float | None = None

    def __enter__(self) -> Self:
        self._lock = threading.Lock()
        self._folder = tempfile.TemporaryDirectory()
        authority = trustme.CA()
        self.ca_file = str(Path(self._folder.name) / "ca.pem")
        authority.cert_pem.write_to_path(self.ca_file)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(tls)
        self._server = Server(self._dated, tls=tls)
        self._server.__enter__()
        self.url = self._server.url
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()
        self._folder.cleanup()

    @property
    def asked(self) -> list[str]:
        """The paths asked for, without the query."""
        return [unquote(urlsplit(request.target).path) for request in self.log]

    # ── answers ───────────────────────────────────────────────────────────────────────────

    def _dated(self, request: Request) -> Reply:
        reply = self._reply(request)
        if self.date is None:
            return reply
        return replace(reply, headers={"Date": formatdate(self.date, usegmt=True), **reply.headers})

    def _reply(self, request: Request) -> Reply:
        url = urlsplit(request.target)
        path = unquote(url.path.removeprefix(self.prefix))
        with self._lock:
            self.log.append(request)
            fault = next((f for f in self.faults if f.strikes(path, url.query)), None)
        if fault is not None:
            return fault.reply
        special = self.special(request, path)
        if special is not None:
            return special
        if request.headers.get("authorization", "") not in {f"{self.scheme} {token}" for token in self.valid}:
            return self.refuse(401)
        return self._found(path, dict(parse_qsl(url.query)))

    def _found(self, path: str, query: dict[str, str]) -> Reply:
        answer = self.choose(path, query)
        if answer is None:
            return self.refuse(404)
        if isinstance(answer, Reply):
            return answer
        listed = next(
            (name for name in self.wrapped if isinstance(answer, dict) and isinstance(answer.get(name), list)), ""
        )
        items = answer if isinstance(answer, list) else answer.get(listed)
        if items is None:
            return say(answer)
        size = min(self.page, int(query.get("per_page") or query.get("limit") or self.page))
        at = int(query.get("page") or 0)
        part = items[at * size : (at + 1) * size]
        following = {**query, "page": str(at + 1)}
        more = f'<{self.url}{self.prefix}{path}?{urlencode(following)}>; rel="next"'
        links = {"Link": more} if len(items) > (at + 1) * size else {}
        return say(part if isinstance(answer, list) else {**answer, listed: part}, headers=links)

    wrapped: ClassVar[tuple[str, ...]] = ("installations", "roles", "environments", "branch_policies", "value")
    """Members of an answer that are lists in pages."""

    def choose(self, path: str, query: Mapping[str, str]) -> Any:
        """The answer to a path: the one whose query is part of the request's, the longest first."""
        fitting = []
        for key, answer in self.answers.items():
            at, _, wanted = key.partition("?")
            pairs = parse_qsl(wanted)
            if at == path and all(query.get(name) == value for name, value in pairs):
                fitting.append((len(pairs), answer))
        return max(fitting, key=lambda one: one[0])[1] if fitting else None

    # ── what a provider has of its own ────────────────────────────────────────────────────

    def special(self, request: Request, path: str) -> Reply | None:
        """The answer to a request that no token goes with."""
        return None

    def refuse(self, status: int, message: str = "", **headers: str) -> Reply:
        """An error in the provider's own form."""
        return say({"message": message}, status, headers)


def say(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    data = b"" if status == 204 else json.dumps(body).encode()
    return Reply(status, {"Content-Type": "application/json", **(headers or {})}, data)
