"""One record in the making: what its sweeps and outcomes change, and the bytes that commit to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from annexlog.evidence_store import layout, manifest, packing
from annexlog.evidence_store.anchors import latest_timestamp
from annexlog.evidence_store.backend import Backend
from annexlog.evidence_store.chains import digests, last
from annexlog.evidence_store.log import Log
from annexlog.evidence_store.manifest import Entry, Manifests, entry_of
from annexlog.evidence_store.merkle import root
from annexlog.evidence_store.model import Coverage, Line, Millis, Sweep
from annexlog.evidence_store.packing import Base
from annexlog.evidence_store.population import Population
from annexlog.evidence_store.pressing import Press
from annexlog.evidence_store.schema import STATUSES
from annexlog.evidence_store.spool import Seen, Spool

_CHUNK = 2000
"""Changed bodies held in memory at a time."""
_PAGE = 256
"""Digests of answers that lie together."""
_MANIFESTS = 64
"""Earlier manifests that one recording has at hand."""


@dataclass(frozen=True, slots=True)
class About:
    """What a record says besides its lines."""

    kind: str
    run_key: str
    writer: str
    target: str = "-"
    caller: str = "-"
    collector: str = "-"
    policy: str = "-"
    now: Millis | None = None
    upto: int | None = None
    definitions_root: bytes | None = None


class Known(NamedTuple):
    """What the log knew of a line: its number, and the last record that looked at it."""

    lid: int
    last: int


class Answers:
    """By line, a digest of the root of the last answer that was recorded and of the answer's `Spool.print`.

    Who meets both again knows, without reading the line's chain, that nothing changed. The root is salted, so it is of
    nothing else. Any thread may ask. Digests lie side by side by the line's number, for there is one of every line.
    """

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = {}

    def has(self, lid: int, root: bytes, answer: bytes) -> bool:
        """Whether this answer, recorded under this root, was the last of the line."""
        number, index = divmod(lid, _PAGE)
        page = self._pages.get(number)
        return page is not None and page[32 * index : 32 * index + 32] == sha256(root + answer).digest()

    def keep(self, lid: int, root: bytes, answer: bytes) -> None:
        """Take in the last answer of the line."""
        number, index = divmod(lid, _PAGE)
        page = self._pages.setdefault(number, bytearray())
        if len(page) < 32 * index:
            page.extend(bytes(32 * index - len(page)))
        page[32 * index : 32 * index + 32] = sha256(root + answer).digest()

    def clear(self) -> None:
        self._pages.clear()


class Recording:
    """The next record of a log. Used inside a transaction that holds the record's lines (`names` of them).

    `run` is the number that its versions and outcomes have; its place in the log is given by `finish`, last.
    """

    def __init__(self, backend: Backend, known: Mapping[Line, Known], manifests: Manifests, answers: Answers) -> None:
        self.backend, self._known = backend, known
        self._before = lru_cache(_MANIFESTS)(manifests.passing)
        self._answers = answers
        self.run = backend.claim("run", 1)[0]
        self.press = Press(backend)
        self._entries: list[tuple[Entry, bool]] = []
        self._population: tuple[tuple[str, str], Population] | None = None
        self._lids = {line: found.lid for line, found in known.items()}

    # ── what sweeps and outcomes are recorded on ──────────────────────────────────────────

    def lid(self, line: Line) -> int:
        lid = self._lids.get(line)
        if lid is None:
            lid = self._lids[line] = self.backend.claim("line", 1)[0]
            self.backend.append("line", [(lid, *line)])
        return lid

    def population(self, line: Line) -> Population:
        """The resources of the line's scope and type; those of the last asked are kept."""
        if self._population is None or self._population[0] != line[:2]:
            self._population = (line[:2], Population(self.backend, line.scope, line.type))
        return self._population[1]

    def previous(self, line: Line) -> Entry | None:
        """What the last record that looked at the line says of it."""
        known = self._known.get(line)
        return None if known is None else entry_of(self._before(known.last), line, known.last)

    def add(self, entry: Entry, *, wrote: bool) -> None:
        """Take in a line whose versions or outcomes are written; `wrote`: whether there were any."""
        self.lid(entry.line)
        self._entries.append((entry, wrote))

    # ── evidence ──────────────────────────────────────────────────────────────────────────

    def sweep(self, sweep: Sweep, spool: Spool) -> None:
        """Record one look at a line: its changes against the line's chain, and what it commits to."""
        before = self.previous(sweep.line)
        entry = Entry(
            sweep.line,
            sweep.status,
            sweep.start,
            sweep.end,
            chain=before.chain if before else None,
            changed=before.changed if before else 0,
            rules=manifest.rules(sweep.rules),
            provenance=manifest.provenance(sweep.provenance, sweep.refusal),
        )
        wrote = False
        if sweep.status in layout.SEEN:
            entry, wrote = self._versions(entry, spool.seen(sweep.line), spool)
        self.add(entry, wrote=wrote)

    def _versions(self, entry: Entry, seen: Seen, spool: Spool) -> tuple[Entry, bool]:
        """Write what changed; the entry, and whether anything was written."""
        line, lid = entry.line, self.lid(entry.line)
        order = spool.order(seen)
        answer, supplement = spool.print(seen, order), entry.status is Coverage.SUPPLEMENT
        if not supplement and entry.chain is not None and self._answers.has(lid, entry.chain[1], answer):
            return replace(entry, n=entry.chain[0], root=entry.chain[1]), False
        population = self.population(line)
        population.find(seen.ids)
        chain = dict(digests(self.backend, lid)) if entry.changed else {}
        told = bytes(spool.digests(seen))
        changed, same = [], 0
        rids, ids = population.rids, seen.ids
        for index in order:
            rid = rids.get(ids[index], -1)
            if chain.pop(rid, None) == told[32 * index : 32 * index + 32]:
                same += 1
            else:
                changed.append(index)
        moved = bool(changed or (chain and not supplement))
        self._write(line, population, seen, spool, order if supplement else changed)
        if not supplement:
            self.backend.append("version", [(lid, rid, self.run, None) for rid in sorted(chain)])
        if not supplement and not moved and entry.chain is not None:
            n, top = entry.chain
        else:
            population.open(rids[ids[i]] for i in order)
            shown = ((rids[ids[i]], told[32 * i : 32 * i + 32]) for i in order)
            n, top = len(order), population.root(line.facet, shown)
        if not supplement:
            self._answers.keep(lid, top, answer)
        wrote = moved or (supplement and bool(order))
        known = (entry.chain if not moved else None) if supplement else (n, top)
        return replace(entry, n=n, root=top, chain=known), wrote

    def _write(self, line: Line, population: Population, seen: Seen, spool: Spool, indexes: Sequence[int]) -> None:
        """A version of each of these."""
        lid, known = self.lid(line), line in self._known
        population.ensure(seen.ids[i] for i in indexes)
        for start in range(0, len(indexes), _CHUNK):
            some = indexes[start : start + _CHUNK]
            rids = [population.rids[seen.ids[i]] for i in some]
            bodies = spool.bodies(seen, some)
            before = last(self.backend, lid, rids) if known else {}
            previous = {body[0]: before[rid] for body, rid in zip(bodies, rids, strict=True) if rid in before}
            bids = self.press.keep(bodies, f"{line.type}/{line.facet}", previous)
            population.join(lid, rids)
            rows = [(lid, rid, self.run, bid) for rid, bid in zip(rids, bids, strict=True)]
            self.backend.append("version", rows)

    # ── the record ────────────────────────────────────────────────────────────────────────

    def finish(self, about: About, clock: Millis, log: Log) -> int:
        """Store the record of all that was added, behind all that is recorded; returns its place in the log.

        From here on everybody else who records waits. Where it fails, `log` is thrown away.
        """
        top = root(layout.line_leaves(entry.text() for entry, _ in self._entries))
        base = self._base()
        self.backend.follow()
        log.refresh()
        seq = log.size + 1
        checkpoint = self._newest("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1")
        timestamp = latest_timestamp(self.backend)
        self._sweep(seq, log)  # what is appended from here on may go to the database at the end, at once
        judged = about.kind == "assess"
        recorded = max(clock, log.recorded)
        record = layout.Record(
            seq=seq,
            recorded=recorded,
            clock=clock,
            writer=about.writer,
            run_key=about.run_key,
            kind=about.kind,
            target=about.target,
            caller=about.caller,
            collector=about.collector,
            policy=about.policy,
            now=about.now,
            upto=about.upto,
            definitions_root=about.definitions_root,
            lines=len(self._entries),
            populations_root=None if judged else top,
            heads_root=log.heads_root(),
            outcomes_root=top if judged else None,
            previous_checkpoint=checkpoint,
            previous_timestamp=timestamp,
        )
        newest = max((entry.end for entry, _ in self._entries), default=0)
        newest = max(newest, log.newest)
        entries = [replace(entry, changed=seq) if wrote else entry for entry, wrote in self._entries]
        packed = manifest.pack(newest, sorted(entries, key=lambda entry: entry.line), base)
        data = record.encode()
        self.backend.append("run", [(seq, self.run, about.run_key, recorded, data, packed)])
        log.add(data, recorded, newest)
        return seq

    def _base(self) -> Base | None:
        """The manifest that this one is likely to be a change of: that of the last record of its first line."""
        first = min((entry.line for entry, _ in self._entries), default=None)
        known = None if first is None else self._known.get(first)
        return None if known is None else packing.base(self.backend.select, known.last)

    def _sweep(self, seq: int, log: Log) -> None:
        """Store the looks that the record is made of."""
        sweeps, late = [], []
        for entry, _ in self._entries:
            lid = self._lids[entry.line]
            sweeps.append((lid, entry.end, seq, self.run, entry.start, STATUSES.index(entry.status)))
            if log.swept(entry.line, lid, entry.end, seq):
                late.append((lid, seq))
        self.backend.append("sweep", sorted(sweeps))
        if late:
            self.backend.append("late", late)

    def _newest(self, sql: str) -> bytes | None:
        row = next(self.backend.select(sql), None)
        return None if row is None else layout.sha256(row[0])


def names(lines: Iterable[Line]) -> set[str]:
    """What a record of these lines must hold, so that nobody else records one of them meanwhile.

    One name for the evidence of a scope and one for its outcomes: a run has few of them, an assessment one of each
    scope; a collection and an assessment do not wait for one another.
    """
    return {f"{line.scope}\0{'outcome' if line.facet.startswith('outcome:') else 'evidence'}" for line in lines}


def by_line(sweeps: Sequence[Sweep]) -> Sequence[Sweep]:
    """Sorted by line. Raises ValueError if a line was swept twice."""
    lines: Mapping[Line, Sweep] = {sweep.line: sweep for sweep in sweeps}
    if len(lines) < len(sweeps):
        raise ValueError("a run has one sweep of each line")
    return [lines[line] for line in sorted(lines)]
