"""What is known, as of an instant: outcomes as they read then, and the states of tests and controls."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar

from annexlog.collectors import providers, resource_types
from annexlog.evidence_store.guarding import guarded
from annexlog.evidence_store.model import (
    JSON,
    ORG,
    POPULATION,
    ConfigError,
    Coverage,
    Line,
    MappingError,
    Millis,
    Outcome,
    State,
    Status,
    StoreDamaged,
    TypeShape,
    Unknown,
    duration,
)
from annexlog.mappings import Common, Control, Estate, Exemption, Mappings, Test, applies, asked, from_documents
from annexlog.mappings.states import ControlState, Rule, TestState, control_state, test_state

if TYPE_CHECKING:
    from annexlog.evidence_store.queries import AssessedLine, OutcomeRow, View

_Value = TypeVar("_Value")

PREFIX = "outcome:"
"""Outcome lines are facets of this prefix and a test's id."""

ACCEPTED = "annexlog.accepted"
"""The setting that records which definitions count: {test id: digest}; others are only observed."""

DOCUMENTS = ("definition", "control", "register", "setting", "exception", "label", "owner", "soa")
"""What the organization itself says, each a type of the scope `org`."""

FLOOR = "annexlog.floor"
"""The setting that records how often facets are polled at most: it decides when evidence is stale."""


def shapes() -> Mapping[str, TypeShape]:
    """What mappings may know of every declared resource type."""
    return {name: kind.shape() for name, kind in resource_types().items()}


@cache
def published_shapes() -> Mapping[str, TypeShape]:
    """The same with the field names that the providers publish (slower: it reads their models)."""
    known = providers()
    return {name: kind.shape(known[kind.provider].members(kind)) for name, kind in resource_types().items()}


@guarded
def definitions(view: View) -> Mappings:
    """The definitions as they stood in a view. Raises StoreDamaged if they cannot be read.

    One turn asks several times, and they seldom change: those that were read last are kept by what their bodies say.
    """
    digest = _digest((kind, *document) for kind in DOCUMENTS for document in view.written(kind).items())
    known = _READ.get(digest)
    if known is None:
        known = _READ[digest] = _definitions(view)
        if len(_READ) > _KEPT:
            _READ.popitem(last=False)
    return known


_KEPT = 2
"""Today's definitions, and those of an earlier day that is judged again."""

_READ: OrderedDict[bytes, Mappings] = OrderedDict()


def _digest(documents: Iterable[tuple[str, str, bytes]]) -> bytes:
    """Of all their bytes. Each part begins with its length: what one says cannot be taken for another's."""
    whole = sha256()
    for kind, id, body in documents:
        for part in (kind.encode(), id.encode(), body):
            whole.update(len(part).to_bytes(8, "big") + part)
    return whole.digest()


def _definitions(view: View) -> Mappings:
    try:
        return from_documents({kind: view.documents(kind) for kind in DOCUMENTS}, shapes())
    except MappingError as error:
        raise StoreDamaged(
            f"what is recorded of it cannot be read: {error.what}",
            where=error.where,
            next="Run `annexlog verify`; if it finds nothing, another version of annexlog recorded it.",
        ) from error


def _by_test(lines: Iterable[tuple[Test, Line]]) -> dict[str, list[tuple[Test, Line]]]:
    found: dict[str, list[tuple[Test, Line]]] = {}
    for test, line in lines:
        found.setdefault(test.id, []).append((test, line))
    return found


def outcome_lines(view: View, mappings: Mappings) -> Iterator[tuple[Test, Line]]:
    """Every test with each outcome line it has in a view: the open scopes of the level its resource type has.

    A test that compares with another provider's resources has some once there is a target of that provider.
    """
    scopes = view.scopes()
    providers = {str(attributes.get("provider")) for attributes in scopes.values()}
    for test in mappings.tests.values():
        if not asked(test, providers):
            continue
        for scope, attributes in scopes.items():
            if applies(test.of, attributes):
                yield test, Line(scope, test.of.name, PREFIX + test.id)


@dataclass(frozen=True, slots=True)
class Answer:
    """One outcome as it reads at an instant: what was recorded, the coverage of all it read, and its freshness.

    `observed`: start of the oldest look that it rests on. `since`: since when its recorded status is what it is, as
    `OutcomeRow` says: a failure's grace goes on while it cannot be seen.
    `run`: the assessment's place in the log. `exception`: the id of the exception that covers it.
    """

    test: Test
    line: Line
    id: str
    status: Status
    reason: Unknown | None
    cause: str
    observed: Millis | None
    since: Millis | None
    run: int | None
    exception: str | None = None


@dataclass(frozen=True, slots=True)
class TestAnswer:
    """One test of a control at an instant."""

    __test__ = False  # pytest: this is no test class

    test: Test
    strength: str
    state: TestState


@dataclass(frozen=True, slots=True)
class ControlAnswer:
    """One control at an instant. `oldest`: start of the oldest look that its primary tests rest on; `stale`: how many
    of their outcomes are too old to count; `unexcepted_unknown`: whether one of them is unknown and not excepted.
    """

    control: Control
    whole: ControlState
    tests: tuple[TestAnswer, ...]
    oldest: Millis | None
    stale: int
    unexcepted_unknown: bool

    @property
    def state(self) -> State:
        return self.whole.state


