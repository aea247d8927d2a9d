"""Find the resources that a test compares with: by key through an index, or a whole population."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from annexlog.evidence_store.model import (
    JSON,
    ORG,
    Coverage,
    Evidence,
    Line,
    Millis,
    Resource,
    Seen,
    TypeShape,
    Unknown,
)
from annexlog.mappings.common import TARGETS, Common, Projection, made_with
from annexlog.mappings.definitions import Join, Test
from annexlog.mappings.labels import Assigned, Label, assigned, read_labels
from annexlog.mappings.paths import Path
from annexlog.mappings.strictyaml import Document
from annexlog.mappings.tags import tags_of

__all__ = [
    "ORGANIZATION",
    "Entry",
    "Estate",
    "Index",
    "applies",
    "asked",
    "facet_of",
    "lines_of",
    "root_of",
    "target_line",
]

UNOBSERVED = Unknown("unobserved")
ORGANIZATION = {"registers": Line(ORG, "register"), "settings": Line(ORG, "setting"), "labels": Line(ORG, "label")}
"""The organization's own lines, by the variable that reads them."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One joined resource, equal only to itself.

    `maps`: what conditions see of it, by what is taken; built when first needed.
    """

    scope: str
    id: str
    facets: Mapping[str, JSON | Unknown]
    of: TypeShape
    maps: dict[tuple[str, ...], dict[str, JSON] | Unknown] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Index:
    """The resources of one type in a group of scopes, by what a path of theirs leads to (no path: all in `entries`).

    `hole`: why the population, or the keys in it, were not all seen; None if they were.
    """

    entries: tuple[Entry, ...]
    by_key: Mapping[JSON, list[Entry]]
    hole: Unknown | None
    made_with: frozenset[str] = frozenset()
    """Of a common type: the redaction keys of the commitments among the keys."""


class Estate:
    """Evidence at one instant, with what judging needs more than once; as good as the Evidence itself.

    Give it the tests that will be judged: then each joined population is read once.
    """

    def __init__(self, evidence: Evidence, tests: Iterable[Test] = ()) -> None:
        self.evidence = evidence
        self.at: Millis = evidence.at
        self.upto: int = evidence.upto
        self.scopes: Mapping[str, Mapping[str, JSON]] = evidence.scopes()
        self._documents: dict[str, Mapping[str, JSON]] = {}
        self._labels: Mapping[str, tuple[Label, Assigned]] | None = None
        self._facets: dict[str, set[str]] = {}
        self._entries: dict[tuple[str, str], tuple[Entry, ...]] = {}
        self._reaches: dict[tuple[str, str, str], tuple[tuple[str, ...], tuple[Line, ...]]] = {}
        self._indexes: dict[tuple[str, str, tuple[str, ...], tuple[Line, ...]], Index] = {}
        self._lines: dict[tuple[object, ...], frozenset[Line]] = {}
        self._seen: dict[Line, Seen | None] = {}
        self._projection = Projection(evidence)
        for test in tests:
            for join in (side for told in test.joins for side in told.sides):
                self._facets.setdefault(join.of.name, set()).update(join.facets)

    @classmethod
    def of(cls, evidence: Evidence | Estate) -> Estate:
        return evidence if isinstance(evidence, Estate) else cls(evidence)

    def documents(self, type: str) -> Mapping[str, JSON]:
        if type not in self._documents:
            self._documents[type] = self.evidence.documents(type)
        return self._documents[type]

    def labels(self) -> Mapping[str, tuple[Label, Assigned]]:
        """Every label with what its register says."""
        if self._labels is None:
            read = read_labels(Document("labels as recorded", dict(self.documents("label"))))
            registers = self.documents("register")
            self._labels = {name: (label, assigned(registers.get(label.register))) for name, label in read.items()}
        return self._labels

    def resources(self, scope: str, of: TypeShape, facets: Collection[str]) -> Iterable[Resource]:
        """As Evidence.resources, also of a common type."""
        wanted = sorted(set(facets) - {of.facet})
        if isinstance(of, Common):
            return self._projection.resources(scope, self.scopes[scope], of, wanted)
        return self.evidence.resources(scope, of.name, wanted)

    def hole(self, scope: str, of: TypeShape) -> Unknown | None:
        """Why a type's population in a scope was not seen whole; None if it was."""
        gaps = (self.gap(line) for line in lines_of(of, (), {scope: self.scopes[scope]}) if line.scope != ORG)
        return next((gap for gap in gaps if gap), None)

    def seen(self, line: Line) -> Seen | None:
        if line not in self._seen:
            self._seen[line] = self.evidence.seen(line)
        return self._seen[line]

    def gap(self, line: Line) -> Unknown | None:
        """Why a line was not seen whole; None if it was."""
        seen = self.seen(line)
        if seen is None:
            return Unknown("unobserved", operation=line.type)
        if seen.status is Coverage.COMPLETE:
            return None
        return seen.refusal or Unknown("incomplete", operation=line.type)

    def reach(self, join: Join, scope: str) -> tuple[tuple[str, ...], tuple[Line, ...]]:
        """The open scopes in which a join from this scope looks, sorted; and the lines that say which scopes there are.

        These are looked at where a join goes further than its own scope: a region nobody heard of may have the rest.
        """
        place = {"scope": scope, "account": account_of(scope)}.get(join.within, "")
        key = (join.of.name, join.within, place)
        if key not in self._reaches:
            level = [name for name, attributes in self.scopes.items() if applies(join.of, attributes)]
            if join.within == "scope":
                self._reaches[key] = tuple(name for name in level if name == place), ()
            else:
                inside = [name for name in level if join.within == "estate" or account_of(name) == place]
                targets = {line for name in (scope, *inside) for line in target_line(self.scopes[name])}
                targets.update(self._configured(join.of))
                self._reaches[key] = tuple(inside), tuple(sorted(targets))
        return self._reaches[key]

    def _configured(self, of: TypeShape) -> Iterator[Line]:
        """Of a common type: every configured target that may have some, be no scope of it known yet."""
        if isinstance(of, Common):
            providers = {part.of.provider for part in of.parts}
            told = self.documents("setting").get(TARGETS) or {}
            yield from (Line(f"target/{name}", "scope") for name, provider in told.items() if provider in providers)

    def lines(self, join: Join, scope: str) -> frozenset[Line]:
        """Every line that a join from this scope may rest on."""
        if join.back:
            return self._lines_of(join, scope) | self._lines_of(join.back, scope)
        return self._lines_of(join, scope)

    def _lines_of(self, join: Join, scope: str) -> frozenset[Line]:
        scopes, targets = self.reach(join, scope)
        key = (join.of.name, join.facets, scopes, targets)
        if key not in self._lines:
            inside = {name: self.scopes[name] for name in scopes}
            self._lines[key] = frozenset((*lines_of(join.of, join.facets, inside), *targets))
        return self._lines[key]

    def index(self, join: Join, scope: str, path: Path | None) -> Index:
        """The index for one join from one scope, by one path of the joined type."""
        wanted = self._facets.setdefault(join.of.name, set())
        if not join.facets <= wanted:
            wanted |= join.facets
            self._entries = {key: value for key, value in self._entries.items() if key[1] != join.of.name}
            self._indexes = {key: value for key, value in self._indexes.items() if key[0] != join.of.name}
        scopes, targets = self.reach(join, scope)
        key = (join.of.name, path.text if path else "", scopes, targets)
        if key not in self._indexes:
            self._indexes[key] = self._build(join.of, scopes, targets, path)
        return self._indexes[key]

    def _build(self, of: TypeShape, scopes: tuple[str, ...], targets: tuple[Line, ...], path: Path | None) -> Index:
        holes = [*map(self.gap, targets), *(self.hole(name, of) for name in scopes)]
        if not scopes:
            holes.append(Unknown("unobserved", operation=of.name))
        entries = tuple(entry for name in scopes for entry in self._population(name, of))
        by_key: dict[JSON, list[Entry]] = {}
        for entry in entries if path else ():
            assert path is not None  # noqa: S101 — for the type checker
            keys = self._keys(entry, path)
            if isinstance(keys, Unknown):
                holes.append(keys)
                continue
            for one in dict.fromkeys(keys):
                by_key.setdefault(one, []).append(entry)
        made = made_with(by_key) if isinstance(of, Common) else frozenset[str]()
        return Index(entries, by_key, next((hole for hole in holes if hole), None), made)

    def _keys(self, entry: Entry, path: Path) -> list[JSON] | Unknown:
        root = root_of(entry, path.root, self.scopes)
        return root if isinstance(root, Unknown) else path.keys(root)

    def _population(self, scope: str, of: TypeShape) -> tuple[Entry, ...]:
        if (scope, of.name) not in self._entries:
            found = self.resources(scope, of, self._facets[of.name])
            self._entries[scope, of.name] = tuple(Entry(scope, one.id, one.facets, of) for one in found)
        return self._entries[scope, of.name]


