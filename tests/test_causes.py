"""Why an outcome changed, which definitions count, and what an exception covers."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.cli.shapes import Control, History, Status
from annexlog.cycle import Cycle
from annexlog.evidence_store.model import iso
from annexlog.evidence_store.store import Store
from tests.home import DAY, HOUR, TARGET, Clock, Home
from tests.wire import Fault, Reply

CONFIG = 'mappings = ["mappings"]\n' + TARGET
ACCOUNT = "aws/123456789012"
TEST = "aws.s3.versioning-on-critical"
GOOD = "arn:aws:s3:::good-bucket"
SUSPENDED = Reply(
    200,
    {"Content-Type": "text/xml"},
    b'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Suspended</Status>'
    b"</VersioningConfiguration>",
)
UNVERSIONED = Fault("reply", "s3.get_bucket_versioning", containing="good-bucket", reply=SUSPENDED)
OWN = """\
- id: aws.s3.versioning-on-critical
  asks: Does the bucket keep its versions, as we mean it?
  of: aws.s3.bucket
  expect: versioning != null && {says}
  severity: critical
  every: P1D
  shows: what it says
  does_not_show: anything else
  fix: turn it on
  source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html
  examples:
    pass: [{{versioning: {{Status: {good}}}}}]
    fail: [{{versioning: null}}]
"""
EXCEPTION = """\
- id: EX-1
  kind: accepted_risk
  test: aws.s3.secure-transport-only
  resource: 'arn:aws:s3:::open-bucket'
  reason: it holds public pictures
  requested_by: Ann
  approved_by: Bo
  approved: 2026-01-01
  expires: {expires}
"""


@pytest.fixture
def own(dated: Home) -> Home:
    """A home with a folder of definitions, which is empty yet."""
    (dated.folder / "mappings").mkdir()
    dated.configure(CONFIG)
    return dated


def changes(home: Home, test: str, resource: str) -> list[tuple[str, str]]:
    """(status, cause) of one outcome's changes, oldest first."""
    told: History = home.json("history", test, of=History)
    return [(c.status, c.cause) for c in told.changes if c.resource == resource]


def test_a_changed_resource_is_a_change_of_the_estate(own: Home, clock: Clock) -> None:
    Cycle(own.config, clock=clock).turn()
    clock.at += HOUR
    own.wire.inject(UNVERSIONED)
    Cycle(own.config, clock=clock).turn()

    assert changes(own, TEST, GOOD) == [("pass", "estate"), ("fail", "estate")]


def test_a_refused_read_is_a_change_of_coverage_and_so_is_its_end(own: Home, clock: Clock) -> None:
    for refused in (False, True, False):
        own.wire.clear()
        own.wire.inject(*([Fault("refused", "s3.get_bucket_versioning")] if refused else []))
        Cycle(own.config, clock=clock).turn()
        clock.at += HOUR

    assert changes(own, TEST, GOOD) == [("pass", "estate"), ("unknown", "coverage"), ("pass", "coverage")]


def test_a_changed_register_is_a_change_of_the_register(own: Home, clock: Clock) -> None:
    Cycle(own.config, clock=clock).turn()
    clock.at += HOUR
    own.write("registers/workload_users.yaml", "[]\n")
    Cycle(own.config, clock=clock).turn()

    user = "arn:aws:iam::123456789012:user/robot"
    assert changes(own, "aws.iam.no-long-lived-user-keys", user) == [("unknown", "estate"), ("fail", "register")]


def test_time_alone_is_a_change_by_the_clock(own: Home, clock: Clock) -> None:
    Cycle(own.config, clock=clock).turn()
    before = changes(own, "aws.iam.access-keys-rotated", "arn:aws:iam::123456789012:user/robot")
    clock.at += 400 * DAY
    Cycle(own.config, clock=clock).turn()

    after = changes(own, "aws.iam.access-keys-rotated", "arn:aws:iam::123456789012:user/robot")

    assert (before, after[len(before) :]) == ([("pass", "estate")], [("fail", "clock")])


