"""The whole way, through `annexlog` itself: collect, judge, read, prove."""

from __future__ import annotations

from tests.home import TARGET, Home
from tests.wire import Fault

COLLECTED = ("run", "sweep", "version", "outcome", "blob", "resource", "checkpoint")


def test_everything_seen_ends_collect_with_0(home: Home) -> None:
    told = home.annexlog("collect")

    assert (told.code, told.err) == (0, "")
    assert "could not be seen" not in told.out


def test_the_same_estate_collected_again_adds_records_and_sweeps_and_no_version(collected: Home) -> None:
    home = collected
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


def test_with_everything_refused_nothing_could_be_seen_and_nothing_passes(collected: Home) -> None:
    home = collected
    home.wire.inject(Fault("refused"))

    told = home.annexlog("collect")

    assert told.code == 3
    assert "Nothing could be seen." in told.out
    assert set(home.outcomes().values()) == {"unknown"}


def test_credentials_that_expire_on_the_way_leave_unknown_what_was_not_seen_by_then(collected: Home) -> None:
    home = collected
    before = home.outcomes()
    home.wire.inject(Fault("expired", since=40))

    told = home.annexlog("collect")

    after = home.answers()
    lost = {key for key, status in before.items() if status != "unknown" and after[key].status == "unknown"}
    better = {key for key, status in before.items() if after[key].status not in (status, "unknown")}
    assert told.code == 3
    assert {after[key].reason.reason for key in lost if after[key].reason} == {"unauthenticated"}  # type: ignore[union-attr]
    assert better == set()
    assert "needs new credentials" in told.out or "unauthenticated" in told.out


# ── status ──

AT_ONCE = "grace: {critical: PT0S, high: PT0S, medium: PT0S, low: PT0S}\n"
MAPPINGS = 'mappings = ["mappings"]\n'


def test_status_ends_with_3_while_something_is_unknown_and_nothing_is_not_met(collected: Home) -> None:
    home = collected

    assert [home.annexlog("status", "--fail-on", on).code for on in ("new", "not_met", "never")] == [3, 3, 3]


def test_status_ends_with_1_when_a_control_became_not_met_and_later_only_if_asked_to(home: Home) -> None:
    home.write("settings.yaml", AT_ONCE)
    home.configure(MAPPINGS + TARGET)
    home.annexlog("collect")
    new = {on: home.annexlog("status", "--fail-on", on).code for on in ("new", "not_met", "never")}
    home.annexlog("collect")

    old = {on: home.annexlog("status", "--fail-on", on).code for on in ("new", "not_met", "never")}

    assert new == {"new": 1, "not_met": 1, "never": 3}
    assert old == {"new": 3, "not_met": 1, "never": 3}


def test_status_ends_with_0_when_an_exception_covers_all_that_is_unknown(collected: Home) -> None:
    home = collected
    tests = sorted({test for (test, _, _), status in home.outcomes().items() if status == "unknown"})
    accepted = (
        "reason: not ours\n  requested_by: Ann\n  approved_by: Bo\n  approved: 2026-01-01\n  expires: 2099-01-01\n"
    )
    excepted = (f"- id: {t}\n  kind: accepted_risk\n  test: {t}\n  resource: '*'\n  {accepted}" for t in tests)
    home.write("exceptions/all.yaml", "".join(excepted))
    home.configure(MAPPINGS + TARGET)
    home.annexlog("collect")

    assert home.annexlog("status").code == 0
