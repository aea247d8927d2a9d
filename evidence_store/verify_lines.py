"""Verifying lines: the tables of sweeps, versions and outcomes come to what the log says of them, line by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from annexlog.evidence_store import layout
from annexlog.evidence_store.backend import Snapshot
from annexlog.evidence_store.bodies import Bodies
from annexlog.evidence_store.findings import Findings, named
from annexlog.evidence_store.model import Line, Unknown, decode
from annexlog.evidence_store.verdicts import PREFIX
from annexlog.evidence_store.verify_history import History, Note, Outcomes, Versions
from annexlog.evidence_store.verify_log import Fact, Facts, LogCheck, facts_of

_CLOSER = 20
"""Lines that are compared with the log sweep by sweep where they differ; of more, only their names are told."""
_EACH = 3
"""Differences told of one line: what follows a first one differs as well."""


class LineCheck:
    """Compares every line of the tables with what the log says of it."""

    def __init__(self, snapshot: Snapshot, findings: Findings, log: LogCheck) -> None:
        self._snapshot, self._findings, self._log, self._facts = snapshot, findings, log, log.facts
        self._digest = lru_cache(maxsize=4096)(self._outcome_digest)

    def run(self) -> None:
        differing: dict[Line, int] = {}
        rest = set(self._facts)
        with self._findings.reading("line", ""):
            for lid, *names in self._snapshot.select("SELECT lid, scope, type, facet FROM line ORDER BY lid"):
                line = Line(*names)
                if line not in rest and self._log.knows(line):
                    continue  # nothing looked at it since
                if line not in rest:
                    self._findings.add("line", f"{lid}: {named(line)}", "no record has looked at it")
                    continue
                rest.discard(line)
                if not self._agrees(lid, line):
                    differing[line] = lid
        for line in sorted(rest):
            self._findings.add("line", named(line), "is missing")
        self._look_closer(differing)

    def _agrees(self, lid: int, line: Line) -> bool:
        made = Facts()
        history = self._history(lid, line, self._findings.add)
        with self._findings.reading(history.table, named(line)):
            for fact in history.facts():
                if fact.seq > self._log.after:
                    made.add(fact)
        return made.digest() == self._facts[line].digest()

    def _history(self, lid: int, line: Line, note: Note) -> History:
        if line.facet.startswith(PREFIX):
            return Outcomes(self._snapshot, lid, line, note, self._log.start(lid, line), self._digest)
        return Versions(self._snapshot, lid, line, note, self._log.start(lid, line))

    def _outcome_digest(self, status: str, reason: int | None) -> bytes:
        """The digest of an outcome's body. Raises one of `findings.BROKEN`."""
        if reason is None:
            return layout.sha256(layout.outcome_body(status, None))
        told = decode(Bodies(self._snapshot.select).one(reason))
        return layout.sha256(layout.outcome_body(status, told)) if isinstance(told, Unknown) else b""

    # ── where a line differs ──────────────────────────────────────────────────────────────

    def _look_closer(self, differing: Mapping[Line, int]) -> None:
        lines = sorted(differing)
        closer = {line: self._again(differing[line], line) for line in lines[:_CLOSER]}
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

    def _again(self, lid: int, line: Line) -> Iterator[Fact]:
        """Its facts once more; what was noted of its rows is not noted again."""
        with Findings(0, 0).reading("sweep", ""):
            facts = self._history(lid, line, lambda *_: None).facts()
            yield from (fact for fact in facts if fact.seq > self._log.after)

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
