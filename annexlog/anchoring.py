"""Send the newest checkpoint to every configured anchor; how that went is evidence itself.

An anchor `NAME` is the line (`anchor/NAME`, `checkpoint`): a look at it is complete where the checkpoint was taken,
and otherwise has the refusal. It is recorded only when that changes, so that the log grows with change alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from annexlog import __version__
from annexlog.anchors import Anchor, Job, Refused
from annexlog.anchors.timestamp import Timestamp, certificates
from annexlog.anchors.witness import Witness
from annexlog.collectors.clock import Clock
from annexlog.config import Config
from annexlog.evidence_store.anchors import Token, Trust, keep, newest, sizes, tree
from annexlog.evidence_store.cosignatures import Cosigner
from annexlog.evidence_store.model import (
    JSON,
    ConfigError,
    Coverage,
    Line,
    Millis,
    Run,
    StoreDamaged,
    Sweep,
    Unknown,
    duration,
)
from annexlog.evidence_store.store import Store

if TYPE_CHECKING:
    from annexlog.evidence_store.checkpoint import Checkpoint
    from annexlog.evidence_store.keys import Signer
    from annexlog.evidence_store.queries import View

SCOPE = "anchor/"
TYPE = "checkpoint"
PAUSE: Millis = 60_000
"""After a first failure the next attempt waits that long, then twice as long …"""
LONGEST: Millis = 6 * 3_600_000
"""… but never longer."""
_STATUSES = {
    "denied": Coverage.DENIED,
    "unauthenticated": Coverage.DENIED,
    "unsupported": Coverage.UNSUPPORTED,
}


@dataclass(slots=True)
class Patience:
    """How long to leave an anchor alone that refused, in the life of one process."""

    _failed: dict[str, tuple[int, Millis]] = field(default_factory=dict)

    def ready(self, name: str, now: Millis) -> bool:
        times, last = self._failed.get(name, (0, 0))
        return not times or not last <= now < last + min(PAUSE << min(times - 1, 16), LONGEST)

    def note(self, name: str, now: Millis, *, failed: bool) -> None:
        times = self._failed.get(name, (0, 0))[0]
        if failed:
            self._failed[name] = (times + 1, now)
        else:
            self._failed.pop(name, None)


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one attempt. `refused`: why it was not taken; `missed`: checkpoints that were never anchored here
    since the last that was, as (how many, of sizes above, of sizes below): given where a failure is over.
    """

    name: str
    anchor: Anchor
    size: int
    start: Millis
    end: Millis
    refused: Refused | None = None
    missed: tuple[int, int, int] | None = None

    @property
    def refusal(self) -> Unknown | None:
        return self.refused.unknown(self.anchor.kind) if self.refused else None


# ── sending ───────────────────────────────────────────────────────────────────────────────


def anchor(
    store: Store,
    config: Config,
    signer: Signer,
    clock: Clock,
    *,
    patience: Patience | None = None,
    only: Collection[str] = (),
) -> tuple[Sent, ...]:
    """Sign what the log holds and send it to every anchor that is due (or those in `only`, due or not).

    A refusal is recorded, never raised. Raises StoreError.
    """
    _retire(store, config, clock)
    anchors = {name: one for name, one in config.anchors.items() if not only or name in only}
    if not store.size():
        return ()
    done: dict[str, Sent] = {}
    for again in (False, True):  # what is recorded of the first round is to be anchored too
        checkpoint = store.checkpoint(signer)
        now = clock.now()
        if again:
            due = {name: anchors[name] for name, sent in done.items() if sent.refused is None}
        else:
            wait = {name for name in anchors if patience and not patience.ready(name, now)}
            due = {
                name: one
                for name, one in anchors.items()
                if name in only or (name not in wait and _due(store, name, one, checkpoint.size, now))
            }
        sent = _round(store, config, due, checkpoint, signer, clock)
        for one in sent:
            done[one.name] = one
            if patience:
                patience.note(one.name, one.end, failed=one.refused is not None)
        if not _record(store, sent, clock):
            break
    store.checkpoint(signer)
    return tuple(done.values())


