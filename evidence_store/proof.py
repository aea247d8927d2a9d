"""Check the proof of one population, as an auditor does: no store needed, only the document and the log's public key.

The document says: in this scope, at this time, the answer held exactly these resources; and as far as was recorded by
then, this or that sweep of the line was the newest. `proving.prove_population` makes it. It is a JSON object:

    format      "annexlog/population/1", or "annexlog/outcomes/1": then the line is one of outcomes
    checkpoint  the signed note that all of it rests on
    record      {text, path}: the record of the sweep, and its path in the log
    line        {text, index, of, path}: the population line, and its path to the record's populations_root
    known       {record: {text, path}, text, index, of, path}: the last record known, and the line's head in it
    next        {text, path} of the record behind that one, or null: it shows when the former was no longer the last
    leaves      [{id, salt, sha256}], with `body` where that was asked for; of outcomes [{id, salt, status, reason}]
    disposed    [{cid, leaf}]: resources that were seen too, of which the store can show no more; left out if none

Hashes and salts are lower hex. A salt opens the names and digests of its resource in every other proof as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from annexlog.evidence_store import layout
from annexlog.evidence_store.checkpoint import Checkpoint
from annexlog.evidence_store.keys import Verifier
from annexlog.evidence_store.layout import HeadLine, OutcomeLine, PopulationLine, Record
from annexlog.evidence_store.merkle import root, verify_inclusion
from annexlog.evidence_store.model import JSON, Coverage, Line, Millis, Outcome, Status, StoreDamaged, Unknown

FORMAT = "annexlog/population/1"
OUTCOMES = "annexlog/outcomes/1"


@dataclass(frozen=True, slots=True)
class Proven:
    """What a proof proves.

    Record `seq`, written at `recorded`, committed to a sweep of `line` that saw `resources` ({id: sha256 of its
    body}; none unless the status is complete, partial or supplement). After record `known` (written at
    `known_at`), `newest` was the record of the sweep that ended last; until `known_until` (None: not shown) nothing
    more was recorded. `size`: of the signed log. Of a line of outcomes: `outcomes` by id; `start` and `end` are the
    instant that was judged.
    """

    line: Line
    status: str
    start: Millis
    end: Millis
    seq: int
    recorded: Millis
    resources: Mapping[str, bytes]
    newest: int
    known: int
    known_at: Millis
    known_until: Millis | None
    size: int
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    disposed: int = 0
    """How many resources were seen besides, of which nothing can be shown any more."""


def check_population(proof: Mapping[str, JSON] | bytes | str, key: Verifier) -> Proven:
    """Check a proof against the log's public key. Raises StoreDamaged, saying which part does not hold."""
    try:
        document = orjson.loads(proof) if isinstance(proof, (bytes, str)) else proof
        _must(document["format"] in (FORMAT, OUTCOMES), f"it is not of the format {FORMAT} or {OUTCOMES}")
        return _Check(document, key).proven()
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise StoreDamaged(
            f"the proof of the population does not hold: {error}.", next="Ask for it anew; trust nothing in it."
        ) from error


