"""Populations of resources with traits, drawn by a seeded generator, and the answers that show them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from tests.wire.recognise import operation

Parts = dict[str, Any]
"""What the provider says of one resource, call by call."""

Truth = dict[tuple[str, str, str], str]
"""{(test, scope, resource): pass, fail, unknown or not_applicable}."""

NOW = datetime.now(UTC).replace(microsecond=0)
PASS, FAIL, UNKNOWN, SPARED = "pass", "fail", "unknown", "not_applicable"


def ago(*, days: float = 0, hours: float = 0) -> str:
    """A time before now, as the providers write it."""
    return f"{NOW - timedelta(days=days, hours=hours):%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a population is: `region` is "" for what an account has as a whole."""

    account: str
    region: str = ""

    @property
    def scope(self) -> str:
        return "/".join(filter(None, ("aws", self.account, self.region)))


@dataclass(frozen=True, slots=True)
class Trait:
    """One fact. `fails`, `spares` and `hides`: the tests that fail for it, do not apply, or cannot tell.

    Of the traits of one `slot` (or several, between spaces) a resource has one at most; one that hides has no other
    beside it.
    """

    change: Callable[[Parts], object]
    fails: tuple[str, ...] = ()
    spares: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()
    slot: str = ""


@dataclass(frozen=True, slots=True)
class Population:
    """`make(n, place)`: the n-th resource as it is without a trait, and then the tests say `says` of it."""

    count: int
    make: Callable[[int, Place], Parts]
    id: Callable[[Parts, Place], str]
    says: Mapping[str, str]
    traits: Sequence[Trait] = ()

    def drawn(self, place: Place, chance: random.Random) -> Iterator[tuple[Parts, dict[str, str]]]:
        """Each trait by itself once, none of them, and then some at random."""
        for n in range(self.count):
            parts = self.make(n, place)
            chosen = self._chosen(n, chance)
            for trait in chosen:
                trait.change(parts)
            yield parts, {test: _said(test, usual, chosen) for test, usual in self.says.items()}

    def _chosen(self, n: int, chance: random.Random) -> list[Trait]:
        if n < len(self.traits):
            return [self.traits[n]]
        if n == len(self.traits) or not self.traits:
            return []
        found: list[Trait] = []
        for trait in chance.sample(self.traits, min(len(self.traits), chance.choice((0, 1, 1, 2, 3)))):
            taken = any(set(trait.slot.split()) & set(other.slot.split()) for other in found)
            if not taken and not trait.hides:
                found.append(trait)
        return found


def _said(test: str, usual: str, traits: Sequence[Trait]) -> str:
    for status, named in ((SPARED, "spares"), (UNKNOWN, "hides"), (FAIL, "fails")):
        if any(test in getattr(trait, named) for trait in traits):
            return status
    return usual


@dataclass(slots=True)
class Estate:
    """What all accounts answer, and what must be said of them."""

    chance: random.Random
    answers: dict[str, dict[str, list[dict[str, Any]]]] = field(default_factory=dict)
    truth: Truth = field(default_factory=dict)

    def say(self, place: Place, name: str, says: Any, /, **params: Any) -> None:
        """An answer to an operation with these parameters."""
        self._case(place, name, {"says": says, "for": params})

    def refuse(
        self, place: Place, name: str, code: str, status: int = 404, message: str = "", /, **params: Any
    ) -> None:
        self._case(place, name, {"refuses": code, "status": status, "message": message, "for": params})

    def say_or_refuse(self, place: Place, name: str, says: Any, code: str, /, **params: Any) -> None:
        """An answer, or where there is none (None) the error that says so."""
        if says is None:
            self.refuse(place, name, code, **params)
        else:
            self.say(place, name, says, **params)

    def _case(self, place: Place, name: str, case: dict[str, Any]) -> None:
        where = {"region": place.region} if place.region else {}
        self.answers.setdefault(place.account, {}).setdefault(name, []).append({**case, **where})

    def expect(self, place: Place, id: str, says: Mapping[str, str]) -> None:
        for test, status in says.items():
            assert (test, place.scope, id) not in self.truth
            self.truth[test, place.scope, id] = status

    def grow(self, place: Place, *populations: Population) -> list[Parts]:
        """All resources of some populations of one kind, whose truth is kept."""
        grown = []
        for population in populations:
            for parts, says in population.drawn(place, self.chance):
                self.expect(place, population.id(parts, place), says)
                grown.append(parts)
        return grown

    def given(self, account: str) -> dict[str, Any]:
        """An account's answers. A list that nobody planted is empty."""
        return {name: [*cases, *_empty(name)] for name, cases in self.answers.get(account, {}).items()}


_LISTS = (
    "apigateway.get_rest_apis",
    "ram.get_resource_shares",
    "resourcegroupstaggingapi.get_resources",
    "securityhub.get_findings",
)


def _empty(name: str) -> list[dict[str, Any]]:
    listed = name.partition(".")[2].startswith(("list_", "describe_")) or name in _LISTS
    return [{"says": hollow(name)}] if listed and any(isinstance(m, ListShape) for m in _members(name)) else []


def _members(name: str) -> list[Shape]:
    shape = operation(name).output_shape
    return list(shape.members.values()) if isinstance(shape, StructureShape) else []


@cache
def hollow(name: str) -> Any:
    """The answer of an operation that has nothing to tell: empty lists, and what an answer must have."""
    shape = operation(name).output_shape
    return _hollow(shape, deep=True) if isinstance(shape, StructureShape) else {}


def _hollow(shape: Shape, *, deep: bool = False) -> Any:
    if isinstance(shape, StructureShape):
        only = deep and len(shape.members) == 1
        needed = {*shape.required_members, *(shape.members if only else ())}
        return {
            name: _hollow(member, deep=only)
            for name, member in shape.members.items()
            if name in needed or isinstance(member, ListShape | MapShape)
        }
    simple: dict[str, Any] = {"list": [], "map": {}, "boolean": False, "string": "", "timestamp": ago()}
    return simple.get(shape.type_name, 0)
