"""The way to ask a provider: within its limits and the time allowed, again where that may help, and bounded."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeVar

from annexlog.collectors import Adapter, Call, Page, Refused, Scope
from annexlog.collectors.bodies import unreadable
from annexlog.collectors.clock import Clock
from annexlog.collectors.compiled import Codes, Read
from annexlog.collectors.limits import Limits
from annexlog.collectors.provenance import CallTrace, Trace, frames, unknown_of
from annexlog.collectors.templates import MISSING, NoMember, dig, steps
from annexlog.evidence_store.model import JSON, Millis, ProviderError, Unknown

T = TypeVar("T")

_SLICE = 0.2
"""Seconds after which a wait looks whether it should end."""

_HOPELESS = 5
"""So many calls of one kind in a row that were refused to the last attempt: from then on each is asked once."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often to ask again: waits double from `first` to `longest` seconds, each shortened by chance to half or more.

    Only what asking again may mend is asked again: throttling and failures, never a denial.
    """

    throttled: int = 6
    failed: int = 3
    first: float = 0.5
    longest: float = 20.0

    def attempts(self, refused: Refused) -> int:
        if refused.again is False:
            return 1
        return {"throttled": self.throttled, "failed": self.failed}.get(refused.reason, 3 if refused.again else 1)

    def wait(self, attempt: int, chance: float, after: float = 0.0) -> float:
        """Seconds before attempt `attempt` + 1; `chance` is from 0 to 1, `after` what the provider asks for."""
        spread = min(self.longest, self.first * 2.0 ** (attempt - 1)) * (1 + chance) / 2
        return max(spread, after + spread / 4 if after else 0.0)  # not all of them at the same instant


class Timeline:
    """Wall-clock times of one collection: one reading of the clock, then what has passed since."""

    def __init__(self, clock: Clock) -> None:
        self._wall, self._mono = clock.now(), clock.monotonic()
        self._clock = clock

    def at(self, monotonic: float) -> Millis:
        return self._wall + round((monotonic - self._mono) * 1000)

    def now(self) -> Millis:
        return self.at(self._clock.monotonic())


class Absent(Exception):
    """The provider says that there is nothing: a refusal that is declared to be the answer."""


class Asking:
    """What the calls of one collection share. Threads may use it at once."""

    def __init__(
        self,
        adapter: Adapter,
        scope: Scope,
        *,
        clock: Clock,
        limits: Limits,
        retry: Retry,
        deadline: Millis | None,
        stop: threading.Event | None,
    ) -> None:
        self.clock = clock
        self.timeline = Timeline(clock)
        self._adapter, self._scope, self._limits, self._retry = adapter, scope, limits, retry
        self._until = None if deadline is None else clock.monotonic() + deadline / 1000
        self._stop = stop
        self._chance = random.Random()  # noqa: S311 — spreads retries, guards nothing
        self._hopeless: dict[tuple[str, str], int] = {}

    # ── the boundary ──────────────────────────────────────────────────────────────────────

    def bounded(self, read: Read | None, trace: Trace, work: Callable[[], T], gone: Codes | None = None) -> T | Unknown:
        """What the work gives; whatever else happens becomes an Unknown, told in the trace.

        The one place that catches everything: a surprise in one answer, declaration or plugin may cost that answer,
        never the run.
        """
        operation, permission = (read.call.operation, read.call.permission) if read else ("", "")
        message = where = ""
        try:
            found = work()
        except Refused as refused:
            unknown = unknown_of(refused, operation, permission)
            if gone and gone.match(refused):
                unknown = replace(unknown, reason="vanished")
            message = refused.message
        except NoMember as missing:
            unknown = Unknown("unreadable", operation, permission, f"no {missing.path}")
        except ProviderError as error:
            unknown, message = Unknown("failed", operation, permission, type(error).__name__), str(error)
        except Exception as surprise:  # noqa: BLE001 — the project's one boundary
            unknown = Unknown("unreadable", operation, permission, type(surprise).__name__)
            message, where = str(surprise), frames(surprise)
        else:
            return found
        trace.refused(unknown, message, where)
        return unknown

    # ── answers ───────────────────────────────────────────────────────────────────────────

    def value(self, read: Read, params: Mapping[str, Any], trace: Trace, region: str | None = None) -> JSON:
        """The whole of an answer, however many pages it has; None where its absence is declared. Raises Refused."""
        try:
            pages = self.pages(read, params, trace, region)
            return self._one(read, pages, trace) if read.call.items is None else self._all(read, pages, trace)
        except Absent:
            return None

    def _one(self, read: Read, pages: Iterator[Page], trace: Trace) -> JSON:
        found = list(pages)
        if len(found) != 1:
            raise unreadable("more than one page" if found else "no answer")
        trace.dated(read.reading.observed(found[0].body))
        return read.reading.one(found[0].body)

    def _all(self, read: Read, pages: Iterator[Page], trace: Trace) -> JSON:
        rows: list[JSON] = []
        total = count = 0
        for page in pages:
            if page.mixed:
                raise Refused("mixed", page.mixed)
            trace.dated(read.reading.observed(page.body))
            rows += read.reading.rows(page.body)
            total, count = max(total, page.total or 0), count + 1
        if not count:
            raise unreadable("no answer")
        trace.holds(read.call, len(rows))
        if len(rows) < total:
            raise Refused("incomplete", "total", f"{len(rows)} of {total}")
        return rows

    # ── requests ──────────────────────────────────────────────────────────────────────────

    def pages(self, read: Read, params: Mapping[str, Any], trace: Trace, region: str | None = None) -> Iterator[Page]:
        """The pages of a call as they come.

        Raises Refused, when asking again did not help; Absent, if the first refusal is declared to be an answer.
        """
        source = self.requests(read, read.call, params, trace, region)
        pages = source if read.call.fn is None else self._made(read, read.call.fn, params, trace, region)
        given = False
        try:
            for page in pages:
                given = True
                yield page
        except Refused as refused:
            if not given and read.absent.match(refused):
                raise Absent from None
            raise

    def _made(
        self, read: Read, fn: Callable[..., Iterable[Page]], params: Mapping[str, Any], trace: Trace, region: str | None
    ) -> Iterator[Page]:
        """The pages of a declaration's own function, started again as long as that may help and it has given none."""
        given, attempt = False, 0
        while True:
            try:
                for page in fn(Ask(self, read, trace, region), params):
                    given = True
                    yield page
            except Refused as refused:
                # One that names its operation came from `ask`, which has tried often enough.
                attempt += 1
                if given or refused.operation or attempt >= self._retry.attempts(refused):
                    raise
                self._pause(self._retry.wait(attempt, self._chance.random(), refused.after), refused)
            else:
                return

    def requests(
        self, read: Read, call: Call, params: Mapping[str, Any], trace: Trace, region: str | None
    ) -> Iterator[Page]:
        """The pages of one operation, each asked for again where that may help. Raises Refused."""
        lane = self._adapter.lane(call, self._scope)
        told, attempt = CallTrace(), 0
        refusal: Refused | None = None
        try:
            self._admit(lane)
            answers = iter(self._adapter.pages(call, params, self._scope, region))
            while True:
                try:
                    page = next(answers, None)
                except Refused as refused:
                    refusal = refused
                    told.calls += 1
                    attempt += 1
                    if read.settles(refused):
                        raise
                    self._again(call, lane, refused, attempt)
                    told.retries += 1
                    if not told.pages:
                        answers = iter(self._adapter.pages(call, params, self._scope, region))
                    continue
                if page is None:
                    if refusal is not None:
                        raise refusal  # an end right after a refusal is never the end
                    return
                if told.pages:
                    self._admit(lane)
                refusal, attempt = None, 0
                self._answered(call, lane, page, told)
                yield page
        except Refused as refused:
            if not refused.operation:  # else the adapter names what stood in the way (a role that cannot be assumed)
                refused.operation, refused.permission = call.operation, call.permission
            raise
        finally:
            trace.called(call, call.params or params, told)

    def _answered(self, call: Call, lane: str, page: Page, told: CallTrace) -> None:
        """An answer came: it is told, and the lane is slowed before its provider has to refuse."""
        self._hopeless.pop((call.operation, lane), None)
        told.add(page, self.timeline.now())
        if page.pause:
            self._limits.throttled(lane, page.pause)

    def _again(self, call: Call, lane: str, refused: Refused, attempt: int) -> None:
        """Wait until the call may be made again; raises the refusal if it may not."""
        hopeless = self._hopeless.get((call.operation, lane), 0)
        attempts = self._retry.attempts(refused)
        if refused.reason == "throttled" and (hopeless < _HOPELESS or refused.after):
            self._limits.throttled(lane, refused.after)
        if attempt >= (attempts if hopeless < _HOPELESS else 1):
            if attempts > 1:
                self._hopeless[call.operation, lane] = hopeless + 1
            raise refused
        self._pause(self._retry.wait(attempt, self._chance.random(), refused.after), refused)
        self._admit(lane)

    def _admit(self, lane: str) -> None:
        """Wait for the lane. Raises Refused once the time is over or the run is to stop."""
        self.check()
        if wait := self._limits.reserve(lane):
            try:
                self._pause(wait)
            except Refused:
                self._limits.release(lane)
                raise

    def _pause(self, seconds: float, refused: Refused | None = None) -> None:
        """Wait. Raises Refused: the one given, at once, if the time will be over before; `interrupted`."""
        end = self.clock.monotonic() + seconds
        if self._until is not None and end >= self._until:
            raise refused or Refused("deadline", "")
        while (left := end - self.clock.monotonic()) > 0:
            self.check()
            self.clock.sleep(min(left, _SLICE))

    def check(self) -> None:
        """Raises Refused once the time is over or the run is to stop."""
        if self._stop is not None and self._stop.is_set():
            raise Refused("interrupted", "")
        if self._until is not None and self.clock.monotonic() >= self._until:
            raise Refused("deadline", "")

    def one(self, read: Read, call: Call, params: Mapping[str, Any], trace: Trace, region: str | None) -> Page:
        """The first page of a call that another one needs: one request. Raises Refused."""
        for page in self.requests(read, call, params, trace, region):
            return page
        raise unreadable("no answer")


