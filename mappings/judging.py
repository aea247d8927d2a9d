"""Judge one test in one scope: evidence in, outcomes out. Pure: no clock, no network, no order but the evidence's.

To use more cores, give each process its own scopes and its own Estate: judging holds the interpreter, so threads gain
nothing, and nothing is shared between two calls but what an Estate remembers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from annexlog.evidence_store.model import JSON, POPULATION, Evidence, Line, Outcome, Resource, Status, Unknown
from annexlog.mappings.conditions import Condition
from annexlog.mappings.definitions import Derivation, Join, Test
from annexlog.mappings.derive import memoised
from annexlog.mappings.joins import ORGANIZATION, Entry, Estate, applies, facet_of, lines_of, root_of
from annexlog.mappings.paths import Path
from annexlog.mappings.tags import tags_of

__all__ = ["Judged", "inputs", "judge", "judge_together"]

PASS, FAIL, NOT_APPLICABLE = Outcome(Status.PASS), Outcome(Status.FAIL), Outcome(Status.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True)
class Judged:
    """The outcomes by resource id (`*` for a population not seen whole), and the lines they really rest on."""

    outcomes: dict[str, Outcome]
    inputs: frozenset[Line]


def judge(test: Test, scope: str, evidence: Evidence | Estate) -> Judged:
    """Every resource of the test's type in a scope gets an outcome; a scope that has no such type gets none.

    Give an Estate rather than the Evidence to judge more than once over the same.
    """
    return judge_together([test], scope, evidence)[test.id]


def judge_together(tests: Sequence[Test], scope: str, evidence: Evidence | Estate) -> dict[str, Judged]:
    """The same for several tests of one type, reading its population once: {test id: Judged}."""
    estate = Estate.of(evidence)
    shape = tests[0].of
    if scope not in estate.scopes or not applies(shape, estate.scopes[scope]):
        return {test.id: Judged({}, frozenset()) for test in tests}
    benches = [_Bench(test, scope, estate) for test in tests]
    facets = {facet for test in tests for facet in test.facets} - {shape.facet}
    for resource in estate.evidence.resources(scope, shape.name, sorted(facets)):
        for bench in benches:
            bench.outcomes[resource.id] = bench.outcome(resource)
    gap = estate.gap(Line(scope, shape.name))
    if gap:
        for bench in benches:
            bench.outcomes[POPULATION] = Outcome(Status.UNKNOWN, gap)
    return {bench.test.id: Judged(bench.outcomes, bench.inputs()) for bench in benches}


def inputs(test: Test, scope: str, evidence: Evidence | Estate) -> frozenset[Line]:
    """The lines that the test's outcomes in this scope may rest on: what `Judged.inputs` can never go beyond."""
    estate = Estate.of(evidence)
    if scope not in estate.scopes or not applies(test.of, estate.scopes[scope]):
        return frozenset()
    found = _own_lines(test, scope)
    for join in test.joins:
        found |= _all_lines(join, scope, estate)
    return frozenset(found)


def _own_lines(test: Test, scope: str) -> set[Line]:
    found = set(lines_of(test.of, test.facets, [scope]))
    found |= {line for name, line in ORGANIZATION.items() if name in test.reads}
    if "labels" in test.reads:
        found.add(ORGANIZATION["registers"])  # a label may be kept in one
    return found


def _all_lines(join: Join, scope: str, estate: Estate) -> set[Line]:
    return {*lines_of(join.of, join.facets, estate.group(join, scope)), *estate.targets(join, scope)}


