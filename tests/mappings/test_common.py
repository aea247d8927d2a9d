"""Common types: what parts may say, what they come to, and that nothing unseen is taken for an answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from annexlog.evidence_store.model import Coverage, Line, MappingError, TypeShape, Unknown
from annexlog.mappings import Estate, MemoryEvidence, Population, Test, asked, inputs, judge
from annexlog.mappings.common import ACCOUNT, PERSON, Part, commons, made_with, problems, read_parts
from annexlog.mappings.strictyaml import parse
from annexlog.mappings.testreading import definition, read_test
from tests.mappings.making import NOW, PAGE, SHAPES

USER = TypeShape("acme.user", "user", ("user", "roles"), "account", "acme")
STAFF = TypeShape("hr.person", "person", ("person",), "register", "hr")
KNOWN = {**SHAPES, USER.name: USER, STAFF.name: STAFF}
DENIED = Unknown("denied", "list_users", "acme:ListUsers", "AccessDenied")

UNREADABLE = "unreadable: people_accounts (a row without directory, account or person)"

AS_ACCOUNT: dict[str, Any] = {
    "of": "acme.user",
    "keys": ["user.mail"],
    "enabled": "user.state == 'on'",
    "service": "false",
    "privileged": "size(roles) > 0",
    "rights": ["acme:{roles[].name}"],
}
AS_PERSON: dict[str, Any] = {
    "is": "people.person",
    "of": "hr.person",
    "keys": ["id", "person.mail"],
    "contracts": "person.contracts",
    "manager": "person.manager",
}
LEFT: dict[str, Any] = {
    **PAGE,
    "id": "people.left",
    "of": PERSON,
    "with": {"accounts": {"of": ACCOUNT, "take": ["enabled"], "by": {"keys[]": "keys[]"}, "within": "estate"}},
    "expect": "accounts.all(a, !a.enabled)",
}


def parts(*documents: dict[str, Any]) -> list[Part]:
    return read_parts(parse(json.dumps(list(documents)), "accounts.yaml"), KNOWN)


def shapes() -> dict[str, TypeShape]:
    return {**KNOWN, **commons(parts(AS_ACCOUNT, AS_PERSON))}


def left() -> Test:
    return read_test(parse(json.dumps(LEFT), "test.yaml"), (), shapes())


def estate(**registers: Any) -> MemoryEvidence:
    """Ann's account is on, in one of two directories; the staff register knows her."""
    scopes = {
        "acme/1": {"provider": "acme", "level": "account", "target": "a", "account": "1"},
        "acme/2": {"provider": "acme", "level": "account", "target": "a", "account": "2"},
        "hr/staff": {"provider": "hr", "level": "register", "target": "staff"},
    }
    ann: dict[str, Any] = {"": {"mail": "ann@x", "state": "on"}, "roles": []}
    bot: dict[str, Any] = {"": {"mail": None, "state": "on"}, "roles": [{"name": "root"}]}
    person: dict[str, Any] = {"": {"mail": "ann@x", "contracts": [], "manager": None}}
    told = {"people_accounts": [], "service_accounts": [], "privileged_grants": [], **registers}
    return MemoryEvidence(
        NOW,
        scopes,
        {
            ("acme/1", "acme.user"): Population({"ann": ann}),
            ("acme/2", "acme.user"): Population({"bot": bot}),
            ("hr/staff", "hr.person"): Population({"17": person}),
        },
        organization={"register": {name: rows for name, rows in told.items() if rows is not None}},
    )


def verdict(evidence: MemoryEvidence) -> str:
    outcome = judge(left(), "hr/staff", evidence).outcomes["17"]
    return f"{outcome.status} {outcome.reason or ''}".strip()


def test_a_common_type_is_all_resources_of_its_parts() -> None:
    of: Any = shapes()[ACCOUNT]
    grants = [{"directory": "Acme/2", "account": "BOT", "approved_by": one} for one in ("3", 17)]
    told = estate(privileged_grants=grants)

    seen = [list(Estate(told).resources(scope, of, of.facets)) for scope in ("acme/1", "acme/2", "hr/staff")]

    assert [[(one.id, dict(one.facets)) for one in found] for found in seen] == [
        [("acme.user:ann", {
            "": {"type": "acme.user", "directory": "acme/1", "id": "ann"},
            "keys": ["ann@x"], "enabled": True, "service": False, "privileged": False, "rights": [],
            "approvers": [],
        })],
        [("acme.user:bot", {
            "": {"type": "acme.user", "directory": "acme/2", "id": "bot"},
            "keys": [], "enabled": True, "service": False, "privileged": True, "rights": ["acme:root"],
            "approvers": ["3", "17"],
        })],
        [],
    ]  # fmt: skip


