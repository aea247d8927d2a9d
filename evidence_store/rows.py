"""What a view answers with, beyond model.Evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import orjson

from annexlog.evidence_store.layout import Record
from annexlog.evidence_store.manifest import Entry, Manifest
from annexlog.evidence_store.model import JSON, Coverage, Line, Millis, Outcome, Seen, Status, Unknown


@dataclass(frozen=True, slots=True)
class ScopeState:
    """A scope of a target. `state`: open, skipped (`why`) or retired; `since`: when that was first seen."""

    name: str
    target: str
    state: str
    since: Millis
    attributes: Mapping[str, JSON]
    why: str = ""


class OutcomeRow(NamedTuple):
    """A recorded outcome. `since`: `now` of the assessment from which on its status is what it is.

    Pass, fail and not_applicable look through unknowns: fail, unknown, fail is failing since the first fail, so what
    cannot be seen now and then does not get a new grace. Any other status between them, or an assessment without an
    outcome (the resource was gone), ends that. Unknown itself lasts since the last assessment that knew better.

    `seq`: the assessment that recorded status and reason as they are; `at`: `now` of the latest one that holds it.
    """

    test: str
    scope: str
    type: str
    id: str
    status: Status
    reason: Unknown | None
    cause: str
    since: Millis
    at: Millis
    seq: int


@dataclass(frozen=True, slots=True)
class AssessedLine:
    """The latest assessment of an outcome line."""

    line: Line
    now: Millis
    upto: int
    seq: int
    inputs: frozenset[Line]
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Version:
    """One value of one cell, from the sweep that first showed it on.

    `shown` False: a complete sweep did not have it (gone). `value` is JSON, Unknown, or an Outcome of an outcome line.
    """

    start: Millis
    end: Millis
    seq: int
    status: Coverage
    shown: bool
    value: JSON | Unknown | Outcome
    sha256: bytes
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One facet of one resource: what `resources` says of it (`value`), and what was last seen, for display only.

    `seen`: the sweep that `last` is from; None if the facet was never seen.
    """

    value: JSON | Unknown
    last: JSON | Unknown
    seen: Seen | None


@dataclass(frozen=True, slots=True)
class RunRow:
    """One record of the log. `scope`: the scope of all its lines, "" where they are of several.

    `coverage`: how many lines it saw how; `now`, `upto`: of an assessment.
    """

    seq: int
    kind: str
    target: str
    scope: str
    recorded: Millis
    clock: Millis
    run_key: str
    caller: str
    collector: str
    writer: str
    lines: int
    coverage: Mapping[str, int]
    now: Millis | None
    upto: int | None

    @classmethod
    def of(cls, record: Record, manifest: Manifest) -> RunRow:
        scopes = {names[0] for names in manifest.columns["line"]}
        return cls(
            record.seq,
            record.kind,
            record.target,
            scopes.pop() if len(scopes) == 1 else "",
            record.recorded,
            record.clock,
            record.run_key,
            record.caller,
            record.collector,
            record.writer,
            record.lines,
            Counter(manifest.columns["status"]),
            record.now,
            record.upto,
        )


@dataclass(frozen=True, slots=True)
class PopulationRow:
    """One sweep of one line, with what the log commits to."""

    line: Line
    seen: Seen
    n: int | None
    root: bytes | None
    rules: Mapping[str, JSON]
    provenance: Mapping[str, JSON]

    @classmethod
    def of(cls, entry: Entry, seq: int) -> PopulationRow:
        seen = Seen(entry.status, entry.start, entry.end, seq, entry.refusal())
        return cls(entry.line, seen, entry.n, entry.root, orjson.loads(entry.rules or b"{}"), entry.told())
