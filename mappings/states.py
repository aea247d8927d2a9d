"""What outcomes amount to: the state of a test, and of a control. Pure: time is an argument.

A test is `not_met` if failures older than their grace are more than its tolerance allows; else `unknown` if anything
it reads is not completely and freshly covered; else `deviating` if anything fails; else `met`. Outcomes covered by a
valid exception are left out. A test without an outcome that counts is `not_tested`: nothing to test is neither good
nor bad. A control has the worst state of those primary tests that had something to test; secondary tests and tests
that are only observed never decide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from annexlog.evidence_store.model import JSON, Millis, State, Status, Unknown, duration
from annexlog.mappings.definitions import SEVERITIES, Test
from annexlog.mappings.organization import Applicability
from annexlog.mappings.pages import Control

__all__ = ["RULE_SETTINGS", "ControlState", "Row", "Rule", "TestState", "control_state", "test_state"]

RULE_SETTINGS: Final = ("tolerance", "grace")
"""The settings that `Rule.from_settings` reads."""

_WORST_FIRST = (State.NOT_MET, State.UNKNOWN, State.DEVIATING, State.MET)
_DAY = duration("P1D")


@dataclass(frozen=True, slots=True)
class Rule:
    """`tolerance`: percent of outcomes that may fail beyond their grace, by severity. `grace`: ms, by severity.

    Where the scope itself is the resource, a single failure is the whole: the tolerance is 0.
    """

    tolerance: Mapping[str, float] = field(
        default_factory=lambda: {"critical": 0, "high": 0, "medium": 2, "low": 5},
    )
    grace: Mapping[str, Millis] = field(
        default_factory=lambda: {"critical": _DAY, "high": 7 * _DAY, "medium": 30 * _DAY, "low": 90 * _DAY},
    )

    @classmethod
    def from_settings(cls, settings: Mapping[str, JSON]) -> Rule:
        """The rule with what the settings `tolerance` and `grace` say in place of the defaults.

        `tolerance: {medium: 1}` in percent, `grace: {high: P3D}`. Raises ValueError, beginning with the setting's name.
        """
        own = cls()
        tolerance, grace = (_by_severity(name, settings.get(name, {})) for name in RULE_SETTINGS)
        for severity, percent in tolerance.items():
            if not isinstance(percent, int | float) or isinstance(percent, bool) or not 0 <= percent <= 100:
                raise ValueError(f"tolerance: {severity} must be a percentage from 0 to 100")
        try:
            times = {severity: duration(str(text)) for severity, text in grace.items()}
        except ValueError as error:
            raise ValueError(f"grace: {error}") from None
        return cls({**own.tolerance, **tolerance}, {**own.grace, **times})


def _by_severity(name: str, value: JSON) -> Mapping[str, JSON]:
    if not isinstance(value, dict) or not set(value) <= set(SEVERITIES):
        raise ValueError(f"{name}: it must map some of {', '.join(SEVERITIES)} to values")
    return value


class Row(Protocol):
    """One outcome as it reads at an instant.

    `since`: since when its status is what it is (None: not known, so for ever); a failure that could not be seen for a
    while goes on since it was first seen, or its grace would begin anew. `exception`: id of the valid exception that
    covers it.
    """

    @property
    def status(self) -> Status: ...
    @property
    def reason(self) -> Unknown | None: ...
    @property
    def since(self) -> Millis | None: ...
    @property
    def exception(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class TestState:
    """`counts`: of all outcomes, covered by exceptions or not. `excepted`: failing or unknown ones that are covered.

    `overdue`: failures beyond their grace that are not covered. `observed`: shown, but never counted.
    """

    __test__ = False  # pytest: this is no test class

    test: str
    state: State
    reason: str
    counts: Mapping[Status, int]
    excepted: int = 0
    overdue: int = 0
    observed: bool = False


@dataclass(frozen=True, slots=True)
class ControlState:
    """`counts` and `excepted` are sums over the control's primary tests; `decided_by`: those whose state it has."""

    control: str
    state: State
    reason: str
    counts: Mapping[Status, int]
    excepted: int = 0
    decided_by: tuple[str, ...] = ()


