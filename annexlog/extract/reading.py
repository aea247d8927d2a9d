"""What an extract holds, read from the store through the same doors as every other answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from annexlog import __version__
from annexlog.answers import PREFIX, Reading
from annexlog.evidence_store import layout
from annexlog.evidence_store.checkpoint import Checkpoint
from annexlog.evidence_store.merkle import Tree
from annexlog.evidence_store.model import ORG, ConfigError, Line, Millis, Outcome, Unknown, encode, iso
from annexlog.evidence_store.rows import Version

if TYPE_CHECKING:
    from annexlog.answers import ControlAnswer
    from annexlog.evidence_store.store import Store

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What an extract is of: `controls` (none: all that are tested) from `begin` to `end`, both included, in `scope`
    (None: everywhere), of what was recorded by `known_at` (None: by now).
    """

    controls: tuple[str, ...]
    begin: Millis
    end: Millis
    scope: str | None = None
    known_at: Millis | None = None


class _Stretch(NamedTuple):
    """A version of one cell, and how long it lasted."""

    version: Version
    until: Millis | None
    at_begin: bool


class Extract:
    """The rows of every table. Raises ConfigError if what was asked for makes no sense."""

    def __init__(self, store: Store, asked: Asked) -> None:
        self._store, self._asked = store, asked
        self._view = store.view(at=asked.end, known_at=asked.known_at)
        if not self._view.upto or not self._view.lines():
            first = next((run.recorded for run in reversed(list(store.view().runs()))), None)
            told = f"The first record is of {iso(first)}." if first is not None else "Collect some: annexlog collect"
            raise ConfigError(f"nothing was known yet at {iso(asked.end)}.", next=told)
        self._then = {
            "begin": Reading(self._view.earlier(asked.begin), asked.known_at),
            "end": Reading(self._view, asked.known_at),
        }
        known = self._then["end"].mappings.controls
        named = [name if name.startswith("A.") else f"A.{name}" for name in asked.controls]
        for name in named:
            self._then["end"].tests_of(name)  # says so if there is none
        self._controls = named or [id for id, control in known.items() if control.tests]
        if asked.scope is not None and not any(line.scope == asked.scope for line in self._view.lines()):
            raise ConfigError(f"nothing is known of the scope {asked.scope!r}.", next="Scopes: annexlog runs")
        self._runs: set[int] = set()

    def tables(self) -> Iterator[tuple[str, Iterable[Row]]]:
        """Each table's rows, in an order in which the records they rest on are known before `run` is asked for."""
        yield "about", self._about()
        yield "control", self._control()
        yield "test", self._tests()
        yield "support", self._supports()
        yield "definition", self._definitions()
        yield "outcome", self._outcomes()
        yield "reading", self._readings()
        populations, members = self._populations()
        yield "population", populations
        yield "member", members
        yield "evidence", self._evidence()
        yield "sweep", self._sweeps()
        yield "exception", self._exceptions()
        yield "run", self._records()
        yield "checkpoint", self._checkpoints()

    # ── what was asked ────────────────────────────────────────────────────────────────────

    def _about(self) -> Iterator[Row]:
        asked, signed = self._asked, self._signed
        told = {
            "begin": iso(asked.begin),
            "end": iso(asked.end),
            "scope": asked.scope or "all",
            "known_at": iso(asked.known_at) if asked.known_at is not None else "all that was recorded",
            "records": str(self._view.upto),
            "signed_records": str(signed.size if signed else 0),
            "log": signed.origin if signed else "",
            "annexlog": __version__,
        }
        return ({"name": name, "value": value} for name, value in told.items())

    def _control(self) -> Iterator[Row]:
        states: dict[str, dict[str, ControlAnswer]] = {
            moment: {answer.control.id: answer for answer in reading.controls()}
            for moment, reading in self._then.items()
        }
        for id in self._controls:
            page = self._then["end"].mappings.controls[id]
            row = {
                "control": id, "title": page.title, "theme": page.theme, "says": page.says,
                "can_show": page.can_show, "not_shown": page.not_shown, "manual": _json(list(page.manual)),
            }  # fmt: skip
            for moment, answers in states.items():
                answer = answers.get(id)
                row[f"state_at_{moment}"] = answer.state.value if answer else "not_tested"
                row[f"reason_at_{moment}"] = answer.whole.reason if answer else "it was not defined yet"
            yield row

    @cached_property
    def _pages(self) -> Mapping[str, list[_Stretch]]:
        """Every page of each control that was in force."""
        return {id: self._stretches(Line(ORG, "control"), id) for id in self._controls}

    @cached_property
    def _links(self) -> Mapping[tuple[str, str], Row]:
        """The latest link of each (control, test) in the period."""
        found = {
            (control, link["test"]): link
            for control, pages in self._pages.items()
            for page in pages
            if page.version.shown
            for link in _document(page)["tests"]
        }
        return dict(sorted(found.items()))

    @cached_property
    def _named(self) -> list[str]:
        """The tests."""
        return sorted({test for _, test in self._links})

    @cached_property
    def _defined(self) -> Mapping[str, list[_Stretch]]:
        return {test: self._stretches(Line(ORG, "definition"), test) for test in self._named}

    def _tests(self) -> Iterator[Row]:
        for test in self._named:
            shown = [_document(found) for found in self._defined[test] if found.version.shown]
            page = shown[-1] if shown else {}
            said = ("asks", "severity", "every", "shows", "does_not_show", "fix")
            yield {"test": test, "type": page.get("of"), **{name: page.get(name) for name in said}}

    def _supports(self) -> Iterator[Row]:
        for (control, test), link in self._links.items():
            yield {"control": control, "test": test, "strength": link["strength"], "because": link.get("because")}

    def _definitions(self) -> Iterator[Row]:
        number = count(1)
        for name, stretches in [*self._pages.items(), *self._defined.items()]:
            for found in stretches:
                if found.version.shown:
                    yield {
                        "id": next(number), "name": name, **self._times(found), "body": _json(found.version.value),
                        "sha256": found.version.sha256.hex(), "run": self._rests_on(found.version.seq),
                    }  # fmt: skip

    # ── verdicts ──────────────────────────────────────────────────────────────────────────

    @cached_property
    def _outcome_lines(self) -> list[Line]:
        known = [line for test in self._named for line in self._view.lines(facet=PREFIX + test)]
        return [line for line in known if self._asked.scope in (None, line.scope)]

    def _outcomes(self) -> Iterator[Row]:
        number = count(1)
        for line in self._outcome_lines:
            for seq in (row.seen.seq for row in self._looks(line)):
                self._rests_on(seq)
            for id in self._view.members(line):
                for found in self._stretches(line, id):
                    outcome = found.version.value
                    if isinstance(outcome, Outcome):
                        yield {
                            "id": next(number), "test": line.facet.removeprefix(PREFIX), "scope": line.scope,
                            "type": line.type, "resource": id, "status": outcome.status.value,
                            **_why(outcome.reason), "cause": found.version.cause, **self._times(found),
                            "at_begin": int(found.at_begin), "run": self._rests_on(found.version.seq),
                        }  # fmt: skip

    def _readings(self) -> Iterator[Row]:
        number = count(1)
        for moment, reading in self._then.items():
            for test in self._named:
                for a in reading.answers(test=test, scope=self._asked.scope):
                    yield {
                        "id": next(number), "moment": moment, "test": test, "scope": a.line.scope,
                        "type": a.line.type, "resource": a.id, "status": a.status.value, **_why(a.reason),
                        "cause": a.cause, "observed": _iso(a.observed), "since": _iso(a.since),
                        "exception": a.exception,
                    }  # fmt: skip

    # ── evidence ──────────────────────────────────────────────────────────────────────────

    @cached_property
    def _lines(self) -> list[Line]:
        """Every line that the tests read, at the beginning, at the end, and after each change of their definitions."""
        changes = {found.version.end for all in self._defined.values() for found in all if not found.at_begin}
        instants = sorted({self._asked.begin, self._asked.end} | changes)
        found: set[Line] = set()
        for at in instants:
            view = self._view.earlier(at)
            for line in self._outcome_lines:
                assessed = view.assessed(line)
                found |= assessed.inputs if assessed is not None else frozenset()
        found |= {Line(line.scope, line.type) for line in self._outcome_lines}
        return sorted(found)

    def _populations(self) -> tuple[list[Row], Iterator[Row]]:
        rows: list[dict[str, Any]] = []
        inside: list[tuple[int, Iterator[str]]] = []
        for moment, reading in self._then.items():
            for line in (line for line in self._lines if line.scope != ORG and not line.facet):
                seen = reading.view.seen(line)
                number = len(rows) + 1
                inside.append((number, reading.view.ids(line.scope, line.type)))
                rows.append({
                    "id": number, "moment": moment, "scope": line.scope, "type": line.type,
                    "status": seen.status.value if seen else "never",
                    "started": _iso(seen.start if seen else None), "ended": _iso(seen.end if seen else None),
                    "run": self._rests_on(seen.seq) if seen else None,
                    "resources": sum(1 for _ in reading.view.ids(line.scope, line.type)),
                })  # fmt: skip
        members = ({"population": number, "resource": id} for number, ids in inside for id in ids)
        return list(rows), members

    def _evidence(self) -> Iterator[Row]:
        number = count(1)
        for line in self._lines:
            for id in self._view.members(line):
                for found in self._stretches(line, id):
                    value = found.version.value
                    unknown = value if isinstance(value, Unknown) else None
                    shown = found.version.shown
                    yield {
                        "id": next(number), "scope": line.scope, "type": line.type, "facet": line.facet,
                        "resource": id, **self._times(found), "at_begin": int(found.at_begin),
                        "gone": int(not shown), **_why(unknown), "body": _json(value) if shown else None,
                        "sha256": found.version.sha256.hex() if shown and not _disposed(unknown) else None,
                        "run": self._rests_on(found.version.seq),
                    }  # fmt: skip

    def _sweeps(self) -> Iterator[Row]:
        number = count(1)
        for line in self._lines:
            for look in self._looks(line):
                seen = look.seen
                yield {
                    "id": next(number), "scope": line.scope, "type": line.type, "facet": line.facet,
                    "started": iso(seen.start), "ended": iso(seen.end), "status": seen.status.value,
                    **_why(seen.refusal), "resources": look.n, "root": look.root.hex() if look.root else None,
                    "provenance": _json(dict(look.provenance)), "run": self._rests_on(seen.seq),
                }  # fmt: skip

    def _looks(self, line: Line) -> list[Any]:
        """The sweeps of a line in the period and the last before it, oldest first."""
        found = []
        for row in self._view.population_lines(line):
            found.append(row)
            if row.seen.end < self._asked.begin and row.seen.status.value != "supplement":
                break
        return found[::-1]

    def _exceptions(self) -> Iterator[Row]:
        number = count(1)
        line = Line(ORG, "exception")
        for id in self._view.members(line) if line in self._view.lines(scope=ORG) else ():
            for found in self._stretches(line, id):
                document = _document(found)
                if document.get("test") in self._named:
                    yield {
                        "id": next(number), "exception": id, "test": document["test"], **self._times(found),
                        "run": self._rests_on(found.version.seq), "body": _json(document),
                    }  # fmt: skip

    def _stretches(self, line: Line, id: str) -> list[_Stretch]:
        """What was so of a cell in the period, oldest first."""
        found = self._view.history(line, id)
        ends = [version.end for version in found[1:]]
        return [
            _Stretch(version, until, version.end <= self._asked.begin)
            for version, until in zip(found, [*ends, None], strict=False)  # nothing has no end
            if (until is None or until > self._asked.begin) and (version.shown or version.end > self._asked.begin)
        ]

    def _times(self, found: _Stretch) -> Row:
        return {"since": iso(found.version.end), "until": _iso(found.until)}

    # ── the log ───────────────────────────────────────────────────────────────────────────

    def _rests_on(self, seq: int) -> int:
        self._runs.add(seq)
        return seq

    @cached_property
    def _signed(self) -> Checkpoint | None:
        """The newest checkpoint within what was known."""
        sql = "SELECT note FROM checkpoint WHERE size <= ? ORDER BY size DESC LIMIT 1"
        row = next(self._store.backend.select(sql, (self._view.upto,)), None)
        return None if row is None else layout.stored(Checkpoint.parse, row[0], "a checkpoint")

    def _records(self) -> Iterator[Row]:
        size = self._signed.size if self._signed else 0
        tree = Tree(size, self._tile, self._leaves)
        sql = "SELECT record FROM run WHERE seq = ?"
        for seq in sorted(self._runs):
            text = bytes(next(self._store.backend.select(sql, (seq,)))[0])
            record = layout.stored(layout.Record.parse, text, "a record")
            path = [hash.hex() for hash in tree.inclusion_proof(seq - 1)] if seq <= size else None
            yield {
                "seq": seq, "kind": record.kind, "recorded": iso(record.recorded), "target": record.target,
                "caller": record.caller, "collector": record.collector, "judged_at": _iso(record.now),
                "record": text.decode(), "leaf": layout.record_leaf(text).hex(),
                "checkpoint": size if path is not None else None, "path": None if path is None else _json(path),
            }  # fmt: skip

    def _checkpoints(self) -> Iterator[Row]:
        sql = "SELECT size, note FROM checkpoint WHERE size >= ? AND size <= ? ORDER BY size"
        for size, note in self._store.backend.select(sql, (min(self._runs, default=0), self._view.upto)):
            yield {"size": size, "note": bytes(note).decode()}

    def _tile(self, level: int, index: int) -> bytes:
        sql = "SELECT bytes FROM tile WHERE level = ? AND idx = ?"
        return bytes(next(self._store.backend.select(sql, (level, index)), (b"",))[0])

    def _leaves(self, start: int, stop: int) -> Iterator[bytes]:
        sql = "SELECT record FROM run WHERE seq > ? AND seq <= ? ORDER BY seq"
        return (layout.record_leaf(row[0]) for row in self._store.backend.select(sql, (start, stop)))


def _document(found: _Stretch) -> Mapping[str, Any]:
    """What the organization said; nothing where it took it back."""
    value = found.version.value
    return value if isinstance(value, dict) else {}


def _disposed(value: Unknown | None) -> bool:
    return value is not None and value.reason == "disposed"


def _iso(at: Millis | None) -> str | None:
    return None if at is None else iso(at)


def _json(value: Any) -> str:
    """The text whose digest the log commits to, where it is that of a body."""
    return encode(value).decode() if isinstance(value, Unknown) else orjson.dumps(value, option=_SORTED).decode()


_SORTED = orjson.OPT_SORT_KEYS


def _why(reason: Unknown | None) -> Row:
    if reason is None:
        return {"reason": None, "operation": None, "permission": None, "code": None}
    said = reason.as_json()
    return {name: said[name] or None for name in ("reason", "operation", "permission", "code")}
