"""Every benchmark runs, and gives what it promises; how fast anything is, is no test's business."""

from __future__ import annotations

import json
from importlib import import_module

import pytest

from benchmarks.report import Report, percentile
from benchmarks.results import NAMES

ONE = Report("one", "…", {"wall_ms": 151.0, "rows_per_second": 9.0, "rows": 3}, {"wall_ms": 150, "rows_per_second": 8})


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_gives_figures_beside_their_goals(name: str) -> None:
    report = import_module(f"benchmarks.{name}").run(quick=True)

    said = json.loads(json.dumps(report.as_json()))
    assert said.keys() == {"name", "figures", "goals", "holds"}
    assert said["name"] == name
    assert said["goals"].keys() <= said["figures"].keys()
    assert {key.removeprefix("baseline_") for key in said["figures"]} == report.figures.keys()
    assert {type(value) for value in said["figures"].values()} <= {int, float}


def test_what_is_counted_per_second_must_reach_its_goal_and_all_else_must_not_go_beyond() -> None:
    assert [ONE.reached(figure) for figure in ONE.figures] == [False, True, None]
    assert ONE.as_json()["holds"] is False


def test_a_report_without_a_missed_goal_holds() -> None:
    assert Report("one", "…", {"wall_ms": 150.0}, {"wall_ms": 150}).holds is True


def test_the_95th_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([float(n) for n in range(40, 0, -1)], 95) == 38.0
    assert percentile([7.0], 95) == 7.0