def test_state(
    test: Test,
    rows: Iterable[Row],
    *,
    now: Millis,
    rule: Rule,
    covered: bool = True,  # noqa: PT028 — no test function, for all its name
    observed: bool = False,  # noqa: PT028
) -> TestState:
    """The state of one test over its outcomes as they read at `now`.

    `covered`: whether all that it reads is completely and freshly covered, beyond what the rows say themselves.
    """
    counts: Counter[Status] = Counter()
    open_: Counter[Status] = Counter()
    reasons: Counter[str] = Counter()
    excepted = overdue = 0
    grace = rule.grace[test.severity]
    for row in rows:
        counts[row.status] += 1
        if row.status in (Status.FAIL, Status.UNKNOWN) and row.exception is not None:
            excepted += 1
            continue
        open_[row.status] += 1
        if row.status is Status.FAIL and (row.since is None or now - row.since > grace):
            overdue += 1
        if row.status is Status.UNKNOWN and row.reason is not None:
            reasons[row.reason.reason] += 1
    state, reason = _decide(test, rule, open_, overdue, excepted, covered)
    if reasons and state is State.UNKNOWN:
        reason += f" ({', '.join(f'{name} {n}' for name, n in sorted(reasons.items()))})"
    return TestState(test.id, state, reason, _every(counts), excepted, overdue, observed)


test_state.__test__ = False  # type: ignore[attr-defined]  # pytest: nor is this a test


def _decide(  # noqa: PLR0911 — one return for each rung of the rule
    test: Test, rule: Rule, found: Mapping[Status, int], overdue: int, excepted: int, covered: bool
) -> tuple[State, str]:
    failing, unknown = found[Status.FAIL], found[Status.UNKNOWN]
    judged = failing + found[Status.PASS]
    tolerance = 0.0 if test.of.single else rule.tolerance[test.severity]
    grace = _days(rule.grace[test.severity])
    if overdue * 100 > tolerance * judged:
        allowed = f"{tolerance:g} % may" if tolerance else "none may"
        return State.NOT_MET, f"{overdue} of {judged} fail for longer than {grace}; {allowed}"
    if unknown:
        return State.UNKNOWN, f"{unknown} of {judged + unknown} could not be told"
    if not covered:
        return State.UNKNOWN, "what it reads is not completely and freshly covered"
    if failing:
        late = f", {overdue} of them for longer than {grace}, within the tolerance" if overdue else f", within {grace}"
        return State.DEVIATING, f"{failing} of {judged} fail{late}"
    if judged:
        return State.MET, f"all {judged} pass" if judged > 1 else "it passes"
    if excepted:
        return State.NOT_TESTED, "exceptions cover every outcome"
    if found[Status.NOT_APPLICABLE]:
        return State.NOT_TESTED, "it applies to nothing there is"
    return State.NOT_TESTED, "there is nothing of its kind"


def control_state(control: Control, states: Mapping[str, TestState], row: Applicability | None = None) -> ControlState:
    """The state of one control from its tests' states and its row in the Statement of Applicability, if it has one.

    A primary test that `states` lacks counts as unknown: nothing has judged it.
    """
    primary = {id: states.get(id) or _unjudged(id) for id in control.primary}
    counts = _every(sum((Counter(state.counts) for state in primary.values()), Counter()))
    excepted = sum(state.excepted for state in primary.values())
    if row is not None and not row.applicable:
        return ControlState(control.id, State.EXCLUDED, row.because, counts, excepted)
    if not primary:
        return ControlState(control.id, State.NOT_TESTED, f"no test decides it: {control.not_shown}", counts)
    counted = {id: state for id, state in primary.items() if not state.observed}
    for worst in _WORST_FIRST:
        deciding = tuple(id for id, state in counted.items() if state.state is worst)
        if deciding:
            reason = "; ".join(f"{id}: {counted[id].reason}" for id in deciding)
            return ControlState(control.id, worst, reason, counts, excepted, deciding)
    why = "its tests are only observed yet" if not counted else "its tests found nothing to test"
    return ControlState(control.id, State.NOT_TESTED, why, counts, excepted, tuple(counted))


def _unjudged(id: str) -> TestState:
    return TestState(id, State.UNKNOWN, "nothing has judged it yet", {})


def _every(counts: Mapping[Status, int]) -> dict[Status, int]:
    return {status: counts.get(status, 0) for status in Status}


def _days(grace: Millis) -> str:
    if grace % _DAY:
        return f"{grace / 3_600_000:g} hours"
    return "1 day" if grace == _DAY else f"{grace // _DAY} days"