def _due(store: Store, name: str, one: Anchor, size: int, now: Millis) -> bool:
    """Whether there is something new for an anchor, and its interval has passed since the last that it took."""
    before = newest(store.backend, kind_of(name, one))
    if before is None or _state(store.view(), name) not in (None, Coverage.COMPLETE):
        return True
    then = next(store.backend.select("SELECT recorded FROM run WHERE seq = ?", (before.size,)), (0,))[0]
    return before.size < size and not then <= now < then + duration(one.every)


def _round(
    store: Store, config: Config, due: Mapping[str, Anchor], checkpoint: Checkpoint, signer: Signer, clock: Clock
) -> list[Sent]:
    if not due:
        return []
    try:
        log = tree(store.backend, checkpoint.size)
    except ValueError as error:
        raise StoreDamaged(f"the log cannot be read: {error}.", next="Run `annexlog verify`.") from error
    jobs = [
        Job(
            kind_of(name, one),
            checkpoint,
            log,
            signer,
            clock.now(),
            config.file.parent,
            newest(store.backend, kind_of(name, one), checkpoint.size),
        )
        for name, one in due.items()
    ]
    with ThreadPoolExecutor(len(jobs), thread_name_prefix="anchor") as pool:
        results = list(pool.map(lambda one, job: _attempt(one, job, clock), due.values(), jobs))
    found = []
    for (name, one), job, (token, refused, end) in zip(due.items(), jobs, results, strict=True):
        missed = _missed(store, name, job, checkpoint.size) if token is not None else None
        if token is not None:
            keep(store.backend, Token(checkpoint.size, job.kind, token))
        found.append(Sent(name, one, checkpoint.size, job.now, end, refused, missed))
    return found


def _attempt(one: Anchor, job: Job, clock: Clock) -> tuple[bytes | None, Refused | None, Millis]:
    try:
        token = one.send(job)
    except Refused as refused:
        return None, refused, max(job.now, clock.now())
    return token, None, max(job.now, clock.now())


def kind_of(name: str, one: Anchor) -> str:
    """`anchor.kind` of its tokens."""
    return f"{one.kind}:{name}"


# ── recording how it went ─────────────────────────────────────────────────────────────────


def _state(view: View, name: str) -> Coverage | None:
    seen = view.seen(Line(f"{SCOPE}{name}", TYPE))
    return None if seen is None else seen.status


def _missed(store: Store, name: str, job: Job, size: int) -> tuple[int, int, int] | None:
    """The checkpoints that were not anchored while it failed."""
    if _state(store.view(), name) in (None, Coverage.COMPLETE):
        return None
    after = job.before.size if job.before else 0
    sql = "SELECT count(*) FROM checkpoint WHERE size > ? AND size < ?"
    count: int = next(store.backend.select(sql, (after, size)))[0]
    return (count, after, size)


def _record(store: Store, sent: Sequence[Sent], clock: Clock) -> bool:
    """Record each attempt that went otherwise than the one before; returns whether any did."""
    view, changed = store.view(), False
    for one in sent:
        line = Line(f"{SCOPE}{one.name}", TYPE)
        seen = view.seen(line)
        status = Coverage.COMPLETE if one.refusal is None else _STATUSES.get(one.refusal.reason, Coverage.FAILED)
        if seen is not None and (seen.status, seen.refusal) == (status, one.refusal) and _same_place(view, one):
            continue
        provenance = {"place": one.anchor.place(), "size": one.size}
        if one.refused:
            provenance["message"] = one.refused.message
        sweep = Sweep(line, status, one.start, one.end, one.refusal, provenance)
        body: dict[str, JSON] = {"kind": one.anchor.kind, "place": one.anchor.place()}
        if one.missed:
            body["missed"] = dict(zip(("checkpoints", "above", "below"), one.missed, strict=True))
        _write(store, sweep, {one.name: body} if one.refusal is None else {}, clock)
        changed = True
    return changed


