"""The evidence store's read path: everything known at one instant, exactly as it was known."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from hashlib import sha256
from types import MappingProxyType

import orjson

from annexlog.evidence_store import chains, fingerprint, verdicts
from annexlog.evidence_store import lines as naming
from annexlog.evidence_store.asof import UNOBSERVED, Detail, EntryOf, Listing, resources
from annexlog.evidence_store.backend import Backend, Row
from annexlog.evidence_store.bodies import Bodies, columns, joined
from annexlog.evidence_store.guarding import guarded, guarded_rows
from annexlog.evidence_store.layout import Record, stored
from annexlog.evidence_store.manifest import Entry, Manifests
from annexlog.evidence_store.model import JSON, ORG, Line, Millis, Resource, Seen, Status, Unknown, decode
from annexlog.evidence_store.rows import (
    AssessedLine,
    Cell,
    OutcomeRow,
    PopulationRow,
    RunRow,
    ScopeState,
    Version,
)
from annexlog.evidence_store.schema import COMPLETE
from annexlog.evidence_store.sweeps import Look, Looks, latest
from annexlog.evidence_store.timeline import Chain, versions

__all__ = [
    "AssessedLine", "Cell", "OutcomeRow", "PopulationRow", "RunRow", "ScopeState", "Version", "View",
]  # fmt: skip

_NOW = re.compile(rb"\nnow ([0-9]+)\n")
_TARGET = "target/"
_IDS = (
    "SELECT r.rid, r.native_id, (SELECT v.bid FROM version v WHERE v.lid = ? AND v.rid = r.rid AND v.run <= ? "
    "ORDER BY v.run DESC LIMIT 1) FROM resource r WHERE r.scope = ? AND r.type = ? ORDER BY r.native_id"
)
_RID = "SELECT rid FROM resource WHERE scope = ? AND type = ? AND native_id = ?"
_CELL = (
    f"SELECT v.run, b.sha256, {columns('b')} FROM version v LEFT JOIN blob b ON b.bid = v.bid "  # noqa: S608 — names of ours
    f"{joined('b')} WHERE v.lid = ? AND v.rid = ?"
)
_CELLS = (
    f"SELECT r.native_id, v.run, {columns('b')} FROM version v JOIN resource r ON r.rid = v.rid "  # noqa: S608
    f"LEFT JOIN blob b ON b.bid = v.bid {joined('b')} WHERE v.lid = ?"
)


class View:
    """Everything known at one instant (model.Evidence), and what was made of it. Any thread may read.

    `at`: observed by then, in ms; `upto`: recorded within so many records of the log.
    """

    def __init__(self, backend: Backend, manifests: Manifests, at: Millis, upto: int) -> None:
        self._backend, self._manifests = backend, manifests
        self.at, self.upto = at, upto
        self._lids: dict[Line, int | None] = {}
        self._seen: dict[Line, Seen | None] = {}
        self._prints: dict[Line, bytes] = {}
        self._documents: dict[Line, Mapping[str, JSON]] = {}
        self._written: dict[Line, Mapping[str, bytes]] = {}
        self._assessments: dict[int, tuple[Millis, int]] = {}
        self._places = _Places(self._place)
        self._walked: tuple[Line | None, list[Look]] = (None, [])
        self._scopes: Mapping[str, Mapping[str, JSON]] | None = None

    # ── model.Evidence ────────────────────────────────────────────────────────────────────

    @guarded
    def scopes(self) -> Mapping[str, Mapping[str, JSON]]:
        """Open scopes by name, with their attributes, sorted by name."""
        if self._scopes is None:
            targets = self._targets()
            known: dict[str, JSON] = {
                name: decode(body) for line in targets for name, body in self._known(line).items()
            }
            is_open = ((name, body) for name, body in sorted(known.items()) if "skipped" not in body)
            self._scopes = MappingProxyType(dict(is_open))
        return self._scopes

    @guarded
    def seen(self, line: Line) -> Seen | None:
        """The line's latest sweep, supplements left out; None if nothing ever looked."""
        if line not in self._seen:
            lid = self._lid(line)
            look = None if lid is None else latest(self._backend, lid, self.at, self.upto)
            self._seen[line] = None if look is None else self._said(line, look)
        return self._seen[line]

    @guarded_rows
    def resources(self, scope: str, type: str, facets: Collection[str]) -> Iterator[Resource]:
        """Each resource of the population, by id, with the facets asked for (and always "").

        A known resource that the latest sweep did not show is there, its facets Unknown. Streams.
        """
        return self._resources(scope, type, facets, None)

    @guarded
    def documents(self, type: str) -> Mapping[str, JSON]:
        """The organization's own documents of a type by id."""
        line = Line(ORG, type)
        if line not in self._documents:
            self._documents[line] = MappingProxyType({id: decode(body) for id, body in self.written(type).items()})
        return self._documents[line]

    @guarded
    def written(self, type: str) -> Mapping[str, bytes]:
        """The same as they are recorded: canonical JSON."""
        line = Line(ORG, type)
        if line not in self._written:
            self._written[line] = MappingProxyType(dict(sorted(self._known(line).items())))
        return self._written[line]

    @guarded
    def fingerprint(self, lines: Iterable[Line]) -> bytes:
        """A digest of all that `seen` and `resources` would say of these lines, but for times."""
        whole = sha256()
        for line in sorted(set(lines)):
            if line not in self._prints:
                self._prints[line] = self._print(line)
            whole.update("\0".join(line).encode() + b"\0" + self._prints[line])
        return whole.digest()

    # ── populations ───────────────────────────────────────────────────────────────────────

    @guarded
    def scope_states(self) -> list[ScopeState]:
        """Every scope that was ever known, open or not, by name."""
        found = [state for line in self._targets() for state in self._states(line)]
        return sorted(found, key=lambda state: (state.name, state.target))

    @guarded
    def lines(self, scope: str | None = None, type: str | None = None, facet: str | None = None) -> list[Line]:
        """Every line that was swept, sorted. `facet` may end in `*`."""
        return naming.swept(self._backend, self.at, self.upto, scope, type, facet)

    @guarded_rows
    def ids(self, scope: str, type: str) -> Iterator[str]:
        """The ids that `resources` gives, without their bodies. Streams."""
        listing = self._listing(Line(scope, type))
        if listing is None:
            return
        hidden = listing.hidden()
        run = listing.newest.run if listing.newest.shows else 0
        for rid, id, bid in self._backend.select(_IDS, (listing.lid, run, scope, type)):
            if bid is not None or hidden(rid):
                yield id

    @guarded_rows
    def members(self, line: Line) -> Iterator[str]:
        """The ids of every resource that ever had a version in a line, in their order."""
        sql = "SELECT r.native_id FROM member m JOIN resource r ON r.rid = m.rid WHERE m.lid = ? ORDER BY r.native_id"
        return (row[0] for row in self._backend.select(sql, (self._lid(line),)))

    def earlier(self, at: Millis) -> View:
        """The same knowledge, as of another instant."""
        return View(self._backend, self._manifests, at, self.upto)

    @guarded
    def cell(self, line: Line, id: str) -> Cell | None:
        """One facet of one resource, at the instant; None if the resource is not known then."""
        resource = next(self._resources(line.scope, line.type, [line.facet] if line.facet else [], id), None)
        if resource is None:
            return None
        lid, rid = self._lid(line), self._rid(line, id)
        last: JSON | Unknown = UNOBSERVED
        seen = None
        if lid is not None and rid is not None:
            chain = Chain((run, (sha, stored)) for run, sha, stored in self._cell(lid, rid))
            for look in self._looks(line):
                shown = chain.shown(look)
                if shown is not None and shown[0] is not None:
                    last, seen = decode(Bodies(self._backend.select).read(*shown[1])), self._said(line, look)
                    break
        return Cell(resource.facets[line.facet], last, seen)

    @guarded
    def history(self, line: Line, id: str) -> list[Version]:
        """Every version of one cell, in the order observed, oldest first."""
        lid, rid = self._lid(line), self._rid(line, id)
        if lid is None or rid is None:
            return []
        looks = self._walk(line)
        if verdicts.is_outcome(line):
            return list(verdicts.history(self._backend, lid, rid, looks))
        bodies = {sha: stored for _, sha, stored in self._cell(lid, rid) if sha is not None}
        chain = Chain((run, sha) for run, sha, _ in self._cell(lid, rid))
        body = Bodies(self._backend.select).read
        return [
            Version(
                start=look.start,
                end=look.end,
                seq=look.seq,
                status=look.coverage,
                shown=sha is not None,
                value=None if sha is None else decode(body(*bodies[sha])),
                sha256=sha or b"",
            )
            for look, sha in versions(looks, chain)
        ]

    # ── verdicts ──────────────────────────────────────────────────────────────────────────

    @guarded_rows
    def outcomes(
        self,
        test: str | None = None,
        scope: str | None = None,
        resource: str | None = None,
        type: str | None = None,
    ) -> Iterator[OutcomeRow]:
        """Recorded outcomes as the latest assessments left them, by test, scope and id: raw, without staleness."""
        judged = self.lines(scope=scope, type=type, facet=f"{verdicts.PREFIX}{'*' if test is None else test}")
        within = None if resource is None else self._holding(resource)
        for line in sorted(judged, key=lambda line: (line.facet, line.scope, line.type)):
            rid = None if within is None else within.get(line[:2])
            lid = self._lid(line)
            if lid is not None and (within is None or rid is not None):
                looks = self._looks(line)
                yield from verdicts.outcomes(self._backend, line, lid, looks, rid, self.upto, self._places)

    @guarded
    def assessed(self, line: Line) -> AssessedLine | None:
        """The latest assessment of an outcome line; None if there is none."""
        seen = self.seen(line)
        if seen is None:
            return None
        entry = self._manifests.entry(line, seen.seq)
        return AssessedLine(
            line,
            seen.end,
            self._assessment(seen.seq)[1],
            seen.seq,
            frozenset(Line(*names) for names in orjson.loads(entry.inputs or b"[]")),
            bytes.fromhex(entry.told()["fingerprint"]),
        )

    @guarded
    def tally(self, line: Line) -> Mapping[Status, int]:
        """How many outcomes of each status the latest assessment of an outcome line left."""
        lid = self._lid(line)
        look = None if lid is None else latest(self._backend, lid, self.at, self.upto)
        sql = "SELECT pass, fail, unknown, na FROM tally WHERE lid = ? AND run <= ? ORDER BY run DESC LIMIT 1"
        counts = None if look is None else next(self._backend.select(sql, (lid, look.run)), None)
        return dict(zip(verdicts.COUNTED, counts or (0, 0, 0, 0), strict=True))

    @guarded
    def tallies(self, test: str, scope: str | None = None) -> Mapping[Line, Mapping[Status, int]]:
        """What `tally` says of each outcome line of a test, by line."""
        rows = naming.tallies(self._backend, self.at, self.upto, scope, verdicts.PREFIX + test)
        return {Line(*row[:3]): dict(zip(verdicts.COUNTED, row[3:], strict=True)) for row in sorted(rows)}

    # ── the log ───────────────────────────────────────────────────────────────────────────

    @guarded_rows
    def runs(self, kind: str | None = None, target: str | None = None, limit: int | None = None) -> Iterator[RunRow]:
        """The records of the log, newest first."""
        left = self.upto if limit is None else limit
        sql = "SELECT seq, record FROM run WHERE seq <= ? ORDER BY seq DESC"
        for seq, data in self._backend.select(sql, (self.upto,)):
            if left <= 0:
                return
            record = stored(Record.parse, data, "a record")
            if kind in (None, record.kind) and target in (None, record.target):
                left -= 1
                yield RunRow.of(record, self._manifests[seq])

    @guarded_rows
    def population_lines(self, line: Line | None = None, seq: int | None = None) -> Iterator[PopulationRow]:
        """The sweeps of a line, newest first (of one record: `seq`), or all those of a record, by line."""
        if line is None:
            entries = self._manifests[seq].entries() if seq is not None and 0 < seq <= self.upto else []
            yield from (PopulationRow.of(entry, seq or 0) for entry in entries)
            return
        for look in self._looks(line):
            if seq in (None, look.seq):
                yield PopulationRow.of(self._manifests.entry(line, look.seq), look.seq)

    # ── underneath ────────────────────────────────────────────────────────────────────────

    def _targets(self) -> list[Line]:
        """The lines that say which scopes there are."""
        return [line for line in self.lines(type="scope", facet="") if line.scope.startswith(_TARGET)]

    def _lid(self, line: Line) -> int | None:
        if line not in self._lids:
            self._lids[line] = naming.lid(self._backend, line)
        return self._lids[line]

    def _holding(self, id: str) -> Mapping[tuple[str, str], int]:
        """The rid of each resource of this name, by (scope, type)."""
        rows = self._backend.select("SELECT scope, type, rid FROM resource WHERE native_id = ?", (id,))
        return {(scope, type): rid for scope, type, rid in rows}

    def _assessment(self, seq: int) -> tuple[Millis, int]:
        """`now` of assessment `seq`, and how many records it had read."""
        if seq not in self._assessments:
            data = next(self._backend.select("SELECT record FROM run WHERE seq = ?", (seq,)))[0]
            record = stored(Record.parse, data, "a record")
            self._assessments[seq] = (record.now or 0, record.upto or 0)
        return self._assessments[seq]

    def _place(self, run: int) -> tuple[int, Millis]:
        """The place in the log of the assessment whose rows have this `run`, and its `now`."""
        seq, data = next(self._backend.select("SELECT seq, record FROM run WHERE run = ?", (run,)), (0, b""))
        now = _NOW.search(data)  # a year of them: to parse each whole takes three times as long as to find it
        return seq, int(now[1]) if now else stored(Record.parse, data, "a record").now or 0

    def _rid(self, line: Line, id: str) -> int | None:
        rid: int | None = next(self._backend.select(_RID, (line.scope, line.type, id)), (None,))[0]
        return rid

    def _cell(self, lid: int, rid: int) -> Iterator[tuple[int, bytes | None, Row]]:
        """(record, sha256, what `Bodies.read` takes) of one cell's versions."""
        return ((row[0], row[1], row[2:]) for row in self._backend.select(_CELL, (lid, rid)))

    def _looks(self, line: Line) -> Iterable[Look]:
        lid = self._lid(line)
        return () if lid is None else Looks(self._backend, lid, self.at, self.upto)

    def _walk(self, line: Line) -> list[Look]:
        """All looks at a line, oldest first; the last line's are kept for who asks for each of its resources."""
        known, looks = self._walked
        if known != line:
            looks = list(self._looks(line))[::-1]
            self._walked = (line, looks)
        return looks

    def _entry(self, line: Line, look: Look) -> Entry:
        return self._manifests.entry(line, look.seq)

    def _entry_of(self, line: Line) -> EntryOf:
        return partial(self._entry, line)

    def _said(self, line: Line, look: Look) -> Seen:
        refusal = None if look.status == COMPLETE else self._entry(line, look).refusal()
        return Seen(look.coverage, look.start, look.end, look.seq, refusal)

    def _listing(self, line: Line) -> Listing | None:
        lid, looks = self._lid(line), self._looks(line)
        if lid is None or next(iter(looks), None) is None:
            return None
        return Listing(self._backend, lid, looks, self._entry_of(line))

    def _detail(self, line: Line) -> Detail | None:
        lid, looks = self._lid(line), self._looks(line)
        if lid is None or next(iter(looks), None) is None:
            return None
        return Detail(self._backend, lid, looks, self._entry_of(line))

    def _resources(self, scope: str, type: str, facets: Collection[str], id: str | None) -> Iterator[Resource]:
        listing = self._listing(Line(scope, type))
        if listing is None:
            return iter(())
        details = {facet: self._detail(Line(scope, type, facet)) for facet in sorted(set(facets) - {""})}
        return resources(self._backend, scope, type, listing, details, id)

    def _known(self, line: Line) -> dict[str, bytes]:
        """The last body of each resource of a small population, known even if the latest sweep did not show it."""
        known: dict[str, bytes] = {}
        lid = self._lid(line)
        for look in self._looks(line) if lid is not None else ():
            if lid is not None and look.shows:
                for _, id, body in chains.bodies(self._backend, lid, look.run):
                    known.setdefault(id, body)
            if look.status == COMPLETE:
                break
        return known

    def _print(self, line: Line) -> bytes:
        if not line.facet or verdicts.is_outcome(line):
            return fingerprint.of_listing(self._looks(line), self._entry_of(line))
        listing = line._replace(facet="")
        whole = fingerprint.of_listing(self._looks(listing), self._entry_of(listing))
        return whole + fingerprint.of_detail(
            self._looks(line), self._entry_of(line), self._looks(listing), self._entry_of(listing)
        )

    def _states(self, line: Line) -> Iterator[ScopeState]:
        """What became of each scope of a target."""
        lid = self._lid(line)
        if lid is None:
            return
        looks = list(self._looks(line))[::-1]
        read = Bodies(self._backend.select).read
        cells: dict[str, list[tuple[int, JSON]]] = {}
        for id, run, *blob in self._backend.select(_CELLS, (lid,)):
            cells.setdefault(id, []).append((run, None if blob[1] is None else decode(read(*blob))))
        for id, cell in cells.items():
            state = None
            attributes: Mapping[str, JSON] = {}
            for look, body in versions(looks, Chain(cell)):
                attributes = attributes if body is None else body
                why = str(attributes.get("skipped", ""))
                name = "retired" if body is None else "skipped" if "skipped" in attributes else "open"
                begun = look.end if state is None or state.state != name else state.since
                state = ScopeState(id, line.scope.removeprefix(_TARGET), name, begun, attributes, why)
            if state is not None:
                yield state


class _Places(dict[int, tuple[int, Millis]]):
    """What `read` says of each `run`, read once."""

    def __init__(self, read: Callable[[int], tuple[int, Millis]]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, run: int) -> tuple[int, Millis]:
        self[run] = found = self._read(run)
        return found
