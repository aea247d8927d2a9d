"""What `--json` says: each document in its documented shape, each as of the day that is asked for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from annexlog.answers import definitions
from annexlog.cli.shapes import (
    Collected,
    Control,
    Gaps,
    History,
    Outcomes,
    Population,
    Replayed,
    Runs,
    Status,
    Verified,
)
from annexlog.cycle import Cycle
from annexlog.evidence_store.model import Millis, iso
from annexlog.evidence_store.store import Store
from annexlog.mappings import CONTROLS
from tests.home import HOUR, TARGET, Clock, Home
from tests.test_causes import UNVERSIONED
from tests.wire import Fault

TEST = "aws.s3.versioning-on-critical"
GOOD = "arn:aws:s3:::good-bucket"
BUCKETS = [f"arn:aws:s3:::{name}-bucket" for name in ("bare", "good", "open", "trail")]


@pytest.fixture(scope="module")
def more(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the two days are kept, once there are any."""
    return tmp_path_factory.mktemp("days")


@pytest.fixture
def days(more: Path, looked: Home, clock: Clock) -> tuple[Home, Millis, Millis]:
    """Two collections; in between, good-bucket stops to keep versions. And when each was done."""
    first = clock.at
    if not (more / "evidence.db").exists():
        clock.at += HOUR
        looked.wire.inject(UNVERSIONED, Fault("refused", "kms.list_keys"))
        Cycle(looked.config, clock=clock).turn()
        (looked.folder / "end").write_text(str(clock.at))
        shutil.copytree(looked.folder, more, dirs_exist_ok=True)
    shutil.copytree(more, looked.folder, dirs_exist_ok=True)
    clock.at = int((more / "end").read_text())
    return looked, first, clock.at


def test_definitions_are_read_anew_only_when_what_is_recorded_of_them_changed(
    days: tuple[Home, Millis, Millis],
) -> None:
    home, first, second = days
    home.write("settings.yaml", "grace: {critical: PT1H}\n")
    home.configure('mappings = ["mappings"]\n' + TARGET)
    Cycle(home.config, clock=Clock(second + HOUR)).accept()

    with Store.open(home.store, readonly=True) as store:
        of_first, of_second = definitions(store.view(at=first)), definitions(store.view(at=second))
        now = definitions(store.view())

    assert of_first is of_second
    assert (dict(of_first.settings).get("grace"), now.settings["grace"]) == (None, {"critical": "PT1H"})


def test_status_has_all_93_controls_in_their_order(collected: Home) -> None:
    told: Status = collected.json("status", of=Status)

    assert [entry.control for entry in told.controls] == list(CONTROLS)
    assert len(told.controls) == 93
    assert (told.known_at, told.retired_scopes) == (None, [])


def test_counts_of_a_control_are_those_of_its_primary_tests_outcomes(collected: Home) -> None:
    told: Status = collected.json("status", of=Status)

    entry = next(e for e in told.controls if e.control == "A.5.14")
    primary = {t.test for t in entry.tests if t.strength == "primary"}
    statuses = [s for (test, *_), s in collected.outcomes("--control", "A.5.14").items() if test in primary]
    assert entry.state == "deviating"
    assert [entry.counts.pass_, entry.counts.fail, entry.counts.unknown, entry.counts.not_applicable] == [
        statuses.count(status) for status in ("pass", "fail", "unknown", "not_applicable")
    ]


def test_collect_says_what_it_could_not_see(collected: Home) -> None:
    collected.wire.inject(Fault("refused", "kms.list_keys"))

    told: Collected = collected.json("collect", of=Collected)

    assert (told.exit_code, told.interrupted, told.unreachable) == (3, False, {})
    assert [(u.type, u.facet, u.reason.reason, u.reason.permission) for u in told.unseen if u.facet == ""] == [
        ("aws.kms.key", "", "denied", "kms:ListKeys")
    ]


def test_outcomes_of_an_earlier_day_are_those_of_that_day(days: tuple[Home, Millis, Millis]) -> None:
    home, first, second = days

    told: list[Outcomes] = [
        home.json("outcomes", "--test", TEST, "--resource", GOOD, "--at", iso(at), of=Outcomes)
        for at in (first, second)
    ]

    assert [(t.at, [(o.status, o.cause) for o in t.outcomes]) for t in told] == [
        (iso(first), [("pass", "estate")]),
        (iso(second), [("fail", "estate")]),
    ]


