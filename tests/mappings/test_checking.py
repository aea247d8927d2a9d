"""Checking: examples give what they say, and nothing is green in vain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from annexlog.mappings.checking import check, check_files, check_test
from annexlog.mappings.examples import run_examples
from annexlog.mappings.labels import read_labels
from annexlog.mappings.pages import CONTROLS
from annexlog.mappings.strictyaml import Document
from tests.mappings.making import SHAPES, make, page

LABELS = read_labels(Document("labels", {"criticality": {"tags": ["tier"], "values": {"critical": ["0"], "low": []}}}))


def said(**changes: Any) -> list[str]:
    """The problems with a test's examples, without where they are."""
    return [problem.what for problem in run_examples(make(**changes), LABELS)]


def examples(**kinds: Any) -> dict[str, Any]:
    whole = {"pass": [{"policy": None}], "fail": [{"policy": {}}], "unknown": [{"policy": {"$unknown": "denied"}}]}
    return {"examples": {**whole, **{kind.rstrip("_"): given for kind, given in kinds.items()}}}


def test_examples_that_give_what_they_say_are_no_problem() -> None:
    assert said() == []


def test_an_example_that_gives_something_else_is_a_problem() -> None:
    changes = examples(pass_=[{"policy": {}}], fail=[{"policy": None}], unknown=[{"policy": None}])

    assert said(**changes) == [
        "acme.test: this pass example gives fail",
        "acme.test: this fail example gives pass",
        "acme.test: this unknown example gives pass",
    ]


def test_a_condition_that_cannot_fail_on_its_own_examples_is_a_problem() -> None:
    assert said(expect="policy == null || true") == [
        "acme.test: this fail example gives pass",
        "acme.test: this unknown example gives pass",
    ]


def test_every_kind_of_example_is_needed() -> None:
    assert said(examples={}, when="bucket.Name != ''") == [
        "acme.test has no pass example",
        "acme.test has no fail example",
        "acme.test has no unknown example",
        "acme.test has no not_applicable example",
    ]
    assert said(**examples(fail=[])) == ["acme.test has no fail example"]


def test_a_facet_that_is_not_mentioned_was_never_looked_at() -> None:
    assert said(**examples(pass_=[{}])) == ["acme.test: this pass example gives unknown (unobserved)"]


def test_an_unknown_example_may_say_its_reason() -> None:
    given = [
        {"policy": {"$unknown": "denied"}, "reason": "denied"},
        {"policy": {"$unknown": {"reason": "throttled", "operation": "get_policy"}}, "reason": "denied"},
    ]

    assert said(**examples(unknown=given)) == [
        "acme.test: this example is unknown for another reason: throttled: get_policy"
    ]


def test_an_example_says_tags_labels_settings_registers_scope_and_now() -> None:
    changes = {
        "when": "labels.criticality == 'critical'",
        "expect": "bucket.Name == settings.name && id in registers.ours && scope.account == '7' && tags.k == 'v' "
        "&& now > timestamp('2027-01-01T00:00:00Z')",
        "settings": {"name": "x"},
        "registers": ["ours"],
    }
    whole = {
        "id": "b", "bucket": {"Name": "y"}, "tags": {"k": "v", "Tier": "0"}, "settings": {"name": "y"},
        "registers": {"ours": ["b"]}, "scope": {"account": "7"}, "now": "2027-06-01",
    }  # fmt: skip
    given = {
        "pass": [whole, {**whole, "tags": {"k": "v"}, "labels": {"criticality": "critical"}}],
        "fail": [{**whole, "scope": {"account": "8"}}],
        "unknown": [
            {**whole, "tags": {"k": "v"}, "reason": "unclassified"},
            {**whole, "registers": {}, "reason": "unset"},
            {**whole, "tags": {"$unknown": "denied"}, "reason": "denied"},
        ],
        "not_applicable": [{**whole, "labels": {"criticality": "low"}, "tags": {}}],
    }

    assert said(**changes, examples=given) == []


JOINED = {
    "of": "acme.trail",
    "expect": "target.policy == null",
    "with_": {
        "target": {
            "of": "acme.bucket", "take": ["policy"], "by": {"trail.Bucket": "bucket.Name"}, "one": True,
            "within": "estate",
        }
    },
}  # fmt: skip


def joined(target: Any, **more: Any) -> dict[str, Any]:
    return {"trail": {"Bucket": "logs"}, "with": {"target": target}, **more}


