"""What one test sees of the resources that it joins, from one scope."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from annexlog.evidence_store.model import JSON, Line, Unknown
from annexlog.mappings.common import made_with
from annexlog.mappings.definitions import Join
from annexlog.mappings.joins import Entry, Estate, facet_of, lines_of, root_of
from annexlog.mappings.paths import Path
from annexlog.mappings.tags import tags_of

__all__ = ["Constants", "Joining"]


@dataclass(frozen=True, slots=True)
class Constants:
    """What is the same for every resource of a scope.

    `data`: variables and their values, of those that are read. `attributes`: of the scope, with its name.
    `unset`: registers that the test reads and nobody configured.
    """

    data: Mapping[str, Any]
    attributes: Mapping[str, JSON]
    unset: Mapping[str, Unknown]


class Joining:
    """One join of one test in one scope; remembers which lines it really used."""

    def __init__(self, join: Join, scope: str, estate: Estate, constants: Constants) -> None:
        self.join, self._scope, self._estate, self._constants = join, scope, estate, constants
        paths: list[Path | None] = [theirs for _, theirs in join.by] or [None]
        self._indexes = [estate.index(join, scope, path) for path in paths]
        self._hole = next((index.hole for index in self._indexes if index.hole), None)
        self._used: set[str] = set()  # scopes that gave a match
        self._everything = not join.one  # whether it rests on all the scopes that it looks in
        self._whole: list[JSON | Unknown] = []  # a join without `by`, or back, is the same for every resource

    def resolve(self, data: Mapping[str, Any], gaps: Mapping[str, Unknown]) -> JSON | Unknown:
        """What the condition sees under the join's name, for a resource with this data and these gaps."""
        if self.join.back or not self.join.by:
            if not self._whole:
                strays = self._strays(self.join.back) if self.join.back else None
                self._whole.append(strays or self._many(() if self.join.back else self._indexes[0].entries))
            return self._whole[0]
        wanted: list[list[JSON]] = []
        for mine, _ in self.join.by:
            if mine.root in gaps:
                return gaps[mine.root]
            keys = mine.keys(self._constants.attributes if mine.root == "scope" else data[mine.root])
            if isinstance(keys, Unknown):
                return keys
            wanted.append(keys)
        for index, keys in zip(self._indexes, wanted, strict=True):
            if made_with(keys) and index.made_with - made_with(keys):  # nothing fits across a change of keys
                return Unknown("stale", operation=self.join.of.name, code="RedactionKey")
        found = self._matching(wanted)
        return self._one(found, wanted) if self.join.one else self._many(found)

    def lines(self) -> set[Line]:
        """The lines that its answers so far rest on."""
        if self._everything:
            return set(self._estate.lines(self.join, self._scope))
        return set(lines_of(self.join.of, self.join.facets, {name: self._estate.scopes[name] for name in self._used}))

    def _strays(self, back: Join) -> Unknown | None:
        """Why it is open what belongs to whom: how many that `keep` leaves meet none of this type. None: each does."""
        theirs, mine = back.by[0]
        index, own = self._indexes[0], self._estate.index(back, self._scope, mine)
        if hole := index.hole or own.hole:
            return hole
        if own.made_with and index.made_with - own.made_with:  # nothing fits across a change of keys
            return Unknown("stale", operation=self.join.of.name, code="RedactionKey")
        alone, unsure = 0, list[Unknown]()
        for entry in index.entries:
            keys = theirs.keys(root_of(entry, theirs.root, self._estate.scopes))
            if isinstance(keys, Unknown):
                return keys
            if any(key in own.by_key for key in keys):
                continue
            shown = self._seen(entry)
            if isinstance(shown, Unknown):
                unsure.append(shown)
            alone += shown is not None
        if len(unsure) == alone:
            return unsure[0] if unsure else None
        return Unknown("unresolved", operation=self.join.of.name, code=f"{alone} of nobody")

    def _matching(self, wanted: Sequence[Sequence[JSON]]) -> list[Entry]:
        first, keys = self._indexes[0].by_key, wanted[0]
        found = first.get(keys[0], []) if len(keys) == 1 else _unique(e for key in keys for e in first.get(key, ()))
        for index, others in zip(self._indexes[1:], wanted[1:], strict=True):
            also = {id(entry) for key in others for entry in index.by_key.get(key, ())}
            found = [entry for entry in found if id(entry) in also]
        return found

    def _many(self, found: Iterable[Entry]) -> JSON | Unknown:
        if self._hole:
            return self._hole
        shown: list[JSON] = []
        for entry in found:
            value = self._seen(entry)
            if isinstance(value, Unknown):
                return value
            if value is not None:
                shown.append(value)
        return shown

    def _one(self, found: Sequence[Entry], wanted: Sequence[Sequence[JSON]]) -> JSON | Unknown:
        known: list[dict[str, JSON]] = []
        unknown: dict[str, Unknown] = {}
        for entry in found:
            value = self._seen(entry)
            if value is None:
                continue
            self._used.add(entry.scope)
            if isinstance(value, Unknown):
                unknown.setdefault(entry.id, value)
            else:
                known.append(value)
        if not (known or unknown) or not self._all_met(found, wanted):
            return self._missing(wanted)
        for id, why in unknown.items():  # seen better from another scope, or another resource altogether?
            if not known or any(one["id"] != id for one in known):
                return why
        if all(_same(one, known[0]) for one in known[1:]):
            return known[0]
        return Unknown("unresolved", operation=self.join.of.name, code="ambiguous")

    def _all_met(self, found: Sequence[Entry], wanted: Sequence[Sequence[JSON]]) -> bool:
        """Whether each of several keys (a path through a list) leads to one of the entries found."""
        for index, keys in zip(self._indexes, wanted, strict=True):
            for key in keys if len(keys) > 1 else ():
                if not any(entry in found for entry in index.by_key.get(key, ())):
                    return False
        return True

    def _missing(self, wanted: Sequence[Sequence[JSON]]) -> JSON | Unknown:
        if all(wanted):  # a resource that refers to nothing needs no search
            self._everything = True
            if self._hole:
                return self._hole
        if self.join.missing:
            return None
        key = ", ".join(str(key) for keys in wanted for key in keys)[:200]
        return Unknown("unresolved", operation=self.join.of.name, code=key)

    def _seen(self, entry: Entry) -> dict[str, JSON] | Unknown | None:
        """The entry as conditions see it, or why it cannot be seen; None if `keep` leaves it out."""
        kept = True if self.join.keep is None else self._kept(entry)
        if kept is False:
            return None
        return self._shown(entry) if kept is True else kept

    def _kept(self, entry: Entry) -> bool | Unknown:
        keep = self.join.keep
        assert keep is not None  # noqa: S101 — asked only then; for the type checker
        data, gaps = dict(self._constants.data), dict[str, Unknown]()
        for name in sorted(keep.reads - {"now", "registers", "settings"}):
            value = root_of(entry, name, self._estate.scopes)
            if isinstance(value, Unknown):
                gaps[name] = value
            else:
                data[name] = value
        result = keep.evaluate(data)
        if not isinstance(result, str):
            return result
        for name in (*entry.of.facets, "tags"):
            if name in gaps:
                return gaps[name]
        if self._constants.unset and "registers" in keep.reads:
            return next(iter(self._constants.unset.values()))
        return Unknown("condition_error", code=result)

    def _shown(self, entry: Entry) -> dict[str, JSON] | Unknown:
        take = self.join.take
        if take not in entry.maps:
            entry.maps[take] = self._show(entry)
        return entry.maps[take]

    def _show(self, entry: Entry) -> dict[str, JSON] | Unknown:
        listed = entry.facets.get("")
        if isinstance(listed, Unknown):  # known from before; nobody saw that it is still there
            return listed
        shown: dict[str, JSON] = {"id": entry.id, "scope": root_of(entry, "scope", self._estate.scopes)}
        for name in self.join.take:
            value = tags_of(entry.of, entry.facets) if name == "tags" else facet_of(entry.of, entry.facets, name)
            if isinstance(value, Unknown):
                return value
            shown[name] = value
        return shown


def _unique(entries: Iterable[Entry]) -> list[Entry]:
    return list({id(entry): entry for entry in entries}.values())


def _same(one: Mapping[str, JSON], other: Mapping[str, JSON]) -> bool:
    """Whether two matches are the same resource, saying the same, wherever it was seen from."""
    return {**one, "scope": None} == {**other, "scope": None}
