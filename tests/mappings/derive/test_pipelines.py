"""What a pipeline deploys without approval."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.evidence_store.model import Unknown
from annexlog.mappings.derive.pipelines import unapproved_deployments


def pipeline(*stages: str) -> Any:
    """Each stage is a text of categories: `A` approval, `D` deploy, `B` build; a space starts the next runOrder."""
    categories = {"A": "Approval", "D": "Deploy", "B": "Build"}
    return {
        "name": "p",
        "stages": [
            {
                "name": f"s{number}",
                "actions": [
                    {"name": f"{letter}{order}", "runOrder": order, "actionTypeId": {"category": categories[letter]}}
                    for order, letters in enumerate(stage.split(), 1)
                    for letter in letters
                ],
            }
            for number, stage in enumerate(stages, 1)
        ],
    }


@pytest.mark.parametrize(
    ("stages", "found"),
    [
        (("B", "A", "D"), []),
        (("A D",), []),
        (("A D D",), []),
        (("A DD",), []),
        (("AD",), ["s1/D1"]),
        (("D A",), ["s1/D1"]),
        (("D A", "D"), ["s1/D1"]),
        (("A", "D", "D"), ["s3/D1"]),
        (("A", "D A", "D"), []),
        (("A D A D", "D"), ["s2/D1"]),
        (("A", "B", "D"), []),
    ],
)
def test_an_approval_counts_for_the_next_stage_that_deploys(stages: tuple[str, ...], found: list[str]) -> None:
    assert unapproved_deployments(pipeline(*stages), [], []) == found


def test_a_build_deploys_where_it_is_named() -> None:
    assert unapproved_deployments(pipeline("B"), ["p/s1/B1"], []) == ["s1/B1"]


def test_what_deploys_to_test_needs_no_approval_and_uses_one_up() -> None:
    assert unapproved_deployments(pipeline("D", "A", "D"), [], ["p/s1/D1"]) == []
    assert unapproved_deployments(pipeline("A", "D", "D"), [], ["p/s2/D1"]) == ["s3/D1"]


@pytest.mark.parametrize("spared", [[], ["p/s1/D1"]])
def test_a_pipeline_that_is_not_known_to_deploy_is_not_judged(spared: list[str]) -> None:
    stages = pipeline("D" if spared else "B")

    assert unapproved_deployments(stages, [], spared) == Unknown("unclassified", operation="deploying_actions")
