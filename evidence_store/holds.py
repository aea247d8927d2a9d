"""Legal holds: what must not be disposed of, whatever its age and whoever asks. Lines of evidence like any other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import msgspec

from annexlog.evidence_store import chains, lines
from annexlog.evidence_store.model import ORG, Coverage, Line, Millis, Run, StoreDamaged, StoreError, Sweep
from annexlog.evidence_store.store import Store

HOLDS = Line(ORG, "hold")


@dataclass(frozen=True, slots=True)
class Hold:
    """What fits all that is given is held; nothing given: everything. `scope`: it, and those below it.

    `test`: the control test whose evidence it is, held as `types`. `since`, `released`: RFC 3339.
    """

    name: str
    reason: str
    by: str
    since: str
    resource: str | None = None
    scope: str | None = None
    types: tuple[str, ...] | None = None
    test: str | None = None
    released: str | None = None
    released_by: str | None = None
    released_reason: str | None = None

    def covers(self, line: Line, id: str | None) -> bool:
        """Whether what a line says of a resource is held."""
        if self.released is not None:
            return False
        within = self.scope is None or line.scope == self.scope or line.scope.startswith(f"{self.scope}/")
        return within and (self.types is None or line.type in self.types) and self.resource in (None, id)

    def as_json(self) -> Mapping[str, Any]:
        told: Mapping[str, Any] = msgspec.to_builtins(self)
        return told

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Raises StoreDamaged."""
        try:
            return msgspec.json.decode(body, type=cls)
        except msgspec.DecodeError as error:
            raise StoreDamaged(f"a hold cannot be read ({error}).", next="Run `annexlog verify`.") from error


def holds(store: Store) -> list[Hold]:
    """Every hold that there ever was, by name."""
    lid = lines.lid(store.backend, HOLDS)
    rows = () if lid is None else chains.bodies(store.backend, lid, chains.ALL)
    return sorted((Hold.parse(body) for _, _, body in rows), key=lambda hold: hold.name)


def add(store: Store, hold: Hold, *, now: Millis) -> int:
    """Record a hold; returns its place in the log. Raises StoreError: one of this name is there, released or not."""
    with store.exclusive():
        known = holds(store)
        if any(other.name == hold.name for other in known):
            raise StoreError(f"there is a hold called {hold.name} already.", next="Give another name.")
        return _record(store, [*known, hold], hold.name, now)


def release(store: Store, name: str, *, reason: str, by: str, at: str, now: Millis) -> int:
    """Record that a hold is over. Raises StoreError: there is no such hold, or it is over already."""
    with store.exclusive():
        known = {hold.name: hold for hold in holds(store)}
        if name not in known or known[name].released is not None:
            raise StoreError(f"no hold called {name} is in force.", next="List them: annexlog store hold list")
        known[name] = replace(known[name], released=at, released_by=by, released_reason=reason)
        return _record(store, known.values(), f"{name} released", now)


def _record(store: Store, known: Iterable[Hold], what: str, now: Millis) -> int:
    sweep = Sweep(HOLDS, Coverage.COMPLETE, now, now)
    with store.spool() as spool:
        for hold in known:
            spool.add(HOLDS, hold.name, hold.as_json())
        return store.record(Run(f"hold/{what}/{now}", "collect", "-", ORG, (sweep,)), spool, recorded=now)
