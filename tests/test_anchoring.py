"""Anchoring after a turn: what is sent and recorded, how failures are shown and tried again, and the commands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from annexlog.anchoring import PAUSE, Patience, Sent, anchor, never_anchored, standing
from annexlog.anchors.kinds import KINDS
from annexlog.cli.shapes import Anchors, Collected, Doctor, Status, Verified
from annexlog.config import Config
from annexlog.cycle import Cycle
from annexlog.evidence_store.anchors import notes, sizes
from annexlog.evidence_store.checkpoint import Checkpoint
from annexlog.evidence_store.model import Coverage, Line, Unknown
from annexlog.evidence_store.verify import verify
from annexlog.watching import Watch
from tests.anchored import SIGNER, Log
from tests.home import HOUR, TARGET, Clock, Home
from tests.wire.authority import Authority
from tests.wire.http import Server
from tests.wire.witness import TestWitness

WORM = '[anchors.worm]\nkind = "file"\npath = "worm"\n'
TWO = WORM + '[anchors.gone]\nkind = "file"\npath = "nowhere/worm"\n'
AT = Line("anchor/worm", "checkpoint")
MISSING = Unknown("failed", "file", "", "FileNotFoundError")


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    made = Log(tmp_path)
    yield made
    made.store.close()


def sent(log: Log, config: Config, patience: Patience | None = None, only: tuple[str, ...] = ()) -> list[Sent]:
    return list(anchor(log.store, config, SIGNER, log.clock, patience=patience, only=only))


def looks(log: Log, name: str = "worm") -> list[tuple[str, Unknown | None]]:
    """Every recorded look at an anchor, oldest first."""
    rows = log.store.view().population_lines(Line(f"anchor/{name}", "checkpoint"))
    return [(row.seen.status.value, row.seen.refusal) for row in rows][::-1]


def body(log: Log, name: str = "worm") -> object:
    return {r.id: r.facets[""] for r in log.store.view().resources(f"anchor/{name}", "checkpoint", ())}


# ── sending and recording ─────────────────────────────────────────────────────────────────


def test_the_first_success_is_recorded_and_that_record_is_anchored_too(log: Log) -> None:
    config = log.config(WORM)
    log.grow(2)

    sent(log, config)

    worm = [Checkpoint.parse(note).size for note in notes((log.folder / "worm").read_bytes())]
    assert (worm, log.store.size()) == ([2, 3], 3)
    assert looks(log) == [("complete", None)]
    assert body(log) == {"worm": {"kind": "file", "place": "worm"}}


def test_success_after_success_is_anchored_and_not_recorded(log: Log) -> None:
    config = log.config(WORM)
    log.grow()
    sent(log, config)
    log.grow()

    sent(log, config)

    assert (log.store.size(), sizes(log.store.backend, "file:worm")) == (3, [1, 2, 3])
    assert len(looks(log)) == 1


def test_where_nothing_is_new_nothing_is_sent(log: Log) -> None:
    config = log.config(WORM)
    log.grow()
    sent(log, config)

    assert sent(log, config) == []


def test_an_empty_store_has_nothing_to_anchor(log: Log) -> None:
    assert sent(log, log.config(WORM)) == []


def test_a_failure_is_recorded_once_with_its_reason_and_stops_nothing(log: Log) -> None:
    config = log.config(TWO)
    for _ in range(3):
        log.grow()
        sent(log, config)

    assert looks(log, "gone") == [("failed", MISSING)]
    assert looks(log) == [("complete", None)]
    assert sizes(log.store.backend, "file:worm")[-1] == log.store.size()
    assert sizes(log.store.backend, "file:gone") == []


def test_another_reason_is_recorded_anew(log: Log) -> None:
    config = log.config(TWO)
    log.grow()
    sent(log, config)
    (log.folder / "nowhere").write_text("a file, no folder")
    log.grow()

    sent(log, config)

    assert looks(log, "gone") == [("failed", MISSING), ("failed", Unknown("failed", "file", "", "NotADirectoryError"))]


def test_when_it_works_again_the_newest_is_anchored_and_what_was_missed_is_said(log: Log) -> None:
    config = log.config(TWO)
    log.grow()
    sent(log, config)  # records that one works and one does not: two records
    log.grow(2)
    sent(log, config)
    log.grow()
    (log.folder / "nowhere").mkdir()

    first = next(one for one in sent(log, config) if one.name == "gone")

    assert looks(log, "gone") == [("failed", MISSING), ("complete", None)]
    assert body(log, "gone") == {
        "gone": {"kind": "file", "place": "nowhere/worm", "missed": {"checkpoints": 3, "above": 0, "below": 6}}
    }
    assert sizes(log.store.backend, "file:gone") == [6, 7]
    assert never_anchored(log.store, "gone", config.anchors["gone"]) == [1, 3, 5]
    assert first.size == 7


def test_the_log_with_its_anchors_verifies(log: Log) -> None:
    config = log.config(TWO)
    for _ in range(3):
        log.grow()
        sent(log, config)

    report = verify(log.store, keys=[SIGNER.verifier], checkpoints={"worm": (log.folder / "worm").read_bytes()})

    assert report.findings == []


def test_an_anchor_that_left_the_configuration_is_recorded_as_gone_once(log: Log) -> None:
    log.grow()
    sent(log, log.config(WORM))
    config = log.config("")

    sent(log, config)
    before = log.store.size()
    sent(log, config)

    assert (body(log), looks(log)) == ({}, [("complete", None), ("complete", None)])
    assert log.store.size() == before


def test_an_anchor_that_moved_elsewhere_is_recorded(log: Log) -> None:
    log.grow()
    sent(log, log.config(WORM))
    log.grow()

    sent(log, log.config(WORM.replace('"worm"', '"another"')))

    assert body(log) == {"worm": {"kind": "file", "place": "another"}}


# ── when ──────────────────────────────────────────────────────────────────────────────────


def test_with_an_interval_it_is_sent_when_that_has_passed(log: Log) -> None:
    config = log.config(WORM + 'every = "PT1H"\n')
    log.grow()
    sent(log, config)

    found = []
    for _ in range(6):
        log.clock.at += HOUR // 4
        log.grow()
        found.append(bool(sent(log, config)))

    assert found == [False, False, False, True, False, False]


def test_one_that_fails_is_left_alone_for_longer_and_longer(log: Log) -> None:
    patience = Patience()

    found = []
    for minute in range(20):
        now = minute * PAUSE
        if patience.ready("x", now):
            found.append(minute)
            patience.note("x", now, failed=True)
    patience.note("x", 20 * PAUSE, failed=False)

    assert found == [0, 1, 3, 7, 15]
    assert patience.ready("x", 20 * PAUSE)


def test_a_clock_that_was_set_back_does_not_silence_an_anchor() -> None:
    patience = Patience()
    patience.note("x", 10 * HOUR, failed=True)

    assert patience.ready("x", 9 * HOUR)


def test_who_asks_for_an_anchor_by_name_does_not_wait(log: Log) -> None:
    config, patience = log.config(TWO), Patience()
    log.grow()
    sent(log, config, patience)
    log.grow()
    log.clock.at -= PAUSE // 2

    waiting = [one.name for one in sent(log, config, patience)]
    asked = [one.name for one in sent(log, config, patience, only=("gone",))]

    assert (waiting, asked) == (["worm"], ["gone"])


# ── how it is shown ───────────────────────────────────────────────────────────────────────


def test_standing_says_what_each_has_and_why_one_fails(log: Log) -> None:
    config = log.config(TWO)
    log.grow()
    before = [one.status for one in standing(log.store, log.store.view(), config)]
    sent(log, config)

    found = {one.name: one for one in standing(log.store, log.store.view(), config)}

    assert before == [None, None]
    assert (found["worm"].size, found["worm"].of, found["worm"].status) == (3, 3, Coverage.COMPLETE)
    assert (found["gone"].size, found["gone"].status, found["gone"].refusal) == (0, Coverage.FAILED, MISSING)


def test_a_turn_anchors_and_a_failure_changes_only_what_it_says(home: Home) -> None:
    home.configure(TARGET + TWO)

    collected: Collected = home.json("collect", of=Collected)
    status: Status = home.json("status", of=Status)
    told = home.annexlog("status").out

    assert (collected.exit_code, list(collected.not_anchored)) == (0, ["gone"])
    assert collected.not_anchored["gone"] == "nowhere/worm: No such file or directory"
    records = home.rows("run")["run"]
    assert [(a.name, a.anchored, a.records, a.state) for a in status.anchors] == [
        ("gone", 0, records, "failed"),
        ("worm", records, records, "complete"),
    ]
    assert f"anchor worm (file) has {records} of {records} records." in told
    assert f"anchor gone (file) has 0 of {records} records; failing since" in told
    assert "failed (FileNotFoundError): it could not be reached, or failed" in " ".join(told.split())
    last = notes((home.folder / "worm").read_bytes())[-1]
    assert Checkpoint.parse(last).size == records


@pytest.fixture
def anchored(collected: Home) -> Home:
    """Collected, with two anchors of which one fails, tried once."""
    collected.configure(TARGET + TWO)
    collected.annexlog("anchor", "now")
    return collected


def test_anchor_now_says_what_became_of_each(collected: Home) -> None:
    collected.configure(TARGET + TWO)
    records = collected.rows("run")["run"] + 2  # it works; it does not

    told = collected.annexlog("anchor", "now")
    again = collected.annexlog("anchor", "now", "worm")

    assert (told.code, again.code) == (3, 0)
    assert f"worm: has the checkpoint of {records} records." in told.out
    assert "anchor gone (nowhere/worm): failed: nowhere/worm: No such file or directory." in told.out


def test_anchor_list_names_what_was_never_anchored(anchored: Home) -> None:
    found: Anchors = anchored.json("anchor", "list", of=Anchors)
    told = anchored.annexlog("anchor", "list")

    by = {one.name: one for one in found.anchors}
    assert told.code == 3
    assert "sizes never anchored" in told.out
    assert (by["gone"].anchored, by["gone"].reason.code if by["gone"].reason else "") == (0, "FileNotFoundError")
    assert by["worm"].anchored == by["worm"].records
    assert set(found.never_anchored["worm"]) < set(found.never_anchored["gone"])


def test_doctor_tells_an_anchor_that_fails_from_one_that_works(anchored: Home) -> None:
    told: Doctor = anchored.json("doctor", of=Doctor)

    checks = {check.what: check for check in told.checks if check.what.startswith("anchor")}
    assert [(name, check.state) for name, check in checks.items()] == [("anchor gone", "warn"), ("anchor worm", "ok")]
    assert checks["anchor gone"].mend == "Try it: annexlog anchor now gone"


def test_doctor_names_what_an_anchor_lacks_before_it_is_ever_used(home: Home) -> None:
    home.configure(TARGET + '[anchors.w]\nkind = "webhook"\nurl_env = "NOT_SET_HERE"\n')

    told: Doctor = home.json("doctor", of=Doctor)

    missing = {check.what: (check.detail, check.mend) for check in told.checks if check.state == "missing"}
    assert missing == {"anchor w": ("NOT_SET_HERE is not set in the environment", "Set NOT_SET_HERE.")}


def test_without_any_anchor_doctor_warns_that_checkpoints_stay_here(home: Home) -> None:
    told: Doctor = home.json("doctor", of=Doctor)

    assert ("warn", "checkpoints do not leave this host") in {(check.state, check.detail) for check in told.checks}


def test_verify_takes_the_anchor_file_as_it_is(anchored: Home) -> None:
    worm = str(anchored.folder / "worm")

    without: Verified = anchored.json("verify", of=Verified)
    told: Verified = anchored.json("verify", "--checkpoint", worm, of=Verified)

    assert (without.ok, told.ok, told.findings) == (True, True, [])
    assert "cut off" in " ".join(without.not_seen_without_anchor)
    assert "cut off" not in " ".join(told.not_seen_without_anchor)


def test_export_gives_the_newest_checkpoint_and_each_token(anchored: Home) -> None:
    worm = notes((anchored.folder / "worm").read_bytes())

    newest = anchored.annexlog("anchor", "export").out
    first = anchored.annexlog("anchor", "export", "--size", str(Checkpoint.parse(worm[0]).size)).out
    receipt = anchored.annexlog("anchor", "export", "--token", "worm", "--out", str(anchored.folder / "receipt"))

    assert [newest.encode(), first.encode()] == [worm[-1], worm[0]]
    assert receipt.code == 0
    assert (anchored.folder / "receipt").read_bytes().startswith(b"annexlog/receipt/1\nto file:worm\n")


def test_what_cannot_be_exported_or_is_not_configured_is_said(anchored: Home) -> None:
    no_size = anchored.annexlog("anchor", "export", "--size", "4000")
    no_name = anchored.annexlog("anchor", "now", "nobody")
    anchored.configure(TARGET)
    nothing = anchored.annexlog("anchor", "list")

    assert [told.code for told in (no_size, no_name, nothing)] == [2, 2, 2]
    assert "there is none of this size" in no_size.err
    assert "there is no anchor 'nobody'; configured are gone, worm." in no_name.err
    assert "no anchor is configured." in nothing.err


def test_verify_checks_timestamps_by_the_configured_certificates(
    collected: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    authority = Authority(tmp_path / "tsa")
    with Server(authority.answer, threads=1) as server:
        url = f'url = "{server.url}"\ntsa_ca_file = "{authority.ca}"\n'
        collected.configure(f'{TARGET}[anchors.tsa]\nkind = "timestamp"\n{url}')
        collected.annexlog("anchor", "now")

    told: Verified = collected.json("verify", of=Verified)
    collected.configure(TARGET)
    unknown: Verified = collected.json("verify", of=Verified)
    given: Verified = collected.json("verify", "--tsa-ca", str(authority.ca), of=Verified)

    assert [v.ok for v in (told, unknown, given)] == [True, True, True]
    assert told.shown[0].startswith("By the word of timestamp:tsa, records 1 to ")
    assert (unknown.shown, given.shown) == ([], told.shown)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[anchors.worm]\npath = 'x'\n", "no kind; expected one of email, file, s3, timestamp, webhook, witness."),
        ("[anchors.worm]\nkind = 'fiel'\n", "unknown kind 'fiel'; did you mean 'file'?"),
        ("[anchors.worm]\nkind = 'file'\npaht = 'x'\n", "unknown key; did you mean 'path'?"),
        ("[anchors.'a b']\nkind = 'file'\npath = 'x'\n", "an anchor's name is of letters, digits, - and _"),
    ],
)
def test_a_mistake_in_the_configuration_is_said_with_its_place(home: Home, text: str, what: str) -> None:
    home.configure(TARGET + text)

    told = home.annexlog("status")

    assert told.code == 2
    assert what in told.err
    assert f"{home.folder / 'annexlog.toml'}: anchors." in told.err


def test_no_secret_is_ever_an_option() -> None:
    names = {name for kind in KINDS.values() for name in kind.__struct_fields__}

    assert {name for name in names if "password" in name or "token" in name or "secret" in name} == {
        "password_env",
        "password_file",
    }
    assert json.dumps(sorted(KINDS)) == '["email", "file", "s3", "timestamp", "webhook", "witness"]'


def test_between_turns_watch_tries_again_and_by_and_by_the_anchor_has_all(dated: Home, clock: Clock) -> None:
    dated.configure(TARGET + '[anchors.gone]\nkind = "file"\npath = "nowhere/worm"\n')
    watch = Watch(Cycle(dated.config, clock=clock))
    watch.due_now()
    (dated.folder / "nowhere").mkdir()

    early = watch.cycle.anchor()
    clock.at += PAUSE
    later = watch.cycle.anchor()

    worm = notes((dated.folder / "nowhere" / "worm").read_bytes())
    assert early == ()
    assert [(one.name, one.refused) for one in later] == [("gone", None)]
    assert Checkpoint.parse(worm[-1]).size == dated.rows("run")["run"]


def test_every_example_of_the_documentation_is_a_configuration_that_holds(log: Log) -> None:
    page = (Path(__file__).parent.parent / "docs" / "anchors.md").read_text(encoding="utf-8")
    witness = TestWitness("", 1).public
    examples = "\n".join(re.findall(r"```toml\n(.*?)```", page, re.DOTALL)).replace(
        "witness.example/w1+1234abcd+BASE64", witness
    )

    config = log.config(examples)

    assert sorted(one.kind for one in config.anchors.values()) == sorted(KINDS)


def test_receipts_and_checkpoints_of_an_older_key_still_verify(anchored: Home) -> None:
    first = (anchored.folder / "annexlog.key.pub").read_text().strip()
    rotated = anchored.annexlog("key", "rotate", "--reason", "It is a year old.")
    anchored.annexlog("anchor", "now", "worm")
    worm = ["--checkpoint", str(anchored.folder / "worm")]

    told: Verified = anchored.json("verify", *worm, "--public-key", first, of=Verified)
    unknown: Verified = anchored.json("verify", of=Verified)

    assert rotated.code == 0, rotated.err
    assert [told.findings, unknown.findings] == [[], []]
