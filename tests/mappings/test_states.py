"""What outcomes amount to."""
# ruff: noqa: E501 — one case a line reads as a table

from __future__ import annotations

from dataclasses import dataclass

import pytest

from annexlog.evidence_store.model import Millis, State, Status, Unknown, duration
from annexlog.mappings import Applicability, Control, Link, Rule, TestState, control_state, test_state
from tests.mappings.making import NOW, make

DAY = duration("P1D")
RULE = Rule()


@dataclass(frozen=True)
class Row:
    status: Status
    since: Millis | None = NOW
    exception: str | None = None
    reason: Unknown | None = None


def passing(number: int) -> list[Row]:
    return [Row(Status.PASS)] * number


def failing(number: int, *, days: float = 0, exception: str | None = None) -> list[Row]:
    return [Row(Status.FAIL, NOW - int(days * DAY), exception)] * number


def blind(number: int, reason: str = "denied", exception: str | None = None) -> list[Row]:
    return [Row(Status.UNKNOWN, NOW, exception, Unknown(reason))] * number


def state(rows: list[Row], severity: str = "high", rule: Rule = RULE, **more: bool) -> tuple[State, str]:
    of = "acme.account" if more.pop("of_scope", False) else "acme.bucket"
    test = make(severity=severity, of=of, expect="id != ''", examples={})
    found = test_state(test, rows, now=NOW, rule=rule, **more)
    return found.state, found.reason


# ── a test ────────────────────────────────────────────────────────────────────────────────

CASES = [
    ("all pass", "high", passing(3), State.MET, "all 3 pass"),
    ("one passes", "high", passing(1), State.MET, "it passes"),
    ("a fresh failure", "high", [*passing(9), *failing(1)], State.DEVIATING, "1 of 10 fail, within 7 days"),
    ("a failure just within its grace", "high", [*passing(9), *failing(1, days=7)], State.DEVIATING, "1 of 10 fail, within 7 days"),
    ("a failure beyond its grace", "high", [*passing(9), *failing(1, days=7.01)], State.NOT_MET, "1 of 10 fail for longer than 7 days; none may"),
    ("a critical one after a day", "critical", failing(1, days=1.1), State.NOT_MET, "1 of 1 fail for longer than 1 day; none may"),
    ("within the tolerance", "medium", [*passing(98), *failing(2, days=31)], State.DEVIATING, "2 of 100 fail, 2 of them for longer than 30 days, within the tolerance"),
    ("beyond the tolerance", "medium", [*passing(97), *failing(2, days=31)], State.NOT_MET, "2 of 99 fail for longer than 30 days; 2 % may"),
    ("low tolerates more", "low", [*passing(95), *failing(5, days=91)], State.DEVIATING, "5 of 100 fail, 5 of them for longer than 90 days, within the tolerance"),
    ("an unknown outcome", "high", [*passing(2), *blind(1)], State.UNKNOWN, "1 of 3 could not be told (denied 1)"),
    ("unknown beside fresh failures", "high", [*failing(1), *blind(1), *blind(2, "stale")], State.UNKNOWN, "3 of 4 could not be told (denied 1, stale 2)"),
    ("unknown beside overdue failures", "high", [*failing(1, days=8), *blind(5)], State.NOT_MET, "1 of 1 fail for longer than 7 days; none may"),
    ("unknowns do not dilute", "medium", [*failing(1, days=31), *passing(9), *blind(90)], State.NOT_MET, "1 of 10 fail for longer than 30 days; 2 % may"),
    ("nothing at all", "high", [], State.NOT_TESTED, "there is nothing of its kind"),
    ("nothing it applies to", "high", [Row(Status.NOT_APPLICABLE)], State.NOT_TESTED, "it applies to nothing there is"),
    ("excepted failures", "high", [*passing(1), *failing(2, days=99, exception="EX-1")], State.MET, "it passes"),
    ("an excepted unknown", "high", [*passing(1), *blind(1, exception="EX-1")], State.MET, "it passes"),
    ("everything excepted", "high", failing(2, days=99, exception="EX-1"), State.NOT_TESTED, "exceptions cover every outcome"),
    ("an excepted failure does not dilute", "medium", [*failing(1, days=31), *failing(60, exception="EX-1")], State.NOT_MET, "1 of 1 fail for longer than 30 days; 2 % may"),
    ("since nobody knows when", "high", [Row(Status.FAIL, None)], State.NOT_MET, "1 of 1 fail for longer than 7 days; none may"),
]  # fmt: skip


@pytest.mark.parametrize(("severity", "rows", "expected", "reason"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_the_state_of_a_test_with(severity: str, rows: list[Row], expected: State, reason: str) -> None:
    assert state(rows, severity) == (expected, reason)


def test_a_test_that_is_not_covered_whole_is_unknown_but_never_better_than_not_met() -> None:
    assert state(passing(1), covered=False) == (State.UNKNOWN, "what it reads is not completely and freshly covered")
    assert state([], covered=False)[0] is State.UNKNOWN
    assert state(failing(1, days=8), covered=False)[0] is State.NOT_MET


def test_a_test_of_a_scope_tolerates_nothing() -> None:
    rows = [*passing(99), *failing(1, days=31)]

    assert state(rows, "medium")[0] is State.DEVIATING
    assert state(rows, "medium", of_scope=True) == (State.NOT_MET, "1 of 100 fail for longer than 30 days; none may")


def test_tolerance_and_grace_can_be_configured() -> None:
    rule = Rule.from_settings({"tolerance": {"high": 20}, "grace": {"high": "PT12H"}, "other": 1})

    assert state([*passing(8), *failing(2, days=0.6)], rule=rule)[0] is State.DEVIATING
    assert state([*passing(7), *failing(2, days=0.6)], rule=rule) == (
        State.NOT_MET,
        "2 of 9 fail for longer than 12 hours; 20 % may",
    )
    assert rule.tolerance == {"critical": 0, "high": 20, "medium": 2, "low": 5}
    assert Rule.from_settings({}) == RULE


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tolerance": 3}, "tolerance: it must map some of critical, high, medium, low to values"),
        ({"tolerance": {"urgent": 1}}, "tolerance: it must map some of critical, high, medium, low to values"),
        ({"tolerance": {"high": True}}, "tolerance: high must be a percentage from 0 to 100"),
        ({"tolerance": {"high": -1}}, "tolerance: high must be a percentage from 0 to 100"),
        ({"grace": {"high": 7}}, "grace: '7' is not a duration such as PT6H or P1D"),
    ],
)
def test_a_rule_that_is_none_is_refused(settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("?", ".")):
        Rule.from_settings(settings)