def account_of(scope: str) -> str:
    """The first two parts of a scope's name: `aws/123456789012`."""
    return "/".join(scope.split("/", 2)[:2])


def applies(of: TypeShape, attributes: Mapping[str, JSON]) -> bool:
    """Whether a scope with these attributes has resources of the type."""
    if isinstance(of, Common):
        return bool(of.within(attributes))
    return attributes.get("level") == of.level and attributes.get("provider") == of.provider


def asked(test: Test, providers: Collection[str]) -> bool:
    """Whether there is a target of one of the other providers that the test compares with; else nobody asks it.

    A test that compares with several clouds is asked where one of them is there: its condition says which it needs.
    """
    others: set[str] = set()
    for of in (test.of, *(join.of for join in test.joins)):
        if isinstance(of, Common) and not any(part.of.provider in providers for part in of.parts):
            return False
    for join in test.joins:
        if not isinstance(join.of, Common) and join.of.provider != test.of.provider:
            others.add(join.of.provider)
    return not others or not others.isdisjoint(providers)


def target_line(attributes: Mapping[str, JSON]) -> list[Line]:
    """The line that says which scopes a scope's target has; none where the scope names no target."""
    return [Line(f"target/{attributes['target']}", "scope")] if attributes.get("target") else []


def facet_of(of: TypeShape, facets: Mapping[str, JSON | Unknown], name: str) -> JSON | Unknown:
    """A facet's value as mappings call it: the listing's body by the type's main facet."""
    return facets.get("" if name == of.facet else name, UNOBSERVED)


def root_of(entry: Entry, root: str, scopes: Mapping[str, Mapping[str, JSON]]) -> JSON | Unknown:
    """What a path over a joined resource starts from."""
    if root == "id":
        return entry.id
    if root == "scope":
        return {"name": entry.scope, **scopes[entry.scope]}
    if root == "tags":
        return tags_of(entry.of, entry.facets)
    return facet_of(entry.of, entry.facets, root)


def lines_of(of: TypeShape, facets: Collection[str], scopes: Mapping[str, Mapping[str, JSON]]) -> Iterator[Line]:
    """A type's listing and these facets, in these scopes; of a common type, what its parts rest on."""
    for scope, attributes in scopes.items():
        if isinstance(of, Common):
            yield ORGANIZATION["registers"]
            for part in of.within(attributes):
                yield from lines_of(part.of, part.needs(facets), {scope: attributes})
        else:
            yield Line(scope, of.name)
            yield from (Line(scope, of.name, facet) for facet in sorted(facets) if facet != of.facet)
