"""Answers about many resources at once: asked once a collection, their rows found by key."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from annexlog.collectors import UNREADABLE, Refused
from annexlog.collectors.asking import Asking
from annexlog.collectors.bodies import unreadable
from annexlog.collectors.compiled import Step
from annexlog.collectors.provenance import Trace
from annexlog.collectors.templates import MISSING, dig, text
from annexlog.evidence_store.model import JSON, Unknown

T = TypeVar("T")


class _Once(Generic[T]):
    """Something made once, however many threads want it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: list[T] = []

    def get(self, make: Callable[[], T]) -> T:
        with self._lock:
            if not self._made:
                self._made.append(make())
            return self._made[0]


class Rows:
    """The rows of a bulk answer by key."""

    def __init__(self, step: Step, rows: Sequence[JSON], *, fold: bool) -> None:
        """Raises Refused(unreadable) where a row without a key could be of a resource that would get `otherwise`."""
        self._step, self._fold = step, fold
        self._rows: dict[str, JSON] = {}
        self._twice: set[str] = set()
        for row in rows:
            key = dig(row, step.key or ())
            if key is MISSING or key is None:
                if step.detail.otherwise is not UNREADABLE:
                    raise unreadable(f"no {step.detail.key}")
                continue
            self._add(self._folded(text(key)), row)

    def _add(self, key: str, row: JSON) -> None:
        if key in self._rows:
            self._twice.add(key)
        self._rows[key] = row

    def _folded(self, key: str) -> str:
        return key.lower() if self._fold else key

    def find(self, match: str) -> JSON:
        """The row of one resource, or `otherwise` where there is none.

        Raises Refused: `unlisted` where nothing says otherwise, `unreadable` where there are two, or the row lacks what
        is wanted of it.
        """
        key = self._folded(match)
        if key in self._twice:
            raise unreadable("DuplicateRow", f"several rows have {self._step.detail.key} {match}")
        if key in self._rows:
            return self._wanted(self._rows[key])
        if self._step.detail.otherwise is UNREADABLE:
            raise Refused("unlisted", "")
        return self._step.detail.otherwise

    def _wanted(self, row: JSON) -> JSON:
        found = row if self._step.value is None else dig(row, self._step.value)
        if found is MISSING:
            raise unreadable(f"no {self._step.detail.value}")
        return found


class Bulk:
    """The bulk answers of one collection: types that share a call share its answer."""

    def __init__(self, asking: Asking, values: Mapping[str, str]) -> None:
        self._asking, self._values = asking, values
        self._answers: dict[tuple[int, str | None], _Once[tuple[JSON | Unknown, Trace]]] = {}
        self._indexes: dict[int, _Once[tuple[Rows | Unknown, Trace]]] = {}

    def rows(self, step: Step, *, fold: bool) -> tuple[Rows | Unknown, Trace]:
        """The rows for a detail, and how they were asked."""
        once = self._indexes.setdefault(id(step), _Once())
        return once.get(lambda: self._indexed(step, fold=fold))

    def _indexed(self, step: Step, *, fold: bool) -> tuple[Rows | Unknown, Trace]:
        region = step.region.fill({}, self._values) if step.region else None
        once = self._answers.setdefault((id(step.read.call), region), _Once())
        answer, trace = once.get(lambda: self._asked(step, region))
        if isinstance(answer, Unknown):
            return answer, trace
        own = Trace()
        own.merge(trace)
        rows = self._asking.bounded(step.read, own, lambda: Rows(step, answer or (), fold=fold))
        return rows, own

    def _asked(self, step: Step, region: str | None) -> tuple[JSON | Unknown, Trace]:
        trace, start = Trace(), self._asking.clock.monotonic()

        def ask() -> JSON:
            params = step.read.params.fill({}, self._values)
            return self._asking.value(step.read, params, trace, region)

        answer = self._asking.bounded(step.read, trace, ask)
        trace.covers(start, self._asking.clock.monotonic())
        return answer, trace
