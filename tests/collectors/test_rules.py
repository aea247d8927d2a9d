"""What is done to evidence before it is hashed, and what of an answer becomes evidence."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files

import pytest

from annexlog.collectors.bodies import clean, rewrite
from annexlog.collectors.rules import masked, pattern_sets, policy
from annexlog.collectors.templates import spread
from annexlog.evidence_store.model import DeclarationError
from tests.collectors.acme import Server, ask, boxes, collect, lock

KEY = b"k" * 32


def stored(server: Server, value: object, **rules: object) -> object:
    server.say("/boxes", {"items": [{"name": "a"}]})
    server.say("/boxes/a/lock", {"lock": value})
    return collect(server, ask(boxes(lock(), **rules)), redaction_key=KEY).values("acme.box", "lock")["a"]


# ── ignore and sets ───────────────────────────────────────────────────────────────────────


def test_ignored_fields_are_not_stored(server: Server) -> None:
    value = {"beat": 1, "deep": {"beat": 2, "x": 3}, "each": [{"beat": 4}, {"y": 5}, 6]}

    assert stored(server, value, ignore=("lock.beat", "lock.deep.beat", "lock.each[].beat", "lock.not.there")) == {
        "deep": {"x": 3},
        "each": [{}, {"y": 5}, 6],
    }


def test_lists_whose_order_means_nothing_are_sorted(server: Server) -> None:
    value = {"b": [3, 1, 2], "each": [{"s": ["z", "a"]}, {"s": ["b"]}], "kept": [2, 1], "other": "cab"}

    assert stored(server, value, sets=("lock.b", "lock.each[].s", "lock.each", "lock.other")) == {
        "b": [1, 2, 3],
        "each": [{"s": ["a", "z"]}, {"s": ["b"]}],
        "kept": [2, 1],
        "other": "cab",
    }


def test_a_facet_that_is_a_list_itself_can_be_sorted(server: Server) -> None:
    tags = [{"Key": "b"}, {"Key": "a"}]

    assert stored(server, tags, sets=("lock",)) == [{"Key": "a"}, {"Key": "b"}]


def test_sets_are_sorted_as_they_are_stored(server: Server) -> None:
    one = stored(server, [{"t": 1, "x": "a"}, {"t": 2, "x": "b"}], ignore=("lock[].t",), sets=("lock",))
    two = stored(server, [{"t": 1, "x": "b"}, {"t": 2, "x": "a"}], ignore=("lock[].t",), sets=("lock",))

    assert one == two == [{"x": "a"}, {"x": "b"}]


def test_templates_read_what_was_seen_and_not_what_is_stored(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a", "secret": "s"}]})
    server.say("/boxes/a/lock", {"lock": 1})

    type = boxes(lock(only="box.secret == 's'"), ignore=("box.secret",))
    seen = collect(server, ask(type))

    assert seen.values("acme.box") == {"a": {"name": "a"}}
    assert seen.values("acme.box", "lock") == {"a": 1}


def test_rewriting_leaves_the_value_as_it_was() -> None:
    value = {"a": [{"b": 1}], "c": {}}

    changed = rewrite(value, spread("a[].b"), lambda n: n + 1)

    assert (value, changed) == ({"a": [{"b": 1}], "c": {}}, {"a": [{"b": 2}], "c": {}})


# ── redact ────────────────────────────────────────────────────────────────────────────────


def commitment(text: str, key: bytes = KEY) -> str:
    return hmac.new(key, b"annexlog/redact\0" + text.encode(), hashlib.sha256).hexdigest()


def test_a_redacted_value_becomes_a_commitment_with_its_length_and_what_it_looks_like(server: Server) -> None:
    secret = "ghp_" + "a" * 36

    assert stored(server, {"env": secret}, redact={"lock.env": "secrets"}) == {
        "env": {"commitment": commitment(secret), "length": 40, "matches": ["github-token"]}
    }


def test_all_values_of_a_redacted_object_are_redacted_and_its_names_kept(server: Server) -> None:
    value = {"env": {"PORT": 80, "URL": "postgres://me:hunter2@db/x", "NONE": None, "list": ["a", True]}}

    def hidden(text: str, *matches: str) -> dict[str, object]:
        return {"commitment": commitment(text), "length": len(text), "matches": list(matches)}

    assert stored(server, value, redact={"lock.env": "secrets"}) == {
        "env": {
            "PORT": hidden("80"),
            "URL": hidden("postgres://me:hunter2@db/x", "password-in-url"),
            "NONE": None,
            "list": [hidden("a"), hidden("true")],
        }
    }


def test_a_set_without_patterns_hides_and_looks_for_nothing(server: Server) -> None:
    assert stored(server, [{"v": "AKIAIOSFODNN7EXAMPLE"}], redact={"lock[].v": "hidden"}) == [
        {"v": {"commitment": commitment("AKIAIOSFODNN7EXAMPLE"), "length": 20, "matches": []}}
    ]


def test_equal_values_have_equal_commitments_and_another_key_gives_others(server: Server) -> None:
    one = stored(server, {"a": "s", "b": "s"}, redact={"lock.a": "hidden", "lock.b": "hidden"})

    assert one["a"] == one["b"]
    assert one["a"]["commitment"] != commitment("s", b"another key")


def test_a_key_is_the_same_commitment_wherever_its_kind_and_text_are_the_same(server: Server) -> None:
    def keyed(value: object, kind: str = "email") -> object:
        return stored(server, {"v": value}, redact={"lock.v": f"key:{kind}"})["v"]

    digest = hmac.new(KEY, b"annexlog/key\0email\0ann@example.com", hashlib.sha256).hexdigest()
    made_with = hmac.new(KEY, b"annexlog/key", hashlib.sha256).hexdigest()[:8]
    assert keyed("ann@example.com") == keyed(" Ann@Example.COM ") == {"commitment": f"{made_with}:{digest}"}
    assert keyed("ann@example.com", "login") != keyed("ann@example.com")
    assert keyed("email:ann@example.com", "") == keyed("ann@example.com")
    assert keyed(17, "employee") == keyed("17", "employee")
    assert (keyed(None), keyed("  "), keyed("email:", ""), keyed(["", "a@b"])) == (
        None,
        None,
        None,
        [None, keyed("a@b")],
    )


def test_a_listing_is_redacted_too_and_its_id_is_not(server: Server) -> None:
    server.say("/boxes", {"items": [{"name": "a"}]})

    seen = collect(server, ask(boxes(redact={"box.name": "hidden"})), redaction_key=KEY)

    assert seen.values("acme.box") == {"a": {"name": {"commitment": commitment("a"), "length": 1, "matches": []}}}


def test_without_a_key_nothing_that_redacts_is_asked(server: Server) -> None:
    with pytest.raises(DeclarationError, match=r"acme\.box redacts lock\.env, and there is no key"):
        collect(server, ask(boxes(lock(), redact={"lock.env": "secrets"})))

    assert server.log == []


def test_the_digest_of_the_pattern_sets_is_the_policy_of_a_run(server: Server) -> None:
    data = files("annexlog.collectors").joinpath("patterns.toml").read_bytes()

    assert policy() == hashlib.sha256(data).hexdigest()


LOOKALIKES = {
    "aws-access-key-id": "AKIAIOSFODNN7EXAMPLE",
    "aws-secret-access-key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "azure-client-secret": "abc8Q~" + "d" * 34,
    "azure-storage-key": "AccountName=x;AccountKey=" + "A" * 86 + "==",
    "github-token": "ghp_" + "a1" * 18,
    "gitlab-token": "glpat-" + "x" * 20,
    "google-api-key": "AIza" + "b" * 35,
    "google-service-account": '{"type": "service_account"}',
    "json-web-token": "eyJhbGciOiJI.eyJzdWIiOiIx.sig-_",
    "npm-token": "npm_" + "c" * 36,
    "password-in-connection-string": "Server=x;Password=hunter2;",
    "password-in-url": "https://me:secret@example.com",
    "private-key": "-----BEGIN RSA PRIVATE KEY-----",
    "sendgrid-key": "SG." + "a" * 22 + "." + "b" * 43,
    "slack-token": "xoxb-1234567890-abc",
    "stripe-key": "sk_live_" + "d" * 24,
    "vault-token": "hvs." + "e" * 24,
}


def test_every_pattern_of_secrets_finds_what_it_is_for() -> None:
    found = {id for id, p in pattern_sets()["secrets"].items() if id in LOOKALIKES and p.search(LOOKALIKES[id])}

    assert found == set(pattern_sets()["secrets"]) == set(LOOKALIKES)


def test_ordinary_texts_look_like_no_secret() -> None:
    texts = ("production", "eu-west-1", "arn:aws:iam::123456789012:role/Admin", "https://example.com/a?b=c", "8080")

    assert [t for t in texts if any(p.search(t) for p in pattern_sets()["secrets"].values())] == []


def test_messages_are_masked_and_cut() -> None:
    assert masked("key AKIAIOSFODNN7EXAMPLE refused") == "key [masked] refused"
    assert masked("x y " * 100) == ("x y " * 100)[:199] + "…"


# ── clean ─────────────────────────────────────────────────────────────────────────────────


def test_an_sdks_own_objects_become_json() -> None:
    body = {
        "ResponseMetadata": {"RequestId": "r"},
        "at": datetime(2026, 11, 25, 12, 0, 0, 123456, timezone(timedelta(hours=2))),
        "naive": datetime(2026, 11, 25, 12, 0, 0),  # noqa: DTZ001 — SDKs give such
        "bytes": b"\x00\xff",
        "list": ({"at": datetime(2026, 1, 1, tzinfo=UTC)}, 1, "a", None, True, 1.5),
    }

    cleaned = clean(body)

    assert (
        cleaned
        == json.loads(json.dumps(cleaned))
        == {
            "at": "2026-11-25T10:00:00.123Z",
            "naive": "2026-11-25T12:00:00.000Z",
            "bytes": {"base64": "AP8="},
            "list": [{"at": "2026-01-01T00:00:00.000Z"}, 1, "a", None, True, 1.5],
        }
    )


def test_what_is_no_evidence_is_refused() -> None:
    with pytest.raises(TypeError, match="a set is no evidence"):
        clean({"a": {1, 2}})
