"""A collection that is killed, stopped, met by another or out of room: nothing recorded is lost or half there."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from annexlog.cli.shapes import Collected, Runs, Verified
from annexlog.cycle import Cycle
from annexlog.evidence_store.model import StoreBusy, iso
from tests.home import TARGET, Home, completed
from tests.wire import Reply, Request, Tape, Wire
from tests.wire.recognise import recognise

ONE_BY_ONE = "[collect]\nscopes = 1\n" + TARGET
MOMENTS = {
    "in the account": "s3.list_buckets",
    "in the region": "rds.describe_db_instances",
    "in the organization": "iam.list_organizations_features",
}
"""An operation that is asked for in that scope only, of a collection that takes one scope after the other."""


class Held:
    """A source that keeps the first request of one operation waiting until it is let go."""

    def __init__(self, source: Callable[[Request], Reply]) -> None:
        self._source = source
        self.operation = ""
        self.arrived, self.go = threading.Event(), threading.Event()

    def __call__(self, request: Request) -> Reply:
        asked = recognise(request)
        if asked is not None and asked.name == self.operation:
            self.arrived.set()
            self.go.wait(60)
        return self._source(request)

    def at(self, operation: str) -> None:
        self.operation = operation
        self.arrived.clear()
        self.go.clear()

    def release(self) -> None:
        self.operation = ""
        self.go.set()


@dataclass(frozen=True)
class Halting(Home):
    held: Held

    def halted(self, operation: str) -> subprocess.Popen[str]:
        """A collection that waits in the midst of this operation."""
        self.held.at(operation)
        process = self.start("collect")
        assert self.held.arrived.wait(60), process.communicate(timeout=10)
        return process


@pytest.fixture
def halting(
    tape: Tape, collected: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Halting]:
    """A folder with one whole collection, whose next one takes one scope after the other."""
    held = Held(completed(tape.replay))
    collected.configure(ONE_BY_ONE)
    with Wire(held, threads=16) as wire:
        monkeypatch.setenv("AWS_ENDPOINT_URL", wire.url)
        yield Halting(collected.folder, wire, capsys, held)
        held.release()


def recorded(home: Home) -> list[tuple[int, str, str]]:
    """(place in the log, kind, scope) of every record, oldest first."""
    told: Runs = home.json("runs", "--limit", "0", of=Runs)
    return sorted((r.seq, r.kind, r.scope) for r in told.runs)


def verified(home: Home) -> Verified:
    told: Verified = home.json("verify", of=Verified)
    return told


@pytest.mark.parametrize("operation", MOMENTS.values(), ids=MOMENTS)
def test_a_collection_that_was_killed_is_resumed_in_its_slot_and_asks_only_for_the_scopes_that_are_missing(
    operation: str, halting: Halting
) -> None:
    process = halting.halted(operation)
    process.kill()
    process.communicate(timeout=60)
    halting.held.release()
    before = recorded(halting)
    slot = int((halting.folder / "evidence.db.collecting").read_text())
    sound = verified(halting)
    halting.wire.clear()

    told: Collected = halting.json("collect", of=Collected)

    after = recorded(halting)
    asked = {at for at, one in MOMENTS.items() if one in halting.wire.operations()}
    missing = list(MOMENTS)[list(MOMENTS.values()).index(operation) :]
    assert (sound.ok, sound.findings) == (True, [])
    assert (told.exit_code, told.slot) == (0, iso(slot))
    assert after[: len(before)] == before
    assert asked == set(missing)
    assert len(after) - len(before) == len(missing) + 1  # and an assessment
    assert verified(halting).ok


def test_the_very_first_collection_killed_leaves_a_store_that_opens_and_verifies(halting: Halting) -> None:
    for file in halting.folder.glob("evidence.db*"):
        file.unlink()
    process = halting.halted(MOMENTS["in the account"])
    process.kill()
    process.communicate(timeout=60)
    halting.held.release()

    told = verified(halting)

    assert (told.ok, told.findings) == (True, [])
    assert told.records > 1


def test_a_collection_that_is_asked_to_stop_records_what_it_saw_and_says_so(halting: Halting) -> None:
    before = halting.rows("run")["run"]
    process = halting.halted(MOMENTS["in the region"])
    process.terminate()
    line = process.stderr.readline() if process.stderr else ""
    halting.held.release()
    out, err = process.communicate(timeout=60)

    told = recorded(halting)
    assert (process.returncode, line, err) == (
        3,
        "annexlog: stopping; recording what was seen. Once more to stop at once.\n",
        "",
    )
    assert "interrupted: the run was stopped before it looked" in out
    assert [kind for seq, kind, _ in told if seq > before] == ["collect"] * 4 + ["assess"]
    assert verified(halting).ok
    assert "pass" in halting.outcomes("--test", "aws.s3.bucket-public-access-blocked").values()


def test_a_second_collection_waits_for_the_first(halting: Halting) -> None:
    first = halting.halted(MOMENTS["in the account"])
    second = halting.start("collect")
    with pytest.raises(StoreBusy, match="another annexlog collects into it already") as busy:
        Cycle(halting.config, wait=0.1).turn()
    halting.held.release()

    ended = [(p.communicate(timeout=60), p.returncode) for p in (first, second)]

    assert [(code, err) for (_, err), code in ended] == [(0, ""), (0, "")]
    assert busy.value.exit_code == 2
    assert "nothing was written" in busy.value.next
    assert [kind for _, kind, _ in recorded(halting)].count("assess") == 3
    assert verified(halting).ok


@pytest.mark.parametrize("room", [512, 60_000])
def test_a_full_disk_ends_a_collection_with_a_plain_sentence_and_loses_nothing(room: int, collected: Home) -> None:
    home, before = collected, recorded(collected)
    program = (
        f"import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room})); "
        f"from annexlog.cli import run; sys.exit(run(['-C', {str(home.folder)!r}, 'collect']))"
    )

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)

    assert ended.returncode == 2, ended
    assert re.search(r"(Make|has) room.*, and run it again\.", ended.stderr), ended
    assert "Traceback" not in ended.stderr
    assert recorded(home)[: len(before)] == before
    assert verified(home).ok
    assert home.annexlog("collect").code == 0
    assert verified(home).ok
