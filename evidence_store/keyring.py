"""Whose signature counts, and where in the log: the keys that are given, and those that the log itself announces.

A record of kind `key` announces the next key. Its line (org, key, "") holds every key of the log:

    name, key      its name and public text (the latter is the resource's id)
    status         current, retired, compromised (somebody else may have it), or lost
    since          since when it has that status, RFC 3339
    endorsed_by    the public text of the key before it, or null: the first key, or one whose predecessor was lost
    endorsement    that key's signature of `endorsed(origin, before, after)` in base64, or null

The record counts once a checkpoint covers it that is good by the keys before it. That checkpoint is signed by the new
key as well; from there on, no other key's signature counts.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, Self

import msgspec

from annexlog.evidence_store import chains
from annexlog.evidence_store.backend import Row
from annexlog.evidence_store.checkpoint import Checkpoint
from annexlog.evidence_store.keys import Verifier, decode_base64
from annexlog.evidence_store.model import JSON, ORG, Line, Millis, StoreDamaged, StoreError, instant, iso

KEYS = Line(ORG, "key")

CURRENT, RETIRED, COMPROMISED, LOST = STATUSES = ("current", "retired", "compromised", "lost")


def endorsed(origin: str, before: Verifier, after: Verifier) -> bytes:
    """What the key before signs, so that nobody else can announce the next."""
    return f"annexlog/key/1\n{origin}\n{before}\n{after}\n".encode()


@dataclass(frozen=True, slots=True)
class Known:
    """A key as one record of the log says of it. `since`: since when it has this status."""

    verifier: Verifier
    status: str
    since: Millis
    endorsed_by: Verifier | None = None
    endorsement: bytes | None = None

    def as_json(self) -> JSON:
        return {
            "name": self.verifier.name,
            "key": self.verifier.text,
            "status": self.status,
            "since": iso(self.since),
            "endorsed_by": self.endorsed_by and self.endorsed_by.text,
            "endorsement": self.endorsement and base64.b64encode(self.endorsement).decode(),
        }

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Raises ValueError."""
        said = msgspec.json.decode(body, type=_Body)
        verifier = Verifier.parse(said.key)
        if verifier.name != said.name or said.status not in STATUSES:
            raise ValueError(f"what is said of the key {said.name[:40]} cannot be of it")
        return cls(
            verifier,
            said.status,
            instant(said.since),
            Verifier.parse(said.endorsed_by) if said.endorsed_by else None,
            decode_base64(said.endorsement) if said.endorsement else None,
        )

    def endorses(self, origin: str) -> bool:
        """Whether the key that is said to have endorsed this one did."""
        if self.endorsed_by is None or self.endorsement is None:
            return False
        return self.endorsed_by.verifies(endorsed(origin, self.endorsed_by, self.verifier), self.endorsement)


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    key: str
    status: str
    since: str
    endorsed_by: str | None
    endorsement: str | None


class Announcement(NamedTuple):
    """Record `seq` of kind `key`: every key of the log as it stood then."""

    seq: int
    keys: tuple[Known, ...]

    @property
    def current(self) -> Known:
        """Raises ValueError unless exactly one is."""
        found = [key for key in self.keys if key.status == CURRENT]
        if len(found) != 1:
            raise ValueError(f"record {self.seq} names {len(found)} current keys, not one")
        return found[0]


