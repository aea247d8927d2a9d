"""The wire itself: what the collector talks to, with faults on it, and a record of what was asked."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from tests.wire.faults import Fault, spoil
from tests.wire.http import Reply, Request, Server
from tests.wire.recognise import Recognised, recognise

Source = Callable[[Request], Reply]

_HOP = frozenset({"connection", "transfer-encoding", "content-length", "date", "server"})


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that came, and the status of what it got (0: nothing)."""

    name: str
    region: str
    key: str
    later: bool
    status: int
    fault: str


class Wire:
    """A local endpoint in front of a source of answers (`forward(url)`, `tape.replay`)."""

    def __init__(self, source: Source, *, threads: int = 8) -> None:
        self._source = source
        self._server = Server(self._answer, threads=threads)
        self._lock = threading.Lock()
        self._faults: tuple[Fault, ...] = ()
        self._met: Counter[Fault] = Counter()
        self.seen: list[Seen] = []

    @property
    def url(self) -> str:
        return self._server.url

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()

    def inject(self, *faults: Fault) -> None:
        """From now on, and beside those injected before: the first that concerns a request befalls it."""
        self._faults += faults

    def clear(self) -> None:
        """No more faults; nothing seen."""
        with self._lock:
            self._faults = ()
            self._met.clear()
            self.seen.clear()

    def operations(self) -> set[str]:
        """Every operation asked for, as `service.operation`."""
        return {seen.name for seen in self.seen}

    def count(self, operation: str) -> int:
        return sum(seen.name == operation for seen in self.seen)

    def _answer(self, request: Request) -> Reply:
        recognised = recognise(request)
        if recognised is None:
            return self._source(request)
        fault = self._fault(request, recognised)
        reply = spoil(fault, request, recognised, None) if fault else None
        if reply is None:
            reply = self._source(request)
            if fault:
                reply = spoil(fault, request, recognised, reply) or reply
        seen = Seen(
            recognised.name, recognised.region, recognised.key, recognised.later,
            0 if reply.drop else reply.status, fault.kind if fault else "",
        )  # fmt: skip
        with self._lock:
            self.seen.append(seen)
        return reply

    def _fault(self, request: Request, recognised: Recognised) -> Fault | None:
        for fault in self._faults:
            if not fault.concerns(request, recognised):
                continue
            with self._lock:
                self._met[fault] += 1
                met = self._met[fault]
            if met >= fault.since and (fault.times is None or met < fault.since + fault.times):
                return fault
        return None


def forward(url: str) -> Source:
    """A source that asks another server."""
    here = threading.local()
    host = urlsplit(url).netloc

    def ask(request: Request) -> Reply:
        connection: http.client.HTTPConnection | None = getattr(here, "connection", None)
        if connection is None:
            connection = here.connection = http.client.HTTPConnection(host, timeout=60)
        headers = {k: v for k, v in request.headers.items() if k not in ("connection", "expect")}
        try:
            connection.request(request.method, request.target, request.body or None, headers)
            answer = connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):
            connection.close()  # it was idle for too long
            connection.request(request.method, request.target, request.body or None, headers)
            answer = connection.getresponse()
        kept = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP}
        return Reply(answer.status, kept, answer.read())

    return ask
