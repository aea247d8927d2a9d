"""For every operation and every fault on the wire: no outcome becomes better, and nothing known disappears."""

from __future__ import annotations

import shutil
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import xform_name

from annexlog.answers import Answer, Reading, shapes
from annexlog.assessing import assess, present
from annexlog.collectors import Call, ResourceType, resource_types
from annexlog.collectors.aws._adapter import client_of, target
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
from tests.home import completed
from tests.reach import Reach, joined, reaches, turns
from tests.wire import KINDS, Fault, Moto, Tape, Wire, forward
from tests.wire.moto import CREDENTIALS
from tests.wire.wire import Seen

Key = tuple[str, str, str]
Answers = Mapping[Key, Answer]

NOW: Millis = time.time_ns() // 1_000_000

CONFIG = f"""
[collect]
second_sources = true

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


def answers(config: Config, at: Millis, mappings: Mappings | None = None) -> Answers:
    """What is known at an instant; by these definitions, if they are those in the store: reading them takes longest."""
    with Store.open(config.store, readonly=True) as store:
        reading = Reading(store.view(at=at))
        if mappings is not None:
            reading.mappings = mappings
        return {(a.test.id, a.line.scope, a.id): a for a in reading.answers()}


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
        with Wire(tape.record(completed(forward(moto_server.url)))) as recording:
            environment.setenv("AWS_ENDPOINT_URL", recording.url)
            clock = Hastened(NOW)
            Cycle(config, clock=clock).turn()
            operations = frozenset(recording.operations())
    with Store.open(config.store, readonly=True) as store:
        at = present(store, clock)
    with Wire(tape.replay) as wire:
        mappings = load_mappings(shapes())
        yield Ground(folder, wire, operations, at, answers(config, at), mappings)


TYPES = {name: kind for name, kind in resource_types().items() if kind.provider == "aws"}


# What says which accounts and regions there are: a fault of it concerns everything.
DISCOVERED = {f"{target(call)[0]}.{call.operation}" for call in DISCOVERY} | {"sts.get_caller_identity"}


def concerned(reach: Reach) -> Any:
    """Polls only what a fault reaches: the rest is as it was."""

    def choose(view: View, scope: str, kind: ResourceType, facets: Mapping[str, Millis]) -> Collection[str] | None:
        return [facet for facet in ("", *facets) if (kind.name, facet) in reach.cells] or None

    return choose


def turned(ground: Ground, folder: Path, *faults: Fault, reach: Reach | None = None) -> tuple[Collected, Answers]:
    """One more look at what these faults reach (None: at everything), over replayed answers, and an assessment."""
    config = ground.config(folder)
    clock = Hastened(ground.at + 3_600_000)
    ground.wire.clear()
    ground.wire.inject(*faults)
    with Store.open(config.store) as store:
        collector = Collector(config, store, ground.mappings, clock, redaction_key=b"k" * 32)
        done = collector.collect(choose=concerned(reach) if reach else everything)
        assess(store, ground.mappings, clock)
        at = present(store, clock)
    return done, answers(config, at, ground.mappings)


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


def _is_refusal(seen: Seen, kind: str) -> bool:
    """Whether a spoiled answer is none any more."""
    if kind == "cut":
        return seen.status == 200  # an error that is cut short still has its code in a header
    # A first page that says there is more, and an answer that had no pages, are no refusals by themselves.
    return seen.status != 200 and (kind != "second_page" or seen.later)


def unsaid(requests: Iterable[Seen], done: Collected, kind: str, reach: Mapping[str, Reach]) -> list[str]:
    """Operations that were refused, though nothing that they show is said to be unseen."""
    refused = {s.name for s in requests if s.fault and _is_refusal(s, kind)}
    everything = any(line.type not in TYPES for line in done.unseen)
    return sorted(name for name in refused if not (everything or reach[name].shows(done.unseen)))


@pytest.mark.parametrize("kind", KINDS)
def test_no_fault_of_any_operation_makes_an_outcome_better_or_disappear(
    kind: str, ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", ground.wire.url)
    reach = reaches(TYPES, ground.mappings, asked_by)
    problems, silent, unasked = [], [], set[str]()

    for number, operations in enumerate(turns(ground.operations, reach, DISCOVERED)):
        faults = [Fault(kind, operation) for operation in operations]
        whole = None if DISCOVERED.intersection(operations) else joined(reach[operation] for operation in operations)
        done, after = turned(ground, tmp_path / str(number), *faults, reach=whole)
        problems += [f"{', '.join(operations)}: {problem}" for problem in worsened(ground.answers, after)]
        silent += unsaid(ground.wire.seen, done, kind, reach)
        unasked |= set(operations) - {seen.name for seen in ground.wire.seen if seen.fault}

    assert problems == []
    assert silent == []
    assert unasked == set()


def test_with_everything_refused_nothing_passes_and_everything_known_is_unknown(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", ground.wire.url)

    done, after = turned(ground, tmp_path, Fault("refused"))

    assert {key: a.status for key, a in after.items() if a.status is not Status.UNKNOWN} == {}
    assert ground.answers.keys() <= after.keys()
    assert done.unseen
    assert not done.seen_any


def asked_by(call: Call) -> set[str]:
    """What a call asks. One that stands in for several has permissions that are named after them."""
    named = {*call.also, *((call.permission,) if call.fn else ())}
    return {".".join(target(call))} | {_operation(permission) for permission in named - MANY}


def _operation(permission: str) -> str:
    return f"{client_of(permission)}.{xform_name(permission.partition(':')[2])}"


# API Gateway has one action for everything that is read.
MANY = {"apigateway:GET"}

# Asked only about a user who is newer than the credential report: tests/collectors/aws/test_iam.py has one.
OF_NEWCOMERS = {"iam.get_login_profile", "iam.list_mfa_devices"}

# Asked once there is a register of persons beside the account: tests/collectors/aws/services/identitycenter.yaml.
OF_PERSONS = {
    "sso-admin.list_managed_policies_in_permission_set",
    "sso-admin.get_inline_policy_for_permission_set",
    "sso-admin.list_customer_managed_policy_references_in_permission_set",
}


def test_the_operations_really_asked_are_exactly_the_declared_ones(ground: Ground) -> None:
    declared = {name for kind in TYPES.values() for call in kind.calls() for name in asked_by(call)}

    assert ground.operations - DISCOVERED == declared - DISCOVERED - OF_NEWCOMERS - OF_PERSONS
