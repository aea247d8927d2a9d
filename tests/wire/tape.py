"""Answers recorded once and replayed for ever: the same collection, many times as fast as moto gives it."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from tests.wire.http import Reply, Request

_EXPIRATION = re.compile(rb"(<Expiration>)[^<]*(</Expiration>)")
_SIGNED = re.compile(r"Credential=([^/]+)/\d+/([\w-]+)/([\w-]+)/")

Key = tuple[str, ...]


@dataclass(slots=True)
class Tape:
    """Requests are the same if method, path, query, body, operation, region and access key are.

    `missing`: targets of requests that were asked for in replay and are not on the tape; they get a 500.
    """

    answers: dict[Key, Reply] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def record(self, source: Callable[[Request], Reply]) -> Callable[[Request], Reply]:
        """A source that asks `source` and keeps what it said."""

        def ask(request: Request) -> Reply:
            reply = source(request)
            with self._lock:
                self.answers[_key(request)] = reply
            return reply

        return ask

    def replay(self, request: Request) -> Reply:
        """A source that says what was said then."""
        reply = self.answers.get(_key(request))
        if reply is None:
            self.missing.append(f"{request.method} {request.target} {request.headers.get('x-amz-target', '')}")
            return Reply(500, {"Content-Type": "text/plain"}, b"not on the tape")
        if b"<Expiration>" in reply.body:  # of a role's session: it has not ended in the meantime
            ends = datetime.now(UTC) + timedelta(hours=1)
            body = _EXPIRATION.sub(rf"\g<1>{ends:%Y-%m-%dT%H:%M:%SZ}\2".encode(), reply.body)
            return Reply(reply.status, reply.headers, body)
        return reply

    def save(self, path: Path) -> None:
        rows = [
            {"key": key, "status": r.status, "headers": r.headers, "body": base64.b64encode(r.body).decode()}
            for key, r in self.answers.items()
        ]
        path.write_text(json.dumps(rows))

    @classmethod
    def load(cls, path: Path) -> Tape:
        rows = json.loads(path.read_text())
        replies = {tuple(r["key"]): Reply(r["status"], r["headers"], base64.b64decode(r["body"])) for r in rows}
        return cls(replies)


def _key(request: Request) -> Key:
    url = urlsplit(request.target)
    signed = _SIGNED.search(request.headers.get("authorization", ""))
    query = repr(sorted(parse_qsl(url.query, keep_blank_values=True)))
    target = request.headers.get("x-amz-target", "")
    who = signed.groups() if signed else ()
    return (request.method, url.path, query, request.body.decode("latin-1"), target, *who)
