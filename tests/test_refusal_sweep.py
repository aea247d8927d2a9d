"""For every operation and every fault on the wire: no outcome becomes better, and nothing known disappears."""

from __future__ import annotations

import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import xform_name

from annexlog.answers import Answer, Reading, shapes
from annexlog.assessing import assess, present
from annexlog.collectors import ResourceType, resource_types
from annexlog.collectors.aws._discovery import CALLS as DISCOVERY
from annexlog.config import Config, load
from annexlog.cycle import Cycle
from annexlog.evidence_store import keys
from annexlog.evidence_store.model import POPULATION, Millis, Status
from annexlog.evidence_store.queries import View
from annexlog.evidence_store.store import Store
from annexlog.mappings import Mappings
from annexlog.mappings import load as load_mappings
from annexlog.pipeline import Collected, Collector, everything
from tests.estate import REGION, plant
from tests.wire import KINDS, Fault, Moto, Tape, Wire, forward
from tests.wire.moto import CREDENTIALS

Key = tuple[str, str, str]
Answers = Mapping[Key, Answer]

NOW: Millis = time.time_ns() // 1_000_000

CONFIG = f"""
[targets.acme]
provider = "aws"
organization = true
regions = ["{REGION}"]
"""


class Hastened:
    """A clock that runs on its own: waiting costs nothing."""

    def __init__(self, start: Millis) -> None:
        self._now = float(start)

    def now(self) -> Millis:
        self._now += 1
        return int(self._now)

    def monotonic(self) -> float:
        return self._now / 1000

    def sleep(self, seconds: float) -> None:
        self._now += seconds * 1000


@dataclass(frozen=True)
class Ground:
    """An estate that was collected once without a fault, and the tape of what the provider said."""

    folder: Path
    wire: Wire
    operations: frozenset[str]
    at: Millis
    answers: Answers
    mappings: Mappings

    def config(self, folder: Path) -> Config:
        """A copy of the ground's store and configuration in another folder."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return load(folder / "annexlog.toml")


def answers(config: Config, at: Millis) -> Answers:
    with Store.open(config.store, readonly=True) as store:
        return {(a.test.id, a.line.scope, a.id): a for a in Reading(store.view(at=at)).answers()}


@pytest.fixture(scope="module")
def ground(moto_server: Moto, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("ground")
    (folder / "annexlog.toml").write_text(CONFIG)
    keys.generate(folder / "annexlog.key")
    config = load(folder / "annexlog.toml")
    moto_server.reset()
    tape = Tape()
    with pytest.MonkeyPatch.context() as environment:
        for name, value in CREDENTIALS.items():
            environment.setenv(name, value)
        plant(lambda service, region="us-east-1": boto3.client(service, region, endpoint_url=moto_server.url))
        with Wire(tape.record(forward(moto_server.url))) as recording:
            environment.setenv("AWS_ENDPOINT_URL", recording.url)
            clock = Hastened(NOW)
            Cycle(config, clock=clock).turn()
            operations = frozenset(recording.operations())
    with Store.open(config.store, readonly=True) as store:
        at = present(store, clock)
    with Wire(tape.replay) as wire:
        mappings = load_mappings(shapes())
        yield Ground(folder, wire, operations, at, answers(config, at), mappings)


def services(kind: ResourceType) -> set[str]:
    """The services that a type's calls go to (a call that stands in for several stays within one)."""
    return {name for call in kind.calls() for name in (_service(call.operation, call.permission),)}


def _service(operation: str, permission: str) -> str:
    return operation.partition(".")[0] if "." in operation else permission.partition(":")[0]


def concerned(operation: str) -> Any:
    """Polls only the types that ask something of the operation's service: the rest is as it was."""
    service = operation.partition(".")[0]

    def choose(view: View, scope: str, kind: ResourceType, facets: Mapping[str, Millis]) -> Collection[str] | None:
        return facets if service in ("sts", "organizations") or service in services(kind) else None

    return choose


