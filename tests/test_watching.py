"""A store that is looked after: what is due is looked at and nothing else, and what was missed is told."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from annexlog.cli.shapes import Gaps
from annexlog.cycle import Cycle
from annexlog.evidence_store.model import Line, Millis, iso
from annexlog.watching import Watch
from tests.home import DAY, HOUR, Clock, Home
from tests.wire import Fault

ACCOUNT = "aws/123456789012"
OFTEN = ("aws.s3.bucket", "public_access_block")
DAILY = ("aws.s3.bucket", "versioning")
UNSEEN = [("aws.s3.bucket", ""), *(("aws.s3.bucket", facet) for facet in ("object_lock", "replication", "versioning"))]
"""What is due again after versioning was not seen: with it, what is asked only where there is some."""


@pytest.fixture
def watch(dated: Home, clock: Clock) -> Watch:
    return Watch(Cycle(dated.config, clock=clock))


def looks(home: Home, after: int = 0) -> list[tuple[str, str]]:
    """(type, facet) of every look at the account and its region that was recorded after a place in the log."""
    sql = """SELECT l.type, l.facet FROM sweep s JOIN line l USING (lid)
             WHERE l.scope LIKE 'aws/%' AND l.facet NOT LIKE 'outcome:%' AND s.seq > ?
             ORDER BY s.seq, l.type, l.facet"""
    with closing(sqlite3.connect(home.store)) as connection:
        return connection.execute(sql, (after,)).fetchall()


def rotation(home: Home) -> set[str]:
    """What is said of the rotation of keys."""
    return {answer.status for (test, _, _), answer in home.answers().items() if test == "aws.kms.rotation-enabled"}


def size(home: Home) -> int:
    return home.rows("run")["run"]


def test_the_first_time_everything_is_due_and_right_after_nothing_is(watch: Watch, dated: Home) -> None:
    first = watch.due_now()
    before = size(dated)
    second = watch.due_now()

    assert first is not None
    assert {OFTEN, DAILY} <= set(looks(dated))
    assert second is None
    assert size(dated) == before


def test_after_the_floor_what_is_wanted_often_is_looked_at_and_what_is_wanted_daily_is_not(
    watch: Watch, dated: Home, clock: Clock
) -> None:
    watch.due_now()
    before, clock.at = size(dated), clock.at + 6 * HOUR

    watch.due_now()

    again = set(looks(dated, before))
    assert OFTEN in again
    assert DAILY not in again


def test_a_refused_detail_is_asked_again_within_the_hour_and_alone(watch: Watch, dated: Home, clock: Clock) -> None:
    dated.wire.inject(Fault("refused", "s3.get_bucket_versioning"))
    watch.due_now()
    before = size(dated)
    dated.wire.clear()

    early, clock.at = watch.due_now(), clock.at + HOUR
    watch.due_now()

    assert early is None
    assert looks(dated, before) == UNSEEN


def test_one_bucket_that_could_not_be_seen_is_worth_another_look_within_the_hour(
    watch: Watch, dated: Home, clock: Clock
) -> None:
    dated.wire.inject(Fault("refused", "s3.get_bucket_versioning", containing="good-bucket"))
    watch.due_now()
    before, clock.at = size(dated), clock.at + HOUR
    dated.wire.clear()

    watch.due_now()

    assert looks(dated, before) == UNSEEN


def test_what_is_refused_again_and_again_is_asked_less_and_less(watch: Watch, dated: Home, clock: Clock) -> None:
    dated.wire.inject(Fault("refused", "s3.get_bucket_versioning"))
    turns = []

    for minutes in (0, 20, 20, 20):
        clock.at += minutes * 60_000
        turns.append(watch.due_now() is not None)

    assert turns == [True, True, False, True]


def test_a_refused_listing_is_asked_again_within_the_hour_and_alone(watch: Watch, dated: Home, clock: Clock) -> None:
    dated.wire.inject(Fault("refused", "kms.list_keys"))
    watch.due_now()
    before, unseen = size(dated), rotation(dated)
    dated.wire.clear()

    early, clock.at = watch.due_now(), clock.at + HOUR
    watch.due_now()

    assert early is None
    assert {kind for kind, _ in looks(dated, before)} == {"aws.kms.key"}
    assert (unseen, rotation(dated)) == ({"unknown"}, {"pass", "fail", "not_applicable"})


def test_days_without_a_look_are_told_as_gaps_from_when_it_was_due(watch: Watch, dated: Home, clock: Clock) -> None:
    watch.due_now()
    seen: Millis = clock.at
    clock.at += 2 * DAY
    watch.due_now()

    told: Gaps = dated.json("gaps", "--until", iso(clock.at), of=Gaps)

    mine = [g for g in told.gaps if Line(g.scope, g.type, g.facet) == Line(ACCOUNT, *OFTEN)]
    assert [g.reason for g in mine] == ["unattended"]
    assert iso(seen) < mine[0].start <= iso(seen + 6 * HOUR)
    assert iso(seen + 2 * DAY) <= mine[0].end


def test_polls_in_time_leave_no_gap_though_the_store_is_older_than_the_scope(
    watch: Watch, dated: Home, clock: Clock
) -> None:
    for _ in range(3):
        watch.due_now()
        clock.at += 6 * HOUR

    told: Gaps = dated.json("gaps", "--since", iso(clock.at - 30 * DAY), "--until", iso(clock.at), of=Gaps)

    assert [g for g in told.gaps if g.scope.startswith(ACCOUNT)] == []