class Reads(Protocol):
    """A backend or a snapshot of it."""

    def select(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[Row]: ...


# ── reading ───────────────────────────────────────────────────────────────────────────────

_LID = "SELECT lid FROM line WHERE scope = ? AND type = ? AND facet = ?"
_NEWEST = "SELECT seq, run FROM sweep WHERE lid = ? AND seq <= ? ORDER BY seq DESC LIMIT 1"


def announced(reads: Any, seq: int, run: int) -> Announcement:
    """What record `seq` of kind `key` announces. Raises ValueError, StoreError."""
    lid = next(reads.select(_LID, KEYS), (0,))[0]
    found = [Known.parse(body) for _, _, body in chains.bodies(reads, lid, run)]
    return Announcement(seq, tuple(sorted(found, key=lambda known: (known.since, known.verifier.text))))


def newest(reads: Reads, size: int = chains.ALL) -> Announcement | None:
    """The last announcement among the first `size` records, if there is any. Raises StoreDamaged."""
    lid = next(reads.select(_LID, KEYS), (None,))[0]
    row = None if lid is None else next(reads.select(_NEWEST, (lid, size)), None)
    try:
        return None if row is None else announced(reads, *row)
    except ValueError as error:
        raise StoreDamaged(f"the log's keys cannot be read ({error}).", next="Run `annexlog verify`.") from error


# ── signing ───────────────────────────────────────────────────────────────────────────────


def origin_for(reads: Reads, size: int, last: Checkpoint | None, signers: Sequence[Verifier]) -> str:
    """The name of the log whose first `size` records these keys are about to sign, after checkpoint `last`.

    Raises StoreError: they are not the log's keys, or no longer, or not all that have to sign.
    """
    announcement = newest(reads, size)
    origin = last.origin if last else signers[0].name
    if announcement is None:
        if last is not None and not last.signed_by(signers):
            by = ", ".join(f"{s.name} ({s.key_id.hex()})" for s in last.note.signatures)
            raise StoreError(
                f"this is not the key of the log, which was signed so far by {by}.",
                next="Configure that key; to go on with another, see `annexlog key rotate --help`.",
            )
        return origin
    current = announcement.current
    if current.verifier not in signers:
        raise StoreError(
            f"record {announcement.seq} names another key as the log's: {current.verifier}.",
            next="Use that key. If you did not make it, trust nothing since: annexlog verify",
        )
    before = current.endorsed_by
    pending = before is not None and (last is None or last.size < announcement.seq)
    if pending and before not in signers:
        raise StoreError("the change to a new key was interrupted.", next="Finish it: annexlog key rotate")
    return origin


# ── verifying ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Epoch:
    """The keys that count for sizes greater than `after`, and those that do not any more, with the record of that."""

    after: int
    valid: frozenset[Verifier]
    retired: Mapping[Verifier, int] = field(default_factory=dict)


class _Signed(NamedTuple):
    size: int
    recorded: Millis
    by: frozenset[Verifier]


class KeyRing:
    """Decides of each checkpoint of a log, in the order of sizes, whether it is signed by a key that counts there."""

    def __init__(self, given: Sequence[Verifier]) -> None:
        self._given = frozenset(given)
        self._epochs = [_Epoch(-1, self._given)]
        self._pending: list[Announcement] = []
        self._named: dict[Verifier, Known] = {}  # as the last announcement that counts says of them
        self._good: list[_Signed] = []
        self._unchecked: dict[Verifier, list[int]] = {}
        self._compromised: dict[Verifier, tuple[Millis, int]] = {}

    def announce(self, announcement: Announcement) -> None:
        """Take in a record of kind `key`; it counts from the next good checkpoint on."""
        self._pending.append(announcement)

    def signers(self, checkpoint: Checkpoint) -> frozenset[Verifier]:
        """The keys that count at this size and signed it; none if none did. Raises ValueError: a signature is not of
        this text, or is by a retired key.
        """
        epoch = next(e for e in reversed(self._epochs) if e.after < checkpoint.size)
        signed = frozenset(checkpoint.signed_by(self._given | epoch.valid | set(self._named)))
        for verifier in signed & set(epoch.retired):
            raise ValueError(f"it is signed by {_short(verifier)}, which record {epoch.retired[verifier]} retired")
        return signed & epoch.valid

    def held(self, checkpoint: Checkpoint, by: frozenset[Verifier], recorded: Millis) -> Iterator[tuple[int, str]]:
        """Count a checkpoint that is good, of a log whose last record is of `recorded`. Yields (record, finding) of
        each announcement under it that does not hold.
        """
        covered = [a for a in self._pending if a.seq <= checkpoint.size]
        self._pending = self._pending[len(covered) :]
        for announcement in covered:
            try:
                self._take(announcement, checkpoint)
            except ValueError as error:
                yield announcement.seq, str(error)
        if covered and self._epochs[-1].after == checkpoint.size:
            new = frozenset(checkpoint.signed_by(self._epochs[-1].valid))
            if not new:
                (current,) = self._epochs[-1].valid
                yield covered[-1].seq, f"its new key {_short(current)} did not sign the checkpoint that covers it"
            by |= new
        self._good.append(_Signed(checkpoint.size, recorded, by))

    def _take(self, announcement: Announcement, checkpoint: Checkpoint) -> None:
        current, epoch = announcement.current, self._epochs[-1]
        before, verifier = current.endorsed_by, current.verifier
        followed = before in epoch.valid and current.endorses(checkpoint.origin)
        if not followed and verifier not in self._given:
            raise ValueError(f"no key that counts before it endorsed its new key {_short(verifier)}")
        early = [signed.size for signed in self._good if signed.by == {verifier} and signed.size < announcement.seq]
        if early:
            raise ValueError(f"its new key {_short(verifier)} signed {_sizes(early)} already, before it was announced")
        retired = dict(epoch.retired)
        for known in announcement.keys:
            self._named[known.verifier] = known
            if known.status == COMPROMISED:
                self._compromised.setdefault(known.verifier, (known.since, announcement.seq))
        for old in {*epoch.valid, *(known.verifier for known in announcement.keys)} - {verifier}:
            retired.setdefault(old, announcement.seq)
        retired.pop(verifier, None)
        self._epochs.append(_Epoch(checkpoint.size, frozenset([verifier]), retired))

    # ── what has to be said besides findings ──────────────────────────────────────────────

    @property
    def named(self) -> frozenset[Verifier]:
        """Every key that was given, or is named in the log."""
        return self._given | set(self._named)

    def unchecked(self, checkpoint: Checkpoint) -> bool:
        """Whether a checkpoint that no given key signed, nor one that they lead to, is signed by a key that the log
        names as its own of that time. Raises ValueError if the signature is not of this text.
        """
        signed = [v for v in checkpoint.signed_by(self._named) if checkpoint.size <= self._until(v)]
        for verifier in signed:
            self._unchecked.setdefault(verifier, []).append(checkpoint.size)
        return bool(signed)

    def _until(self, verifier: Verifier) -> int:
        """The last size at which a key may have counted."""
        return next((epoch.after for epoch in self._epochs if verifier in epoch.retired), -1)

    def notes(self) -> Iterator[str]:
        """What nobody can know from the signatures, each with what would show it."""
        for verifier, sizes in self._unchecked.items():
            yield (
                f"Who signed {_sizes(sizes)}: only later records say that {_short(verifier)} was the log's key then. "
                f"If you have it from elsewhere, give it as well: --public-key {verifier}"
            )
        for verifier, (since, seq) in self._compromised.items():
            sizes = [s.size for s in self._good if s.by == {verifier} and s.recorded >= since]
            told = f"{_sizes(sizes)}, which it alone signed since, prove" if sizes else "what it signed since proves"
            yield (
                f"That somebody else wrote the log with the key {_short(verifier)}: record {seq} says that it may have "
                f"been taken since {iso(since)}; {told} nothing against who took it. "
                "A checkpoint kept elsewhere shows whether anything was rewritten."
            )


def _short(verifier: Verifier) -> str:
    return f"{verifier.name} ({verifier.id.hex()})"


def _sizes(sizes: Sequence[int]) -> str:
    if len(sizes) == 1:
        return f"the checkpoint of size {sizes[0]}"
    return f"the {len(sizes)} checkpoints of sizes {sizes[0]} to {sizes[-1]}"
