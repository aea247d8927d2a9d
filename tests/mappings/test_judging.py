"""Judging: every resource of a population gets an outcome, and could not look is never a pass."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annexlog.evidence_store.model import Coverage, Line, Outcome, Status, Unknown
from annexlog.mappings import Estate, Judged, Population, Test, inputs, judge, judge_together
from tests.mappings.making import DENIED, NORTH, ONE, TWO, estate, make, population

PASS, FAIL, NOT_APPLICABLE = (Outcome(status) for status in (Status.PASS, Status.FAIL, Status.NOT_APPLICABLE))
THROTTLED = Unknown("throttled", "get_tagging")
LABELS = {
    "criticality": {"tags": ["Criticality", "tier"], "values": {"critical": ["tier-0", "0"], "low": []}},
    "secrecy": {"register": "secrets", "values": {"secret": [], "open": []}, "default": "open"},
}


def unknown(reason: str | Unknown, operation: str = "", *, code: str = "") -> Outcome:
    return Outcome(Status.UNKNOWN, reason if isinstance(reason, Unknown) else Unknown(reason, operation, code=code))


def outcome(test: Test, facets: dict[str, Any], **documents: dict[str, Any]) -> Outcome:
    evidence = estate({(ONE, test.of.name): population(b=facets)}, **documents)
    return judge(test, ONE, evidence).outcomes["b"]


# ── populations ───────────────────────────────────────────────────────────────────────────


def test_every_resource_of_a_complete_population_gets_an_outcome() -> None:
    found = population(a={"policy": None}, b={"policy": {}}, c={"policy": DENIED}, d={})

    judged = judge(make(), ONE, estate({(ONE, "acme.bucket"): found}))

    assert judged == Judged(
        {"a": PASS, "b": FAIL, "c": unknown(DENIED), "d": unknown("unobserved")},
        frozenset({Line(ONE, "acme.bucket"), Line(ONE, "acme.bucket", "policy")}),
    )


def test_an_empty_complete_population_has_no_outcomes() -> None:
    assert judge(make(), ONE, estate({(ONE, "acme.bucket"): population()})).outcomes == {}


@pytest.mark.parametrize("status", [Coverage.PARTIAL, Coverage.DENIED, Coverage.FAILED, Coverage.UNSUPPORTED])
def test_a_population_not_seen_whole_is_unknown_beside_what_was_seen(status: Coverage) -> None:
    refused = Population({"a": {"": {}, "policy": None}, "b": {"": DENIED, "policy": None}}, status, DENIED)
    silent = Population({"a": {"": {}, "policy": None}}, status)

    first = judge(make(), ONE, estate({(ONE, "acme.bucket"): refused})).outcomes
    second = judge(make(), ONE, estate({(ONE, "acme.bucket"): silent})).outcomes

    assert first == {"a": PASS, "b": unknown(DENIED), "*": unknown(DENIED)}
    assert second == {"a": PASS, "*": unknown("incomplete", "acme.bucket")}


def test_a_population_never_looked_at_is_unknown() -> None:
    assert judge(make(), ONE, estate({})).outcomes == {"*": unknown("unobserved", "acme.bucket")}


def test_a_scope_of_another_level_or_that_is_not_open_is_not_judged() -> None:
    evidence = estate({(NORTH, "acme.bucket"): population(a={"policy": None})})

    judged = [judge(make(), scope, evidence) for scope in (NORTH, "acme/3")]

    assert judged == [Judged({}, frozenset())] * 2
    assert [inputs(make(), scope, evidence) for scope in (NORTH, "acme/3")] == [frozenset()] * 2


def test_judging_together_says_what_judging_apart_says() -> None:
    found = {(ONE, "acme.bucket"): population(a={"policy": None, "tagging": []}, b={"policy": {}, "tagging": DENIED})}
    tests = [make(), make(id="acme.other", expect="size(tags) == 0"), make(id="acme.third", expect="bucket == null")]

    together = judge_together(tests, ONE, estate(found))

    assert together == {test.id: judge(test, ONE, estate(found)) for test in tests}
    assert together["acme.other"].outcomes == {"a": PASS, "b": unknown(DENIED)}


def test_a_resource_that_nobody_saw_this_time_is_unknown_whatever_is_read_of_it() -> None:
    assert outcome(make(expect="id != ''"), {"listing": DENIED}) == unknown(DENIED)
    assert outcome(make(when="id == ''"), {"listing": DENIED, "policy": None}) == unknown(DENIED)


# ── three values ──────────────────────────────────────────────────────────────────────────

WHEN = {"when": "bucket.Name != ''", "expect": "policy == null"}


@pytest.mark.parametrize(
    ("facets", "expected"),
    [
        ({"listing": {"Name": "x"}, "policy": None}, PASS),
        ({"listing": {"Name": "x"}, "policy": {}}, FAIL),
        ({"listing": {"Name": ""}, "policy": {}}, NOT_APPLICABLE),
        ({"listing": {"Name": ""}, "policy": DENIED}, NOT_APPLICABLE),
        ({"listing": DENIED, "policy": None}, unknown(DENIED)),
        ({"listing": {"Name": "x"}, "policy": THROTTLED}, unknown(THROTTLED)),
        ({"listing": {}, "policy": None}, unknown("condition_error", code='Key not found in map : "Name"')),
    ],
)
def test_when_decides_first_and_may_be_unknown_itself(facets: dict[str, Any], expected: Outcome) -> None:
    assert outcome(make(**WHEN), facets) == expected


def test_what_cannot_matter_does_not_make_an_outcome_unknown() -> None:
    test = make(expect="policy == null || 'ok' in tags")

    assert outcome(test, {"policy": None, "tagging": DENIED}) == PASS
    assert outcome(test, {"policy": {}, "tagging": DENIED}) == unknown(DENIED)
    assert outcome(test, {"policy": DENIED, "tagging": [{"Key": "ok", "Value": ""}]}) == PASS


@pytest.mark.parametrize(("policy", "tagging"), [(DENIED, THROTTLED), (THROTTLED, DENIED)])
def test_of_several_unknowns_the_gravest_is_the_reason(policy: Unknown, tagging: Unknown) -> None:
    both = {"policy": policy, "tagging": tagging}

    assert outcome(make(expect="'x' in tags && policy == null"), both) == unknown(DENIED)
    assert outcome(make(expect="'x' in tags"), both) == unknown(tagging)


def test_an_error_is_not_blamed_on_an_unknown_that_the_condition_does_not_read() -> None:
    test = make(when="policy == null || true", expect="bucket.Name == ''")

    assert outcome(test, {"listing": {}, "policy": DENIED}) == unknown(
        "condition_error", code='Key not found in map : "Name"'
    )


def test_what_is_no_truth_value_is_no_verdict() -> None:
    test = make(expect="policy.Open")

    given = [outcome(test, {"policy": {"Open": value}}) for value in (True, False, "true", 1, None)]

    assert given == [
        PASS,
        FAIL,
        unknown("condition_error", code="gives STRING, not true or false"),
        unknown("condition_error", code="gives INT, not true or false"),
        unknown("condition_error", code="gives NULL, not true or false"),
    ]


def test_a_condition_beyond_its_budget_is_no_verdict() -> None:
    test = make(expect="policy.all(x, x >= 0)")

    assert outcome(test, {"policy": list(range(10_000))}) == unknown(
        "condition_error", code="Iteration budget exceeded"
    )


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(
        [
            "policy == null || 'a' in tags",
            "policy != null && bucket == null",
            "bucket == null ? policy == null : size(tags) == 0",
            "!(policy == null && 'a' in tags) || bucket != null",
        ]
    ),
    st.tuples(
        st.sampled_from([None, {}]), st.sampled_from([None, {}]), st.sampled_from([[], [{"Key": "a", "Value": ""}]])
    ),
    st.sets(st.sampled_from(["listing", "policy", "tagging"]), max_size=3),
)
def test_hiding_a_facet_turns_no_outcome_into_another_verdict(text: str, values: Any, hidden: set[str]) -> None:
    seen = dict(zip(("listing", "policy", "tagging"), values, strict=True))
    test = make(when="true || bucket == null", expect=text)

    partly = outcome(test, {name: DENIED if name in hidden else value for name, value in seen.items()})

    assert partly in (unknown(DENIED), outcome(test, seen))


# ── what is the same for all ──────────────────────────────────────────────────────────────


def test_now_is_the_instant_of_the_evidence() -> None:
    test = make(expect="now == timestamp('2026-11-25T12:00:00Z')")

    assert outcome(test, {}) == PASS


def test_scope_has_its_attributes_and_its_name() -> None:
    test = make(expect="scope.account == '1' && scope.name == 'acme/1' && scope.level == 'account'")

    assert outcome(test, {}) == PASS


def test_what_reads_the_scope_may_change_with_what_is_known_of_scopes() -> None:
    evidence = estate({(ONE, "acme.bucket"): population()})
    reading, other = make(expect="scope.account == '1'"), make(expect="id != ''")

    assert inputs(reading, ONE, evidence) - inputs(other, ONE, evidence) == {Line("target/acme", "scope")}


def test_a_setting_has_the_default_of_the_test_until_it_is_configured() -> None:
    test = make(expect="bucket.Name == settings.name", settings={"name": "x"})

    assert outcome(test, {"listing": {"Name": "x"}}) == PASS
    assert outcome(test, {"listing": {"Name": "x"}}, setting={"name": "y"}) == FAIL


def test_a_register_that_nobody_configured_is_unset_where_it_matters() -> None:
    test = make(expect="policy == null || id in registers.ours", registers=["ours"])

    assert outcome(test, {"policy": None}) == PASS
    assert outcome(test, {"policy": {}}) == unknown("unset", "ours")
    assert outcome(test, {"policy": {}}, register={"ours": []}) == FAIL
    assert outcome(test, {"policy": {}}, register={"ours": ["b"]}) == PASS


def test_documents_are_among_the_inputs() -> None:
    test = make(
        expect="bucket.Name == settings.name && id in registers.ours && labels.criticality == 'low'",
        settings={"name": "x"},
        registers=["ours"],
    )
    evidence = estate({(ONE, "acme.bucket"): population()}, label=LABELS)

    used = {line for line in judge(test, ONE, evidence).inputs if line.scope == "org"}

    assert used == {Line("org", "setting"), Line("org", "register"), Line("org", "label")}
    assert judge(make(), ONE, evidence).inputs == {Line(ONE, "acme.bucket"), Line(ONE, "acme.bucket", "policy")}


def test_a_label_rests_on_registers_too_for_one_may_keep_it() -> None:
    evidence = estate({(ONE, "acme.bucket"): population()}, label=LABELS)

    judged = judge(make(expect="labels.criticality == 'low'"), ONE, evidence)

    assert judged.inputs == {
        Line(ONE, "acme.bucket"), Line(ONE, "acme.bucket", "tagging"), Line("org", "label"), Line("org", "register"),
    }  # fmt: skip


# ── tags and labels ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("tagging", "expected"),
    [
        ([{"Key": "k", "Value": "v"}], PASS),
        ([{"TagKey": "k", "TagValue": "v"}], PASS),
        ({"k": "v"}, PASS),
        ([], FAIL),
        (None, FAIL),
        ([{"Key": "k"}], FAIL),
        ([{"Name": "k"}], unknown("unreadable", code="tagging")),
        ("k=v", unknown("unreadable", code="tagging")),
        (7, unknown("unreadable", code="tagging")),
        (DENIED, unknown(DENIED)),
    ],
)
def test_tags_are_one_map_however_they_are_written(tagging: Any, expected: Outcome) -> None:
    assert outcome(make(expect="'k' in tags && tags.k == 'v'"), {"tagging": tagging}) == expected


def tagged(**tags: str) -> dict[str, Any]:
    return {"policy": {}, "tagging": [{"Key": key, "Value": value} for key, value in tags.items()]}


@pytest.mark.parametrize(
    ("facets", "expected"),
    [
        (tagged(criticality="critical"), FAIL),
        (tagged(CRITICALITY=" Tier-0 "), FAIL),
        (tagged(Tier="0"), FAIL),
        (tagged(criticality="low", tier="0"), NOT_APPLICABLE),
        (tagged(), unknown("unclassified", "criticality")),
        (tagged(criticality="very"), unknown("unclassified", "criticality")),
        ({"policy": {}, "tagging": DENIED}, unknown(DENIED)),
    ],
)
def test_a_label_is_read_from_tags_and_unlabelled_is_unclassified(facets: dict[str, Any], expected: Outcome) -> None:
    test = make(when="labels.criticality == 'critical'")

    assert outcome(test, facets, label=LABELS) == expected


def test_a_register_says_a_label_before_the_default_does() -> None:
    test = make(when="labels.secrecy == 'secret'")

    assert outcome(test, tagged(), label=LABELS) == NOT_APPLICABLE
    assert outcome(test, tagged(), label=LABELS, register={"secrets": {"b": "secret"}}) == FAIL
    assert outcome(test, tagged(), label=LABELS, register={"secrets": {"b*": "secret"}}) == FAIL
    assert outcome(test, tagged(), label=LABELS, register={"secrets": {"b": "what"}}) == unknown(
        "unclassified", "secrecy"
    )
    csv = [{"id": "b", "class": "secret"}]
    assert outcome(test, tagged(), label=LABELS, register={"secrets": csv}) == FAIL


def test_without_its_label_configured_a_resource_is_unclassified() -> None:
    assert outcome(make(when="labels.criticality == 'low'"), tagged()) == unknown("unclassified", "criticality")


def test_a_missing_label_that_cannot_matter_is_not_asked_for() -> None:
    test = make(expect="policy != null || labels.criticality == 'low'")

    assert outcome(test, tagged(), label=LABELS) == PASS


# ── derived values ────────────────────────────────────────────────────────────────────────

ANYONE = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]}
OPEN = {"expect": "!open", "derive": {"open": "open_to_all(policy, scope.account)"}}


def test_a_derived_value_is_worked_out_before_the_condition() -> None:
    assert outcome(make(**OPEN), {"policy": ANYONE}) == FAIL
    assert outcome(make(**OPEN), {"policy": {"Statement": []}}) == PASS


def test_a_derived_value_of_something_unknown_is_that_unknown() -> None:
    assert outcome(make(**OPEN), {"policy": DENIED}) == unknown(DENIED)


def test_a_function_that_cannot_read_its_input_gives_unreadable() -> None:
    assert outcome(make(**OPEN), {"policy": "Allow"}) == unknown("unreadable", code="open_to_all")


def test_a_derived_value_of_an_unset_register_or_a_missing_label_says_so() -> None:
    register = make(expect="!open", registers=["ours"], derive={"open": "open_to_all(policy, registers.ours)"})
    label = make(expect="!open", derive={"open": "open_to_all(policy, labels.criticality)"})

    assert outcome(register, {"policy": ANYONE}) == unknown("unset", "ours")
    assert outcome(label, tagged(), label=LABELS) == unknown("unclassified", "criticality")


# ── the same, always ──────────────────────────────────────────────────────────────────────


def test_an_estate_can_be_judged_over_again_and_says_the_same() -> None:
    found = {
        (ONE, "acme.bucket"): population(a={"policy": None}, b={"policy": {}}),
        (TWO, "acme.bucket"): population(c={"policy": DENIED}),
    }
    shared = Estate(estate(found))

    twice = [[judge(make(), scope, shared) for scope in (ONE, TWO)] for _ in range(2)]

    assert twice[0] == twice[1] == [judge(make(), scope, estate(found)) for scope in (ONE, TWO)]
