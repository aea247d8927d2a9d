"""Verifying lines: the tables of sweeps, versions and outcomes come to what the log says of them, line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from annexlog.evidence_store import layout
from annexlog.evidence_store.backend import Snapshot
from annexlog.evidence_store.bodies import Bodies
from annexlog.evidence_store.findings import Findings, named
from annexlog.evidence_store.model import Line, Unknown, decode
from annexlog.evidence_store.verdicts import PREFIX
from annexlog.evidence_store.verify_history import History, Note, Outcomes, Versions
from annexlog.evidence_store.verify_log import Fact, Facts, LogCheck, Start, facts_of

_CLOSER = 20
"""Lines that are compared with the log sweep by sweep where they differ; of more, only their names are told."""
_EACH = 3
"""Differences told of one line: what follows a first one differs as well."""


class Asked(NamedTuple):
    """A line of the tables to check: where to start, and the digest of what the log says (None: nothing)."""

    lid: int
    line: Line
    start: Start
    digest: bytes | None


class Tables:
    """Checks lines of the tables, one by one."""

    def __init__(self, snapshot: Snapshot, findings: Findings, after: int) -> None:
        self._snapshot, self._findings, self._after = snapshot, findings, after
        self._digest = lru_cache(maxsize=4096)(self._outcome_digest)

    def differ(self, asked: Iterable[Asked]) -> Iterator[int]:
        """The lid of each line that does not come to what the log says of it."""
        for one in asked:
            if one.digest is None:
                self._findings.add("line", f"{one.lid}: {named(one.line)}", "no record has looked at it")
                continue
            made = Facts()
            with self._findings.reading("line", named(one.line)):
                history = self.history(one, self._findings.add)
                with self._findings.reading(history.table, named(one.line)):
                    for fact in history.facts():
                        if fact.seq > self._after:
                            made.add(fact)
            if made.digest() != one.digest:
                yield one.lid

    def again(self, asked: Asked) -> Iterator[Fact]:
        """A line's facts once more; what was noted of its rows is not noted again."""
        with Findings(0, 0).reading("sweep", ""):
            facts = self.history(asked, lambda *_: None).facts()
            yield from (fact for fact in facts if fact.seq > self._after)

    def history(self, asked: Asked, note: Note) -> History:
        lid, line, start, _ = asked
        if line.facet.startswith(PREFIX):
            return Outcomes(self._snapshot, lid, line, note, start, self._digest)
        return Versions(self._snapshot, lid, line, note, start)

    def _outcome_digest(self, status: str, reason: int | None) -> bytes:
        """The digest of an outcome's body. Raises one of `findings.BROKEN`."""
        if reason is None:
            return layout.sha256(layout.outcome_body(status, None))
        told = decode(Bodies(self._snapshot.select).one(reason))
        return layout.sha256(layout.outcome_body(status, told)) if isinstance(told, Unknown) else b""


Differ = Callable[[Sequence[Asked]], Iterator[int]]
"""Gives the lid of each line that differs, and adds what was found on the way."""


class LineCheck:
    """Compares every line of the tables with what the log says of it. `differ`: how, if not here, one by one."""

    def __init__(self, snapshot: Snapshot, findings: Findings, log: LogCheck, differ: Differ | None = None) -> None:
        self._snapshot, self._findings, self._log, self._facts = snapshot, findings, log, log.facts
        self._tables = Tables(snapshot, findings, log.after)
        self._differ = differ or self._tables.differ

    def run(self) -> None:
        asked: dict[int, Asked] = {}
        with self._findings.reading("line", ""):
            for lid, *names in self._snapshot.select("SELECT lid, scope, type, facet FROM line ORDER BY lid"):
                line = Line(*names)
                if line in self._facts or not self._log.knows(line):  # else nothing looked at it since
                    asked[lid] = self._asked(lid, line)
        differing = {asked[lid].line: asked[lid] for lid in self._differ(list(asked.values()))}
        for line in sorted(self._facts.keys() - {one.line for one in asked.values()}):
            self._findings.add("line", named(line), "is missing")
        self._look_closer(differing)

    def _asked(self, lid: int, line: Line) -> Asked:
        start = Start()
        with self._findings.reading("line", named(line)):
            start = self._log.start(lid, line)
        return Asked(lid, line, start, self._facts[line].digest() if line in self._facts else None)

    # ── where a line differs ──────────────────────────────────────────────────────────────

    def _look_closer(self, differing: Mapping[Line, Asked]) -> None:
        lines = sorted(differing)
        closer = {line: self._tables.again(differing[line]) for line in lines[:_CLOSER]}
        told = dict.fromkeys(closer, 0)
        ahead = {line: next(facts, None) for line, facts in closer.items()}
        for seq, logged in facts_of(self._snapshot, closer, self._log.after):
            for line, facts in closer.items():
                made = ahead[line]
                while made is not None and made.seq < seq:
                    told[line] += self._tell(line, made, None, told[line])
                    made = next(facts, None)
                said = logged.get(line)
                if made is not None and made.seq == seq:
                    told[line] += self._tell(line, made, said, told[line])
                    made = next(facts, None)
                elif said is not None:
                    told[line] += self._tell(line, None, said, told[line])
                ahead[line] = made
        for line, facts in closer.items():
            for made in filter(None, (ahead[line], *facts)):
                told[line] += self._tell(line, made, None, told[line])
        for line in [*(line for line in closer if not told[line]), *lines[_CLOSER:]]:
            self._findings.add("sweep", named(line), "what the tables hold of it is not what the log says of it")

    def _tell(self, line: Line, made: Fact | None, said: Fact | None, told: int) -> bool:
        """Add a finding if the tables and the log differ on one sweep; returns whether."""
        if made == said:
            return False
        if told < _EACH:
            at = said or made
            key = f"{named(line)}, record {at.seq if at else ''}"
            self._findings.add(*_difference(line, key, made, said))
        return True


def _difference(line: Line, key: str, made: Fact | None, said: Fact | None) -> tuple[str, str, str]:
    """The finding for a sweep that the tables (`made`) and the log (`said`) do not agree on."""
    if made is None or said is None:
        return "sweep", key, "is missing" if made is None else "the record does not speak of it"
    if made[:4] != said[:4]:
        return (
            "sweep",
            key,
            f"is {made.status} {made.start}–{made.end}; the record says {said.status} {said.start}–{said.end}",
        )
    table = "outcome" if line.facet.startswith(PREFIX) else "version"
    if (made.n, made.root, made.counts) != (said.n, said.root, said.counts):
        return table, key, f"the {made.n} that it holds are not the {said.n} that the record commits to"
    if made.causes != said.causes:
        return table, key, "the causes of its changes are not those that the record commits to"
    return "run", f"manifest of record {said.seq}", f"does not say of {named(line)} what its changes come to"