def test_a_changed_test_is_a_change_of_its_definition_and_is_only_observed_until_it_is_accepted(
    own: Home, clock: Clock
) -> None:
    Cycle(own.config, clock=clock).turn()
    clock.at += HOUR
    own.write("tests/s3.yaml", OWN.format(says="versioning.Status == 'Never'", good="Never"))
    Cycle(own.config, clock=clock).turn()
    observed = counted(own, clock)
    accepted = Cycle(own.config, clock=clock).accept([TEST])

    assert changes(own, TEST, GOOD) == [("pass", "estate"), ("fail", "definition")]
    assert accepted == (TEST,)
    assert observed == (False, {"pass": 0, "fail": 1})
    assert counted(own, clock) == (True, {"pass": 0, "fail": 1})


def counted(home: Home, clock: Clock) -> tuple[bool, dict[str, int]]:
    """Whether the test counts in the control that it supports, and its passes and failures."""
    told: Control = home.json("show", "A.5.33", "--at", iso(clock.at + 1), of=Control)
    entry = next(e for e in told.control.tests if e.test == TEST)
    return entry.counted, {"pass": entry.counts.pass_, "fail": entry.counts.fail}


def test_accepting_says_what_counts_from_now_on_and_that_there_is_nothing_more(collected: Home) -> None:
    collected.write("tests/s3.yaml", OWN.format(says="versioning.Status == 'Never'", good="Never"))
    collected.configure(CONFIG)

    told = [collected.annexlog("mappings", "accept", *arguments) for arguments in (["--all"], ["--all"], ["nope"], [])]

    assert [(t.code, t.out) for t in told] == [
        (0, f"These count from now on: {TEST}.\n"),
        (0, "They count already; nothing was changed.\n"),
        (2, ""),
        (2, ""),
    ]
    assert "no test is called 'nope'" in told[2].err
    assert "name the tests, or give --all" in told[3].err


def test_an_exception_covers_a_failing_outcome_until_it_expires_and_never_rewrites_it(own: Home, clock: Clock) -> None:
    own.write("exceptions/own.yaml", EXCEPTION.format(expires=iso(clock.at + HOUR)[:19] + "Z"))
    end = (clock.at + HOUR) // 1000 * 1000
    Cycle(own.config, clock=clock).turn()
    key = ("aws.s3.secure-transport-only", ACCOUNT, "arn:aws:s3:::open-bucket")

    before, after = own.answers(end - 1)[key], own.answers(end)[key]

    assert (before.status, before.exception, after.status, after.exception) == ("fail", "EX-1", "fail", None)
    assert (excepted(own, end - 1), excepted(own, end)) == ({1}, {0})


def excepted(home: Home, at: int) -> set[int]:
    """How many of the test's outcomes are covered, in each of its controls."""
    told: Status = home.json("status", "--at", iso(at), of=Status)
    return {t.excepted for c in told.controls for t in c.tests if t.test == "aws.s3.secure-transport-only"}


# ── evidence that comes late ──


def test_what_was_seen_before_an_assessment_and_recorded_after_it_is_judged_as_of_then_by_that_days_definitions(
    own: Home, clock: Clock
) -> None:
    start = clock.at
    Cycle(own.config, clock=clock).turn()
    clock.at = start + 2 * HOUR
    Cycle(own.config, clock=clock).judge()
    eight = clock.at
    clock.at = start + 4 * HOUR
    own.write("tests/s3.yaml", OWN.format(says="versioning.Status in ['Enabled', 'Suspended']", good="Enabled"))
    Cycle(own.config, clock=clock).turn()
    ten = clock.at
    known = own.rows("run")["run"]
    clock.at = start + HOUR
    own.wire.inject(UNVERSIONED)
    turn = Cycle(own.config, clock=clock).turn()

    with Store.open(own.store, readonly=True) as store:
        views: list[Any] = [store.view(at=eight, upto=known), store.view(at=eight), store.view(at=ten)]
        found = [next(v.outcomes(test=TEST, scope=ACCOUNT, resource=GOOD)) for v in views]
        again = Cycle(own.config, clock=clock).judge()
    assert [(row.status, row.cause) for row in found] == [
        ("pass", "estate"),
        ("fail", "estate"),
        ("pass", "definition"),
    ]
    assert (turn.restated, again.restated) == (2, 0)
    assert own.annexlog("verify").code == 0
    assert own.annexlog("replay").code == 0
