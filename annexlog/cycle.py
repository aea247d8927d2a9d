"""One turn of the wheel: collect, record, restate what came late, assess, sign. Used by cron, daemon and demo."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from annexlog import signing
from annexlog.anchoring import Patience, Sent, anchor
from annexlog.answers import Reading, shapes
from annexlog.assessing import Assessed, assess, present, restate
from annexlog.collectors.clock import Clock, SystemClock
from annexlog.config import Config
from annexlog.evidence_store import redaction_key, rotation
from annexlog.evidence_store.keys import Signer
from annexlog.evidence_store.model import MappingError, Millis, State, StoreBusy
from annexlog.evidence_store.rotation import Rotated
from annexlog.evidence_store.store import Store
from annexlog.mappings import load
from annexlog.pipeline import Choose, Collected, Collector, Progress, everything, resumed

_Done = TypeVar("_Done")


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn did. `newly_not_met`: controls that are not met now and were not so before. `restated`: how many
    earlier instants were judged again, for what was recorded of them since. `anchored`: what became of each anchor that
    the newest checkpoint was sent to.
    """

    collected: Collected
    assessed: Assessed | None
    newly_not_met: tuple[str, ...]
    restated: int = 0
    anchored: tuple[Sent, ...] = ()


@dataclass(frozen=True, slots=True)
class Cycle:
    """All that a turn needs; one may be turned many times."""

    config: Config
    clock: Clock = field(default_factory=SystemClock)
    stop: threading.Event = field(default_factory=threading.Event)
    progress: Progress = field(default_factory=Progress)
    patience: Patience = field(default_factory=Patience)
    wait: float = 10.0
    """Seconds to wait for another collection of the same store to end."""

    def turn(
        self, *, choose: Choose = everything, only: Collection[str] = (), judge: bool = True, slot: Millis | None = None
    ) -> Turn:
        """Collect and judge. Raises AnnexlogError; a refused read never does.

        `slot` names the occasion: recorded scopes of the same one are not asked again. None: now, or the occasion of
        a collection that was interrupted not long ago.
        """
        signer = signing.signer(self.config)
        mappings = load(shapes(), folders=self.config.mappings)
        with self._alone(), Store.open(self.config.store, create=True) as store:
            signer = self._settled(store, signer)
            before = states(store, present(store, self.clock)) if judge else {}
            with resumed(self.config.store, self.clock.now() if slot is None else slot, self.config.floor) as began:
                collector = Collector(
                    self.config,
                    store,
                    mappings,
                    self.clock,
                    self.stop,
                    self.progress,
                    redaction_key=redaction_key.load(self.config.key, signer, signing.passphrase(self.config)),
                    sign=partial(store.checkpoint, signer),
                )
                done = collector.collect(choose=choose, slot=began, only=only)
            restated = len(restate(store, self.clock)) if judge else 0
            assessed = assess(store, mappings, self.clock) if judge else None
            anchored = self._sealed(store, signer)
            after = states(store, present(store, self.clock)) if judge else {}
        newly = (c for c, s in after.items() if s is State.NOT_MET and before.get(c) is not State.NOT_MET)
        return Turn(done, assessed, tuple(newly), restated, anchored)

    def judge(self, *, now: Millis | None = None) -> Turn:
        """Judge what is recorded, without looking again."""
        signer = signing.signer(self.config)
        mappings = load(shapes(), folders=self.config.mappings)
        with self._alone(), Store.open(self.config.store) as store:
            signer = self._settled(store, signer)
            before = states(store, present(store, self.clock))
            restated = len(restate(store, self.clock))
            assessed = assess(store, mappings, self.clock, now=now)
            anchored = self._sealed(store, signer)
            after = states(store, present(store, self.clock))
        newly = (c for c, s in after.items() if s is State.NOT_MET and before.get(c) is not State.NOT_MET)
        return Turn(Collected(self.clock.now()), assessed, tuple(newly), restated, anchored)

    def accept(self, tests: Collection[str] | None = None) -> tuple[str, ...]:
        """Let these tests' present definitions count (None: all); returns those that did not count before.

        Raises MappingError if there is no such test.
        """
        signer = signing.signer(self.config)
        mappings = load(shapes(), folders=self.config.mappings)
        unknown = sorted(set(tests or ()) - set(mappings.tests))
        if unknown:
            raise MappingError(f"no test is called {unknown[0]!r}.", next="List them: annexlog mappings list")
        with self._alone(), Store.open(self.config.store) as store:
            signer = self._settled(store, signer)
            accepted = Collector(self.config, store, mappings, self.clock).accept(tests)
            store.checkpoint(signer)
        return accepted

    def rotate(self, leaving: rotation.Leaving, *, destroy_old: bool = False, given: Path | None = None) -> Rotated:
        """Go over to a new signing key; `given`: the file of the passphrase. Raises ConfigError, StoreError."""
        secret = signing.passphrase(self.config, given)
        with self._alone(), Store.open(self.config.store) as store:
            return rotation.rotate(store, self.config.key, secret, leaving, destroy_old=destroy_old)

    def tend(self, work: Callable[[Store], _Done]) -> _Done:
        """Do something to the store that is recorded, as nobody else collects, and sign it. Raises AnnexlogError."""
        signer = signing.signer(self.config)
        with self._alone(), Store.open(self.config.store) as store:
            signer = self._settled(store, signer)
            done = work(store)
            self._sealed(store, signer)
        return done

    def _settled(self, store: Store, signer: Signer) -> Signer:
        """The key that signs from now on: a rotation that was interrupted is finished before anything else."""
        finished = rotation.finish(store, self.config.key, signing.passphrase(self.config))
        return signing.signer(self.config) if finished else signer

    def anchor(self, only: Collection[str] = ()) -> tuple[Sent, ...]:
        """Send the newest checkpoint to every anchor that is due, or to those in `only`, due or not."""
        if not self.config.anchors:
            return ()
        signer = signing.signer(self.config)
        with self._alone(), Store.open(self.config.store) as store:
            signer = self._settled(store, signer)
            return anchor(store, self.config, signer, self.clock, patience=self.patience, only=only)

    def _sealed(self, store: Store, signer: Signer) -> tuple[Sent, ...]:
        """Sign what is recorded, and anchor it: after everything else, for whether that works changes nothing else."""
        store.checkpoint(signer)
        if self.stop.is_set():
            return ()
        return anchor(store, self.config, signer, self.clock, patience=self.patience)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        lock = FileLock(self.config.store.with_name(self.config.store.name + ".collecting.lock"), mode=0o600)
        try:
            with lock.acquire(timeout=self.wait):
                yield
        except Timeout:
            raise StoreBusy(
                f"another annexlog collects into it already, for more than {self.wait:.0f} s.",
                where=str(self.config.store),
                next="Let it end, or stop it; nothing was written.",
            ) from None


def states(store: Store, at: Millis) -> dict[str, State]:
    """The state of every control at an instant."""
    reading = Reading(store.view(at=at))
    return {entry.control.id: entry.state for entry in reading.controls()}
