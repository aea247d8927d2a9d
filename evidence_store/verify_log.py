"""Verifying the log: every record, its manifest and its place, the tree over them, and the checkpoints that sign it."""

from __future__ import annotations

import hashlib
from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from annexlog.evidence_store import layout, manifest, packing
from annexlog.evidence_store.backend import Snapshot
from annexlog.evidence_store.checkpoint import Checkpoint
from annexlog.evidence_store.findings import Findings, named
from annexlog.evidence_store.keyring import KeyRing, announced
from annexlog.evidence_store.keys import Verifier
from annexlog.evidence_store.layout import Record
from annexlog.evidence_store.manifest import Entry, Manifest
from annexlog.evidence_store.merkle import EMPTY, Ordered, Tree, root
from annexlog.evidence_store.model import ORG, Coverage, Line, Millis
from annexlog.evidence_store.salvage import readable
from annexlog.evidence_store.verify_bodies import frame_length

MAX_MANIFEST = 1 << 30
"""Bytes of an unpacked manifest."""

DEFINITIONS = Line(ORG, "definition")
_GAP = 100_000
"""Missing records that are taken for a gap; more, and the number itself is wrong."""
_RUNS = "SELECT seq, run, run_key, recorded, record, manifest FROM run WHERE seq >= ? ORDER BY seq"
_CHECKPOINTS = "SELECT size, note FROM checkpoint ORDER BY size"
_TILE = "SELECT bytes FROM tile WHERE level = ? AND idx = ?"


# ── what a record says of a line ──────────────────────────────────────────────────────────


class Fact(NamedTuple):
    """What a record's manifest says of one line, and what the tables must come to as well."""

    seq: int
    status: str
    start: Millis
    end: Millis
    n: int | None
    root: bytes | None
    chain: tuple[int, bytes] | None
    changed: int
    counts: tuple[int, int, int, int] | None = None
    causes: bytes | None = None

    @classmethod
    def of(cls, seq: int, entry: Entry) -> Fact:
        made = (entry.n, entry.root, entry.chain, entry.changed, entry.counts, entry.causes)
        return cls(seq, str(entry.status), entry.start, entry.end, *made)


class Facts:
    """A digest of facts in order: those of the log and those of the tables must agree."""

    __slots__ = ("_hash",)

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, fact: Fact) -> None:
        self._hash.update(repr(tuple(fact)).encode())

    def digest(self) -> bytes:
        return self._hash.digest()


def read_manifest(stored: bytes, select: packing.Select) -> tuple[Manifest, list[Entry]]:
    """A manifest and its entries, from bytes that may be anything. Raises one of `findings.BROKEN`.

    Raises ValueError also where they are not what `manifest.pack` would have written.
    """
    packed = packing.parts(stored)[1]
    if frame_length(packed) != len(packed):
        raise ValueError("there is something behind it")
    text = packing.unpack(stored, select, MAX_MANIFEST)
    found = manifest.parse(text)
    entries = found.entries()
    if manifest.text(found.newest, sorted(entries, key=lambda entry: entry.line)) != text:
        raise ValueError("it is not in the one form that a manifest has")
    return found, entries


def facts_of(snapshot: Snapshot, lines: Iterable[Line], after: int = 0) -> Iterator[tuple[int, dict[Line, Fact]]]:
    """(record, what it says of these lines) for every record that can be read, `after` one: for a closer look."""
    wanted = set(lines)
    unread = Findings(0, 0)
    for seq, packed in snapshot.select("SELECT seq, manifest FROM run WHERE seq > ? ORDER BY seq", (after,)):
        with unread.reading("run", ""):
            entries = read_manifest(packed, snapshot.select)[1]
            yield seq, {entry.line: Fact.of(seq, entry) for entry in entries if entry.line in wanted}


class Head:
    """The newest sweep of a line: the last recorded, and the last observed."""

    __slots__ = ("end", "end_seq", "last")

    def __init__(self, seq: int, end: Millis) -> None:
        self.last, self.end, self.end_seq = seq, end, seq

    def swept(self, seq: int, end: Millis) -> None:
        self.last = seq
        if end >= self.end:
            self.end, self.end_seq = end, seq


