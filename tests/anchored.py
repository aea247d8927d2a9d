"""A small log whose checkpoints can be sent somewhere, and the jobs of sending them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from annexlog.anchors import Anchor, Job
from annexlog.config import Config, load
from annexlog.evidence_store.anchors import Token, keep, newest, tree
from annexlog.evidence_store.checkpoint import Checkpoint
from annexlog.evidence_store.keys import Signer
from annexlog.evidence_store.model import Coverage, Line, Millis, Run, Sweep, instant
from annexlog.evidence_store.store import Store
from tests.home import Clock

START = instant("2026-03-02T06:00:00Z")
SIGNER = Signer("example.com/log", bytes(range(32)))
BUCKETS = Line("aws/1", "aws.s3.bucket")


def record(store: Store, at: Millis, value: object = None, key: str = "") -> int:
    """Record that one bucket was seen; returns the place of the record."""
    with store.spool() as spool:
        spool.add(BUCKETS, "a", {"n": at if value is None else value})
        sweep = Sweep(BUCKETS, Coverage.COMPLETE, at, at)
        return store.record(Run(key or f"{at}", "collect", "main", "aws/1", (sweep,)), spool, recorded=at)


@dataclass
class Log:
    """A store in a folder of its own, with a clock that moves by a minute with each record."""

    folder: Path
    name: str = "evidence.db"
    clock: Clock = field(default_factory=lambda: Clock(START))

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.store = Store.open(self.folder / self.name, create=True)

    def grow(self, records: int = 1) -> Checkpoint:
        """Record so much more, and sign it."""
        for _ in range(records):
            self.clock.at += 60_000
            record(self.store, self.clock.at)
        return self.store.checkpoint(SIGNER)

    def job(self, kind: str) -> Job:
        of = self.store.checkpoint(SIGNER)
        before = newest(self.store.backend, kind)
        return Job(kind, of, tree(self.store.backend, of.size), SIGNER, self.clock.at, self.folder, before)

    def send(self, one: Anchor, name: str = "x") -> bytes:
        """Send the newest checkpoint and keep the token, as anchoring does."""
        job = self.job(f"{one.kind}:{name}")
        token = one.send(job)
        keep(self.store.backend, Token(job.checkpoint.size, job.kind, token))
        return token

    def config(self, text: str) -> Config:
        (self.folder / "annexlog.toml").write_text(text)
        return load(self.folder / "annexlog.toml")
