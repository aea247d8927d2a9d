"""Ground truth: an organization of thousands of resources with planted facts, and every outcome compared with them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from email.utils import formatdate
from pathlib import Path

import orjson
import pytest

from annexlog.answers import Answer, Reading, shapes
from annexlog.assessing import assess, present
from annexlog.config import load
from annexlog.evidence_store import keys
from annexlog.evidence_store.model import POPULATION, State
from annexlog.evidence_store.store import Store
from annexlog.mappings import load as load_mappings
from annexlog.mappings.states import Rule, test_state
from annexlog.pipeline import Collected, Collector
from tests.home import real
from tests.test_refusal_sweep import Hastened
from tests.truth.estate import (
    ACCOUNTS,
    EMPTY,
    IN_ORGANIZATION,
    LONERS,
    MANAGEMENT,
    REGIONS,
    REGISTERS,
    planted,
)
from tests.truth.planting import NOW, Estate, Truth, hollow
from tests.wire import Reply, Request, Wire
from tests.wire.answers import Answers, told
from tests.wire.moto import CREDENTIALS
from tests.wire.recognise import recognise

ALONE = f"""
[targets.acme]
provider = "aws"
regions = {list(REGIONS)}
"""
ORGANIZATION = f"""
mappings = ["mappings"]
{ALONE}
organization = true
"""
NOTHING = "there is nothing of its kind"
PLANTED = 116
"""So many control tests have planted facts."""


class Accounts:
    """Answers each account's requests from what was planted there; they are told apart by the access key."""

    def __init__(self, estate: Estate) -> None:
        self._of = {account: Answers(estate.given(account), self._nothing) for account in (*ACCOUNTS, *LONERS)}

    def _nothing(self, request: Request) -> Reply:
        asked = recognise(request)
        assert asked is not None
        return told(asked.name, hollow(asked.name))

    def __call__(self, request: Request) -> Reply:
        asked = recognise(request)
        assert asked is not None
        account = asked.key[-12:] if asked.key.startswith("ASIA") else MANAGEMENT
        reply = self._of[account](request)
        return replace(reply, headers={**reply.headers, "Date": formatdate(real() // 1000, usegmt=True)})

    @property
    def unanswered(self) -> list[str]:
        return [said for answers in self._of.values() for said in answers.unanswered]


@dataclass(frozen=True)
class Found:
    """What was planted, and what annexlog says."""

    truth: Truth
    answers: dict[tuple[str, str, str], Answer]
    unseen: list[str]
    """Requests that the estate had no answer to, and what could not be seen."""


@pytest.fixture(scope="module")
def estate() -> Estate:
    return planted(2026)


@pytest.fixture(scope="module")
def accounts(estate: Estate) -> Accounts:
    return Accounts(estate)


@pytest.fixture(scope="module")
def wire(accounts: Accounts) -> Iterator[Wire]:
    with Wire(accounts) as wire:
        yield wire


@pytest.fixture(scope="module")
def found(estate: Estate, accounts: Accounts, wire: Wire, tmp_path_factory: pytest.TempPathFactory) -> Found:
    folder = tmp_path_factory.mktemp("truth")
    registers(folder)
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": wire.url}.items():
            environment.setenv(name, value)
        reading, done = look(folder, ORGANIZATION, {test for test, *_ in estate.truth})
    answers = {(a.test.id, a.line.scope, a.id): a for a in reading.answers() if a.id != POPULATION}
    return Found(estate.truth, answers, [*accounts.unanswered, *map(str, done.unseen.items())])


def registers(folder: Path) -> None:
    (folder / "mappings/registers").mkdir(parents=True)
    for name, body in REGISTERS.items():
        (folder / f"mappings/registers/{name}.yaml").write_bytes(orjson.dumps(body))


def look(folder: Path, text: str, tests: Collection[str]) -> tuple[Reading, Collected]:
    """Collect and judge by these tests (none: all of AWS)."""
    (folder / "annexlog.toml").write_text(text)
    keys.generate(folder / "annexlog.key")
    config = load(folder / "annexlog.toml")
    Store.open(config.store, create=True).close()
    known = load_mappings(shapes(), folders=config.mappings)
    wanted = {id: test for id, test in known.tests.items() if (id in tests if tests else test.of.provider == "aws")}
    clock = Hastened(int(NOW.timestamp() * 1000))
    with Store.open(config.store) as store:
        mappings = replace(known, tests=wanted)
        done = Collector(config, store, mappings, clock, redaction_key=b"k" * 32).collect()
        assess(store, mappings, clock)
        at = present(store, clock)
    reading = Reading(Store.open(config.store, readonly=True).view(at=at))
    reading.mappings = mappings
    return reading, done


def test_every_outcome_is_what_was_planted_and_no_resource_is_missing(found: Found) -> None:
    told = {key: answer.status.value for key, answer in found.answers.items() if EMPTY not in key[1]}

    assert found.unseen == []
    assert told == {key: said for key, said in found.truth.items() if not key[1].endswith(LONERS)}


@pytest.mark.parametrize("account", LONERS)
def test_an_account_outside_the_organization_is_found_out(
    account: str, found: Found, wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", f"ASIA{account}")
    monkeypatch.setenv("AWS_ENDPOINT_URL", wire.url)
    registers(tmp_path)

    reading, _ = look(tmp_path, f'mappings = ["mappings"]\n{ALONE}', {IN_ORGANIZATION})

    told = {(a.test.id, a.line.scope, a.id): a.status.value for a in reading.answers() if a.id != POPULATION}
    assert told == {key: said for key, said in found.truth.items() if key[1].endswith(account)}


def test_thousands_of_resources_are_planted_with_facts_both_ways(estate: Estate) -> None:
    both: dict[str, set[str]] = {}
    for (test, *_), status in estate.truth.items():
        both.setdefault(test, set()).add(status)

    assert len({(scope, id) for _, scope, id in estate.truth}) >= 2_000
    assert {test: said for test, said in both.items() if not {"pass", "fail"} <= said} == {}
    assert len(both) >= PLANTED


def test_of_an_empty_account_nothing_is_said_that_would_be_of_a_resource(
    wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", f"ASIA{EMPTY}")
    monkeypatch.setenv("AWS_ENDPOINT_URL", wire.url)

    reading, done = look(tmp_path, ALONE, ())
    listed = [test for test in reading.mappings.tests.values() if not test.of.single]
    rule = Rule.from_settings({})
    states = [test_state(test, reading.answers(test=test.id), now=reading.view.at, rule=rule) for test in listed]

    assert done.seen_any
    assert {state.test: (state.state, state.reason) for state in states if state.reason != NOTHING} == {}
    assert {state.state for state in states} == {State.NOT_TESTED}
    assert len(states) > 100
