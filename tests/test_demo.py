"""The demo: what it plants is what it finds, and what it leaves behind answers every command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

import annexlog.demo
from annexlog.answers import Answer, Reading
from annexlog.cli import run
from annexlog.config import load
from annexlog.evidence_store.model import Unknown
from annexlog.evidence_store.store import Store

PLANTED = yaml.safe_load((Path(annexlog.demo.__file__).parent / "planted.yaml").read_text())


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "annexlog-demo"
    annexlog.demo.run(folder)
    return folder


@pytest.fixture
def reading(demo: Path) -> Iterator[Reading]:
    with Store.open(load(demo / "annexlog.toml").store, readonly=True) as store:
        yield Reading(store.view())


def mentions(reading: Reading, answer: Answer, name: str) -> bool:
    """Whether a resource's id, or anything that was seen of it, holds a name."""
    seen = [orjson.dumps(v).decode() for _, v in reading.evidence(answer) if not isinstance(v, Unknown)]
    return any(name in text for text in (answer.id, *seen))


@pytest.mark.parametrize("fact", PLANTED, ids=lambda fact: f"{fact['test']}-{fact['outcome']}")
def test_every_planted_fact_is_judged_as_the_file_says(fact: dict[str, str], reading: Reading) -> None:
    there = [a for a in reading.answers(test=fact["test"]) if _account(reading, a) == fact["account"]]
    answers = [a for a in there if fact["resource"] == "account" or mentions(reading, a, fact["resource"])]

    assert [a.status.value for a in answers] == [fact["outcome"]]


def _account(reading: Reading, answer: Answer) -> str:
    """The demo's name of the account that an answer is about."""
    number = answer.line.scope.split("/")[1]
    named = {str(v["account"]): str(v["account_name"]) for v in _accounts(reading).values()}
    return {"master": "management"}.get(named[number], named[number])


def _accounts(reading: Reading) -> dict[str, dict[str, Any]]:
    found = {}
    for scope, attributes in reading.view.scopes().items():
        if attributes["level"] == "account":
            bodies = {r.id: r.facets[""] for r in reading.view.resources(scope, "aws.account", ())}
            found |= {id: {"account": id, "account_name": body["name"]} for id, body in bodies.items()}
    return found


def test_status_of_what_the_demo_left_has_all_93_controls(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["-C", str(demo), "status", "--json"])

    controls = json.loads(capsys.readouterr().out)["controls"]
    assert len(controls) == 93
    assert [c["control"] for c in controls if not c["reason"]] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "A.8.3"], ["outcomes"], ["history", "A.8.3"], ["population", "aws.s3.bucket"], ["runs"],
        ["gaps"], ["verify"], ["replay"], ["mappings", "list"], ["mappings", "check"], ["plugins"], ["plan"],
        ["permissions", "aws"], ["permissions", "aws", "--tests"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_every_command_answers_on_what_the_demo_left(
    arguments: list[str], demo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["-C", str(demo), *arguments])

    shown = capsys.readouterr()
    assert code == 0, shown.err
    assert shown.out.strip()


def test_a_second_demo_in_the_same_folder_overwrites_nothing(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["demo", "--folder", str(demo)])

    assert code == 2
    assert "exists already" in capsys.readouterr().err