def test_counts_show_everything_and_exceptions_beside_it() -> None:
    rows = [*passing(3), *failing(1, days=9), *failing(1, exception="EX-1"), *blind(2), Row(Status.NOT_APPLICABLE)]

    found = test_state(make(), rows, now=NOW, rule=RULE)

    assert found == TestState(
        "acme.test",
        State.NOT_MET,
        "1 of 4 fail for longer than 7 days; none may",
        {Status.PASS: 3, Status.FAIL: 2, Status.NOT_APPLICABLE: 1, Status.UNKNOWN: 2},
        excepted=1,
        overdue=1,
    )


# ── a control ─────────────────────────────────────────────────────────────────────────────


def control(**tests: str) -> Control:
    links = tuple(Link(name, strength, "It shows it.", "") for name, strength in tests.items())
    return Control("A.8.3", "Access", "technological", "", "", "Who reads what.", links, (), {}, "")


def standing(test: str, found: State, *, observed: bool = False, passed: int = 0, failed: int = 0) -> TestState:
    counts = dict.fromkeys(Status, 0) | {Status.PASS: passed, Status.FAIL: failed}
    return TestState(test, found, f"because of {test}", counts, observed=observed)


def decided(**states: State) -> tuple[State, tuple[str, ...]]:
    found = control_state(control(**dict.fromkeys(states, "primary")), {t: standing(t, s) for t, s in states.items()})
    return found.state, found.decided_by


def test_a_control_has_the_worst_state_of_its_primary_tests() -> None:
    met, deviating, unknown, not_met = State.MET, State.DEVIATING, State.UNKNOWN, State.NOT_MET

    assert decided(a=met, b=met) == (met, ("a", "b"))
    assert decided(a=met, b=deviating) == (deviating, ("b",))
    assert decided(a=unknown, b=deviating) == (unknown, ("a",))
    assert decided(a=unknown, b=not_met, c=not_met) == (not_met, ("b", "c"))


def test_a_test_with_nothing_to_test_neither_helps_nor_hurts() -> None:
    assert decided(a=State.MET, b=State.NOT_TESTED) == (State.MET, ("a",))
    assert decided(a=State.NOT_TESTED, b=State.NOT_TESTED) == (State.NOT_TESTED, ("a", "b"))


def test_a_secondary_test_never_decides() -> None:
    found = control_state(
        control(a="primary", b="secondary"), {"a": standing("a", State.MET), "b": standing("b", State.NOT_MET)}
    )

    assert (found.state, found.reason) == (State.MET, "a: because of a")


def test_an_observed_test_never_decides() -> None:
    states = {"a": standing("a", State.MET), "b": standing("b", State.NOT_MET, observed=True)}

    both = control_state(control(a="primary", b="primary"), states)
    alone = control_state(control(b="primary"), states)

    assert (both.state, both.decided_by) == (State.MET, ("a",))
    assert (alone.state, alone.reason) == (State.NOT_TESTED, "its tests are only observed yet")


def test_a_control_without_primary_tests_is_not_tested_in_the_words_of_its_page() -> None:
    found = control_state(control(b="secondary"), {"b": standing("b", State.MET)})

    assert (found.state, found.reason) == (State.NOT_TESTED, "no test decides it: Who reads what.")


def test_a_primary_test_that_nothing_judged_is_unknown() -> None:
    found = control_state(control(a="primary"), {})

    assert (found.state, found.reason) == (State.UNKNOWN, "a: nothing has judged it yet")


def test_only_a_row_of_the_statement_of_applicability_excludes() -> None:
    states = {"a": standing("a", State.NOT_MET, failed=2)}
    excluded = Applicability("A.8.3", applicable=False, because="No such systems.", document={})
    applicable = Applicability("A.8.3", applicable=True, because="All of it.", document={})

    found = control_state(control(a="primary"), states, excluded)

    assert (found.state, found.reason, found.counts[Status.FAIL]) == (State.EXCLUDED, "No such systems.", 2)
    assert control_state(control(a="primary"), states, applicable).state is State.NOT_MET


def test_counts_of_a_control_are_those_of_its_primary_tests() -> None:
    states = {
        "a": standing("a", State.MET, passed=2),
        "b": standing("b", State.NOT_MET, passed=1, failed=3),
        "c": standing("c", State.NOT_MET, failed=9),
    }

    found = control_state(control(a="primary", b="primary", c="secondary"), states)

    assert found.counts == {Status.PASS: 3, Status.FAIL: 3, Status.NOT_APPLICABLE: 0, Status.UNKNOWN: 0}
