"""A small third-party provider, as its author would write it: an HTTP API that pages, and the adapter to it."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, urlencode

from annexlog.collectors import Call, Caller, Detail, Discovery, Page, Refused, ResourceType, Scope
from annexlog.collectors.engine import Ask, Engine
from annexlog.collectors.headers import retry_after
from annexlog.collectors.limits import Limits
from annexlog.evidence_store.model import JSON, Line, Millis, Sweep, Unknown, decode, encode, instant

ORIGIN = instant("2026-11-25T10:00:00Z")


class Clock:
    """Time that passes only where someone waits."""

    def __init__(self, now: Millis = ORIGIN) -> None:
        self._start, self._passed = now, 0.0
        self._lock = threading.Lock()
        self.slept: list[float] = []
        self.on_sleep: Callable[[], None] = lambda: None

    def now(self) -> Millis:
        return self._start + round(self._passed * 1000)

    def monotonic(self) -> float:
        return self._passed

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._passed += seconds
            self.slept.append(seconds)
        self.on_sleep()


# ── the provider ──────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Answer:
    """What the server says: a body (JSON unless text), `takes` seconds, or hangs up."""

    body: Any = None
    status: int = 200
    takes: float = 0.0
    raw: bytes | None = None
    hang_up: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


def fault(status: int, code: str, message: str = "", **headers: str) -> Answer:
    """`headers`: `Retry_After="5"` is the header Retry-After."""
    return Answer(
        {"code": code, "message": message}, status, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


class Server(ThreadingHTTPServer):
    """Answers each path as it was told: with one answer after the other, the last one again and again."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, clock: Clock) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.clock = clock
        self.skew: Millis = 0
        self.asked: Counter[str] = Counter()
        self.log: list[str] = []
        self.headers: list[dict[str, str]] = []
        self._answers: dict[str, list[Answer]] = {}
        self._lock = threading.Lock()

    def say(self, path: str, *answers: Any) -> None:
        self._answers[path] = [a if isinstance(a, Answer) else Answer(a) for a in answers]

    def answer(self, path: str) -> Answer:
        with self._lock:
            self.asked[path] += 1
            self.log.append(path)
            answers = self._answers.get(path, [fault(404, "NotFound", path)])
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if answer.takes:
            self.clock.sleep(answer.takes)
        return answer


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.headers.append(dict(self.headers))
        answer = self.server.answer(self.path)
        if answer.hang_up:
            self.close_connection = True
            return
        body = answer.raw if answer.raw is not None else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Request-Id", f"r-{self.path}")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return formatdate((self.server.clock.now() + self.server.skew) / 1000, usegmt=True)

    def log_message(self, *_: Any) -> None:
        pass


# ── the adapter ───────────────────────────────────────────────────────────────────────────

_REASONS = {401: "unauthenticated", 403: "denied", 429: "throttled", 501: "unsupported"}


class _Pages:
    """The pages of one call; after a refusal, the same page can be asked for again."""

    def __init__(self, ask: Callable[[str], Page], path: str) -> None:
        self._ask, self._path, self._next = ask, path, ""
        self._over = False

    def __iter__(self) -> Iterator[Page]:
        return self

    def __next__(self) -> Page:
        if self._over:
            raise StopIteration
        joint = "&" if "?" in self._path else "?"
        page = self._ask(self._path + (f"{joint}page={quote(self._next)}" if self._next else ""))
        self._next = page.body.get("next", "") if isinstance(page.body, dict) else ""
        self._over = not self._next
        return page


class Adapter:
    """Operations are URL paths, `{name}` in them is filled from the parameters; the other parameters are the query."""

    def __init__(self, server: Server, *, resumes: bool = True) -> None:
        self.server, self.resumes = server, resumes
        self.refuses_caller: Refused | None = None

    def discover(self) -> Discovery:
        return Discovery([Scope("acme/one", "account", {"account": "one"})])

    def caller(self, scope: Scope) -> Caller:
        if self.refuses_caller:
            raise self.refuses_caller
        return Caller("robot", "127.0.0.1")

    def lane(self, call: Call, scope: Scope) -> str:
        return f"{scope.name}/{call.permission.partition(':')[0]}"

    def pages(self, call: Call, params: Mapping[str, Any], scope: Scope, region: str | None = None) -> Iterator[Page]:
        quoted = {name: quote(str(value), safe="") for name, value in params.items()}
        path = call.operation.format_map(quoted)
        query = {k: v for k, v in params.items() if "{" + k + "}" not in call.operation}
        if region:
            query["region"] = region
        pages = _Pages(self._ask, f"{path}?{urlencode(query, doseq=True)}" if query else path)
        return pages if self.resumes else (page for page in pages)

    def _ask(self, path: str) -> Page:
        connection = http.client.HTTPConnection(*self.server.server_address[:2], timeout=5)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise Refused("failed", type(error).__name__, str(error)) from None
        finally:
            connection.close()
        if response.status >= 400:
            said = json.loads(body)
            reason = _REASONS.get(response.status, "failed")
            again = None if response.status != 404 else False
            raise Refused(reason, said["code"], said["message"], again=again, after=retry_after(dict(response.headers)))
        try:
            found = json.loads(body)
        except ValueError:
            raise Refused("unreadable", "NotJSON", body[:50].decode("utf-8", "replace")) from None
        date = round(parsedate_to_datetime(response.headers["Date"]).timestamp() * 1000)
        about = found if isinstance(found, dict) else {}
        return Page(found, response.headers["X-Request-Id"], date, about.get("mixed", ""), about.get("total"))

    def close(self) -> None: ...


