"""Joins: what a test sees of other resources, and what it says when these were not all seen."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.evidence_store.model import Line, Outcome, Status, Unknown
from annexlog.mappings import Estate, MemoryEvidence, Population, inputs, judge
from tests.mappings.making import DENIED, NORTH, ONE, SCOPES, SOUTH, TWO, estate, make, population

PASS, FAIL = Outcome(Status.PASS), Outcome(Status.FAIL)
THROTTLED = Unknown("throttled", "list_rules", "acme:ListRules", "Throttling")
ELSEWHERE = "acme/2/north"


def unknown(reason: str, operation: str = "", *, code: str = "") -> Outcome:
    return Outcome(Status.UNKNOWN, Unknown(reason, operation, code=code))


# ── one: a look-up by key ─────────────────────────────────────────────────────────────────

TARGET = {"of": "acme.bucket", "take": ["policy"], "by": {"trail.BucketName": "bucket.Name"}, "one": True}


def looked_up(buckets: dict[str, Population], trail: Any = None, **join: Any) -> Outcome:
    test = make(of="acme.trail", with_={"target": {**TARGET, **join}}, expect="target.policy == null", examples={})
    listing = {"BucketName": "logs"} if trail is None else trail
    populations = {(scope, "acme.bucket"): found for scope, found in buckets.items()}
    evidence = estate({**populations, (NORTH, "acme.trail"): population(t={"listing": listing})})
    return judge(test, NORTH, evidence).outcomes["t"]


def bucket(name: str = "logs", policy: Any = None) -> dict[str, Any]:
    return {"listing": {"Name": name}, "policy": policy}


def test_a_look_up_finds_the_resource_by_its_key() -> None:
    private, public = bucket(), bucket("other", {"open": True})

    assert looked_up({ONE: population(a=private, b=public)}) == PASS
    assert looked_up({ONE: population(a=bucket("logs", {}), b=bucket("other"))}) == FAIL


def test_what_is_found_counts_whatever_else_was_not_seen() -> None:
    buckets = {ONE: population(a=bucket()), TWO: population(refusal=DENIED)}

    assert looked_up(buckets, within="estate") == PASS


def test_what_is_not_found_is_unresolved() -> None:
    buckets = {ONE: population(a=bucket("other"))}

    assert looked_up(buckets) == unknown("unresolved", "acme.bucket", code="logs")


def test_what_is_not_found_where_not_all_was_seen_has_the_reason_of_that() -> None:
    buckets = {ONE: population(a=bucket("other")), TWO: population(refusal=DENIED)}

    assert looked_up(buckets, within="estate") == Outcome(Status.UNKNOWN, DENIED)
    assert looked_up(buckets, within="account") == unknown("unresolved", "acme.bucket", code="logs")
    assert looked_up({}, within="account") == unknown("unobserved", "acme.bucket")


def test_missing_null_stands_for_what_a_complete_population_lacks() -> None:
    def absent(buckets: dict[str, Population]) -> Outcome:
        test = make(
            of="acme.trail", with_={"target": {**TARGET, "missing": None}}, expect="target == null", examples={}
        )
        populations = {(scope, "acme.bucket"): found for scope, found in buckets.items()}
        trail = population(t={"listing": {"BucketName": "logs"}})
        return judge(test, NORTH, estate({**populations, (NORTH, "acme.trail"): trail})).outcomes["t"]

    assert absent({ONE: population(a=bucket("other"))}) == PASS
    assert absent({ONE: population(a=bucket("other"), refusal=DENIED)}) == Outcome(Status.UNKNOWN, DENIED)
    assert absent({ONE: population(a=bucket())}) == FAIL


def test_a_resource_that_refers_to_nothing_needs_no_search() -> None:
    refused = {ONE: population(refusal=DENIED)}
    test = make(of="acme.trail", with_={"target": {**TARGET, "missing": None}}, expect="target == null", examples={})
    evidence = estate({(ONE, "acme.bucket"): refused[ONE], (NORTH, "acme.trail"): population(t={"listing": {}})})

    assert looked_up(refused, trail={}) == unknown("unresolved", "acme.bucket")
    assert judge(test, NORTH, evidence).outcomes["t"] == PASS


def test_two_matches_are_ambiguous_unless_they_are_one_resource_seen_twice() -> None:
    two = {ONE: population(a=bucket(), b=bucket())}
    same = {ONE: population(a=bucket()), TWO: population(a=bucket())}
    differing = {ONE: population(a=bucket()), TWO: population(a=bucket("logs", {}))}

    assert looked_up(two) == unknown("unresolved", "acme.bucket", code="ambiguous")
    assert looked_up(same, within="estate") == PASS
    assert looked_up(differing, within="estate") == unknown("unresolved", "acme.bucket", code="ambiguous")


def test_of_one_resource_seen_twice_the_better_look_counts() -> None:
    hidden = {ONE: population(a=bucket("logs", DENIED)), TWO: population(a=bucket())}
    another = {ONE: population(a=bucket("logs", DENIED)), TWO: population(b=bucket())}

    assert looked_up(hidden, within="estate") == PASS
    assert looked_up(another, within="estate") == Outcome(Status.UNKNOWN, DENIED)
    assert looked_up({ONE: population(a=bucket("logs", DENIED))}) == Outcome(Status.UNKNOWN, DENIED)


def test_a_key_that_could_not_be_read_is_the_reason() -> None:
    assert looked_up({ONE: population(a=bucket())}, trail=DENIED) == Outcome(Status.UNKNOWN, DENIED)
    assert looked_up({ONE: population(a=bucket())}, trail={"BucketName": {"Arn": "x"}}) == unknown(
        "unreadable", code="trail.BucketName"
    )
    assert looked_up({ONE: population(a=bucket("other"), b={"listing": THROTTLED})}) == Outcome(
        Status.UNKNOWN, THROTTLED
    )


def test_a_resource_that_nobody_saw_this_time_is_not_found_but_unknown() -> None:
    by = {"by": {"trail.BucketName": "id"}, "take": []}
    test = make(of="acme.trail", with_={"target": {**TARGET, **by}}, expect="target.id == 'logs'", examples={})
    found = {
        (ONE, "acme.bucket"): population(logs={"listing": THROTTLED}),
        (NORTH, "acme.trail"): population(t={"listing": {"BucketName": "logs"}}),
    }

    assert judge(test, NORTH, estate(found)).outcomes["t"] == Outcome(Status.UNKNOWN, THROTTLED)


def test_keep_leaves_out_candidates() -> None:
    two = {ONE: population(a=bucket(), b=bucket("logs", {"Version": "2"}))}

    assert looked_up(two, keep="policy == null") == PASS
    assert looked_up(two, keep="id == 'b'") == FAIL
    assert looked_up({ONE: population(a=bucket("logs", DENIED))}, keep="policy != null") == Outcome(
        Status.UNKNOWN, DENIED
    )


def test_several_keys_of_one_reference_must_lead_to_one_resource() -> None:
    by = {"by": {"trail.Names[]": "bucket.Name"}}

    assert looked_up({ONE: population(a=bucket())}, {"Names": ["logs", "logs"]}, **by) == PASS
    assert looked_up({ONE: population(a=bucket())}, {"Names": ["logs", "gone"]}, **by) == unknown(
        "unresolved", "acme.bucket", code="logs, gone"
    )
    assert looked_up({ONE: population(a=bucket(), b=bucket("more"))}, {"Names": ["logs", "more"]}, **by) == unknown(
        "unresolved", "acme.bucket", code="ambiguous"
    )


def test_all_pairs_of_by_must_meet() -> None:
    by = {"by": {"trail.BucketName": "bucket.Name", "scope.account": "scope.account"}, "within": "estate"}
    buckets = {ONE: population(a=bucket()), TWO: population(b=bucket("logs", {}))}

    assert looked_up(buckets, **by) == PASS


# ── many: all that refer to it ────────────────────────────────────────────────────────────

RULES = {"of": "acme.rule", "take": ["rule"], "by": {"trail.Id": "rule.Trails[]"}}


def many(expect: str, rules: dict[str, Population], **join: Any) -> Outcome:
    test = make(of="acme.trail", with_={"rules": {**RULES, **join}}, expect=expect, examples={})
    populations = {(scope, "acme.rule"): found for scope, found in rules.items()}
    evidence = estate({**populations, (NORTH, "acme.trail"): population(t={"listing": {"Id": 1}})})
    return judge(test, NORTH, evidence).outcomes["t"]


def rule(*trails: int, on: Any = True) -> dict[str, Any]:
    return {"listing": {"Trails": list(trails), "On": on}}


def test_a_join_of_many_gives_all_that_meet() -> None:
    rules = {NORTH: population(a=rule(1, 2), b=rule(2, on=False), c=rule(1))}

    assert many("rules.map(r, r.id) == ['a', 'c'] && rules.all(r, r.rule.On)", rules) == PASS
    assert many("rules == []", {NORTH: population()}) == PASS
    assert many("rules.all(r, r.scope.region == 'north' && r.scope.name == 'acme/1/north')", rules) == PASS


def test_many_need_a_population_that_was_seen_whole() -> None:
    seen = population(a=rule(1))

    assert many("rules.size() == 1", {NORTH: population(a=rule(1), refusal=THROTTLED)}) == Outcome(
        Status.UNKNOWN, THROTTLED
    )
    assert many("rules.size() == 1", {}) == unknown("unobserved", "acme.rule")
    assert many("rules.size() == 1", {NORTH: seen, SOUTH: population(refusal=THROTTLED)}) == PASS
    assert many("rules.size() == 1", {NORTH: seen}, within="account") == unknown("unobserved", "acme.rule")
    assert many("rules.size() == 1", {NORTH: seen, SOUTH: population()}, within="account") == PASS
    assert many("rules.size() == 1", {NORTH: seen, SOUTH: population()}, within="estate") == unknown(
        "unobserved", "acme.rule"
    )


def test_many_need_all_keys_to_be_readable() -> None:
    rules = {NORTH: population(a=rule(1), b={"listing": THROTTLED})}

    assert many("rules.size() == 1", rules) == Outcome(Status.UNKNOWN, THROTTLED)


def test_a_condition_that_does_not_need_the_join_does_without() -> None:
    assert many("trail.Id == 1 || rules.size() == 1", {}) == PASS


@pytest.mark.parametrize("within", ["account", "estate"])
def test_scopes_that_nobody_knows_of_may_hold_the_rest(within: str) -> None:
    test = make(
        of="acme.account", expect="rules == []", with_={"rules": {"of": "acme.rule", "take": [], "within": within}}
    )
    rules = {(scope, "acme.rule"): population() for scope in (NORTH, SOUTH, ELSEWHERE)}
    evidence = estate({**rules, (ONE, "acme.account"): population(one={"listing": {}})})

    whole = judge(test, ONE, evidence).outcomes["one"]
    evidence.targets["acme"] = DENIED
    partly = judge(test, ONE, evidence).outcomes["one"]

    assert (whole, partly) == (PASS, Outcome(Status.UNKNOWN, DENIED))


def test_a_join_within_scopes_that_do_not_exist_is_not_an_empty_one() -> None:
    test = make(
        of="acme.account", expect="rules == []", with_={"rules": {"of": "acme.rule", "take": [], "within": "account"}}
    )
    scopes = {ONE: SCOPES[ONE]}
    evidence = MemoryEvidence(0, scopes, {(ONE, "acme.account"): population(one={"listing": {}})})

    assert judge(test, ONE, evidence).outcomes["one"] == unknown("unobserved", "acme.rule")


def test_keep_filters_before_the_condition_and_its_budget() -> None:
    rules = {NORTH: population(**{f"r{number}": rule(1, on=number == 7) for number in range(12_000)})}

    assert many("rules.all(r, r.rule.On)", rules, keep="rule.On") == PASS
    assert many("rules.all(r, r.id != '')", rules) == unknown("condition_error", code="Iteration budget exceeded")


def test_keep_that_cannot_tell_makes_the_join_unknown() -> None:
    assert many("rules == []", {NORTH: population(a=rule(1))}, keep="rule.Off") == unknown(
        "condition_error", code='Key not found in map : "Off"'
    )
    assert many("rules == []", {NORTH: population(a=rule(1))}, keep="id == 'b'") == PASS


def test_keep_that_needs_a_register_nobody_configured_makes_the_join_unset() -> None:
    join = {"rules": {**RULES, "keep": "id in registers.ours"}}
    test = make(of="acme.trail", with_=join, expect="rules == []", registers=["ours"], examples={})
    found = {
        (NORTH, "acme.rule"): population(a=rule(1)),
        (NORTH, "acme.trail"): population(t={"listing": {"Id": 1}}),
    }

    assert judge(test, NORTH, estate(found)).outcomes["t"] == unknown("unset", "ours")
    assert judge(test, NORTH, estate(found, register={"ours": []})).outcomes["t"] == PASS


def test_a_taken_facet_that_was_not_seen_makes_the_join_unknown() -> None:
    test = make(of="acme.account", expect="buckets.exists(b, b.policy == null)",
                with_={"buckets": {"of": "acme.bucket", "take": ["policy"], "within": "scope"}})  # fmt: skip
    found = {
        (ONE, "acme.bucket"): population(a=bucket(), b=bucket("x", DENIED)),
        (ONE, "acme.account"): population(one={"listing": {}}),
    }

    assert judge(test, ONE, estate(found)).outcomes["one"] == Outcome(Status.UNKNOWN, DENIED)


def test_a_join_by_id_and_with_tags() -> None:
    join = {"of": "acme.bucket", "take": ["tags"], "by": {"trail.BucketArn": "id"}, "one": True}
    test = make(of="acme.trail", expect="b.tags.kind == 'logs'", with_={"b": join}, examples={})
    found = {
        (ONE, "acme.bucket"): population(a={"listing": {}, "tagging": [{"Key": "kind", "Value": "logs"}]}),
        (NORTH, "acme.trail"): population(t={"listing": {"BucketArn": "a"}}),
    }

    assert judge(test, NORTH, estate(found)).outcomes["t"] == PASS


# ── what it rests on ──────────────────────────────────────────────────────────────────────

TRAIL = Line(NORTH, "acme.trail")
TARGETS = Line("target/acme", "scope")


def bucket_lines(*scopes: str) -> set[Line]:
    return {Line(scope, "acme.bucket", facet) for scope in scopes for facet in ("", "policy")}


def rests_on(bucket_name: str) -> tuple[frozenset[Line], frozenset[Line]]:
    test = make(
        of="acme.trail", with_={"target": {**TARGET, "within": "estate"}}, expect="target.policy == null", examples={}
    )
    evidence = estate(
        {
            (ONE, "acme.bucket"): population(a=bucket()),
            (TWO, "acme.bucket"): population(b=bucket("other")),
            (NORTH, "acme.trail"): population(t={"listing": {"BucketName": bucket_name}}),
        }
    )
    return judge(test, NORTH, evidence).inputs, inputs(test, NORTH, evidence)


def test_a_look_up_rests_on_the_scope_that_gave_the_match() -> None:
    used, candidates = rests_on("logs")

    assert used == {TRAIL, *bucket_lines(ONE)}
    assert candidates == {TRAIL, TARGETS, *bucket_lines(ONE, TWO)}


def test_a_look_up_in_vain_rests_on_everything_that_was_searched() -> None:
    used, candidates = rests_on("nowhere")

    assert used == candidates == {TRAIL, TARGETS, *bucket_lines(ONE, TWO)}


def test_a_join_of_many_rests_on_all_scopes_within() -> None:
    test = make(of="acme.trail", with_={"rules": {**RULES, "within": "account"}}, expect="rules == []", examples={})
    evidence = estate({(NORTH, "acme.trail"): population(), (NORTH, "acme.rule"): population()})

    assert judge(test, NORTH, evidence).inputs == {
        TRAIL, TARGETS, Line(NORTH, "acme.rule"), Line(SOUTH, "acme.rule"),
    }  # fmt: skip


def test_one_estate_serves_tests_that_read_different_facets() -> None:
    found = {
        (ONE, "acme.bucket"): population(a={**bucket(), "tagging": []}),
        (NORTH, "acme.trail"): population(t={"listing": {"BucketName": "logs"}}),
    }
    first = make(of="acme.trail", with_={"target": TARGET}, expect="target.policy == null", examples={})
    second = make(
        of="acme.trail", with_={"target": {**TARGET, "take": ["tagging"]}}, expect="target.tagging == []", examples={}
    )
    shared = Estate(estate(found))

    outcomes = [judge(test, NORTH, shared).outcomes["t"] for test in (first, second, first)]

    assert outcomes == [PASS, PASS, PASS]


def test_an_estate_reads_a_joined_population_once() -> None:
    class Counting(MemoryEvidence):
        asked: list[tuple[str, str]]

        def resources(self, scope: str, type: str, facets: Any) -> Any:
            self.asked.append((scope, type))
            return super().resources(scope, type, facets)

    found = {
        (ONE, "acme.bucket"): population(a=bucket()),
        (NORTH, "acme.trail"): population(t={"listing": {"BucketName": "logs"}}),
    }
    plain = estate(found)
    evidence = Counting(plain.at, plain.open, plain.populations)
    evidence.asked = []
    tests = [
        make(
            of="acme.trail", with_={"target": {**TARGET, "take": [facet]}}, expect=f"target.{facet} != ''", examples={}
        )
        for facet in ("policy", "bucket", "policy")
    ]
    shared = Estate(evidence, tests)

    for test in tests:
        judge(test, NORTH, shared)

    assert evidence.asked.count((ONE, "acme.bucket")) == 1