class _Bench:
    """One test in one scope: all that is the same for every resource is worked out once."""

    def __init__(self, test: Test, scope: str, estate: Estate) -> None:
        self.test, self.scope, self.estate = test, scope, estate
        self.outcomes: dict[str, Outcome] = {}
        of, reads = test.of, test.reads
        self.facets = [(name, "" if name == of.facet else name) for name in of.facets if name in test.facets]
        self.order = (*of.facets, "tags", "labels", *(j.name for j in test.joins), *(d.name for d in test.derive))
        self.constants: dict[str, Any] = {}
        self.unset: dict[str, Unknown] = {}
        self.plain = not test.joins and not test.derive and not reads & {"tags", "labels"}
        self._constants(reads)
        self.joins = [_Joining(join, scope, estate, self) for join in test.joins]

    def _constants(self, reads: frozenset[str]) -> None:
        test, estate = self.test, self.estate
        self.attributes = {"name": self.scope, **estate.scopes[self.scope]}
        if "scope" in reads:
            self.constants["scope"] = self.attributes
        if "now" in reads:
            self.constants["now"] = datetime.fromtimestamp(estate.at / 1000, UTC)
        if "settings" in reads:
            configured = estate.documents("setting")
            self.constants["settings"] = {name: configured.get(name, own) for name, own in test.settings.items()}
        if "registers" in reads:
            kept = estate.documents("register")
            self.constants["registers"] = {name: kept[name] for name in test.registers if name in kept}
            self.unset = {name: Unknown("unset", operation=name) for name in test.registers if name not in kept}

    # ── one resource ──

    def outcome(self, resource: Resource) -> Outcome:
        data = dict(self.constants)
        gaps: dict[str, Unknown] = {}
        data["id"] = resource.id
        facets = resource.facets
        for name, key in self.facets:
            value = facets.get(key, _UNOBSERVED)
            if type(value) is Unknown:
                gaps[name] = value
            else:
                data[name] = value
        if not self.plain:
            self._add(resource, data, gaps)
        when = self.test.when
        if when is not None:
            result = when.evaluate(data)
            if result is False:
                return NOT_APPLICABLE
            if result is not True:
                return self._unknown(when, gaps, result)
        result = self.test.expect.evaluate(data)
        if result is True:
            return PASS
        return FAIL if result is False else self._unknown(self.test.expect, gaps, result)

    def _unknown(self, condition: Condition, gaps: Mapping[str, Unknown], error: str) -> Outcome:
        for name in self.order:
            if name in gaps and name in condition.reads:
                return Outcome(Status.UNKNOWN, gaps[name])
        if self.unset and "registers" in condition.reads:
            return Outcome(Status.UNKNOWN, next(iter(self.unset.values())))
        return Outcome(Status.UNKNOWN, Unknown("condition_error", code=error))

    def _add(self, resource: Resource, data: dict[str, Any], gaps: dict[str, Unknown]) -> None:
        """Tags, labels, joins and derived values, in this order: a later one may read an earlier one."""
        test = self.test
        tags = tags_of(test.of, resource.facets)
        _put("tags", tags, data, gaps)
        if test.labels:
            self._label(resource.id, tags, data, gaps)
        for joining in self.joins:
            _put(joining.join.name, joining.resolve(data, gaps), data, gaps)
        for derivation in test.derive:
            _put(derivation.name, self._derive(derivation, data, gaps), data, gaps)

    def _label(self, id: str, tags: Any, data: dict[str, Any], gaps: dict[str, Unknown]) -> None:
        registers = self.estate.documents("register")
        found: dict[str, str] = {}
        for name in self.test.labels:
            label = self.estate.labels.get(name)
            value = label.of(id, tags, registers) if label else Unknown("unclassified", operation=name)
            if isinstance(value, Unknown):
                gaps.setdefault("labels", value)
            else:
                found[name] = value
        data["labels"] = found

    def _derive(self, derivation: Derivation, data: dict[str, Any], gaps: Mapping[str, Unknown]) -> JSON | Unknown:
        arguments = []
        for path in derivation.arguments:
            value = self._argument(path, data, gaps)
            if isinstance(value, Unknown):
                return value
            arguments.append(value)
        return memoised(derivation.function, arguments)

    def _argument(self, path: Path, data: dict[str, Any], gaps: Mapping[str, Unknown]) -> JSON | Unknown:
        root = path.root
        if root == "now":
            return self.estate.at
        if root == "registers" and path.members[0] in self.unset:
            return self.unset[path.members[0]]
        if root == "labels":
            return data["labels"].get(path.members[0], gaps.get("labels", _UNOBSERVED))
        return gaps[root] if root in gaps else path.value(data[root])

    def inputs(self) -> frozenset[Line]:
        found = _own_lines(self.test, self.scope)
        for joining in self.joins:
            found |= joining.lines()
        return frozenset(found)


_UNOBSERVED = Unknown("unobserved")


def _put(name: str, value: Any, data: dict[str, Any], gaps: dict[str, Unknown]) -> None:
    if isinstance(value, Unknown):
        gaps[name] = value
    else:
        data[name] = value


