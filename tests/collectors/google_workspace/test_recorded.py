"""Policies that Google Workspace really gave, as ScubaGoggles recorded them: read, and believed as argued."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from annexlog.collectors.google_workspace._settings import _SETTING, _narrowed, _rule
from annexlog.collectors.paths import kept
from annexlog.mappings.derive.gws import loose_sharing, undetected

RECORDED = Path(__file__).parents[4] / "shared/recorded/google_workspace"

pytestmark = pytest.mark.skipif(not RECORDED.exists(), reason="the recorded answers are not here")


def policies(value: Any) -> Iterator[Any]:
    """Every policy anywhere in a recorded file."""
    if isinstance(value, dict):
        if "setting" in value and "policyQuery" in value:
            yield value
        for below in value.values():
            yield from policies(below)
    elif isinstance(value, list):
        for below in value:
            yield from policies(below)


def recorded() -> list[Any]:
    files = sorted(RECORDED.glob("policyapi_get_policies*.json"))
    return [one for file in files for one in policies(json.loads(file.read_text()))]


def test_policies_are_cut_to_what_is_kept_and_keep_their_order_and_where_they_hold() -> None:
    found = [kept(one, _SETTING) for one in recorded()]

    assert len(found) > 50
    assert {name for one in found for name in one} == {"name", "policyQuery", "setting"}
    assert {name for one in found for name in one["policyQuery"]} <= {"orgUnit", "group", "sortOrder"}
    # One of Google's own is for no unit in particular.
    assert [set(one["policyQuery"]) for one in found if "orgUnit" not in one["policyQuery"]] == [{"sortOrder"}]


def test_google_s_default_lets_files_be_shared_and_published() -> None:
    defaults = json.loads((RECORDED / "policyapi_get_policies1.json").read_text())["defaults"]
    sharing = defaults["drive_and_docs_external_sharing"]

    said = loose_sharing({"root": "orgUnits/r", "policies": []}, [])
    explicit = {"name": "p", "policyQuery": {"orgUnit": "orgUnits/r", "sortOrder": 1}, "setting": {"value": sharing}}

    assert said == ["orgUnits/r: ALLOWED", "orgUnits/r: files can be published"]
    assert loose_sharing({"root": "orgUnits/r", "policies": [explicit]}, []) == said


def test_of_recorded_rules_those_that_block_and_look_for_numbers_of_people_count() -> None:
    # Four rules for the whole of the same unit: one only notes in Drive, three block.
    found = [one for one in recorded() if one["setting"].get("type") == "settings/rule.dlp"]
    rules = [_rule({**one, "policyQuery": _narrowed(one["policyQuery"])}) for one in found]

    stops = [rule["rule"]["drive"] == ["blockAccess"] for rule in rules]
    root = rules[0]["policyQuery"]["orgUnit"]
    assert {(rule["rule"]["plain"], rule["policyQuery"]["narrowed"], rule["rule"]["state"]) for rule in rules} == {
        (True, False, "ACTIVE")
    }
    assert (len(rules), sum(stops)) == (4, 3)
    assert undetected({"root": root, "policies": rules}, ["US_PASSPORT", "IBAN_CODE"], 10) == ["IBAN_CODE"]
    quiet = [rule for rule, stop in zip(rules, stops, strict=True) if not stop]
    assert undetected({"root": root, "policies": quiet}, ["US_PASSPORT"], 10) == ["US_PASSPORT"]


def test_of_recorded_policies_those_for_one_licence_are_told_apart() -> None:
    found = [_narrowed(one["policyQuery"]) for one in recorded()]

    assert sum(one["narrowed"] for one in found) == 1
    assert "query" not in {name for one in found for name in one}
