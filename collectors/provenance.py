"""How a line was asked: every operation with its calls, pages and retries, every refusal, and when."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from annexlog.collectors import Call, Page, Refused
from annexlog.collectors.rules import masked
from annexlog.evidence_store.model import JSON, REASONS, Coverage, Millis, Unknown, iso

_RANK = {reason: rank for rank, reason in enumerate(REASONS)}
_COVERAGE = {
    "denied": Coverage.DENIED,
    "unauthenticated": Coverage.DENIED,
    "unsupported": Coverage.UNSUPPORTED,
}
_FRAMES = 8


def coverage(refusal: Unknown) -> Coverage:
    """The coverage of a line of which nothing was seen, for this reason."""
    return _COVERAGE.get(refusal.reason, Coverage.FAILED)


def gravest(refusals: Iterable[Unknown]) -> Unknown | None:
    """The refusal that stands for all: the reason that comes first in model.REASONS, then by its words."""
    return min(refusals, key=lambda u: (_RANK[u.reason], u.operation, u.permission, u.code), default=None)


@dataclass(slots=True)
class _Operation:
    """One operation, as often as it was called for a line.

    `params`: as declared, of a call that another one needs: what all had in common, `*` where they differ. `calls`:
    requests that were made, `retries` of them again.
    """

    params: Mapping[str, Any]
    calls: int = 0
    pages: int = 0
    retries: int = 0
    first_request: str = ""
    last_request: str = ""
    first_version: str = ""
    last_version: str = ""

    def add(self, other: _Operation) -> None:
        self.params = common(self.params, other.params)
        self.calls += other.calls
        self.pages += other.pages
        self.retries += other.retries
        self.first_request = self.first_request or other.first_request
        self.last_request = other.last_request or self.last_request
        self.first_version = self.first_version or other.first_version
        self.last_version = other.last_version or self.last_version


def common(one: Mapping[str, Any], other: Mapping[str, Any]) -> Mapping[str, Any]:
    """What two calls' parameters have in common, `*` where they differ; whichever comes first."""
    if one == other:
        return one
    return {name: one[name] if name in one and one[name] == other.get(name) else "*" for name in {**one, **other}}


def extremes(one: tuple[Millis, ...], other: tuple[Millis, ...]) -> tuple[Millis, ...]:
    """The least and the most of both."""
    both = one + other
    return (min(both), max(both)) if both else ()


@dataclass(slots=True)
class Told:
    """How often something was refused, and the provider's words."""

    count: int = 0
    message: str = ""
    where: str = ""