class _Joining:
    """One join of one test in one scope."""

    def __init__(self, join: Join, scope: str, estate: Estate, bench: _Bench) -> None:
        self.join, self.scope, self.estate, self.bench = join, scope, estate, bench
        paths: list[Path | None] = [theirs for _, theirs in join.by] or [None]
        self.indexes = [estate.index(join, scope, path) for path in paths]
        self.hole = next((index.hole for index in self.indexes if index.hole), None)
        self.used: set[str] = set()  # scopes that gave a match, or all of them
        self.everything = not join.one
        self.whole: JSON | Unknown = None
        self.seen_whole = False

    def resolve(self, data: Mapping[str, Any], gaps: Mapping[str, Unknown]) -> JSON | Unknown:
        """What the condition sees under the join's name."""
        if not self.join.by:
            if not self.seen_whole:
                self.whole, self.seen_whole = self._many(self.indexes[0].entries), True
            return self.whole
        wanted: list[list[JSON]] = []
        for mine, _ in self.join.by:
            if mine.root in gaps:
                return gaps[mine.root]
            keys = mine.keys(self.bench.attributes if mine.root == "scope" else data[mine.root])
            if isinstance(keys, Unknown):
                return keys
            wanted.append(keys)
        found = self._matching(wanted)
        return self._one(found, wanted) if self.join.one else self._many(found)

    def _matching(self, wanted: Sequence[Sequence[JSON]]) -> list[Entry]:
        first = self.indexes[0].by_key
        keys = wanted[0]
        found = first.get(keys[0], []) if len(keys) == 1 else _unique(e for key in keys for e in first.get(key, ()))
        for index, others in zip(self.indexes[1:], wanted[1:], strict=True):
            also = {id(entry) for key in others for entry in index.by_key.get(key, ())}
            found = [entry for entry in found if id(entry) in also]
        return found

    def _many(self, found: Iterable[Entry]) -> JSON | Unknown:
        if self.hole:
            return self.hole
        shown = []
        for entry in found:
            kept = self._kept(entry)
            if kept is False:
                continue
            value = self._shown(entry) if kept is True else kept
            if isinstance(value, Unknown):
                return value
            shown.append(value)
        return shown

    def _one(self, found: Sequence[Entry], wanted: Sequence[Sequence[JSON]]) -> JSON | Unknown:
        candidates: list[JSON] = []
        unknown: Unknown | None = None
        for entry in found:
            kept = self._kept(entry)
            if kept is False:
                continue
            value = self._shown(entry) if kept is True else kept
            if isinstance(value, Unknown):
                unknown = unknown or value
            else:
                candidates.append(value)
            self.used.add(entry.scope)
        if candidates and all(_same(one, candidates[0]) for one in candidates[1:]):
            return candidates[0]
        if candidates:
            return Unknown("unresolved", operation=self.join.of.name, code="ambiguous")
        return unknown or self._missing(wanted)

    def _missing(self, wanted: Sequence[Sequence[JSON]]) -> JSON | Unknown:
        named = all(wanted)  # a resource that refers to nothing needs no search
        if named:
            self.everything = True
            if self.hole:
                return self.hole
        if self.join.missing:
            return None
        key = ", ".join(str(key) for keys in wanted for key in keys)[:200]
        return Unknown("unresolved", operation=self.join.of.name, code=key)

    def _kept(self, entry: Entry) -> bool | Unknown:
        keep = self.join.keep
        if keep is None:
            return True
        data, gaps = dict(self.bench.constants), dict[str, Unknown]()
        for name in keep.reads:
            if name not in data:
                _put(name, root_of(entry, name, self.estate.scopes), data, gaps)
        if "scope" in keep.reads:
            data["scope"] = root_of(entry, "scope", self.estate.scopes)
        result = keep.evaluate(data)
        if not isinstance(result, str):
            return result
        for name in (*entry.of.facets, "tags"):
            if name in gaps:
                return gaps[name]
        if self.bench.unset and "registers" in keep.reads:
            return next(iter(self.bench.unset.values()))
        return Unknown("condition_error", code=result)

    def _shown(self, entry: Entry) -> dict[str, JSON] | Unknown:
        take = self.join.take
        if take not in entry.maps:
            entry.maps[take] = self._show(entry)
        return entry.maps[take]

    def _show(self, entry: Entry) -> dict[str, JSON] | Unknown:
        shown: dict[str, JSON] = {"id": entry.id, "scope": root_of(entry, "scope", self.estate.scopes)}
        for name in self.join.take:
            value = tags_of(entry.of, entry.facets) if name == "tags" else facet_of(entry.of, entry.facets, name)
            if isinstance(value, Unknown):
                return value
            shown[name] = value
        return shown

    def lines(self) -> set[Line]:
        if self.everything:
            return _all_lines(self.join, self.scope, self.estate)
        return set(lines_of(self.join.of, self.join.facets, self.used))


def _unique(entries: Iterable[Entry]) -> list[Entry]:
    return list({id(entry): entry for entry in entries}.values())


def _same(one: Any, other: Any) -> bool:
    """Whether two matches are the same resource, saying the same, wherever it was seen from."""
    return {**one, "scope": None} == {**other, "scope": None}
