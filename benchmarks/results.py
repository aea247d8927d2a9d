"""Run benchmarks and write RESULTS.md: `python -m benchmarks.results`, or only some of it: `… results store query`."""

from __future__ import annotations

import platform
import re
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

from benchmarks.report import HEADINGS, ROOT, Report

NAMES = ("startup", "collect", "aws_scale", "kubernetes", "people", "judge", "store", "query", "tenmillion", "verify")
"""Every benchmark, in the order of the page."""
_PAGE = Path(__file__).parent / "RESULTS.md"

_HEAD = """# Results

Written by `python -m benchmarks.results`; some of them again: `python -m benchmarks.results NAME …`. Seconds and
milliseconds are CPU time of the process that does the work (all its threads), unless the figure says wall; so what else
the machine does matters less, but not nothing. A baseline is the same work done the plain way, measured in the same
run, by turns where the two are compared. Higher is better of what is counted per second, lower of everything that has a
goal otherwise.
"""


def main() -> None:
    """Run those that are named, or all; the sections of the others stay as they are."""
    chosen = sys.argv[1:] or NAMES
    sections = _kept()
    for name in chosen:
        with ProcessPoolExecutor(1, get_context("spawn")) as alone:
            report = alone.submit(_run, name).result()
        print(f"{name}: {'all goals hold' if report.holds else 'a goal does not hold'}", flush=True)
        sections[name] = _section(report)
        _PAGE.write_text("\n".join([_HEAD, *(sections[name] for name in NAMES if name in sections)]), "utf-8")


def _kept() -> dict[str, str]:
    """The sections of the page as it is, by name."""
    _, *parts = re.split(r"^## ", "\n".join(_read(str(_PAGE))), flags=re.MULTILINE)
    return {part.partition("\n")[0]: f"## {part.rstrip()}\n" for part in parts}


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
    lines = [f"## {report.name}\n", _where(), f"{report.what[:1].upper()}{report.what[1:]}.\n"]
    lines += [_row(HEADINGS), _row(("---", "--:", "--:", "--:", "---"))]
    lines += [_row((f"`{row[0]}`", *row[1:])) for row in report.rows()]
    return "\n".join((*lines, ""))


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
