"""`annexlog store dispose`, `erase` and `hold`, on a collected account; and what replaying says afterwards."""

from __future__ import annotations

import pytest

from annexlog.cli.shapes import Replayed
from annexlog.evidence_store.store import Store
from tests.home import Home, Told

BUCKET = "arn:aws:s3:::"


@pytest.fixture
def bucket(collected: Home) -> str:
    """The id of one collected bucket."""
    with Store.open(collected.store, readonly=True) as store:
        found = store.backend.select("SELECT native_id FROM resource WHERE type = 'aws.s3.bucket' ORDER BY native_id")
        return str(next(found)[0])


def one_line(told: Told) -> str:
    return " ".join(told.out.split())


def size(home: Home) -> int:
    with Store.open(home.store, readonly=True) as store:
        return store.size()


def test_without_yes_it_only_shows_what_would_go(collected: Home, bucket: str) -> None:
    before = size(collected)

    told = collected.annexlog("store", "erase", "--resource", bucket, "--reason", "request 12")

    assert (told.code, size(collected)) == (0, before)
    assert "Nothing was changed. To dispose of it: --yes" in one_line(told)
    assert "the names of 1 resources" in one_line(told)


def test_an_erased_bucket_is_nowhere_the_log_verifies_and_replay_says_disposed(collected: Home, bucket: str) -> None:
    erased = collected.annexlog("store", "erase", "--resource", bucket, "--reason", "request 12", "--yes")
    verified = collected.annexlog("verify")
    replayed = collected.annexlog("replay", "--json")
    assessed = collected.annexlog("assess", "--fail-on", "never")
    again = collected.annexlog("verify")

    told = collected.json("replay", of=Replayed)
    assert (erased.code, verified.code, again.code) == (0, 0, 0), erased.err + verified.out
    assert (replayed.code, assessed.err) == (3, "")
    assert (told.differences, told.disposed > 0) == ([], True)
    with Store.open(collected.store, readonly=True) as store:
        assert list(store.backend.select("SELECT 1 FROM resource WHERE native_id = ?", (bucket,))) == []


def test_collecting_again_knows_an_erased_bucket_anew(collected: Home, bucket: str) -> None:
    collected.annexlog("store", "erase", "--resource", bucket, "--reason", "request 12", "--yes")

    collected.annexlog("collect")

    assert collected.annexlog("verify").code == 0
    with Store.open(collected.store, readonly=True) as store:
        assert list(store.backend.select("SELECT 1 FROM resource WHERE native_id = ?", (bucket,))) == [(1,)]


def test_a_hold_stops_an_erasure_until_it_is_released(collected: Home, bucket: str) -> None:
    of = ("--resource", bucket)
    added = collected.annexlog("store", "hold", "add", "case 7", *of, "--reason", "a claim")
    refused = collected.annexlog("store", "erase", *of, "--reason", "request 12", "--yes")
    listed = collected.annexlog("store", "hold", "list")
    collected.annexlog("store", "hold", "release", "case 7", "--reason", "settled")
    erased = collected.annexlog("store", "erase", *of, "--reason", "request 12", "--yes")

    assert (added.code, refused.code, erased.code) == (0, 2, 0)
    assert "the hold case 7 covers it (a claim); nothing was erased." in refused.err
    assert "case 7" in listed.out
    assert collected.annexlog("verify").code == 0


def test_a_hold_of_a_control_test_covers_the_types_that_it_reads(collected: Home, bucket: str) -> None:
    test = "aws.s3.bucket-public-access-blocked"
    collected.annexlog("store", "hold", "add", "audit", "--test", test, "--reason", "an audit")

    refused = collected.annexlog("store", "erase", "--resource", bucket, "--reason", "request 12", "--yes")

    assert (refused.code, "the hold audit covers it" in refused.err) == (2, True)


@pytest.mark.parametrize("given", [(), ("--all", "--type", "aws.s3.bucket"), ("--type", "a", "--test", "b")])
def test_a_hold_says_what_it_holds_and_that_once(collected: Home, given: tuple[str, ...]) -> None:
    assert collected.annexlog("store", "hold", "add", "x", *given, "--reason", "y").code == 2


def test_nothing_is_old_enough_to_go_at_first(collected: Home) -> None:
    told = collected.annexlog("store", "dispose", "--yes")

    assert (told.code, "There is nothing to dispose of." in told.out) == (0, True)


@pytest.mark.parametrize(("line", "said"), [
    ('keep = "three years"', "retention.keep: 'three years' is not a time such as P3Y, P18M or P90D."),
    ('"aws.*" = "P"', "retention.aws.*: 'P' is not a time such as P3Y, P18M or P90D."),
])  # fmt: skip
def test_a_retention_that_is_no_time_is_refused_with_its_place(collected: Home, line: str, said: str) -> None:
    file = collected.folder / "annexlog.toml"
    file.write_text(f"{file.read_text()}\n[retention]\n{line}\n")

    told = collected.annexlog("store", "dispose")

    assert (told.code, said in told.err) == (2, True)
