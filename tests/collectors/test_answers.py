"""An answer is evidence whole, null where declared, or an Unknown: never less that looks like all."""

from __future__ import annotations

import json

import pytest

from annexlog.collectors import Call, Detail
from annexlog.evidence_store.model import Unknown
from tests.collectors.acme import Answer, Server, ask, boxes, collect, fault, lock, lock_refused, refused

FAILED = "failed"


def one_box(server: Server, *answers: object) -> None:
    server.say("/boxes", {"items": [{"name": "a"}]})
    server.say("/boxes/a/lock", *answers)


def lock_of(server: Server, **more: object) -> object:
    return collect(server, ask(boxes(lock(**more)))).values("acme.box", "lock")["a"]


def test_a_detail_is_the_member_that_was_asked_for(server: Server) -> None:
    one_box(server, {"lock": {"on": True}, "other": 1})

    seen = collect(server, ask(boxes(lock())))

    assert seen.values("acme.box") == {"a": {"name": "a"}}
    assert seen.values("acme.box", "lock") == {"a": {"on": True}}
    assert seen.status("acme.box") == ("complete", None)
    assert seen.status("acme.box", "lock") == ("complete", None)


def test_a_detail_without_a_member_is_the_whole_answer(server: Server) -> None:
    one_box(server, {})

    assert lock_of(server, take=None) == {}


def test_false_and_zero_and_the_empty_text_are_answers(server: Server) -> None:
    values = []
    for value in (False, 0, "", [], {}):
        one_box(server, {"lock": value})
        values.append(lock_of(server))

    assert values == [False, 0, "", [], {}]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({}, "no lock"),
        ({"lock": None}, "no lock"),
        ([], "no lock"),
        ([{"lock": 1}], "no lock"),
        ("lock", "no lock"),
        (None, "no lock"),
        (Answer(raw=b""), "NotJSON"),
        (Answer(raw=b"<html>Sign in</html>"), "NotJSON"),
        (Answer(raw=b'{"lock": {"on":'), "NotJSON"),
    ],
)
def test_an_answer_without_the_declared_member_is_unreadable(server: Server, answer: object, code: str) -> None:
    one_box(server, answer)

    assert lock_of(server) == lock_refused("unreadable", code)


def test_a_declaration_may_say_what_a_missing_member_means(server: Server) -> None:
    one_box(server, {})

    assert lock_of(server, missing=None) is None


@pytest.mark.parametrize("items", [None, {}, "a", 1, True])
def test_items_that_are_no_list_are_unreadable(server: Server, items: object) -> None:
    one_box(server, {"lock": items})
    code = "no lock" if items is None else "lock is no list"

    assert lock_of(server, take=None, items="lock") == lock_refused("unreadable", code)


def test_a_missing_list_may_be_declared_empty(server: Server) -> None:
    one_box(server, {})

    assert lock_of(server, take=None, items="lock", missing=()) == []


def test_an_answer_that_is_a_list_itself_can_be_declared(server: Server) -> None:
    one_box(server, [1, 2])

    assert lock_of(server, take=None, items="") == [1, 2]


def test_all_pages_of_a_detail_are_one_value(server: Server) -> None:
    one_box(server, {"lock": [1, 2], "next": "2"})
    server.say("/boxes/a/lock?page=2", {"lock": [3]})

    assert lock_of(server, take=None, items="lock") == [1, 2, 3]


@pytest.mark.parametrize(
    ("second", "unknown"),
    [
        (fault(403, "Nope"), lock_refused("denied", "Nope")),
        (fault(500, "Down"), lock_refused("failed", "Down")),
        ({}, lock_refused("unreadable", "no lock")),
        (Answer(hang_up=True), lock_refused("failed", "RemoteDisconnected")),
        ({"lock": [3], "mixed": "another moment"}, lock_refused("mixed", "another moment")),
        ({"lock": [3], "total": 9}, lock_refused("incomplete", "total")),
    ],
)
def test_a_page_that_fails_makes_the_whole_detail_unknown(server: Server, second: object, unknown: Unknown) -> None:
    one_box(server, {"lock": [1, 2], "next": "2"})
    server.say("/boxes/a/lock?page=2", second)

    assert lock_of(server, take=None, items="lock") == unknown


def test_a_single_value_that_comes_in_several_pages_is_unreadable(server: Server) -> None:
    one_box(server, {"lock": 1, "next": "2"})
    server.say("/boxes/a/lock?page=2", {"lock": 2})

    assert lock_of(server) == lock_refused("unreadable", "more than one page")


def test_an_absent_code_is_the_answer_null(server: Server) -> None:
    one_box(server, fault(404, "NoLock"))

    seen = collect(server, ask(boxes(lock(absent=("NoLock",)))))

    assert seen.values("acme.box", "lock") == {"a": None}
    assert seen.status("acme.box", "lock") == ("complete", None)
    assert server.asked["/boxes/a/lock"] == 1


