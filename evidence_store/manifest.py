"""A run's manifest: per line what the log commits to, and how it was asked. Column by column, compressed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
import zstandard

from annexlog.evidence_store import layout, packing
from annexlog.evidence_store.backend import Backend
from annexlog.evidence_store.model import JSON, Coverage, Line, Millis, StoreDamaged, Unknown, encode

_KEEP: Final = 50_000
"""Lines of manifests that are kept."""
_SMALL: Final = 1_000
"""A manifest of so many lines is read again as soon as found."""
_WHOLE: Final = (Coverage.COMPLETE, Coverage.PARTIAL)
"""After these, the line's chain is what the sweep saw."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of one record.

    `n`, `root`: what this sweep committed to; None where it saw nothing. `chain`: the same of all that is now known
    of the line, None if not worked out; `changed`: the last record that wrote versions of the line. Both only spare
    work. `rules`, `provenance`: the very bytes that are hashed. Of an outcome line: `counts` of pass, fail, unknown
    and not_applicable, `causes` (layout.causes_sha256) and the text of its `inputs`.
    """

    line: Line
    status: Coverage
    start: Millis
    end: Millis
    n: int | None = None
    root: bytes | None = None
    chain: tuple[int, bytes] | None = None
    changed: int = 0
    rules: bytes | None = None
    provenance: bytes | None = None
    counts: tuple[int, int, int, int] | None = None
    causes: bytes | None = None
    inputs: bytes | None = None

    def text(self) -> bytes:
        """The line that the record's populations_root or outcomes_root commits to."""
        provenance = None if self.provenance is None else layout.sha256(self.provenance)
        if self.counts is not None and self.n is not None and self.root is not None:
            return layout.outcome_line(self.line, self.n, *self.counts, self.root, self.causes, provenance)
        rules = None if self.rules is None else layout.sha256(self.rules)
        return layout.population_line(
            self.line, self.status, self.start, self.end, self.n, self.root, rules, provenance
        )

    def told(self) -> Mapping[str, JSON]:
        """The provenance as JSON."""
        told: Mapping[str, JSON] = orjson.loads(self.provenance) if self.provenance else {}
        return told

    def refusal(self) -> Unknown | None:
        if self.status in (Coverage.COMPLETE, Coverage.SUPPLEMENT):
            return None
        refusal = self.told().get("refusal")
        return Unknown(**refusal) if refusal else None


def provenance(told: Mapping[str, JSON], refusal: Unknown | None) -> bytes | None:
    """The bytes that commit to how a line was asked, and why it was not seen whole."""
    whole = {**told, "refusal": refusal.as_json()} if refusal else told
    return encode(whole) if whole else None


def rules(applied: Mapping[str, JSON]) -> bytes | None:
    return encode(applied) if applied else None


def inputs(lines: Iterable[Line]) -> bytes:
    """The text of the lines that an outcome line was judged from."""
    return encode([list(line) for line in sorted(lines)])


@dataclass(slots=True)
class Manifest:
    """`newest`: the greatest end of any sweep up to this record."""

    newest: Millis
    columns: dict[str, list[Any]]
    shared: list[str]
    _index: dict[Line, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.columns["line"])

    def entry(self, line: Line) -> Entry | None:
        """What this record says of a line; None if nothing."""
        if not self._index:
            self._index.update((Line(*names), i) for i, names in enumerate(self.columns["line"]))
        index = self._index.get(line)
        return None if index is None else self._entry(index)

    def entries(self) -> list[Entry]:
        """By line."""
        return [self._entry(index) for index in range(len(self))]

    def _entry(self, index: int) -> Entry:
        row = {name: column[index] for name, column in self.columns.items()}
        chain, counts, text = row["chain"], row["counts"], row["inputs"]
        status, n, root = Coverage(row["status"]), row["n"], _unhex(row["root"])
        known = None if chain is None else (chain[0], bytes.fromhex(chain[1]))
        if status in _WHOLE and root is not None:
            known = (n, root)
        return Entry(
            line=Line(*row["line"]),
            status=status,
            start=row["start"],
            end=row["end"],
            n=n,
            root=root,
            chain=known,
            changed=row["changed"],
            rules=_bytes(row["rules"]),
            provenance=_bytes(row["provenance"]),
            counts=None if counts is None else (counts[0], counts[1], counts[2], counts[3]),
            causes=_unhex(row["causes"]),
            inputs=None if text is None else self.shared[text].encode(),
        )


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