# ── the check ─────────────────────────────────────────────────────────────────────────────


class Start(NamedTuple):
    """A place in a line's history, and what stood there: the record and its `run`, how much, its root and counts.

    `changed`: the record of the last change until then.
    """

    seq: int = 0
    run: int = -(1 << 63)
    n: int = 0
    root: bytes = EMPTY
    counts: tuple[int, int, int, int] | None = None
    changed: int = 0


class LogCheck:
    """Reads the records in order. Afterwards `facts` holds what they say of each line, and `tree` the log.

    `signed`: the size of the newest good checkpoint. `after`: the records up to there are taken as checked.
    """

    after = 0

    def __init__(self, snapshot: Snapshot, findings: Findings, keys: Sequence[Verifier]) -> None:
        self._snapshot, self._findings = snapshot, findings
        self.ring = KeyRing(keys)
        self._strange: list[tuple[str, Checkpoint]] = []
        self.facts: dict[Line, Facts] = {}
        self.tree = Tree()
        self.signed = 0
        self.checkpoints = 0
        self._heads: dict[Line, Head] = {}
        self._ordered = Ordered()
        self._newest: Millis = 0
        self._recorded: Millis = 0
        self._definitions: list[tuple[Millis, int, bytes]] = []
        self._changed = False
        self._notes = self._read_notes()
        self._next_note = next(self._notes, None)
        self._noted: dict[bytes, int] = {}  # the sizes of the checkpoints so far that records may still name
        self._named_last = 0

    def run(self) -> None:
        with self._findings.reading("run", ""):
            self._before()
            for row in readable(self._snapshot, self._findings, "run", _RUNS, self.tree.size + 1 if self.after else 0):
                self._row(*row)
        self._notes_up_to(None)
        self._strangers()
        self._surplus()

    def start(self, lid: int, line: Line) -> Start:  # noqa: ARG002 — of no use where all is checked
        """Where the check of a line starts."""
        return Start()

    def knows(self, line: Line) -> bool:
        """Whether a record that was taken as checked looked at a line."""
        return bool(self.after) and line in self._heads

    def _before(self) -> None:
        """Take in what need not be checked again."""

    def _row(self, seq: Any, run: Any, run_key: Any, recorded: Any, record: Any, packed: Any) -> None:
        expected = self.tree.size + 1
        if isinstance(seq, int) and expected < seq <= expected + _GAP:
            self._findings.add("run", f"records {expected} to {seq - 1}", "are missing")
            for _ in range(expected, seq):
                self._add_leaf(bytes(32))
        elif seq != expected:
            self._findings.add("run", f"record {seq}", f"comes where record {expected} belongs")
        seq, columns = self.tree.size + 1, (run_key, recorded)
        if not isinstance(run, int):
            self._add(seq, "its run is no number")
        with self._findings.reading("run", f"record {seq}"):
            made = Record.parse(record)
            self._record(seq, columns, made, packed)
            if made.kind == "key":
                self.ring.announce(announced(self._snapshot, seq, run))
        self._add_leaf(layout.record_leaf(record if isinstance(record, bytes) else b""))

    def _add_leaf(self, leaf: bytes) -> None:
        for level, index, tile in self.tree.append(leaf):
            with self._findings.reading("tile", f"level {level}, {index}"):
                stored = next(self._snapshot.select(_TILE, (level, index)), (None,))[0]
                if stored != tile:
                    self._findings.add("tile", f"level {level}, {index}", _differing(level, index, tile, stored))
        self._notes_up_to(self.tree.size)

    # ── records ───────────────────────────────────────────────────────────────────────────

    def _record(self, seq: int, columns: tuple[Any, ...], record: Record, packed: Any) -> None:
        judged = record.kind == "assess"
        self._order(seq, columns, record, judged=judged)
        with self._findings.reading("run", f"manifest of record {seq}"):
            self._lines(record, self._entries(seq, packed), judged=judged)
        if record.heads_root != self._ordered.root():
            self._add(seq, "the newest sweeps of all lines do not come to its heads_root")
        if record.definitions_root != (self._standing(record) if judged else None):
            self._add(seq, "the definitions of its day do not come to its definitions_root")

    def _add(self, seq: int, what: str) -> None:
        self._findings.add("run", f"record {seq}", what)

    def _order(self, seq: int, columns: tuple[Any, ...], record: Record, *, judged: bool) -> None:
        """Its place among the records and checkpoints."""
        if columns != (record.run_key, record.recorded) or record.seq != seq:
            self._add(seq, f"run_key and recorded are {columns}; the record itself says otherwise")
        if record.recorded != max(self._recorded, record.clock):
            self._add(seq, "was not recorded at the later of its clock and the record before it")
        self._recorded = max(self._recorded, record.recorded)
        self._named(seq, record.previous_checkpoint)
        if (record.now is not None, record.upto is not None) != (judged, judged) or (record.upto or 0) >= seq:
            self._add(seq, "what it says of when it was judged, and from how much, is not of its kind")

    def _named(self, seq: int, digest: bytes | None) -> None:
        """Check the checkpoint that a record names: one of those before it, and none older than was named before.

        It need not be the newest: others record while one is being signed.
        """
        named = 0 if digest is None else self._noted.get(digest)
        if named is None or named < self._named_last:
            self._findings.add("checkpoint", f"before record {seq}", "the one that the record names is not there")
        else:
            self._named_last = named
            self._noted = {known: size for known, size in self._noted.items() if size >= named}

    def _entries(self, seq: int, packed: bytes) -> list[Entry]:
        """The lines of a record, counted among the facts and the newest sweeps."""
        found, entries = read_manifest(packed, self._snapshot.select)
        self._newest = max([self._newest, *(entry.end for entry in entries)])
        if found.newest != self._newest:
            self._findings.add("run", f"manifest of record {seq}", "names another time as that of the newest sweep")
        for entry in entries:
            facts = self.facts.get(entry.line)
            if facts is None:
                facts = self.facts[entry.line] = Facts()
            facts.add(Fact.of(seq, entry))
            head = self._heads.get(entry.line)
            if head is None:
                head = self._heads[entry.line] = Head(seq, entry.end)
            else:
                head.swept(seq, entry.end)
            text = layout.head_line(entry.line, head.last, head.end, head.end_seq)
            self._ordered.put(layout.head_line(entry.line, 0, 0, 0), layout.line_leaf(text))
            if entry.line == DEFINITIONS and entry.status != Coverage.SUPPLEMENT:
                insort(self._definitions, (entry.end, seq, entry.root or b""))
        return entries

    def _lines(self, record: Record, entries: Sequence[Entry], *, judged: bool) -> None:
        """What the record commits to of its lines."""
        key = f"manifest of record {record.seq}"
        top = root(layout.line_leaves(entry.text() for entry in entries))
        wanted = (None, top) if judged else (top, None)
        if (record.populations_root, record.outcomes_root) != wanted:
            self._findings.add("run", key, "its lines do not come to the root that the record commits to")
        if record.lines != len(entries):
            self._findings.add("run", key, f"has {len(entries)} lines; the record says {record.lines}")
        for entry in entries:
            if (entry.counts is not None, entry.inputs is not None) != (judged, judged):
                self._findings.add("run", key, f"{named(entry.line)} is not of the record's kind")
            elif judged and (entry.start, entry.end) != (record.now, record.now):
                self._findings.add("run", key, f"{named(entry.line)} was not judged when the record says")
            elif entry.inputs is not None and entry.told()["inputs_sha256"] != layout.sha256(entry.inputs).hex():
                self._findings.add("run", key, f"{named(entry.line)} names other inputs than it was judged from")

    def _standing(self, record: Record) -> bytes | None:
        """The root of the definitions as known at the record's (now, upto)."""
        for _, seq, top in reversed(self._definitions[: bisect_right(self._definitions, (record.now or 0, 1 << 63))]):
            if seq <= (record.upto or 0):
                return top or None
        return None

    # ── checkpoints ───────────────────────────────────────────────────────────────────────

    def _read_notes(self) -> Iterator[tuple[int, bytes]]:
        with self._findings.reading("checkpoint", ""):
            for size, note in self._snapshot.select(_CHECKPOINTS):
                if isinstance(size, int) and isinstance(note, bytes):
                    yield size, note
                else:
                    self._findings.add("checkpoint", f"size {size}", "is not a size and a note")

    def _notes_up_to(self, size: int | None) -> None:
        """Check the checkpoints of the log so far; None: those left over, of a longer log than there is."""
        while self._next_note is not None and (size is None or self._next_note[0] <= size):
            at, note = self._next_note
            self.checkpoints += 1
            if self.check_note("checkpoint", f"size {at}", note, at):
                self.signed = max(self.signed, at)
            self._noted[layout.sha256(note)] = at
            self._next_note = next(self._notes, None)

    def check_note(self, table: str, key: str, note: bytes, size: int | None = None) -> bool:
        """Whether a checkpoint is signed by a known key and is of this log (at `size`). If not, that is a finding."""
        before = self._findings.total
        try:
            checkpoint = Checkpoint.parse(note)
            signed = self._signatures(table, key, checkpoint)
        except ValueError as error:
            self._findings.add(table, key, f"is not good: {error}")
            return False
        if size is not None and checkpoint.size != size:
            self._findings.add(table, key, f"signs a log of {checkpoint.size}")
        elif checkpoint.size > self.tree.size:
            missing = f"records {self.tree.size + 1} to {checkpoint.size}"
            self._findings.add(table, key, f"signs {checkpoint.size} records: {missing} are missing")
            self._findings.add("run", missing, "are missing, though they were signed")
        elif self.tree.root(checkpoint.size) != checkpoint.root:
            self._findings.add(table, key, f"the first {checkpoint.size} records are not those that it signs")
            if not self._changed and self.signed < checkpoint.size:
                self._changed = True  # what follows a first change differs as well
                self._findings.add("run", f"records {self.signed + 1} to {checkpoint.size}", "are not those signed")
        good = bool(signed) and self._findings.total == before
        if good and table == "checkpoint":
            for seq, what in self.ring.held(checkpoint, signed, self._recorded):
                self._add(seq, what)
        return good

    def _signatures(self, table: str, key: str, checkpoint: Checkpoint) -> frozenset[Verifier]:
        """The keys that count and signed it; none if that is a finding, or has to wait for what later records say."""
        signed = self.ring.signers(checkpoint)
        if not signed and table == "checkpoint":
            self._strange.append((key, checkpoint))
        elif not signed:
            self._stranger(table, key, checkpoint)
        elif checkpoint.origin not in {verifier.name for verifier in signed}:
            self._findings.add(table, key, f"is of another log, {checkpoint.origin}")
        return signed

    def _strangers(self) -> None:
        """Checkpoints that no given key signed, nor one that was announced: of an earlier key of the log, or forged."""
        for key, checkpoint in self._strange:
            with self._findings.reading("checkpoint", key):
                if not self.ring.unchecked(checkpoint):
                    self._stranger("checkpoint", key, checkpoint)

    def _stranger(self, table: str, key: str, checkpoint: Checkpoint) -> None:
        by = ", ".join(f"{signature.name} ({signature.key_id.hex()})" for signature in checkpoint.note.signatures)
        self._findings.add(table, key, f"is signed by no key that is known, but by {by}")

    # ── rows that belong to no record ─────────────────────────────────────────────────────

    def _surplus(self) -> None:
        with self._findings.reading("tile", ""):
            for level, index in self._snapshot.select("SELECT level, idx FROM tile"):
                if level < 0 or index < 0 or level > 7 or index >= self.tree.size >> 8 * (level + 1):
                    self._findings.add("tile", f"level {level}, {index}", "does not belong to a log of this size")


def _differing(level: int, index: int, tile: bytes, stored: Any) -> str:
    if stored is None:
        return "is missing"
    if not isinstance(stored, bytes) or len(stored) != len(tile):
        return "is not 256 hashes"
    first = next(i for i in range(256) if tile[32 * i : 32 * i + 32] != stored[32 * i : 32 * i + 32])
    if level:
        return f"its hash {first} is not that of the tile below"
    return f"does not have the hash of record {256 * index + first + 1}"