@pytest.mark.parametrize(
    ("message", "value"),
    [("Branch not locked", None), ("Not Found", lock_refused("failed", "404"))],
)
def test_where_one_code_means_two_things_the_message_tells(server: Server, message: str, value: object) -> None:
    one_box(server, fault(404, "404", message))

    assert lock_of(server, absent=("404:not locked",)) == value


def test_an_absent_code_on_a_later_page_is_a_failure(server: Server) -> None:
    one_box(server, {"lock": [1], "next": "2"})
    server.say("/boxes/a/lock?page=2", fault(404, "NoLock"))

    assert lock_of(server, take=None, items="lock", absent=("NoLock",)) == lock_refused("failed", "NoLock")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, "unauthenticated"),
        (403, "denied"),
        (404, "failed"),
        (429, "throttled"),
        (500, "failed"),
        (501, "unsupported"),
    ],
)
def test_every_other_refusal_is_an_unknown_with_its_reason(server: Server, status: int, reason: str) -> None:
    one_box(server, fault(status, "Code"))

    assert lock_of(server) == lock_refused(reason, "Code")


def test_texts_that_are_json_are_decoded(server: Server) -> None:
    one_box(server, {"lock": json.dumps({"Statement": [1]})})
    whole = lock_of(server, decode={"": "json"})
    one_box(server, {"lock": [{"policy": "{}", "x": 1}, {"policy": None}, {}]})
    each = lock_of(server, take=None, items="lock", decode={"[].policy": "json"})

    assert whole == {"Statement": [1]}
    assert each == [{"policy": {}, "x": 1}, {"policy": None}, {}]


@pytest.mark.parametrize(("text", "code"), [("{", "bad JSON text"), ("", "bad JSON text"), ({}, "no JSON text")])
def test_a_text_that_is_no_json_is_unreadable(server: Server, text: object, code: str) -> None:
    one_box(server, {"lock": text})

    assert lock_of(server, decode={"": "json"}) == lock_refused("unreadable", code)


def test_a_value_that_no_store_could_keep_is_unreadable_and_ends_nothing(server: Server) -> None:
    one_box(server, Answer(raw=b'{"lock": "\\ud800"}'))

    seen = collect(server, ask(boxes(lock())))

    assert seen.values("acme.box", "lock") == {"a": lock_refused("unreadable", "Unencodable")}
    assert seen.status("acme.box", "lock") == ("failed", lock_refused("unreadable", "Unencodable"))


def test_a_surprise_is_unreadable_and_its_traceback_is_kept_without_what_it_quotes(server: Server) -> None:
    def broken(ask: object, params: dict[str, str]) -> list[object]:
        raise KeyError("AKIAIOSFODNN7EXAMPLE")

    server.say("/boxes", {"items": [{"name": "a"}]})
    detail = Detail("lock", Call("box:Lock", "/lock", fn=broken))

    seen = collect(server, ask(boxes(detail)))

    told = seen.sweep("acme.box", "lock").provenance["refusals"]
    assert seen.values("acme.box", "lock") == {"a": Unknown("unreadable", "/lock", "box:Lock", "KeyError")}
    assert [(r["code"], r["count"], r["message"]) for r in told] == [("KeyError", 1, "'[masked]'")]
    assert told[0]["traceback"].startswith("broken (test_answers.py:")
    assert "AKIA" not in json.dumps(told)


def test_a_detail_seen_of_some_resources_only_is_partial(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a"}, {"name": "b"}]})
    server.say("/boxes/a/lock", {"lock": 1})
    server.say("/boxes/b/lock", fault(403, "Nope"))

    seen = collect(server, ask(boxes(lock())))

    assert seen.values("acme.box", "lock") == {"a": 1, "b": lock_refused("denied", "Nope")}
    assert seen.status("acme.box", "lock") == ("partial", lock_refused("denied", "Nope"))


@pytest.mark.parametrize(
    ("status", "coverage", "reason"),
    [(403, "denied", "denied"), (500, "failed", "failed"), (501, "unsupported", "unsupported")],
)
def test_a_detail_seen_of_no_resource_has_the_coverage_of_its_refusal(
    server: Server, status: int, coverage: str, reason: str
) -> None:
    one_box(server, fault(status, "Code"))

    seen = collect(server, ask(boxes(lock())))

    assert seen.status("acme.box", "lock") == (coverage, lock_refused(reason, "Code"))


def test_a_detail_of_an_empty_population_is_complete_without_a_call(server: Server) -> None:
    server.say("/boxes", {"items": []})

    seen = collect(server, ask(boxes(lock())))

    assert seen.status("acme.box", "lock") == ("complete", None)
    assert server.log == ["/boxes"]


def test_a_detail_of_an_unseen_population_has_its_coverage(server: Server) -> None:
    server.say("/boxes", fault(403, "Nope"))

    seen = collect(server, ask(boxes(lock())))

    assert seen.status("acme.box") == ("denied", refused("denied", "Nope"))
    assert seen.status("acme.box", "lock") == ("denied", refused("denied", "Nope"))
