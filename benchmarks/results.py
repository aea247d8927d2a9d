"""Run every benchmark and write RESULTS.md: `python -m benchmarks.results`."""

from __future__ import annotations

import platform
import subprocess
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

from benchmarks.report import HEADINGS, ROOT, Report

NAMES = ("startup", "collect", "aws_scale", "kubernetes", "judge", "store", "query", "tenmillion", "verify")
"""Every benchmark, in the order of the page."""

_HEAD = """# Results

Written by `python -m benchmarks.results`; one of them again: `python -m benchmarks.NAME`. Seconds and milliseconds are
CPU time of the process that does the work (all its threads), unless the figure says wall; so what else the machine does
matters less, but not nothing. A baseline is the same work done the plain way, measured in the same run, by turns where
the two are compared. Higher is better of what is counted per second, lower of everything that has a goal otherwise.
"""


def main() -> None:
    parts = [_HEAD, _where()]
    for name in NAMES:
        with ProcessPoolExecutor(1, get_context("spawn")) as alone:
            report = alone.submit(_run, name).result()
        print(f"{name}: {'all goals hold' if report.holds else 'a goal does not hold'}", flush=True)
        parts.append(_section(report))
    (Path(__file__).parent / "RESULTS.md").write_text("\n".join(parts), "utf-8")


def _run(name: str) -> Report:
    report: Report = import_module(f"benchmarks.{name}").run()
    return report


def _where() -> str:
    cpu = next(
        (line.partition(":")[2].strip() for line in _read("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    cores = sum(line.startswith("processor") for line in _read("/proc/cpuinfo"))
    load = " ".join(_read("/proc/loadavg")[:1]).split(" ")[0]
    commit = subprocess.run(
        ("git", "rev-parse", "--short", "HEAD"), cwd=ROOT, capture_output=True, text=True, check=False
    )
    return (
        f"{datetime.now(UTC):%Y-%m-%d} · {cpu}, {cores} cores, load {load} · Python {platform.python_version()}, "
        f"{platform.system()} · commit {commit.stdout.strip() or 'unknown'}\n"
    )


def _read(path: str) -> list[str]:
    """The lines of a file, where there is one."""
    try:
        return Path(path).read_text("utf-8").splitlines()
    except OSError:
        return []


def _section(report: Report) -> str:
    lines = [f"## {report.name}\n", f"{report.what[:1].upper()}{report.what[1:]}.\n"]
    lines += [_row(HEADINGS), _row(("---", "--:", "--:", "--:", "---"))]
    lines += [_row((f"`{row[0]}`", *row[1:])) for row in report.rows()]
    return "\n".join((*lines, ""))


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
