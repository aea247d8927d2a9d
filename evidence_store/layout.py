r"""The byte layout: every hash and every text that the log commits to, as pure functions.

H is SHA-256 and `‖` joins bytes. A root is the RFC 6962 tree hash (`merkle.root`) of its leaves in the order given.

    cid  = H("annexlog/id\0" ‖ salt ‖ scope ‖ 0 ‖ type ‖ 0 ‖ native_id)          the name of a resource, salted
    k    = HMAC-SHA256(salt, "annexlog/v\0" ‖ facet ‖ 0 ‖ sha256(body))
    leaf = H(00 ‖ cid ‖ H(k ‖ sha256(body)))                                     one resource's body in one line
    line leaf = H(00 ‖ text of a population, outcome or head line)
    log leaf  = H(00 ‖ record)

Rules that the formulas do not say:

- The body of a facet is the stored bytes (`model.encode`); of an outcome it is `outcome_body`. null and Unknown are
  bodies. "Not in this answer" is no body and has no leaf.
- `root` and `n` of a complete or partial sweep cover exactly what its answer showed, leaves sorted by cid. Those of a
  supplement cover the versions that it wrote, and nothing else: it says nothing of other resources. A denied, failed
  or unsupported sweep has neither ("-").
- `root` and `n` of an outcome line cover all outcomes of its test in its scope, changed or not; pass + fail + unknown
  + not_applicable = n. `causes_sha256` covers the outcomes that this assessment changed (`causes_sha256`), "-" if none.
- `provenance_sha256` is the digest of the bytes that the run's manifest holds for the line; `rules_sha256` of the
  rules by which fields were stripped and lists sorted before hashing.
- Lines are sorted by their bytes; TAB is lower than every other byte in them, so this is the order of (scope, type,
  facet) as encoded. populations_root, outcomes_root and heads_root are roots over their line leaves in that order.
- `previous_checkpoint` is the SHA-256 of the newest checkpoint's note, `previous_timestamp` that of the newest
  timestamp token, when the record was written.
- `definitions_root` is the root of the population of (org, definition, "") as known at (now, upto), "-" if there is
  none: of its newest sweep that ended by `now` among the first `upto` records, supplements left out.
- Text is UTF-8, percent-encoded but for ASCII letters, digits and ``-._~/:@*,=+``; hashes are lower hex; numbers are
  decimal without leading zeros, times in milliseconds; "-" stands for none. What does not re-encode to itself is
  refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from hashlib import sha256 as _sha256
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote, unquote_to_bytes

from annexlog.evidence_store.model import Line, Millis, StoreDamaged, Unknown, encode

SALT_BYTES = 32
MAX_RECORD = 64 * 1024
"""A record is never longer, in bytes."""

KINDS = ("collect", "assess", "dispose", "key", "moved")
SEEN = ("complete", "partial", "supplement")
"""Statuses of sweeps that commit to leaves."""

_SAFE = "/:@*,=+"
_MAX_INT = 2**63
_Parsed = TypeVar("_Parsed")


def sha256(data: bytes) -> bytes:
    return _sha256(data).digest()


# ── resources and bodies ──────────────────────────────────────────────────────────────────


def cid(salt: bytes, scope: str, type: str, native_id: str) -> bytes:
    """The committed name of a resource. Raises ValueError if scope or type hold a NUL (it would be ambiguous)."""
    if "\0" in scope or "\0" in type:
        raise ValueError("a scope or type name cannot contain NUL")
    return _sha256(b"annexlog/id\0" + salt + f"{scope}\0{type}\0{native_id}".encode()).digest()


def k(salt: bytes, facet: str, sha256: bytes) -> bytes:
    """What blinds a body's digest, so that a leaf cannot be guessed from a likely body: an HMAC under the salt."""
    inner, outer = _EMPTY.copy(), _EMPTY.copy()
    inner.update(salt.translate(_INNER) + _INNER_REST + b"annexlog/v\0" + facet.encode() + b"\0" + sha256)
    outer.update(salt.translate(_OUTER) + _OUTER_REST + inner.digest())
    return outer.digest()