@dataclass(slots=True)
class Trace:
    """Kept while a line is asked; threads may write at once. Times are monotonic seconds.

    `observed`: the oldest time that the provider itself gives for an answer. `skews`: how far the provider's clock was
    ahead of ours, the least and the most. `count`: resources that got a value; `seen`: that is no Unknown.
    """

    start: float | None = None
    end: float | None = None
    observed: Millis | None = None
    count: int = 0
    seen: int = 0
    skews: tuple[Millis, ...] = ()
    _operations: dict[tuple[str, str], _Operation] = field(default_factory=dict)
    _items: dict[tuple[str, str], int] = field(default_factory=dict)
    _refusals: dict[Unknown, Told] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    # ── what happened ─────────────────────────────────────────────────────────────────────

    def called(self, call: Call, params: Mapping[str, Any], pages: CallTrace) -> None:
        """A call ended, well or not."""
        told = (pages.first_request, pages.last_request, pages.first_version, pages.last_version)
        done = _Operation(params, pages.calls, pages.pages, pages.retries, *told)
        key = (call.operation, call.permission)
        with self._lock:
            known = self._operations.get(key)
            if known is None:
                self._operations[key] = done
            else:
                known.add(done)
            self.skews = extremes(self.skews, pages.skews)

    def holds(self, call: Call, items: int) -> None:
        """So many items were in the call's answer."""
        key = (call.operation, call.permission)
        with self._lock:
            self._items[key] = self._items.get(key, 0) + items

    def held(self, call: Call) -> int:
        """How many items of the call were counted."""
        return self._items.get((call.operation, call.permission), 0)

    def covers(self, start: float, end: float) -> None:
        """The line was looked at from `start` to `end`."""
        with self._lock:
            self._during(start, end)

    def counted(self, value: JSON | Unknown, start: float, end: float) -> None:
        """One resource got its value."""
        with self._lock:
            self._during(start, end)
            self.count += 1
            if type(value) is not Unknown:
                self.seen += 1

    def dated(self, observed: Millis | None) -> None:
        """The provider says that an answer is of this time."""
        if observed is None:
            return
        with self._lock:
            self.observed = observed if self.observed is None else min(observed, self.observed)

    def refused(self, unknown: Unknown, message: str = "", where: str = "") -> None:
        with self._lock:
            told = self._refusals.setdefault(unknown, Told())
            told.count += 1
            # Whichever thread comes first, the same message stays.
            told.message = min(told.message or message, message or told.message)
            told.where = min(told.where or where, where or told.where)

    def merge(self, other: Trace) -> None:
        """Take over how and when something was asked that several lines share; not what was seen."""
        with self._lock, other._lock:
            for key, operation in other._operations.items():
                self._operations.setdefault(key, _Operation(operation.params)).add(operation)
            for key, items in other._items.items():
                self._items[key] = self._items.get(key, 0) + items
            for unknown, refusal in other._refusals.items():
                self._refusals.setdefault(unknown, refusal)
            self.skews = extremes(self.skews, other.skews)
            self.dated(other.observed)
            if other.start is not None and other.end is not None:
                self._during(other.start, other.end)

    def _during(self, start: float, end: float) -> None:
        self.start = start if self.start is None or start < self.start else self.start
        self.end = end if self.end is None or end > self.end else self.end

    # ── what is told ──────────────────────────────────────────────────────────────────────

    @property
    def refusals(self) -> Mapping[Unknown, Told]:
        return self._refusals

    def told(self) -> dict[str, JSON]:
        """For the sweep: `{operations, skew_ms, refusals}`."""
        operations = [
            {
                "operation": operation,
                "permission": permission,
                "params": dict(sorted(o.params.items())),
                "calls": o.calls,
                "pages": o.pages,
                "items": self._items.get((operation, permission), 0),
                "retries": o.retries,
                "first_request": o.first_request,
                "last_request": o.last_request,
                **({"first_version": o.first_version, "last_version": o.last_version} if o.first_version else {}),
            }
            for (operation, permission), o in sorted(self._operations.items())
        ]
        refusals = [
            {
                **u.as_json(),
                "count": r.count,
                "message": masked(r.message),
                **({"traceback": r.where} if r.where else {}),
            }
            for u, r in sorted(self._refusals.items(), key=lambda item: sorted(item[0].as_json().items()))
        ]
        return {
            "operations": operations,
            "skew_ms": max(self.skews, key=abs, default=0),
            "refusals": refusals,
            **({"observed": iso(self.observed)} if self.observed is not None else {}),
        }


@dataclass(slots=True)
class CallTrace:
    """The pages of one call."""

    calls: int = 0
    pages: int = 0
    retries: int = 0
    first_request: str = ""
    last_request: str = ""
    first_version: str = ""
    last_version: str = ""
    skews: tuple[Millis, ...] = ()

    def add(self, page: Page, now: Millis) -> None:
        self.calls += 1 + page.retries
        self.pages += 1
        self.retries += page.retries
        if page.request_id:
            self.first_request = self.first_request or page.request_id
            self.last_request = page.request_id
        if page.version:
            self.first_version = self.first_version or page.version
            self.last_version = page.version
        if page.date is not None:
            self.skews = extremes(self.skews, (page.date - now,))


def frames(error: BaseException) -> str:
    """Where an error came from, innermost last, without its message: that may quote what it stumbled over."""
    found = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return " < ".join(f"{f.name} ({f.filename.rpartition('/')[2]}:{f.lineno})" for f in reversed(found))


def unknown_of(refused: Refused, operation: str, permission: str) -> Unknown:
    """The Unknown that a refusal is; a refusal that names its own operation keeps it."""
    return Unknown(refused.reason, refused.operation or operation, refused.permission or permission, refused.code)
