"""What every declaration and definition must hold, whoever writes it."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest

from annexlog.answers import published_shapes
from annexlog.collectors import Call, providers, resource_types
from annexlog.mappings import CONTROLS, load
from annexlog.mappings.checking import check
from annexlog.mappings.loading import read

ROOT = Path(__file__).resolve().parent.parent
SOURCES = [p for part in ("annexlog", "collectors", "mappings", "evidence_store") for p in (ROOT / part).rglob("*.py")]

# Actions that read, by AWS's verbs, and the one that only makes a report.
READS = re.compile(
    r"[a-z0-9-]+:(Get|List|Describe|BatchGet|Lookup|Search|Head)[A-Z][A-Za-z]*|iam:GenerateCredentialReport|apigateway:GET"
    r"|resource-explorer-2:Search"
)


def test_all_definitions_hold_with_their_examples() -> None:
    problems = check(published_shapes())

    assert [str(problem) for problem in problems] == []


def test_every_one_of_the_93_controls_has_a_page_that_says_what_is_shown_and_what_is_not() -> None:
    pages = load(published_shapes()).controls

    assert tuple(pages) == CONTROLS
    assert [id for id, page in pages.items() if not (page.says and page.can_show and page.not_shown)] == []


def test_every_link_between_a_control_and_a_test_says_why() -> None:
    links = [(c.id, link.test, link.because) for c in load(published_shapes()).controls.values() for link in c.tests]

    assert links
    assert [(control, test) for control, test, because in links if len(because) < 20] == []
    assert len({because for *_, because in links}) == len(links)  # none is a template's


def test_every_test_has_passing_failing_and_unknown_examples_and_supports_a_control() -> None:
    mappings, _ = read(published_shapes())
    linked = {link.test for control in mappings.controls.values() for link in control.tests}

    kinds = {id: {example.kind for example in test.examples} for id, test in mappings.tests.items()}

    assert {id: k for id, k in kinds.items() if not k >= {"pass", "fail", "unknown"}} == {}
    assert sorted(set(mappings.tests) - linked) == []


def test_every_declared_aws_permission_is_a_read() -> None:
    calls: list[Call] = [call for kind in resource_types().values() if kind.provider == "aws" for call in kind.calls()]

    permissions = {permission for call in calls for permission in (call.permission, *call.also)}

    assert permissions
    assert sorted(p for p in permissions if not READS.fullmatch(p)) == []


def test_the_printed_aws_policy_holds_exactly_the_declared_permissions() -> None:
    calls = [call for kind in resource_types().values() if kind.provider == "aws" for call in kind.calls()]

    policy = json.loads(providers()["aws"].policy(calls))

    granted = {action for statement in policy["Statement"] for action in statement["Action"]}
    declared = {permission for call in calls for permission in (call.permission, *call.also)}
    discovery = granted - declared
    assert declared <= granted
    assert {action.partition(":")[0] for action in discovery} <= {"organizations", "ec2", "sts"}
    assert sorted(action for action in granted if not READS.fullmatch(action) and action != "sts:AssumeRole") == []


def test_except_exception_stands_in_one_place() -> None:
    """A handler that ends by raising what it caught only cleans up."""
    places = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and not (isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")))
    ]

    assert len(places) == 1, places


@pytest.mark.parametrize("words", ["TODO", "FIXME", "NotImplementedError"])
def test_nothing_is_left_unfinished(words: str) -> None:
    assert [str(path) for path in SOURCES if words in path.read_text()] == []


def test_no_file_names_a_path_of_one_machine() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()

    texts = ((name, (ROOT / name).read_bytes()) for name in tracked if (ROOT / name).is_file())

    assert [name for name, text in texts if re.search(rb"/(home|Users)/[a-z]+/|/" rb"root/", text)] == []