_INNER, _OUTER = bytes(byte ^ 0x36 for byte in range(256)), bytes(byte ^ 0x5C for byte in range(256))
_INNER_REST, _OUTER_REST = b"\x36" * (64 - SALT_BYTES), b"\x5c" * (64 - SALT_BYTES)
"""RFC 2104 spelled out: setting up OpenSSL's HMAC costs more than both hashes do."""
_EMPTY, _LEAF = _sha256(), _sha256(b"\0")
"""Copied for each hash: a copy costs half of what making one does."""


def leaf(cid: bytes, salt: bytes, facet: str, sha256: bytes) -> bytes:
    """The leaf of one resource in one line; `sha256` is of the body."""
    return leaf_of(cid, k(salt, facet, sha256), sha256)


def leaves(facet: str) -> Callable[[bytes, bytes, bytes], bytes]:
    """`leaf` for many resources of one line: a function of cid, salt and the body's digest."""
    copy, copy_leaf = _EMPTY.copy, _LEAF.copy
    between = _INNER_REST + b"annexlog/v\0" + facet.encode() + b"\0"

    def leaf(cid: bytes, salt: bytes, sha256: bytes) -> bytes:
        inner, outer, opened, whole = copy(), copy(), copy(), copy_leaf()
        inner.update(salt.translate(_INNER) + between + sha256)
        outer.update(salt.translate(_OUTER) + _OUTER_REST + inner.digest())
        opened.update(outer.digest() + sha256)
        whole.update(cid + opened.digest())
        return whole.digest()

    return leaf


def leaf_of(cid: bytes, k: bytes, sha256: bytes) -> bytes:
    """The same from `k`, for who is not to know the salt (it opens all other bodies of the resource)."""
    opened, whole = _EMPTY.copy(), _LEAF.copy()
    opened.update(k + sha256)
    whole.update(cid + opened.digest())
    return whole.digest()


def outcome_body(status: str, reason: Unknown | None) -> bytes:
    """The body of an outcome: status and reason, nothing else."""
    return encode({"reason": reason.as_json() if reason else None, "status": str(status)})


def causes_sha256(causes: Mapping[bytes, str]) -> bytes | None:
    """The digest of why outcomes changed, by cid: "cid TAB cause" lines sorted by cid; None if nothing changed."""
    if not causes:
        return None
    return sha256(b"".join(b"%s\t%s\n" % (c.hex().encode(), _text(causes[c])) for c in sorted(causes)))


# ── the parts of a text ───────────────────────────────────────────────────────────────────


@lru_cache(maxsize=65536)
def _text(value: str) -> bytes:
    return quote(value, safe=_SAFE, errors="strict").encode("ascii")


def _number(value: int | None) -> bytes:
    if value is None:
        return b"-"
    if not 0 <= value < _MAX_INT:
        raise ValueError(f"{value} is not a number from 0 to 2^63 - 1")
    return b"%d" % value


def _count(value: int) -> bytes:
    if value is None:
        raise ValueError("a number is missing")
    return _number(value)


def _digest(value: bytes | None) -> bytes:
    if value is None:
        return b"-"
    if len(value) != 32:
        raise ValueError(f"a digest has 32 bytes, not {len(value)}")
    return value.hex().encode("ascii")


def _read_text(part: bytes) -> str:
    value = unquote_to_bytes(part).decode()
    if _text(value) != part:
        raise ValueError(f"{part!r} is not in its one permitted encoding")
    return value


def _read_number(part: bytes) -> int | None:
    if part == b"-":
        return None
    if not part.isdigit() or len(part) > 19 or _number(int(part)) != part:
        raise ValueError(f"{part!r} is not a decimal number")
    return int(part)


def _read_count(part: bytes) -> int:
    value = _read_number(part)
    if value is None:
        raise ValueError("a number is missing")
    return value


