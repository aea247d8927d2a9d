"""What was seen yesterday, read today: no pass outlives the look that it rests on, with or without a record of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from annexlog.cli.shapes import Outcomes, Status
from annexlog.cycle import Cycle
from annexlog.evidence_store.model import Millis, Unknown, iso
from annexlog.evidence_store.store import Store
from tests.home import DAY, HOUR, TARGET, Clock, Home
from tests.wire import Fault

BUCKET = ("aws.s3.versioning-on-critical", "aws/123456789012", "arn:aws:s3:::good-bucket")
"""A pass: it reads the bucket, its tags and its versioning."""


def oldest(home: Home, *facets: str) -> Millis:
    """When the oldest of the looks began, asked of the file itself."""
    marks = ",".join("?" * len(facets))
    swept = "SELECT min(s.start) FROM sweep s JOIN line l USING (lid) WHERE l.type = 'aws.s3.bucket'"
    sql = f"{swept} AND l.facet IN ({marks})"
    with closing(sqlite3.connect(home.store)) as connection:
        found: Millis = connection.execute(sql, facets).fetchone()[0]
    return found


@pytest.mark.parametrize(("floor", "interval"), [("PT1H", DAY), ("P3D", 3 * DAY)])
def test_a_pass_reads_unknown_from_the_millisecond_on_at_which_its_oldest_look_is_twice_its_interval_old(
    floor: str, interval: Millis, dated: Home, clock: Clock
) -> None:
    dated.configure(f'[collect]\nfloor = "{floor}"\n{TARGET}')
    Cycle(dated.config, clock=clock).turn()
    before = dated.rows("run", "outcome")
    end = oldest(dated, "", "tags", "versioning") + 2 * interval

    last, first = dated.answers(end)[BUCKET], dated.answers(end + 1)[BUCKET]

    assert (last.status, last.reason) == ("pass", None)
    assert (first.status, first.reason, first.cause) == ("unknown", Unknown("stale", "aws.s3.bucket"), "clock")
    assert dated.rows("run", "outcome") == before


def test_a_listing_that_is_refused_later_makes_yesterdays_passes_unknown_before_anything_is_judged(
    looked: Home, clock: Clock
) -> None:
    seen = clock.at
    clock.at += HOUR
    looked.wire.inject(Fault("refused", "s3.list_buckets"))
    Cycle(looked.config, clock=clock).turn(judge=False)

    before, after = looked.answers(seen)[BUCKET], looked.answers()[BUCKET]

    refused = Unknown("denied", "list_buckets", "s3:ListAllMyBuckets", "AccessDenied")
    assert (before.status, before.reason) == ("pass", None)
    assert (after.status, after.reason, after.cause) == ("unknown", refused, "coverage")


def test_what_a_target_showed_reads_retired_once_the_target_is_no_longer_configured(looked: Home, clock: Clock) -> None:
    known = looked.answers().keys()
    looked.configure("")
    clock.at += HOUR
    Cycle(looked.config, clock=clock).turn()

    after = looked.answers()

    told: Status = looked.json("status", "--at", iso(clock.at), of=Status)
    with Store.open(looked.store, readonly=True) as store:
        states = {(s.name, s.state) for s in store.view().scope_states()}
    assert after.keys() == known
    assert {(a.status, a.reason and a.reason.reason) for a in after.values()} == {("unknown", "retired")}
    assert states == {(name, "retired") for name in told.retired_scopes}
    assert {"aws/123456789012", "aws/123456789012/eu-west-1"} <= set(told.retired_scopes)


def test_an_endpoint_that_died_makes_everything_known_unknown_at_once(
    collected: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = collected
    known = home.outcomes().keys()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")

    told = home.annexlog("collect")

    after = home.answers()
    refused = Unknown("failed", "get_caller_identity", "", "EndpointConnectionError")
    assert told.code == 3
    assert "acme: AWS does not answer as to who we are" in told.out
    assert "Nothing could be seen." in told.out
    assert known <= after.keys()
    assert {a.status for a in after.values()} == {"unknown"}
    assert after[BUCKET].reason == refused


def test_what_refuses_later_and_answers_again_reads_as_it_did_at_each_instant(looked: Home, clock: Clock) -> None:
    cycle = Cycle(looked.config, clock=clock)
    instants = [clock.at]
    for fault in (Fault("refused", "s3.get_bucket_versioning"), None):
        clock.at += HOUR
        looked.wire.clear()
        looked.wire.inject(*([fault] if fault else []))
        cycle.turn()
        instants.append(clock.at)

    assert [looked.answers(at)[BUCKET].status for at in instants] == ["pass", "unknown", "pass"]


def test_an_account_that_is_left_out_by_now_keeps_its_outcomes_as_unknown(collected: Home) -> None:
    before = set(collected.outcomes("--scope", "aws/123456789012"))
    collected.configure(TARGET + 'accounts = {exclude = ["123456789012"]}\n')

    collected.annexlog("collect")

    told: Outcomes = collected.json("outcomes", "--scope", "aws/123456789012", of=Outcomes)
    assert before
    assert {(o.test, o.scope, o.resource) for o in told.outcomes} == before
    assert {(o.status, o.reason and o.reason.reason) for o in told.outcomes} == {("unknown", "retired")}