def _unhex(value: str | None) -> bytes | None:
    return None if value is None else bytes.fromhex(value)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


def _bytes(value: str | None) -> bytes | None:
    return None if value is None else value.encode()


def pack(newest: Millis, entries: Sequence[Entry], base: packing.Base | None = None) -> bytes:
    """The stored bytes of a manifest."""
    return packing.pack(text(newest, entries), base)


def text(newest: Millis, entries: Sequence[Entry]) -> bytes:
    """The one form that a manifest has."""
    shared: dict[bytes, int] = {}
    columns = {
        "line": [list(e.line) for e in entries],
        "status": [e.status for e in entries],
        "start": [e.start for e in entries],
        "end": [e.end for e in entries],
        "n": [e.n for e in entries],
        "root": [_hex(e.root) for e in entries],
        "chain": [None if e.chain is None or e.status in _WHOLE else (e.chain[0], e.chain[1].hex()) for e in entries],
        "changed": [e.changed for e in entries],
        "rules": [_text(e.rules) for e in entries],
        "provenance": [_text(e.provenance) for e in entries],
        "counts": [e.counts for e in entries],
        "causes": [_hex(e.causes) for e in entries],
        "inputs": [None if e.inputs is None else shared.setdefault(e.inputs, len(shared)) for e in entries],
    }
    document = {
        "columns": columns,
        "newest": newest,
        "shared": [said.decode() for said in shared],
        "v": 1,
    }
    return orjson.dumps(document)


def unpack(stored: bytes, select: packing.Select) -> Manifest:
    """Raises StoreDamaged."""
    try:
        return parse(packing.unpack(stored, select))
    except (zstandard.ZstdError, MemoryError, ValueError) as error:
        raise StoreDamaged(f"a run's manifest cannot be read ({error}).", next="Run `annexlog verify`.") from error


def parse(text: bytes) -> Manifest:
    """Raises StoreDamaged."""
    try:
        document = orjson.loads(text)
        return Manifest(document["newest"], document["columns"], document["shared"])
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise StoreDamaged(f"a run's manifest cannot be read ({error}).", next="Run `annexlog verify`.") from error


class Manifests:
    """The manifests of a store by their place in the log; those read last are kept. Any thread may ask."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._kept: OrderedDict[int, Manifest] = OrderedDict()
        self._lines = 0
        self._lock = threading.Lock()

    def __getitem__(self, seq: int) -> Manifest:
        """Raises StoreDamaged if there is no such record, or its manifest cannot be read."""
        manifest = self._find(seq)
        if manifest is None:
            manifest = self._read(seq)
            self._keep(seq, manifest)
        return manifest

    def passing(self, seq: int) -> Manifest:
        """The same for who records on it, after which hardly anybody asks for it: only a large one is kept.

        Raises StoreDamaged.
        """
        manifest = self._find(seq)
        if manifest is None:
            manifest = self._read(seq)
            if len(manifest) > _SMALL:
                self._keep(seq, manifest)
        return manifest

    def _find(self, seq: int) -> Manifest | None:
        with self._lock:
            manifest = self._kept.get(seq)
            if manifest is not None:
                self._kept.move_to_end(seq)
            return manifest

    def _read(self, seq: int) -> Manifest:
        row = next(self._backend.select("SELECT manifest FROM run WHERE seq = ?", (seq,)), None)
        if row is None:
            raise StoreDamaged(f"record {seq} is missing.", next="Run `annexlog verify`.")
        return unpack(row[0], self._backend.select)

    def _keep(self, seq: int, manifest: Manifest) -> None:
        with self._lock:
            self._lines += len(manifest) - len(self._kept.get(seq, ()))
            self._kept[seq] = manifest
            while self._lines > _KEEP and len(self._kept) > 1:
                self._lines -= len(self._kept.popitem(last=False)[1])

    def entry(self, line: Line, seq: int) -> Entry:
        """What record `seq` says of a line. Raises StoreDamaged if nothing."""
        return entry_of(self[seq], line, seq)


def entry_of(manifest: Manifest, line: Line, seq: int) -> Entry:
    """What the manifest of record `seq` says of a line. Raises StoreDamaged if nothing."""
    entry = manifest.entry(line)
    if entry is None:
        where = "/".join(line)
        raise StoreDamaged(f"record {seq} does not say what it saw of {where}.", next="Run `annexlog verify`.")
    return entry