def _read_digest(part: bytes) -> bytes | None:
    if part == b"-":
        return None
    if len(part) != 64 or part.strip(b"0123456789abcdef"):
        raise ValueError(f"{part!r} is not a digest in lower hex")
    return bytes.fromhex(part.decode())


def _read_line(part: list[bytes]) -> Line:
    return Line(_read_text(part[0]), _read_text(part[1]), _read_text(part[2]))


def _split(text: bytes, n: int) -> list[bytes]:
    parts = text.split(b"\t")
    if len(parts) != n:
        raise ValueError(f"the line has {len(parts)} parts, not {n}")
    return parts


# ── lines ─────────────────────────────────────────────────────────────────────────────────


class PopulationLine(NamedTuple):
    """What one sweep saw of one line."""

    line: Line
    status: str
    start: Millis
    end: Millis
    n: int | None
    root: bytes | None
    rules_sha256: bytes | None
    provenance_sha256: bytes | None

    def encode(self) -> bytes:
        return population_line(*self)

    @classmethod
    def parse(cls, text: bytes) -> PopulationLine:
        """Raises ValueError."""
        p = _split(text, 10)
        start, end = _read_count(p[4]), _read_count(p[5])
        hashes = (_read_digest(part) for part in p[7:10])
        return cls(_read_line(p), _read_text(p[3]), start, end, _read_number(p[6]), *hashes)


class OutcomeLine(NamedTuple):
    """The outcomes of one test in one scope, as one assessment leaves them; `line.facet` is `outcome:<test>`."""

    line: Line
    n: int
    passed: int
    failed: int
    unknown: int
    not_applicable: int
    root: bytes
    causes_sha256: bytes | None
    provenance_sha256: bytes | None

    def encode(self) -> bytes:
        return outcome_line(*self)

    @classmethod
    def parse(cls, text: bytes) -> OutcomeLine:
        """Raises ValueError."""
        p = _split(text, 11)
        n, passed, failed, unknown, not_applicable = (_read_count(part) for part in p[3:8])
        root, causes, provenance = (_read_digest(part) for part in p[8:11])
        if root is None:
            raise ValueError("the root is missing")
        return cls(_read_line(p), n, passed, failed, unknown, not_applicable, root, causes, provenance)


class HeadLine(NamedTuple):
    """The newest sweeps of one line: the last recorded, and the one with the greatest (end, seq)."""

    line: Line
    last_seq: int
    max_end: Millis
    max_end_seq: int

    def encode(self) -> bytes:
        return head_line(*self)

    @classmethod
    def parse(cls, text: bytes) -> HeadLine:
        """Raises ValueError."""
        p = _split(text, 6)
        return cls(_read_line(p), *(_read_count(part) for part in p[3:6]))


def _named(line: Line, *parts: bytes) -> bytes:
    return b"\t".join((_text(line[0]), _text(line[1]), _text(line[2]), *parts))


def population_line(
    line: Line,
    status: str,
    start: Millis,
    end: Millis,
    n: int | None,
    root: bytes | None,
    rules_sha256: bytes | None,
    provenance_sha256: bytes | None,
) -> bytes:
    """The text that commits to one sweep. Raises ValueError on a number or digest that cannot be one."""
    hashes = (_digest(root), _digest(rules_sha256), _digest(provenance_sha256))
    return _named(line, _text(status), _number(start), _number(end), _number(n), *hashes)


def outcome_line(
    line: Line,
    n: int,
    passed: int,
    failed: int,
    unknown: int,
    not_applicable: int,
    root: bytes,
    causes_sha256: bytes | None,
    provenance_sha256: bytes | None,
) -> bytes:
    """The text that commits to one test's outcomes in one scope. Raises ValueError."""
    counts = (_number(count) for count in (n, passed, failed, unknown, not_applicable))
    return _named(line, *counts, _digest(root), _digest(causes_sha256), _digest(provenance_sha256))