@dataclass(frozen=True, slots=True)
class Change:
    """One recorded change of one outcome. `seq`: the assessment's place in the log."""

    at: Millis
    test: str
    line: Line
    id: str
    outcome: Outcome
    cause: str
    seq: int


class Reading:
    """Answers from one view, by the definitions of its day."""

    def __init__(self, view: View, known_at: Millis | None = None) -> None:
        self.view, self.known_at = view, known_at

    @cached_property
    def mappings(self) -> Mappings:
        return definitions(self.view)

    @cached_property
    def floor(self) -> Millis:
        return self._setting(lambda settings: duration(settings.get(FLOOR, "PT0S")))

    @guarded
    def _setting(self, read: Callable[[Mapping[str, Any]], _Value]) -> _Value:
        """What is read from the recorded settings."""
        return read(self.view.documents("setting"))

    def every(self, test: Test) -> Millis:
        """How often what the test reads is really polled."""
        return max(test.every, self.floor)

    def answers(
        self, *, test: str | None = None, scope: str | None = None, resource: str | None = None
    ) -> Iterator[Answer]:
        """Outcomes as they read at this instant, in the order of tests and scopes; then those of scopes that are no
        longer looked at: retired, or skipped by now (an account suspended, a region left out).

        A test that has not been judged in a scope gives one answer for its whole population: unknown.
        """
        for judged, line in self._lines if test is None else self._lines_by_test.get(test, ()):
            if scope is None or line.scope == scope:
                yield from self._line(judged, line, resource)
        for name, judged_there in self._closed.items():
            if (scope is None or name == scope) and (test is None or test in judged_there):
                yield from self._retired(name, test, resource)

    @cached_property
    def _lines(self) -> list[tuple[Test, Line]]:
        return list(outcome_lines(self.view, self.mappings))

    @cached_property
    def _lines_by_test(self) -> dict[str, list[tuple[Test, Line]]]:
        return _by_test(self._lines)

    @cached_property
    def _closed(self) -> dict[str, set[str]]:
        """The scopes that are no longer looked at, each with the tests that were judged there."""
        names = sorted({known.name for known in self.view.scope_states()} - set(self.view.scopes()))
        judged = {name: self.view.lines(scope=name, facet=PREFIX + "*") for name in names}
        return {name: {line.facet.removeprefix(PREFIX) for line in lines} for name, lines in judged.items()}

    def _line(self, test: Test, line: Line, resource: str | None) -> Iterator[Answer]:
        assessed = self.view.assessed(line)
        if assessed is None:
            yield Answer(test, line, POPULATION, Status.UNKNOWN, Unknown("not_assessed"), "coverage", None, None, None)
            return
        blind, observed = self._blind(test, assessed)
        for row in self.view.outcomes(test=test.id, scope=line.scope, resource=resource, type=line.type):
            yield self._answer(test, line, row, blind, observed)

    def _retired(self, scope: str, test: str | None, resource: str | None) -> Iterator[Answer]:
        for row in self.view.outcomes(test=test, scope=scope, resource=resource):
            known = self.mappings.tests.get(row.test)
            if known is not None:
                yield self._answer(
                    known, Line(scope, row.type, PREFIX + row.test), row, Unknown("retired", scope), None
                )

    def _answer(
        self, test: Test, line: Line, row: OutcomeRow, blind: Unknown | None, observed: Millis | None
    ) -> Answer:
        status, reason, cause = row.status, row.reason, row.cause
        if blind is not None and (status is not Status.UNKNOWN or blind.reason == "retired"):
            status, reason, cause = Status.UNKNOWN, blind, "clock" if blind.reason == "stale" else "coverage"
        covering = next((e.id for e in self._exemptions if e.covers(test.id, line.scope, row.id)), None)
        return Answer(test, line, row.id, status, reason, cause, observed, row.since, row.seq, covering)

    @cached_property
    def _exemptions(self) -> list[Exemption]:
        return [one for one in self.mappings.exceptions.values() if one.valid(self.view.at)]

    def _blind(self, test: Test, assessed: AssessedLine) -> tuple[Unknown | None, Millis | None]:
        """Why what the assessment read says nothing at this instant, if so; and the oldest look that it read."""
        oldest: Millis | None = None
        blind: Unknown | None = None
        for line in sorted(assessed.inputs):
            if line.scope == ORG:
                continue
            seen = self.view.seen(line)
            if seen is None:
                blind = blind or Unknown("unobserved", line.type)
                continue
            oldest = seen.start if oldest is None else min(oldest, seen.start)
            if seen.status is not Coverage.COMPLETE and seen.seq > assessed.upto:
                blind = blind or seen.refusal or Unknown("incomplete", line.type)
        if blind is None and oldest is not None and self.view.at - oldest > 2 * self.every(test):
            blind = Unknown("stale", test.of.name)
        return blind, oldest

    # ── states ────────────────────────────────────────────────────────────────────────────

    def controls(self) -> list[ControlAnswer]:
        """All 93 controls, in the order of Annex A."""
        linked = {link.test for control in self.mappings.controls.values() for link in control.tests}
        known = {id: self._test(test) for id, test in self.mappings.tests.items() if id in linked}
        return [self._control(control, known) for control in self.mappings.controls.values()]

    def not_met(self) -> set[str]:
        """The controls that are not met."""
        return {answer.control.id for answer in self.controls() if answer.state is State.NOT_MET}

    def _test(self, test: Test) -> _Told:
        told = _Told()
        rows = told.hear(a for a in self.answers(test=test.id) if a.reason is None or a.reason.reason != "retired")
        observed = self._setting(lambda settings: settings.get(ACCEPTED, {}).get(test.id)) != test.digest
        told.state = test_state(test, rows, now=self.view.at, rule=self._rule, observed=observed)
        return told

    @cached_property
    def _rule(self) -> Rule:
        return self._setting(Rule.from_settings)

    def _control(self, control: Control, known: Mapping[str, _Told]) -> ControlAnswer:
        told = {link.test: known[link.test] for link in control.tests if link.test in known}
        states = {id: one.state for id, one in told.items() if one.state is not None}
        whole = control_state(control, states, self.mappings.soa.get(control.id))
        tests = tuple(
            TestAnswer(self.mappings.tests[k.test], k.strength, states[k.test])
            for k in control.tests
            if k.test in states
        )
        primary = [told[id] for id in control.primary if id in states and not states[id].observed]
        oldest = min((t.oldest for t in primary if t.oldest is not None), default=None)
        open_unknown = any(t.open_unknown for t in primary)
        return ControlAnswer(control, whole, tests, oldest, sum(t.stale for t in primary), open_unknown)

    # ── what stands behind an answer ──────────────────────────────────────────────────────

    def failing(self, answer: ControlAnswer) -> Iterator[Answer]:
        """The failing outcomes of a control's tests that no exception covers, its primary tests' first."""
        for test in sorted(answer.tests, key=lambda t: t.strength != "primary"):
            yield from (a for a in self.answers(test=test.test.id) if a.status is Status.FAIL and a.exception is None)

    def evidence(self, answer: Answer) -> Iterator[tuple[str, JSON | Unknown]]:
        """The facets of its own resource that the outcome's test reads: (name, value)."""
        shape = answer.test.of
        if isinstance(shape, Common):
            read = {shape.facet, *answer.test.facets}
            found = Estate(self.view).resources(answer.line.scope, shape, read)
            one = next((resource for resource in found if resource.id == answer.id), None)
            told = one.facets if one else {}
            for facet in (name for name in shape.facets if name in read):
                yield facet, told.get("" if facet == shape.facet else facet, Unknown("unobserved"))
            return
        for facet in shape.facets:
            if facet in answer.test.facets or facet == shape.facet:
                line = Line(answer.line.scope, shape.name, "" if facet == shape.facet else facet)
                cell = self.view.cell(line, answer.id)
                yield facet, Unknown("unobserved") if cell is None else cell.value

    def tests_of(self, control: str) -> frozenset[str]:
        """The ids of a control's tests. Raises ConfigError if there is no such control."""
        id = control if control.startswith("A.") else f"A.{control}"
        if id not in self.mappings.controls:
            raise ConfigError(f"Annex A has no control {control!r}.", next="Its controls are A.5.1 to A.8.34.")
        return frozenset(link.test for link in self.mappings.controls[id].tests)

    def changes(self, subject: str) -> Iterator[Change]:
        """Every change of the recorded outcomes of a control's tests, a test or a resource, oldest first."""
        named = {subject} if subject in self.mappings.tests else set()
        if subject.removeprefix("A.") != subject and subject in self.mappings.controls:
            named = set(self.tests_of(subject))
        found: list[Change] = []
        for line in self.view.lines(facet=PREFIX + "*"):
            test = line.facet.removeprefix(PREFIX)
            if named and test not in named:
                continue
            ids = self.view.members(line) if named else (subject,)
            for id in ids:
                found += [
                    Change(version.end, test, line, id, version.value, version.cause, version.seq)
                    for version in self.view.history(line, id)
                    if isinstance(version.value, Outcome) and version.shown
                ]
        return iter(sorted(found, key=lambda c: (c.at, c.seq, c.test, c.id)))


class _Told:
    """What one pass over a test's outcomes says beside its state."""

    def __init__(self) -> None:
        self.state: TestState | None = None
        self.oldest: Millis | None = None
        self.stale = 0
        self.open_unknown = False

    def hear(self, answers: Iterator[Answer]) -> Iterator[Answer]:
        for answer in answers:
            if answer.observed is not None:
                self.oldest = answer.observed if self.oldest is None else min(self.oldest, answer.observed)
            if answer.status is Status.UNKNOWN:
                self.stale += answer.reason is not None and answer.reason.reason == "stale"
                self.open_unknown = self.open_unknown or answer.exception is None
            yield answer