def turned(ground: Ground, folder: Path, *faults: Fault, operation: str = "") -> tuple[Collected, Answers]:
    """One more collection and assessment, over replayed answers with these faults."""
    config = ground.config(folder)
    clock = Hastened(ground.at + 3_600_000)
    ground.wire.clear()
    ground.wire.inject(*faults)
    with Store.open(config.store) as store:
        collector = Collector(config, store, ground.mappings, clock)
        done = collector.collect(choose=concerned(operation) if operation else everything)
        assess(store, ground.mappings, clock)
        at = present(store, clock)
    return done, answers(config, at)


def worsened(before: Answers, after: Answers) -> list[str]:
    """What a fault must never do: turn an outcome to pass or not applicable, or make one disappear unsaid."""
    problems = []
    for (test, scope, id), was in before.items():
        now = after.get((test, scope, id))
        if now is None:
            said = after.get((test, scope, POPULATION))
            if said is None or said.status is not Status.UNKNOWN:
                problems.append(f"{test} {id}: {was.status} → disappeared")
        elif now.status is not was.status and now.status is not Status.UNKNOWN:
            problems.append(f"{test} {id}: {was.status} → {now.status}")
        elif now.status is Status.UNKNOWN and (now.reason is None or not now.reason.reason):
            problems.append(f"{test} {id}: unknown without a reason")
    return problems


@pytest.mark.parametrize("kind", KINDS)
def test_no_fault_of_any_operation_makes_an_outcome_better_or_disappear(
    kind: str, ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", ground.wire.url)
    problems, silent = [], []

    for number, operation in enumerate(sorted(ground.operations)):
        done, after = turned(ground, tmp_path / str(number), Fault(kind, operation), operation=operation)
        problems += [f"{operation}: {problem}" for problem in worsened(ground.answers, after)]
        # A first page that says there is more, and an answer that had no pages, are no refusals by themselves.
        refused = [s for s in ground.wire.seen if s.fault and s.status != 200 and (kind != "second_page" or s.later)]
        if refused and not done.unseen:
            silent.append(operation)

    assert problems == []
    assert silent == []


def test_with_everything_refused_nothing_passes_and_everything_known_is_unknown(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", ground.wire.url)

    done, after = turned(ground, tmp_path, Fault("refused"))

    assert {key: a.status for key, a in after.items() if a.status is not Status.UNKNOWN} == {}
    assert ground.answers.keys() <= after.keys()
    assert done.unseen
    assert not done.seen_any


def _declared() -> set[str]:
    """Every operation of every declared AWS call, and those that the permissions of combined calls are named after."""
    calls = [call for kind in resource_types().values() if kind.provider == "aws" for call in kind.calls()]
    named = {f"{_service(call.operation, call.permission)}.{call.operation.rpartition('.')[2]}" for call in calls}
    combined = {permission for call in calls if call.fn for permission in (call.permission, *call.also)}
    also = {permission for call in calls for permission in call.also}
    return named | {_operation(permission) for permission in combined | also}


def _operation(permission: str) -> str:
    service, _, action = permission.partition(":")
    return f"{service}.{xform_name(action)}"


# What discovery asks, GetCallerIdentity (which needs no permission), and S3's other name of one and the same request.
DISCOVERED = {_operation(call.permission) for call in DISCOVERY} | {"sts.get_caller_identity"}
SAME = {"s3.get_bucket_lifecycle": "s3.get_bucket_lifecycle_configuration"}

# Asked only about a user who is newer than the credential report: tests/collectors/aws/test_iam.py has one.
OF_NEWCOMERS = {"iam.get_login_profile", "iam.list_mfa_devices"}


def test_the_operations_really_asked_are_exactly_the_declared_ones(ground: Ground) -> None:
    asked = {SAME.get(operation, operation) for operation in ground.operations}

    assert asked - DISCOVERED == _declared() - DISCOVERED - OF_NEWCOMERS