def head_line(line: Line, last_seq: int, max_end: Millis, max_end_seq: int) -> bytes:
    """The text that says which sweep of a line was the last known. Raises ValueError."""
    return _named(line, _number(last_seq), _number(max_end), _number(max_end_seq))


def line_leaf(text: bytes) -> bytes:
    return _sha256(b"\0" + text).digest()


def line_leaves(texts: Iterable[bytes]) -> list[bytes]:
    """The leaves of these lines, in the order of their root."""
    return [_sha256(b"\0" + text).digest() for text in sorted(texts)]


# ── records ───────────────────────────────────────────────────────────────────────────────

_MAGIC = b"annexlog/run/1\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One run or assessment: the bytes whose hash is a leaf of the log. `lines` counts the lines it commits to.

    `recorded` never goes back from one record to the next; `clock` is what the host's clock said.
    A text that is not known is "-"; a number or digest that does not apply is None.
    """

    seq: int
    recorded: Millis
    clock: Millis
    writer: str = "-"
    run_key: str
    kind: str
    target: str = "-"
    caller: str = "-"
    collector: str = "-"
    policy: str = "-"
    now: Millis | None = None
    upto: int | None = None
    definitions_root: bytes | None = None
    lines: int = 0
    populations_root: bytes | None = None
    heads_root: bytes | None = None
    outcomes_root: bytes | None = None
    previous_checkpoint: bytes | None = None
    previous_timestamp: bytes | None = None

    def encode(self) -> bytes:
        """Raises ValueError on what cannot be written (an unknown kind, a negative number, a digest cut short)."""
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is not a kind of record")
        parts = [_MAGIC]
        for key, write in _WRITERS:
            parts += (key.encode(), b" ", write(getattr(self, key)), b"\n")
        data = b"".join(parts)
        if len(data) > MAX_RECORD:
            raise ValueError(f"a record of {len(data)} bytes is longer than {MAX_RECORD}")
        return data

    @classmethod
    def parse(cls, data: bytes) -> Record:
        """The record of these bytes. Raises ValueError unless they are exactly what `encode` would write."""
        if len(data) > MAX_RECORD or not data.startswith(_MAGIC) or not data.endswith(b"\n"):
            raise ValueError("not a record of annexlog/run/1")
        rows = data[len(_MAGIC) : -1].split(b"\n")
        if len(rows) != len(_READERS):
            raise ValueError(f"the record has {len(rows)} keys, not {len(_READERS)}")
        values: dict[str, Any] = {}
        for row, (key, read) in zip(rows, _READERS, strict=True):
            name, _, part = row.partition(b" ")
            if name != key.encode():
                raise ValueError(f"the record has {name!r} where {key} belongs")
            values[key] = read(part)
        record = cls(**values)
        if record.encode() != data:
            raise ValueError("the record is not in its one permitted form")
        return record


_Write = Callable[[Any], bytes]
_Read = Callable[[bytes], Any]
_FORMS: dict[str, tuple[_Write, _Read]] = {
    "str": (_text, _read_text),
    "int": (_count, _read_count),
    "Millis": (_count, _read_count),
    "int | None": (_number, _read_number),
    "Millis | None": (_number, _read_number),
    "bytes | None": (_digest, _read_digest),
}
_WRITERS = [(field.name, _FORMS[str(field.type)][0]) for field in fields(Record)]
_READERS = [(field.name, _FORMS[str(field.type)][1]) for field in fields(Record)]


def stored(parse: Callable[[bytes], _Parsed], data: bytes, what: str) -> _Parsed:
    """`parse` of bytes that the store itself wrote: where they are no longer `what`, StoreDamaged is raised."""
    try:
        return parse(data)
    except (ValueError, TypeError, AttributeError) as error:
        raise StoreDamaged(f"{what} cannot be read ({error}).", next="Run `annexlog verify`.") from error


def record_leaf(record: bytes) -> bytes:
    """The log leaf of a record's bytes."""
    return _sha256(b"\0" + record).digest()