def test_what_was_not_yet_recorded_is_not_known(days: tuple[Home, Millis, Millis]) -> None:
    home, first, second = days

    told: Outcomes = home.json(
        "outcomes", "--test", TEST, "--resource", GOOD, "--at", iso(second), "--known-at", iso(first), of=Outcomes
    )

    assert (told.known_at, [o.status for o in told.outcomes]) == (iso(first), ["pass"])


def test_a_control_shows_what_fails_with_the_evidence_of_that_day(days: tuple[Home, Millis, Millis]) -> None:
    home, first, second = days

    told: list[Control] = [
        home.json("show", "A.5.33", "--limit", "100", "--at", iso(at), of=Control) for at in (first, second)
    ]

    seen = [
        {f.facet: f.value for e in t.failing if e.outcome.test == TEST for f in e.facets if f.facet == "versioning"}
        for t in told
    ]
    assert seen == [{}, {"versioning": {"Status": "Suspended"}}]


def test_a_population_of_an_earlier_day_is_as_it_was_and_says_how_it_was_seen(
    days: tuple[Home, Millis, Millis],
) -> None:
    home, first, second = days

    told: list[Population] = [
        p
        for at in (first, second)
        for p in home.json("population", "aws.kms.key", "--at", iso(at), of=list[Population])
    ]

    asked = [[o["operation"] for o in p.provenance["operations"]] for p in told]
    assert [(p.coverage, len(p.resources), p.refusal and p.refusal.reason) for p in told] == [
        ("complete", 4, None),
        ("denied", 4, "denied"),
    ]
    assert asked == [["list_keys"], ["list_keys"]]


def test_the_population_of_buckets_is_all_buckets(collected: Home) -> None:
    told: list[Population] = collected.json("population", "aws.s3.bucket", of=list[Population])

    assert [(p.coverage, p.resources) for p in told] == [("complete", BUCKETS)]


def test_a_history_is_in_the_order_of_time(days: tuple[Home, Millis, Millis]) -> None:
    home, *_ = days

    told: History = home.json("history", GOOD, of=History)

    assert [(c.status, c.cause) for c in told.changes if c.test == TEST] == [("pass", "estate"), ("fail", "estate")]
    assert [c.at for c in told.changes] == sorted(c.at for c in told.changes)


def test_runs_are_the_records_of_the_log_newest_first(collected: Home) -> None:
    told: Runs = collected.json("runs", of=Runs)

    assert [(r.seq, r.kind) for r in told.runs] == [
        (6, "assess"), (5, "collect"), (4, "collect"), (3, "collect"), (2, "collect"), (1, "collect"),
    ]  # fmt: skip
    assert {r.target for r in told.runs if r.kind == "collect"} == {"acme", "org"}


def test_a_store_verifies_and_its_last_assessment_replays(collected: Home) -> None:
    sound: Verified = collected.json("verify", of=Verified)
    again: Replayed = collected.json("replay", of=Replayed)

    assert (sound.ok, sound.records, sound.findings) == (True, 6, [])
    assert (again.run, again.differences) == (6, [])
    assert again.outcomes == len(collected.outcomes())


def test_a_changed_byte_in_a_body_is_found(collected: Home) -> None:
    data = collected.store.read_bytes()
    assert data.count(b"good-bucket") > 0
    collected.store.write_bytes(data.replace(b"good-bucket", b"gxxd-bucket"))

    told: Verified = collected.json("verify", of=Verified)

    assert not told.ok
    assert collected.annexlog("verify").code == 1


def test_there_are_no_gaps_just_after_a_collection_and_there_are_when_nobody_looked_for_days(
    days: tuple[Home, Millis, Millis],
) -> None:
    home, _, second = days

    none: Gaps = home.json("gaps", "--until", iso(second + HOUR), of=Gaps)
    some: Gaps = home.json("gaps", "--until", iso(second + 72 * HOUR), of=Gaps)

    assert [g for g in none.gaps if g.type != "aws.kms.key"] == []
    assert {g.type for g in some.gaps} >= {"aws.s3.bucket", "aws.iam.user", "scope"}
