"""What a control test is: a condition over evidence, with all that it reads known before anything is judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from annexlog.evidence_store.model import JSON, Millis, TypeShape
from annexlog.mappings.common import Common
from annexlog.mappings.conditions import Condition
from annexlog.mappings.derive import Derived
from annexlog.mappings.paths import Path

__all__ = ["KINDS", "SEVERITIES", "VARIABLES", "Derivation", "Example", "Join", "Test"]

SEVERITIES = ("critical", "high", "medium", "low")
KINDS = ("pass", "fail", "unknown", "not_applicable")
VARIABLES = ("id", "scope", "tags", "labels", "now", "registers", "settings")
"""What every condition may read, beside facets, joins and derived values."""


@dataclass(frozen=True, slots=True)
class Join:
    """Resources of another type that a test compares with.

    `by`: (own path, path of the other type) pairs that must all meet; none: the whole population within `within`.
    `one`: a look-up by key. `missing`: null may stand for what a complete population does not have.
    `facets`: all that is read of the other type, by `take`, `by` and `keep`; its listing is always read.
    `back`: asked the other way round, for what meets none of this type in the estate: [] if there is nothing such, else
    Unknown(unresolved) with how many. It is the join from the other type to this one.
    """

    name: str
    of: TypeShape
    take: tuple[str, ...]
    by: tuple[tuple[Path, Path], ...]
    one: bool
    within: str
    missing: bool
    keep: Condition | None
    facets: frozenset[str]
    back: Join | None = None

    @property
    def sides(self) -> tuple[Join, ...]:
        """The join, and the one back."""
        return (self, self.back) if self.back else (self,)


@dataclass(frozen=True, slots=True)
class Derivation:
    """One derived value: a registered function over paths, whose roots are variables or values derived before."""

    name: str
    function: Derived
    arguments: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """What a test says of one made-up resource. `kind` is one of KINDS; `given` as written, `where` it stands."""

    kind: str
    given: Mapping[str, JSON]
    where: str


@dataclass(frozen=True, slots=True)
class Test:
    """A control test. `definition` is what is recorded as evidence, `digest` its SHA-256 in hex.

    `facets`: those of its own type that it reads, directly or through joins and derived values.
    `labels`: the labels it reads. `outdated`: derived functions that are no longer those of the definition.
    """

    __test__ = False  # pytest: this is no test class

    id: str
    of: TypeShape
    asks: str
    when: Condition | None
    expect: Condition
    joins: tuple[Join, ...]
    derive: tuple[Derivation, ...]
    severity: str
    every: Millis
    settings: Mapping[str, JSON]
    registers: tuple[str, ...]
    labels: tuple[str, ...]
    shows: str
    does_not_show: str
    fix: str
    source: str
    examples: tuple[Example, ...]
    """None where they were not read."""
    facets: frozenset[str]
    definition: Mapping[str, JSON] = field(repr=False)
    digest: str
    where: str
    outdated: tuple[str, ...] = ()

    @property
    def conditions(self) -> tuple[Condition, ...]:
        return (self.expect,) if self.when is None else (self.when, self.expect)

    @property
    def reads(self) -> frozenset[str]:
        """Every variable that its conditions, derived values and `keep` conditions read."""
        names = {name for condition in self.conditions for name in condition.reads}
        names |= {path.root for derivation in self.derive for path in derivation.arguments}
        return frozenset(names.union(*(join.keep.reads for join in self.joins if join.keep)))

    @property
    def reads_now(self) -> bool:
        """Whether time alone can change an outcome."""
        return "now" in self.reads

    def wanted(self) -> Iterator[tuple[str, str]]:
        """(type name, facet) of all the evidence that it reads; a type's listing by its main facet."""
        for of, facets in ((self.of, self.facets), *((join.of, join.facets) for join in self.joins)):
            if isinstance(of, Common):
                yield from of.wanted(facets)
            else:
                yield of.name, of.facet
                yield from ((of.name, facet) for facet in sorted(facets))