def test_what_is_found_in_any_directory_counts_and_what_was_not_seen_in_one_leaves_it_open() -> None:
    evidence = estate()
    gone = estate()
    gone.populations["acme/1", "acme.user"].resources.clear()
    unseen = estate()
    unseen.populations["acme/1", "acme.user"] = Population({}, Coverage.DENIED, DENIED)
    keyless = estate()
    keyless.populations["acme/2", "acme.user"].resources["bot"][""] = DENIED
    never = estate()
    never.organization["setting"] = {"annexlog.targets": {"a": "acme", "b": "acme", "staff": "hr"}}  # type: ignore[index]
    never.targets["b"] = Unknown("failed", "discover")

    assert [verdict(one) for one in (evidence, gone, unseen, keyless, never)] == [
        "fail", "pass", f"unknown {DENIED}", f"unknown {DENIED}", "unknown failed: discover",
    ]  # fmt: skip


def test_a_register_names_the_person_of_an_account_whatever_its_case() -> None:
    gone = estate(people_accounts=[{"directory": "Acme/2", "account": "BOT", "person": "17"}])
    gone.populations["acme/1", "acme.user"].resources.clear()

    assert verdict(gone) == "fail"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (None, "unknown unset: people_accounts"),
        ({}, f"unknown {UNREADABLE}"),
        ([{"directory": "acme/2", "account": "bot"}], f"unknown {UNREADABLE}"),
        (["bot"], f"unknown {UNREADABLE}"),
    ],
)  # fmt: skip
def test_without_a_register_that_can_be_read_whose_accounts_are_is_open(rows: Any, said: str) -> None:
    assert verdict(estate(people_accounts=rows)) == said


def test_what_it_rests_on_are_the_lines_of_its_parts() -> None:
    assert inputs(left(), "hr/staff", estate()) == {
        Line("hr/staff", "hr.person"), Line("acme/1", "acme.user"), Line("acme/2", "acme.user"),
        Line("org", "register"), Line("target/a", "scope"), Line("target/staff", "scope"),
    }  # fmt: skip


def test_a_test_wants_what_its_parts_are_made_of_and_nothing_else() -> None:
    assert sorted(left().wanted()) == [
        ("acme.user", "user"), ("acme.user", "user"), ("hr.person", "person"), ("hr.person", "person"),
    ]  # fmt: skip


def test_a_test_is_asked_once_there_are_both_sides() -> None:
    one = left()

    assert [asked(one, providers) for providers in ({"hr"}, {"acme"}, {"hr", "acme"}, {"hr", "other"})] == [
        False, False, True, False,
    ]  # fmt: skip


def test_a_recorded_test_is_judged_by_the_parts_of_its_day() -> None:
    recorded = definition(left())

    again = read_test(parse(json.dumps(recorded), "recorded"), (), KNOWN, recorded=True)

    assert again.digest == left().digest
    assert judge(again, "hr/staff", estate()).outcomes == judge(left(), "hr/staff", estate()).outcomes


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"of": "acme.usr"}, "no resource type is called 'acme.usr'"),
        ({"is": "people.acount"}, "there is no common type 'people.acount'"),
        ({"keys": ["usr.mail"]}, "acme.user has no facet 'usr'"),
        ({"keys": ["{user.mail}{user.id}"]}, "more than one pair of braces"),
        ({"keys": ["user mail"]}, "is not a path"),
        ({"enabled": "usr.state"}, "enabled: undeclared reference"),
        ({"enabled": True}, "enabled must be a text"),
        ({"privileged": {"is": "true"}}, "is a condition, or has `register`, or `is`, `where` and one of"),
        ({"privileged": {"is": "true", "where": "true", "otherwise": {}}}, "`otherwise` has a reason"),
        ({"privileged": {"is": "usr", "where": "true", "otherwise": {"reason": "unset"}}}, "is: undeclared reference"),
        ({"active": "true"}, "the key 'active' is not known"),
    ],
)
def test_a_part_that_cannot_be_read_is_refused_where_it_stands(change: dict[str, Any], what: str) -> None:
    with pytest.raises(MappingError) as error:
        parts({**AS_ACCOUNT, **change})

    assert what in error.value.what
    assert error.value.where.startswith("accounts.yaml:")


def test_examples_must_come_to_what_they_say() -> None:
    given = {"user": {"mail": "a", "state": "on"}, "roles": {"$unknown": "denied"}}
    open = {"$unknown": "denied"}
    gives = {"keys": ["a"], "rights": open, "enabled": True, "privileged": open, "service": False}
    right, wrong, strange, none = (
        {**AS_ACCOUNT, "examples": examples}
        for examples in (
            [{"given": given, "gives": gives}],
            [{"given": given, "gives": {**gives, "enabled": False}}],
            [{"given": {"usr": {}}, "gives": gives}],
            [],
        )
    )

    found = [[what for what, _ in problems(parts(one))] for one in (right, wrong, strange, none)]

    assert found == [
        [],
        [f"acme.user as people.account, example 1: it gives {gives}"],
        ["acme.user as people.account, example 1: acme.user has no facet 'usr'"],
        ["acme.user as people.account has no examples"],
    ]


def test_what_a_provider_does_not_say_of_an_account_is_unknown() -> None:
    gap = {"reason": "unset", "operation": "privileged_groups"}
    (part,) = parts({**AS_ACCOUNT, "privileged": {"is": "size(roles) > 0", "where": "user.grouped", "otherwise": gap}})

    def told(grouped: bool, roles: Any) -> Any:
        return part.value("privileged", "ann", {"": {"grouped": grouped}, "roles": roles})

    assert [told(True, [1]), told(True, []), told(False, [1])] == [True, False, Unknown("unset", "privileged_groups")]
    assert told(True, DENIED) == DENIED
    assert part.needs(["privileged"]) == {"user", "roles"}


