"""The whole way, through `annexlog` itself: collect, judge, read, prove."""

from __future__ import annotations

from tests.home import Home
from tests.wire import Fault

COLLECTED = ("run", "sweep", "version", "outcome", "blob", "resource", "checkpoint")


def test_everything_seen_ends_collect_with_0(home: Home) -> None:
    told = home.annexlog("collect")

    assert (told.code, told.err) == (0, "")
    assert "could not be seen" not in told.out


def test_the_same_estate_collected_again_adds_records_and_sweeps_and_no_version(home: Home) -> None:
    home.annexlog("collect")
    before = home.rows(*COLLECTED)
    home.annexlog("collect")

    after = home.rows(*COLLECTED)

    added = {name: after[name] - before[name] for name in COLLECTED}
    assert {**added, "sweep": added["sweep"] > 100} == {
        "run": 5,  # the target's scopes, three scopes, an assessment
        "sweep": True,
        "version": 0,
        "outcome": 0,
        "blob": 0,
        "resource": 0,
        "checkpoint": 1,
    }


def test_one_refused_read_ends_collect_with_3_and_says_which_permission_would_mend_it(home: Home) -> None:
    home.wire.inject(Fault("refused", "s3.list_buckets"))

    told = home.annexlog("collect")

    assert told.code == 3
    assert "needs s3:ListAllMyBuckets" in told.out
    assert "Nothing could be seen." not in told.out


def test_with_everything_refused_nothing_could_be_seen_and_nothing_passes(home: Home) -> None:
    home.annexlog("collect")
    home.wire.inject(Fault("refused"))

    told = home.annexlog("collect")

    assert told.code == 3
    assert "Nothing could be seen." in told.out
    assert set(home.outcomes().values()) == {"unknown"}