# ── looking ───────────────────────────────────────────────────────────────────────────────


class Memory:
    """A sink that keeps everything, encoded as a store would."""

    def __init__(self) -> None:
        self.bodies: dict[tuple[Line, str], bytes] = {}
        self._lock = threading.Lock()

    def add(self, line: Line, id: str, value: JSON | Unknown) -> None:
        body = encode(value)
        with self._lock:
            assert (line, id) not in self.bodies, "stored twice"
            self.bodies[line, id] = body


ONE = Scope("acme/one", "account", {"account": "one", "region": "north"})


@dataclass
class Seen:
    """What a collection gave."""

    sweeps: list[Sweep]
    bodies: Mapping[tuple[Line, str], bytes]
    by_line: dict[Line, Sweep] = field(init=False)

    def __post_init__(self) -> None:
        self.by_line = {sweep.line: sweep for sweep in self.sweeps}
        assert len(self.by_line) == len(self.sweeps), "a line was swept twice"

    def sweep(self, type: str, facet: str = "", scope: str = "acme/one") -> Sweep:
        return self.by_line[Line(scope, type, facet)]

    def values(self, type: str, facet: str = "", scope: str = "acme/one") -> dict[str, JSON | Unknown]:
        line = Line(scope, type, facet)
        return {id: decode(body) for (at, id), body in sorted(self.bodies.items()) if at == line}

    def status(self, type: str, facet: str = "", scope: str = "acme/one") -> tuple[str, Unknown | None]:
        sweep = self.sweep(type, facet, scope)
        return str(sweep.status), sweep.refusal


def ask(type: ResourceType, known: Sequence[str] | None = None, due: Sequence[str] | None = None) -> Ask:
    """Everything the type has; of `known` resources only what is `due`."""
    everything = frozenset(detail.facet for detail in type.details)
    return Ask(
        type, everything if due is None else frozenset(due), everything, None if known is None else frozenset(known)
    )


def collect(
    server: Server,
    *asks: Ask,
    roster: Sequence[Scope] = (ONE,),
    adapter: Adapter | None = None,
    limits: Limits | None = None,
    sink: Memory | None = None,
    **options: Any,
) -> Seen:
    """One collection of scope `acme/one` (or those in the roster) with a new engine."""
    sink = sink or Memory()
    engine = Engine(
        adapter or Adapter(server), clock=server.clock, limits=limits or Limits(server.clock),
        **{"workers": 4, "types": {}, **options},
    )  # fmt: skip
    sweeps = engine.collect(ONE, {scope.name: scope for scope in roster}, asks, sink)
    return Seen(sweeps, sink.bodies)


def boxes(*details: Detail, **more: Any) -> ResourceType:
    """`acme.box`: listed at /boxes, each with a name."""
    listed = Call("box:List", "/boxes", items="items")
    return ResourceType(
        "acme.box", facet="box", **{"id": "{box.name}", "per": "account", "listed": listed, "details": details, **more}
    )


def lock(facet: str = "lock", **more: Any) -> Detail:
    """A detail of a box, at /boxes/<name>/<facet>: the member of the answer that is called like it."""
    about = {name: more.pop(name) for name in ("only", "region") if name in more}
    call = Call(f"box:{facet.title()}", f"/boxes/{{name}}/{facet}", {"name": "{box.name}"}, **{"take": facet, **more})
    return Detail(facet, call, **about)


def refused(reason: str, code: str, operation: str = "/boxes", permission: str = "box:List") -> Unknown:
    return Unknown(reason, operation, permission, code)


def lock_refused(reason: str, code: str, facet: str = "lock") -> Unknown:
    return Unknown(reason, f"/boxes/{{name}}/{facet}", f"box:{facet.title()}", code)