class Ask:
    """What a declaration's `fn` asks with: `ask(operation, params)` is one request, made again where that may help;
    `ask.pages(operation, params)` is a list to its end. An operation is its name, or a Call with its permission.

    `permission` of an operation: the one of the call's that is named like it (`iam:ListUsers`, `list_users`), else
    the call's own.
    """

    def __init__(self, asking: Asking, read: Read, trace: Trace, region: str | None) -> None:
        self._asking, self._read, self._trace, self._region = asking, read, trace, region

    def __call__(self, operation: str | Call, params: Mapping[str, Any]) -> Page:
        """The operation's first page. Raises Refused."""
        return self._asking.one(self._read, self._call(operation), params, self._trace, self._region)

    def pages(self, operation: str | Call, params: Mapping[str, Any]) -> Iterator[Page]:
        """Every page of the operation's answer, as the adapter follows them. Raises Refused."""
        call = self._call(operation)
        for page in self._asking.requests(self._read, call, params, self._trace, self._region):
            rows = MISSING if call.items is None else dig(page.body, steps(call.items))
            if type(rows) is list:
                self._trace.holds(call, len(rows))
            yield page

    def _call(self, operation: str | Call) -> Call:
        return operation if isinstance(operation, Call) else Call(_permission(self._read.call, operation), operation)


@cache
def _bare(name: str) -> str:
    """`iam:ListUsers` and `list_users` are one name: `listusers`."""
    return re.sub(r"[\W_]", "", re.split(r"[:.]", name)[-1]).lower()


def _permission(call: Call, operation: str) -> str:
    named = (p for p in (call.permission, *call.also) if _bare(p) == _bare(operation))
    return next(named, call.permission)