def test_joined_resources_of_an_example_are_found_by_the_join_itself() -> None:
    logs, other = {"bucket": {"Name": "logs"}, "policy": None}, {"bucket": {"Name": "other"}, "policy": {}}
    given = {
        "pass": [joined([other, logs]), joined([{**logs, "scope": {"account": "9"}}])],
        "fail": [joined([{**logs, "policy": {}}])],
        "unknown": [
            joined([other], reason="unresolved"),
            joined([{"policy": None}], reason="unobserved"),
            joined({"$unknown": "denied"}, reason="denied"),
            {"trail": {"Bucket": "logs"}, "reason": "unobserved"},
        ],
    }

    assert said(**JOINED, examples=given) == []


@pytest.mark.parametrize(
    ("example", "problem"),
    [
        ({"polcy": None}, "the example says 'polcy', which is no facet of acme.bucket"),
        ({"policy": {"$unknown": "because"}}, "$unknown is followed by one of the reasons: denied, unauthenticated,"),
        ({"policy": {"$unknown": {"reason": "denied", "why": 1}}}, "$unknown has the keys reason, operation,"),
        ({"tags": "x"}, "`tags` of an example is a mapping"),
        ({"with": {"target": []}}, "the test has no join 'target'"),
        ({"with": []}, "`with` of an example is a mapping"),
        ({"settings": {"most": 1}}, "the test has no setting 'most'"),
        ({"registers": {"ours": []}}, "the test has no register 'ours'"),
        ({"labels": {"criticality": "very"}}, "no label 'criticality' has a class 'very'"),
        ({"now": "later"}, "`now` of an example is a date or a time"),
    ],
)
def test_an_example_is_refused_for(example: dict[str, Any], problem: str) -> None:
    found = said(**examples(pass_=[example]))

    assert len(found) == 1
    assert found[0].startswith(f"acme.test: {problem}")


def test_an_existence_test_of_what_may_not_exist_is_a_problem() -> None:
    exists = {
        "expect": "rules.exists(r, r.rule.On)",
        "with_": {"rules": {"of": "acme.rule", "take": ["rule"], "within": "account"}},
        "examples": {
            "pass": [{"with": {"rules": [{"rule": {"On": True}}]}}],
            "fail": [{"with": {"rules": []}}],
            "unknown": [{"with": {"rules": {"$unknown": "denied"}}}],
        },
    }

    assert [p.what for p in check_test(make(of="acme.account", **exists), LABELS)] == []
    assert [p.what for p in check_test(make(of="acme.bucket", **exists), LABELS)] == [
        "acme.test asks of every acme.bucket what it finds among all acme.rule"
    ]


def test_checking_files_shows_every_problem_with_its_place(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(page())
    bad.write_text(
        page(id="acme.one", expect="polcy == null") + page(id="acme.two", **examples(pass_=[{"policy": {}}]))
    )

    found = [str(problem).replace(f"{tmp_path}/", "") for problem in check_files([good, bad], SHAPES, LABELS)]

    assert found == [
        "bad.yaml:4:3: expect: undeclared reference to 'polcy', at `polcy == null`",
        "bad.yaml:31:7: acme.two: this pass example gives fail",
    ]


def test_checking_everything_asks_for_every_control_and_one_default_for_a_setting(tmp_path: Path) -> None:
    file = tmp_path / "tests" / "a.yaml"
    file.parent.mkdir()
    both = {"expect": "policy == null && settings.most > 0"}
    file.write_text(
        page(id="acme.one", settings={"most": 1}, **both) + page(id="acme.two", settings={"most": 2}, **both)
    )

    found = [problem.what for problem in check(SHAPES, packs=[tmp_path])]

    assert found == [
        "the setting most has the default 2 here and 1 in acme.one",
        "acme.one supports no control",
        "acme.two supports no control",
        *(f"{id} has no page" for id in CONTROLS),
    ]


def test_a_packs_examples_are_run_with_its_own_labels_and_a_users_with_theirs(tmp_path: Path) -> None:
    def label(word: str) -> str:
        return f"criticality: {{tags: [tier], values: {{critical: ['{word}'], low: []}}}}"

    def labelled(id: str, tier: str) -> str:
        given = {"pass": [], "fail": [{"tags": {"tier": tier}, "policy": {}}], "unknown": [{"tags": {}, "policy": {}}]}
        return page(id=id, expect="labels.criticality != 'critical' || policy == null", examples=given)

    files = {
        "pack/tests/a.yaml": labelled("acme.shipped", "0"), "pack/labels.yaml": label("0"),
        "own/tests/b.yaml": labelled("acme.own", "zero"), "own/labels.yaml": label("zero"),
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    found = [p.what for p in check(SHAPES, folders=[tmp_path / "own"], packs=[tmp_path / "pack"])]

    assert [what for what in found if "example" in what] == [
        "acme.own has no pass example",
        "acme.shipped has no pass example",
    ]
