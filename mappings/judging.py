"""Judge one test in one scope: evidence in, outcomes out. Pure: no clock, no network, no order but the evidence's.

To use more cores, give each process its own scopes and its own Estate: judging holds the interpreter, so threads gain
nothing, and nothing is shared between two calls but what an Estate remembers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from annexlog.evidence_store.model import JSON, POPULATION, REASONS, Evidence, Line, Outcome, Resource, Status, Unknown
from annexlog.mappings.conditions import Condition
from annexlog.mappings.definitions import Derivation, Test
from annexlog.mappings.derive import memoised
from annexlog.mappings.joins import ORGANIZATION, Estate, applies, lines_of, target_line
from annexlog.mappings.paths import Path
from annexlog.mappings.resolving import Constants, Joining
from annexlog.mappings.tags import tags_of

__all__ = ["Judged", "inputs", "judge", "judge_together"]

_GRAVITY = {reason: rank for rank, reason in enumerate(REASONS)}

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
    for resource in estate.resources(scope, shape, facets):
        for bench in benches:
            bench.outcomes[resource.id] = bench.outcome(resource)
    gap = estate.hole(scope, shape)
    if gap:
        for bench in benches:
            bench.outcomes[POPULATION] = Outcome(Status.UNKNOWN, gap)
    return {bench.test.id: Judged(bench.outcomes, bench.inputs()) for bench in benches}


def inputs(test: Test, scope: str, evidence: Evidence | Estate) -> frozenset[Line]:
    """The lines that the test's outcomes in this scope may rest on: what `Judged.inputs` can never go beyond."""
    estate = Estate.of(evidence)
    if scope not in estate.scopes or not applies(test.of, estate.scopes[scope]):
        return frozenset()
    found = _own_lines(test, scope, estate)
    if "scope" in test.reads or test.joins:
        found.update(target_line(estate.scopes[scope]))
    for join in test.joins:
        found |= estate.lines(join, scope)
    return frozenset(found)


def _own_lines(test: Test, scope: str, estate: Estate) -> set[Line]:
    found = set(lines_of(test.of, test.facets, {scope: estate.scopes[scope]}))
    found |= {line for name, line in ORGANIZATION.items() if name in test.reads}
    if "labels" in test.reads:
        found.add(ORGANIZATION["registers"])  # a label may be kept in one
    return found


class _Bench:
    """One test in one scope: all that is the same for every resource is worked out once."""

    def __init__(self, test: Test, scope: str, estate: Estate) -> None:
        self.test, self.scope, self.estate = test, scope, estate
        self.outcomes: dict[str, Outcome] = {}
        of, reads = test.of, test.reads
        self.facets = [(name, "" if name == of.facet else name) for name in of.facets if name in test.facets]
        self.order = (*of.facets, "tags", "labels", *(j.name for j in test.joins), *(d.name for d in test.derive))
        self.plain = not test.joins and not test.derive and not reads & {"tags", "labels"}
        constants = _constants(test, scope, estate)
        self.constants, self.unset = constants.data, constants.unset
        self.joins = [Joining(join, scope, estate, constants) for join in test.joins]

    # ── one resource ──

    def outcome(self, resource: Resource) -> Outcome:
        facets = resource.facets
        unseen = facets.get("")
        if type(unseen) is Unknown:  # nobody saw that it is there: not even its id says anything
            return Outcome(Status.UNKNOWN, unseen)
        data = dict(self.constants)
        gaps: dict[str, Unknown] = {}
        data["id"] = resource.id
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
        """Of what it reads and nobody saw, the gravest: a refusal says more than what could not follow from it."""
        missing = [gaps[name] for name in self.order if name in gaps and name in condition.reads]
        if missing:
            return Outcome(Status.UNKNOWN, min(missing, key=lambda unknown: _GRAVITY[unknown.reason]))
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
        known = self.estate.labels()
        found: dict[str, str] = {}
        for name in self.test.labels:
            label, said = known.get(name, (None, None))
            value = label.of(id, tags, said) if label and said else Unknown("unclassified", operation=name)
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
        found = _own_lines(self.test, self.scope, self.estate)
        for joining in self.joins:
            found |= joining.lines()
        return frozenset(found)


def _constants(test: Test, scope: str, estate: Estate) -> Constants:
    reads, kept = test.reads, estate.documents("register")
    attributes = {"name": scope, **estate.scopes[scope]}
    data: dict[str, Any] = {}
    if "scope" in reads:
        data["scope"] = attributes
    if "now" in reads:
        data["now"] = datetime.fromtimestamp(estate.at / 1000, UTC)
    if "settings" in reads:
        configured = estate.documents("setting")
        data["settings"] = {name: configured.get(name, own) for name, own in test.settings.items()}
    if "registers" in reads:
        data["registers"] = {name: kept[name] for name in test.registers if name in kept}
    unset = {name: Unknown("unset", operation=name) for name in test.registers if name not in kept}
    return Constants(data, attributes, unset)


_UNOBSERVED = Unknown("unobserved")


def _put(name: str, value: Any, data: dict[str, Any], gaps: dict[str, Unknown]) -> None:
    if isinstance(value, Unknown):
        gaps[name] = value
    else:
        data[name] = value