def _same_place(view: View, one: Sent) -> bool:
    """Whether the anchor is where it was when it last took a checkpoint."""
    if one.refusal is not None:
        return True
    found = next(view.resources(f"{SCOPE}{one.name}", TYPE, ()), None)
    body = found.facets[""] if found else None
    told = (body.get("kind"), body.get("place")) if isinstance(body, dict) else (None, None)
    return told == (one.anchor.kind, one.anchor.place())


def _retire(store: Store, config: Config, clock: Clock) -> None:
    """An anchor that left the configuration: from now on there is none, which is evidence as well."""
    view = store.view()
    for line in view.lines(type=TYPE):
        name = line.scope.removeprefix(SCOPE)
        if not line.scope.startswith(SCOPE) or name in config.anchors:
            continue
        if _state(view, name) is not Coverage.COMPLETE or next(view.ids(line.scope, TYPE), None) is not None:
            now = clock.now()
            _write(store, Sweep(line, Coverage.COMPLETE, now, now), {}, clock)


def _write(store: Store, sweep: Sweep, bodies: Mapping[str, JSON], clock: Clock) -> None:
    scope = sweep.line.scope
    key = hashlib.sha256(json.dumps([scope, sweep.start, sweep.end, sweep.status]).encode()).hexdigest()
    run = Run(key, "collect", scope, scope, (sweep,), collector=f"annexlog/{__version__}")
    with store.spool() as spool:
        for id, body in bodies.items():
            spool.add(sweep.line, id, body)
        store.record(run, spool, recorded=clock.now())


# ── whose word counts ─────────────────────────────────────────────────────────────────────


def trust(config: Config, tsa: Collection[Path] = (), keys: Collection[str] = ()) -> Trust:
    """The authorities and witnesses of the configuration, and those in these files of certificates and keys besides.

    Raises ConfigError.
    """
    found = dict.fromkeys(keys)
    files = dict.fromkeys(tsa)
    for one in config.anchors.values():
        if isinstance(one, Witness):
            found[one.key] = None
        elif isinstance(one, Timestamp):
            files[config.file.parent / one.tsa_ca_file] = None
    try:
        authorities = dict.fromkeys(one for file in files for one in certificates(file))
        return Trust(tuple(authorities), tuple(map(Cosigner.parse, found)))
    except Refused as refused:
        raise ConfigError(f"{refused.message}.", next=refused.next) from None
    except ValueError as error:
        raise ConfigError(f"that is not a witness's public key: {error}.", next="See docs/anchors.md.") from None


# ── how things stand ──────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Standing:
    """How one anchor stands. `size`: the largest log that it has a checkpoint of; `of`: the records there are.

    `status` and `refusal`: of the last attempt whose outcome was new, `since` then; None: none was made yet.
    """

    name: str
    kind: str
    place: str
    size: int
    of: int
    status: Coverage | None
    since: Millis | None
    refusal: Unknown | None


def standing(store: Store, view: View, config: Config) -> Iterator[Standing]:
    """Every configured anchor, as known in a view."""
    for name, one in config.anchors.items():
        token = newest(store.backend, kind_of(name, one), view.upto)
        seen = view.seen(Line(f"{SCOPE}{name}", TYPE))
        size = token.size if token else 0
        last = (seen.status, seen.end, seen.refusal) if seen else (None, None, None)
        yield Standing(name, one.kind, one.place(), size, view.upto, *last)


def never_anchored(store: Store, name: str, one: Anchor) -> list[int]:
    """The sizes of checkpoints that an anchor does not have, ascending."""
    known = set(sizes(store.backend, kind_of(name, one)))
    return [row[0] for row in store.backend.select("SELECT size FROM checkpoint ORDER BY size") if row[0] not in known]
