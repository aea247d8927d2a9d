"""How an assessment's outcomes are recorded: what changed since the line was last judged, why, and the counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from annexlog.evidence_store import chains, layout, manifest
from annexlog.evidence_store.bodies import Bodies
from annexlog.evidence_store.manifest import Entry
from annexlog.evidence_store.model import (
    Coverage,
    Line,
    Millis,
    Outcome,
    Status,
    StoreDamaged,
    StoreError,
    Unknown,
    decode,
    encode,
)
from annexlog.evidence_store.recording import Recording
from annexlog.evidence_store.sweeps import Look, latest
from annexlog.evidence_store.timeline import Standing, stands


@dataclass(frozen=True, slots=True)
class JudgedLine:
    """The outcomes of one test in one scope, to be recorded.

    `line.facet` is `outcome:<test id>`. `outcomes`: all of them, by resource id; None: those of the line's latest
    assessment as known at (`now`, `upto`) stand. `inputs`: the lines that were read; `fingerprint`: of what they
    said. `causes`: why an outcome changed (estate, definition, register, exception, coverage, clock), by id; only
    those of changed outcomes are kept.
    """

    line: Line
    outcomes: Mapping[str, Outcome] | None
    inputs: frozenset[Line] = frozenset()
    fingerprint: bytes = b""
    causes: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """One judging of evidence as observed at `now` and recorded up to log size `upto`."""

    run_key: str
    now: Millis
    upto: int
    lines: Sequence[JudgedLine]


class _Verdict(NamedTuple):
    """No status: no outcome any more. `reason`: bid."""

    status: str | None
    reason: int | None


class _Change(NamedTuple):
    """A row of `outcome`."""

    lid: int
    rid: int
    run: int
    status: str | None
    reason: int | None
    cause: str | None
    began: int | None


class Outcomes:
    """The outcome lines of one record."""

    def __init__(self, recording: Recording, assessment: Assessment) -> None:
        self._recording, self._backend = recording, recording.backend
        self._now, self._upto = assessment.now, assessment.upto
        self._reasons: dict[Unknown, int] = {}
        self._digests: dict[_Verdict, bytes] = {}

    def judged(self, judged: JudgedLine) -> None:
        """Record one line. Raises StoreError if it carries outcomes forward that are not there."""
        before = self._recording.previous(judged.line)
        told = manifest.inputs(judged.inputs)
        entry = Entry(
            judged.line,
            Coverage.COMPLETE,
            self._now,
            self._now,
            changed=before.changed if before else 0,
            provenance=encode({"fingerprint": judged.fingerprint.hex(), "inputs_sha256": layout.sha256(told).hex()}),
            inputs=told,
        )
        if judged.outcomes is not None:
            verdicts = self._verdicts(judged)
        else:
            standing = self._standing(judged.line)
            if before is not None and before.changed <= standing.seq:
                self._recording.add(replace(entry, n=before.n, root=before.root, counts=before.counts), wrote=False)
                return
            verdicts = self._at(judged.line, standing.run)
        entry, wrote = self._changes(entry, verdicts, dict(judged.causes or {}))
        self._recording.add(entry, wrote=wrote)

    # ── what is to be true from now on ────────────────────────────────────────────────────

    def _verdicts(self, judged: JudgedLine) -> dict[int, _Verdict]:
        population = self._recording.population(judged.line)
        outcomes = dict(judged.outcomes or {})  # read once: it may lie in a file
        population.ensure(outcomes)
        reasons = {outcome.reason for outcome in outcomes.values() if outcome.reason is not None}
        self._keep_reasons(reasons - self._reasons.keys())
        known, rids = self._reasons, population.rids
        return {
            rids[id]: _Verdict(outcome.status, None if outcome.reason is None else known[outcome.reason])
            for id, outcome in outcomes.items()
        }

    def _keep_reasons(self, reasons: Iterable[Unknown]) -> None:
        ordered = sorted(reasons, key=encode)
        bodies = [(layout.sha256(body), body) for body in map(encode, ordered)]
        self._reasons.update(zip(ordered, self._recording.press.keep(bodies), strict=True))

    def _standing(self, line: Line) -> Look:
        """The assessment whose outcomes of a line stand at (`now`, `upto`)."""
        look = latest(self._backend, self._recording.lid(line), self._now, self._upto)
        if look is None:
            raise StoreError(f"no outcomes of {'/'.join(line)} are recorded that could be carried forward.")
        return look

    def _at(self, line: Line, run: int) -> dict[int, _Verdict]:
        found = chains.outcomes(self._backend, self._recording.lid(line), run)
        return {rid: _Verdict(status, reason) for rid, status, reason, _ in found}

    # ── what that changes ─────────────────────────────────────────────────────────────────

    def _changes(self, entry: Entry, verdicts: Mapping[int, _Verdict], causes: Mapping[str, str]) -> tuple[Entry, bool]:
        """Write what changed; the entry, and whether anything was written."""
        line, lid, run = entry.line, self._recording.lid(entry.line), self._recording.run
        population = self._recording.population(line)
        salted = population.salted(verdicts)
        verdicts = {rid: verdict for rid, verdict in verdicts.items() if rid in salted}  # the rest is disposed of: ends
        stood = list(chains.outcomes(self._backend, lid)) if entry.changed else []
        chain = {rid: _Verdict(status, reason) for rid, status, reason, _ in stood}
        population.find(causes)
        known = {population.rids[id]: cause for id, cause in causes.items() if id in population.rids}
        why = {rid: known[rid] for rid in population.salted(known)}
        moved = {rid: verdict for rid, verdict in verdicts.items() if not self._same(chain.get(rid), verdict)}
        ended = dict.fromkeys(chain.keys() - verdicts.keys(), _Verdict(None, None))
        began = self._began(lid, moved, {rid: (status, began) for rid, status, _, began in stood})
        changes = [
            _Change(lid, rid, run, *verdict, why.get(rid), began.get(rid))
            for rid, verdict in sorted((moved | ended).items())
        ]
        population.join(lid, [change.rid for change in changes])
        self._backend.append("outcome", changes)
        shown = [(rid, self._digest(verdict)) for rid, verdict in verdicts.items()]
        made = replace(
            entry,
            n=len(verdicts),
            root=population.root(line.facet, shown),
            counts=self._tally(lid, verdicts.values()),
            causes=layout.causes_sha256({population.cid(c.rid): c.cause for c in changes if c.cause is not None}),
        )
        return made, bool(changes)

    def _began(
        self, lid: int, moved: Mapping[int, _Verdict], stood: Mapping[int, tuple[str, int]]
    ) -> Mapping[int, int]:
        """The run since which each of the new statuses stands, where that is not this one."""
        through = [rid for rid in moved if rid in stood and stood[rid][0] == Status.UNKNOWN]
        known = chains.known(self._backend, lid, through)
        began = {}
        for rid in moved.keys() & stood.keys():
            last = known.get(rid) if stood[rid][0] == Status.UNKNOWN else stood[rid]
            now = stands(Standing(*stood[rid], last), moved[rid].status, self._recording.run)
            if now is not None and now.began != self._recording.run:
                began[rid] = now.began
        return began

    def _same(self, before: _Verdict | None, verdict: _Verdict) -> bool:
        """Whether they say the same: where two writers met a reason at the same time, it has two bids."""
        if before is None or before == verdict or None in (before.reason, verdict.reason):
            return before == verdict
        return self._digest(before) == self._digest(verdict)

    def _digest(self, verdict: _Verdict) -> bytes:
        """The digest of an outcome's body."""
        if verdict not in self._digests:
            reason = None if verdict.reason is None else self._reason(verdict.reason)
            self._digests[verdict] = layout.sha256(layout.outcome_body(str(verdict.status), reason))
        return self._digests[verdict]

    def _reason(self, bid: int) -> Unknown:
        reason = decode(Bodies(self._backend.select).one(bid))
        if not isinstance(reason, Unknown):
            raise StoreDamaged("the reason of an unknown outcome is not one.", next="Run `annexlog verify`.")
        return reason

    def _tally(self, lid: int, verdicts: Iterable[_Verdict]) -> tuple[int, int, int, int]:
        """How many of each status; kept where it changed."""
        of = Counter(verdict.status for verdict in verdicts)
        counts = (of[Status.PASS], of[Status.FAIL], of[Status.UNKNOWN], of[Status.NOT_APPLICABLE])
        sql = "SELECT pass, fail, unknown, na FROM tally WHERE lid = ? ORDER BY run DESC LIMIT 1"
        if next(self._backend.select(sql, (lid,)), None) != counts:
            self._backend.append("tally", [(lid, self._recording.run, *counts)])
        return counts
