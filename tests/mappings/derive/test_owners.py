"""CODEOWNERS: which line of it a file's owner comes from."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.mappings.derive.github import code_owners_asked, unowned


def owners(*lines: str) -> dict[str, Any]:
    """A file at the root; a line without a second word gives no owner."""
    rules = [{"pattern": line.split()[0], "owned": len(line.split()) > 1} for line in ("CODEOWNERS @all", *lines)]
    return {"path": "CODEOWNERS", "rules": rules, "errors": 0}


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("*", ["a", "src/a.py", ".github/"]),
        ("*.py", ["a.py", "src/deep/a.py"]),
        ("/*.py", ["a.py"]),
        ("docs/", ["docs/", "src/docs/a", "docs/deep/a"]),
        ("/docs/", ["docs/", "docs/deep/a"]),
        ("docs/*", ["docs/a"]),
        ("src/docs", ["src/docs/a", "src/docs/deep/a"]),
        ("**/logs", ["logs/a", "a/logs/b", "a/b/logs/"]),
        ("/src/**/test.py", ["src/test.py", "src/a/b/test.py"]),
        ("/build/logs/", ["build/logs/"]),
        ("a?c", ["abc", "x/abc"]),
        ("a+b.txt", ["a+b.txt"]),
    ],
)
def test_a_pattern_owns_what_it_names_wherever_that_is(pattern: str, paths: list[str]) -> None:
    assert unowned(owners(f"{pattern} @team"), paths) == []


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/*.py", "src/a.py"),
        ("*.py", "a.pyc"),
        ("/docs/", "src/docs/a"),
        ("docs/*", "docs/deep/a"),
        ("src/docs", "lib/src/docs/a"),
        ("docs/", "docs"),
        ("a?c", "a/c"),
        ("a+b.txt", "aab.txt"),
        ("a.txt", "abtxt"),
    ],
)
def test_a_pattern_owns_nothing_else(pattern: str, path: str) -> None:
    assert unowned(owners(f"{pattern} @team"), [path]) == [path]


def test_the_last_line_that_fits_counts_and_may_take_the_owner_away() -> None:
    file = owners("* @all", "/src/", "/src/safe/ @team")

    assert unowned(file, ["README.md", "src/a", "src/safe/a"]) == ["src/a"]


def test_the_file_needs_an_owner_itself() -> None:
    assert unowned({**owners(), "rules": [{"pattern": "/src/", "owned": True}]}, ["src/"]) == ["CODEOWNERS"]


def test_without_the_file_nothing_is_owned() -> None:
    assert unowned({"path": None, "rules": [], "errors": 0}, ["src/"]) == ["src/"]


@pytest.mark.parametrize(
    ("protection", "rules", "asked"),
    [
        (None, None, False),
        (None, [], False),
        ({"required_pull_request_reviews": None}, [], False),
        ({"required_pull_request_reviews": {"require_code_owner_reviews": False}}, [], False),
        ({"required_pull_request_reviews": {"require_code_owner_reviews": True}}, None, True),
        (None, [{"type": "pull_request", "parameters": {"require_code_owner_review": True}}], True),
        (None, [{"type": "pull_request", "parameters": {"require_code_owner_review": False}}], False),
        (None, [{"type": "required_status_checks", "parameters": {"require_code_owner_review": True}}], False),
    ],
)
def test_the_owners_review_is_asked_for_by_either_kind_of_protection(protection: Any, rules: Any, asked: bool) -> None:
    assert code_owners_asked(protection, rules) is asked
