"""The store's tables as data: every backend makes the same ones, and all of them only ever grow."""

from __future__ import annotations

from typing import NamedTuple

from annexlog.evidence_store.views import SQLITE, views

VERSION = 3
"""Of the schema. A store of a greater version was written by a newer annexlog."""

STATUSES = ("complete", "partial", "denied", "failed", "unsupported", "supplement")
"""Coverage in the order of its numbers in `sweep.status`."""
COMPLETE, PARTIAL, DENIED, FAILED, UNSUPPORTED, SUPPLEMENT = range(6)


class Column(NamedTuple):
    """`kind`: integer, text, blob, or hash (32 bytes)."""

    name: str
    kind: str
    null: bool = False


class Table(NamedTuple):
    """`key`: the primary key. `unique`: further keys. `rowid`: whether the one integer key is the row's own number."""

    columns: tuple[Column, ...]
    key: tuple[str, ...]
    unique: tuple[tuple[str, ...], ...] = ()
    rowid: bool = False


def _columns(text: str) -> tuple[Column, ...]:
    """`name:kind` words; `?` after the kind: may be null."""
    words = (word.partition(":") for word in text.split())
    return tuple(Column(name, kind.rstrip("?") or "integer", kind.endswith("?")) for name, _, kind in words)


TABLES: dict[str, Table] = {
    # what is looked at, and what of it there is
    "line": Table(_columns("lid scope:text type:text facet:text"), ("lid",), (("scope", "type", "facet"),), rowid=True),
    "resource": Table(
        _columns("rid scope:text type:text native_id:text? cid:hash"),
        ("rid",),
        (("scope", "type", "native_id"),),
        rowid=True,
    ),
    "opening": Table(_columns("rid salt:hash"), ("rid",), rowid=True),
    # bodies: raw where `z` is as long as `size`, else compressed (`did`: with a dictionary, `base_bid`: after a body)
    "dictionary": Table(_columns("did type:text sha256:hash bytes:blob"), ("did",), rowid=True),
    "blob": Table(_columns("bid sha256:hash did:? base_bid:? size z:blob"), ("bid",), rowid=True),
    # what changed: `member` says which resources a line ever held; `bid` null: not in this answer; `began`: the run
    # since which the status is what it is (timeline.Standing), null where that is the row's own
    "member": Table(_columns("lid rid"), ("lid", "rid")),
    "version": Table(_columns("lid rid run bid:?"), ("lid", "rid", "run")),
    "outcome": Table(_columns("lid rid run status:text? reason:? cause:text? began:?"), ("lid", "rid", "run")),
    "tally": Table(_columns("lid run pass fail unknown na"), ("lid", "run")),
    "erased": Table(_columns("lid rid run leaf:hash"), ("lid", "rid", "run")),
    # each look; `late`: those that were recorded after a sweep that ended later (so that the last recorded is found)
    "sweep": Table(_columns("lid at seq run start status"), ("lid", "at", "seq")),
    "late": Table(_columns("lid seq"), ("lid", "seq")),
    # the log, and what vouches for it
    "run": Table(
        _columns("seq run run_key:text recorded record:blob manifest:blob"),
        ("seq",),
        (("run",), ("run_key",)),
        rowid=True,
    ),
    "checkpoint": Table(_columns("size note:blob"), ("size",), rowid=True),
    "anchor": Table(_columns("size kind:text token:blob"), ("size", "kind")),
    "tile": Table(_columns("level idx bytes:blob"), ("level", "idx")),
}

_OTHER = "(c.status IS NULL OR c.status <> o.status AND (o.status = 'unknown' OR c.status <> 'unknown'))"
BEGAN = f"""
UPDATE outcome AS o SET began = nullif((
    SELECT min(b.run) FROM outcome b WHERE b.lid = o.lid AND b.rid = o.rid AND b.run <= o.run AND b.status = o.status
    AND b.run > coalesce((SELECT max(c.run) FROM outcome c
        WHERE c.lid = o.lid AND c.rid = o.rid AND c.run < o.run AND {_OTHER}), 0)), o.run)
WHERE o.status IS NOT NULL
    AND EXISTS (SELECT 1 FROM outcome e WHERE e.lid = o.lid AND e.rid = o.rid AND e.run < o.run)
"""  # noqa: S608 — words of ours
"""Fills in `began` in a store that did not have it (version 2)."""

INDEXES = {
    "blob_by_digest": "blob(substr(sha256, 1, 6))",
    "run_by_recorded": "run(recorded, seq)",
}

VIEWS = views(SQLITE)
"""For whoever opens the store with a SQL tool: the same rows with names and readable times."""