def test_where_a_provider_does_not_say_what_a_right_allows_a_register_does() -> None:
    (part,) = parts({**AS_ACCOUNT, "privileged": {"register": "privileged_rights"}})

    def told(rows: Any, roles: Any = ({"name": "Owner"},)) -> Any:
        registers = {} if rows is None else {"privileged_rights": rows}
        return part.value("privileged", "ann", {"": {}, "roles": roles if roles == DENIED else list(roles)}, registers)

    assert [told(rows) for rows in ([], ["acme:owner"], ["acme:*"], ["acme:own"], ["other:*"])] == [
        False, True, True, False, False,
    ]  # fmt: skip
    unread = Unknown("unreadable", "privileged_rights", "", "it is no list of rights")
    assert [told(None), told(["x"], DENIED), told([{"right": "x"}]), told("x")] == [
        Unknown("unset", "privileged_rights"), DENIED, unread, unread,
    ]  # fmt: skip
    assert part.needs(["privileged"]) == {"roles"}


def test_the_register_is_the_one_of_the_organization() -> None:
    of: Any = commons(parts({**AS_ACCOUNT, "privileged": {"register": "privileged_rights"}}))[ACCOUNT]

    def told(**registers: Any) -> Any:
        (one,) = Estate(estate(**registers)).resources("acme/2", of, ["privileged"])
        return one.facets["privileged"]

    assert [told(privileged_rights=["acme:root"]), told()] == [True, Unknown("unset", "privileged_rights")]


def test_a_register_says_it_only_where_the_provider_does_not() -> None:
    flag = {"is": "user.admin", "where": "user.plain", "register": "privileged_rights"}
    (part,) = parts({**AS_ACCOUNT, "privileged": flag})

    def told(plain: bool, *, admin: bool) -> Any:
        body = {"plain": plain, "admin": admin}
        facets = {"": body, "roles": [{"name": "dev"}]}
        return part.value("privileged", "ann", facets, {"privileged_rights": ["acme:dev"]})

    assert [told(True, admin=False), told(True, admin=True), told(False, admin=False)] == [False, True, True]


def test_a_commitment_says_which_key_it_was_made_with() -> None:
    assert made_with([f"{'a' * 8}:{'b' * 64}", "17", 17, None, f"{'c' * 8}:short"]) == {"a" * 8}


STRAYS: dict[str, Any] = {"take": [], "by": {"keys[]": "keys[]"}, "within": "estate", "strays": True}


def alone(**changes: Any) -> Test:
    """No account that is on is nobody's."""
    join = {"of": ACCOUNT, **STRAYS, "keep": "enabled", **changes}
    document = {**LEFT, "with": {"unowned": join}, "expect": "size(unowned) == 0"}
    return read_test(parse(json.dumps(document), "test.yaml"), (), shapes())


def whose(evidence: MemoryEvidence) -> str:
    outcome = judge(alone(), "hr/staff", evidence).outcomes["17"]
    return f"{outcome.status} {outcome.reason or ''}".strip()


def test_what_meets_nobody_leaves_open_whose_it_is() -> None:
    bot, owned, off, unsure, unseen, nobody = (estate() for _ in range(6))
    owned.organization["register"] = {  # type: ignore[index]
        "people_accounts": [], "service_accounts": [{"directory": "acme/2", "account": "bot", "owner": "17"}]
    }  # fmt: skip
    off.populations["acme/2", "acme.user"].resources["bot"][""] = {"mail": None, "state": "off"}
    unsure.populations["acme/2", "acme.user"].resources["bot"][""] = {"mail": None}
    unseen.populations["acme/1", "acme.user"] = Population({}, Coverage.DENIED, DENIED)
    nobody.populations["hr/staff", "hr.person"].status = Coverage.PARTIAL

    assert [whose(one) for one in (bot, owned, off, unsure, unseen, nobody)] == [
        "unknown unresolved: people.account (1 of nobody)", "pass", "pass",
        'unknown condition_error (Key not found in map : "state")', f"unknown {DENIED}",
        "unknown incomplete: hr.person",
    ]  # fmt: skip


def test_what_meets_nobody_rests_on_both_sides() -> None:
    assert judge(alone(), "hr/staff", estate()).inputs == inputs(alone(), "hr/staff", estate()) == {
        Line("hr/staff", "hr.person"), Line("acme/1", "acme.user"), Line("acme/2", "acme.user"),
        Line("org", "register"), Line("target/a", "scope"), Line("target/staff", "scope"),
    }  # fmt: skip


@pytest.mark.parametrize("change", [{"one": True}, {"by": {}}, {"by": {"keys[]": "keys[]", "id": "keys[]"}}])
def test_what_meets_nobody_is_asked_by_one_key(change: dict[str, Any]) -> None:
    with pytest.raises(MappingError, match="`strays` asks over the whole estate, by one key"):
        alone(**change)