def _must(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(what)


def _unhex(text: str) -> bytes:
    data = bytes.fromhex(text)
    _must(data.hex() == text, "a hash is not in lower hex")
    return data


def _digest(leaf: Mapping[str, Any]) -> bytes:
    """Of what was seen of a resource, or of its outcome."""
    if "status" not in leaf:
        return _unhex(leaf["sha256"])
    reason = leaf["reason"]
    return layout.sha256(layout.outcome_body(leaf["status"], None if reason is None else Unknown(**reason)))


class _Check:
    def __init__(self, document: Mapping[str, Any], key: Verifier) -> None:
        self._document = document
        self._checkpoint = Checkpoint.parse(document["checkpoint"].encode())
        _must(self._checkpoint.signed_by([key]) == (key,), f"its checkpoint is not signed by {key.name}")
        _must(self._checkpoint.origin == key.name, f"its checkpoint is of another log, {self._checkpoint.origin}")

    def proven(self) -> Proven:
        record = self._record(self._document["record"], "its record")
        judged = self._document["format"] == OUTCOMES
        top = record.outcomes_root if judged else record.populations_root
        text = self._under(self._document["line"], top, "its line")
        outcomes = self._outcomes() if judged else {}
        said = self._judged(text, record, outcomes) if judged else PopulationLine.parse(text)
        known = self._record(self._document["known"]["record"], "the last record known")
        head = HeadLine.parse(self._under(self._document["known"], known.heads_root, "the line's head"))
        _must(head.line == said.line, "the head is of another line")
        _must(record.seq <= known.seq, "the last record known is older than the sweep")
        behind = self._document["next"]
        follows = None if behind is None else self._record(behind, "the next record")
        _must(follows is None or follows.seq == known.seq + 1, "the next record does not follow the last one known")
        return Proven(
            said.line,
            said.status,
            said.start,
            said.end,
            record.seq,
            record.recorded,
            self._resources(said),
            head.max_end_seq,
            known.seq,
            known.recorded,
            follows.recorded if follows else None,
            self._checkpoint.size,
            outcomes,
            len(self._document.get("disposed", ())),
        )

    def _outcomes(self) -> Mapping[str, Outcome]:
        """What the leaves say."""
        made = {}
        for leaf in self._document["leaves"]:
            reason = leaf["reason"]
            made[leaf["id"]] = Outcome(Status(leaf["status"]), None if reason is None else Unknown(**reason))
        return dict(sorted(made.items()))

    def _judged(self, text: bytes, record: Record, outcomes: Mapping[str, Outcome]) -> PopulationLine:
        """A line of outcomes as one that was seen whole at the instant judged; its counts are those of its leaves."""
        said = OutcomeLine.parse(text)
        of = Counter(outcome.status for outcome in outcomes.values())
        counts = (said.passed, said.failed, said.unknown, said.not_applicable)
        told = (of[Status.PASS], of[Status.FAIL], of[Status.UNKNOWN], of[Status.NOT_APPLICABLE])
        _must(counts == told, "its outcomes are not as many of each status as the record commits to")
        now = record.now or 0
        return PopulationLine(said.line, Coverage.COMPLETE, now, now, said.n, said.root, None, said.provenance_sha256)

    def _record(self, part: Mapping[str, Any], name: str) -> Record:
        data = part["text"].encode()
        record = Record.parse(data)
        path = [_unhex(hash) for hash in part["path"]]
        held = verify_inclusion(
            layout.record_leaf(data), record.seq - 1, self._checkpoint.size, path, self._checkpoint.root
        )
        _must(held, f"{name} is not in the signed log")
        return record

    def _under(self, part: Mapping[str, Any], top: bytes | None, name: str) -> bytes:
        """The text of a line whose path leads to a root."""
        text: bytes = part["text"].encode()
        path = [_unhex(hash) for hash in part["path"]]
        held = verify_inclusion(layout.line_leaf(text), part["index"], part["of"], path, top or b"")
        _must(held, f"{name} is not in the record")
        return text

    def _resources(self, said: PopulationLine) -> Mapping[str, bytes]:
        leaves: Sequence[Mapping[str, Any]] = self._document["leaves"]
        gone = [(_unhex(leaf["cid"]), _unhex(leaf["leaf"])) for leaf in self._document.get("disposed", ())]
        made = sorted([*(self._leaf(leaf, said.line) for leaf in leaves), *gone])
        if said.status in layout.SEEN:
            _must(said.n == len(made), f"it lists {len(made)} resources; the record commits to {said.n}")
            _must(root([leaf for _, leaf in made]) == said.root, "its resources are not those that were seen")
        else:
            _must(not made, "it lists resources of a sweep that saw none")
        found = {leaf["id"]: _digest(leaf) for leaf in leaves}
        _must(len(found) == len(leaves), "it lists a resource twice")
        return dict(sorted(found.items()))

    def _leaf(self, leaf: Mapping[str, Any], line: Line) -> tuple[bytes, bytes]:
        salt, digest = _unhex(leaf["salt"]), _digest(leaf)
        if "body" in leaf:
            _must(layout.sha256(leaf["body"].encode()) == digest, f"the body of {leaf['id']} is not that of its digest")
        cid = layout.cid(salt, line.scope, line.type, leaf["id"])
        return cid, layout.leaf(cid, salt, line.facet, digest)
