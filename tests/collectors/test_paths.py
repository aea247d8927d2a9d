"""Paths, queries and kept members of REST calls; secrets, signatures and tokens that run out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from annexlog.collectors import Page, Refused
from annexlog.collectors.paths import Kept, kept, path_and_query
from annexlog.collectors.tokens import Key, Renewed, Token, secret
from annexlog.evidence_store.model import ConfigError
from tests.wire.jwt import claims, pem


def test_parameters_of_the_path_are_quoted_whole_and_the_others_are_the_query() -> None:
    asked = {"repo": "a/b c", "per_page": "100", "keep": ["id"]}

    assert path_and_query("/repos/{repo}/x", asked) == ("/repos/a%2Fb%20c/x", {"per_page": "100"})


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_a_part_that_would_lead_elsewhere_is_refused(value: str) -> None:
    with pytest.raises(Refused, match="unreadable: Path"):
        path_and_query("/repos/{repo}", {"repo": value})


def test_of_an_answer_only_the_named_members_are_kept() -> None:
    body = [
        {"id": 1, "email": "x", "profile": {"login": "a", "phone": "1"}, "roles": [{"type": "T", "label": "L"}]},
        {"id": 2},
    ]

    assert kept(body, ("id", "profile.login", "roles.type")) == [
        {"id": 1, "profile": {"login": "a"}, "roles": [{"type": "T"}]},
        {"id": 2},
    ]


def test_null_is_kept_and_what_is_missing_stays_missing() -> None:
    assert kept({"a": None, "b": {"c": None}}, ("a.x", "b.c", "d")) == {"a": None, "b": {"c": None}}


def test_after_a_refusal_kept_pages_go_on_with_the_same_page() -> None:
    class Source:
        def __init__(self) -> None:
            self.answers: list[Page | Refused] = [
                Page([{"id": 1, "x": 0}]),
                Refused("throttled", "429"),
                Page([{"id": 2, "x": 0}]),
            ]

        def __iter__(self) -> Iterator[Page]:
            return self

        def __next__(self) -> Page:
            if not self.answers:
                raise StopIteration
            found = self.answers.pop(0)
            if isinstance(found, Refused):
                raise found
            return found

    pages = Kept(Source(), {"keep": ["id"]})

    first = next(pages)
    with pytest.raises(Refused):
        next(pages)
    rest = [page.body for page in pages]

    assert (first.body, rest) == ([{"id": 1}], [[{"id": 2}]])


# ── secrets and signatures ──


def test_a_secret_is_read_from_the_variable_or_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_TOKEN", " t1 ")
    (tmp_path / "token").write_text("t2\n")

    found = (secret("ACME_TOKEN", "", "x"), secret("", str(tmp_path / "token"), "x"), secret("", "", "x"))

    assert found == ("t1", "t2", "")


@pytest.mark.parametrize("named", ["unset", "missing", "empty", "binary"])
def test_a_secret_that_cannot_be_had_is_said_by_its_place(named: str, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    env, file = ("ACME_NOT_SET", "") if named == "unset" else ("", str(tmp_path / named))

    with pytest.raises(ConfigError) as refused:
        secret(env, file, "targets.home.token")

    assert refused.value.where == "targets.home.token"


def test_an_assertion_is_signed_with_the_key() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    told = Key(pem(key), "x").sign({"iss": "42"}, "k1")

    assert claims(told, key) == {"iss": "42"}


def test_what_is_no_rsa_key_is_refused_and_not_quoted() -> None:
    other = pem(ec.generate_private_key(ec.SECP256R1()))  # type: ignore[arg-type]

    with pytest.raises(ConfigError, match="no RSA key"):
        Key(other, "x")
    with pytest.raises(ConfigError) as refused:
        Key("s3cret text", "x")

    assert "s3cret" not in str(refused.value)


# ── tokens that run out ──


class Issuer:
    """Gives a new token each time; `time` is what `now` says."""

    def __init__(self) -> None:
        self.time, self.given = 0.0, 0

    def fetch(self) -> Token:
        self.given += 1
        return Token(f"t{self.given}", 3600)

    def renewed(self) -> Renewed:
        return Renewed(self.fetch, now=lambda: self.time)


def test_a_token_is_fetched_once_and_again_before_it_runs_out() -> None:
    issuer = Issuer()
    credentials = issuer.renewed()

    found = []
    for issuer.time in (0, 3400, 3481, 3500):
        found.append(credentials.headers()["Authorization"])

    assert found == ["Bearer t1", "Bearer t1", "Bearer t2", "Bearer t2"]


def test_a_refused_token_is_replaced_but_a_new_one_is_not_replaced_again() -> None:
    issuer = Issuer()
    credentials = issuer.renewed()
    credentials.headers()

    issuer.time = 60
    replaced = (credentials.renew(), credentials.headers()["Authorization"])
    issuer.time = 61
    again = (credentials.renew(), credentials.headers()["Authorization"])

    assert (replaced, again) == ((True, "Bearer t2"), (True, "Bearer t2"))


def test_where_no_token_can_be_had_the_request_is_refused_and_the_next_one_asks_anew() -> None:
    answers: list[Token | Refused] = [Refused("failed", "503"), Token("t", 60)]

    def fetch() -> Token:
        found = answers.pop(0)
        if isinstance(found, Refused):
            raise found
        return found

    credentials = Renewed(fetch)

    with pytest.raises(Refused):
        credentials.headers()

    assert credentials.headers() == {"Authorization": "Bearer t"}
