"""What every benchmark gives: figures beside their goals and baselines, as a table or as JSON."""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).parent.parent


class Run(Protocol):
    """A benchmark. `quick`: so small that only the shape of what it gives means anything."""

    def __call__(self, *, quick: bool = False) -> Report: ...


@dataclass(frozen=True, slots=True)
class Report:
    """What one benchmark measured. Units stand in the names of figures.

    `goals`: by figure; what is counted per second must reach its goal, everything else must not go beyond it.
    `baselines`: by figure, the same work done the plain way, measured in the same run.
    """

    name: str
    what: str
    figures: dict[str, float]
    goals: dict[str, float] = field(default_factory=dict)
    baselines: dict[str, float] = field(default_factory=dict)

    def reached(self, figure: str) -> bool | None:
        """Whether a figure is as good as its goal; None if it has none."""
        goal, value = self.goals.get(figure), self.figures[figure]
        if goal is None:
            return None
        return value >= goal if figure.endswith("_per_second") else value <= goal

    @property
    def holds(self) -> bool:
        """Whether every goal is reached."""
        return all(self.reached(figure) for figure in self.goals)

    def as_json(self) -> dict[str, Any]:
        """Baselines are among the figures, as `baseline_<figure>`."""
        figures = self.figures | {f"baseline_{figure}": value for figure, value in self.baselines.items()}
        return {"name": self.name, "figures": figures, "goals": self.goals, "holds": self.holds}

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """Figure, measured, baseline, goal, whether it holds: as texts."""
        return [
            (
                figure,
                number(value),
                number(self.baselines.get(figure)),
                f"{'≥' if figure.endswith('_per_second') else '≤'} {number(self.goals[figure])}"
                if figure in self.goals
                else "",
                {True: "yes", False: "NO", None: ""}[self.reached(figure)],
            )
            for figure, value in self.figures.items()
        ]


HEADINGS = ("figure", "measured", "baseline", "goal", "holds")


def number(value: float | None) -> str:
    """Three digits that matter, thousands apart."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def main(run: Run) -> None:
    """Measure and print, as the command line says; the exit code is 1 if a goal is not reached."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="see only that it runs: the figures mean nothing")
    options = parser.parse_args()
    report = run(quick=options.quick)
    if options.json:
        print(json.dumps(report.as_json()))
    else:
        _print(report)
    sys.exit(not report.holds)


def _print(report: Report) -> None:
    print(f"{report.name}: {report.what}\n")
    table = [HEADINGS, *report.rows()]
    widths = [max(len(row[i]) for row in table) for i in range(len(HEADINGS))]
    for row in table:
        cells = (
            cell.ljust(width) if i in (0, 4) else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join(cells).rstrip())


# ── measuring ─────────────────────────────────────────────────────────────────────────────


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU time that this process (all its threads) takes for `work`: others on the machine do not count."""
    before = time.process_time()
    work()
    return time.process_time() - before


def median_cpu_seconds(work: Callable[[], object], runs: int) -> float:
    return statistics.median(cpu_seconds(work) for _ in range(runs))


def percentile(values: list[float], percent: int) -> float:
    """The smallest value that `percent` of the values do not exceed."""
    return sorted(values)[-(-len(values) * percent // 100) - 1]


def peak_rss_mb() -> float:
    """The most memory that this process ever held, without what its parent did before it was started."""
    with suppress(OSError):
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def elsewhere(*arguments: str, environment: dict[str, str] | None = None) -> Any:
    """What `python -m …` prints as JSON, run in a process of its own."""
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)
