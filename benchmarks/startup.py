"""How long `annexlog --help` takes, beside an interpreter that does nothing."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

from benchmarks.report import ROOT, Report, main


def run(*, quick: bool = False) -> Report:
    ours = [sys.executable, "-m", "annexlog", "--help"]
    nothing = [sys.executable, "-c", "pass"]
    measured: dict[str, list[tuple[float, float]]] = {"ours": [], "nothing": []}
    _times(ours)  # fills the disk's cache and writes the byte code
    for _ in range(3 if quick else 21):  # by turns, so that both meet the same load
        measured["ours"].append(_times(ours))
        measured["nothing"].append(_times(nothing))
    wall, cpu = (
        {who: 1000 * statistics.median(times[i] for times in taken) for who, taken in measured.items()} for i in (0, 1)
    )
    return Report(
        "startup",
        "The command annexlog --help in a new process, beside python -c pass; medians",
        {"wall_ms": wall["ours"], "cpu_ms": cpu["ours"]},
        {"wall_ms": 150},
        {"wall_ms": wall["nothing"], "cpu_ms": cpu["nothing"]},
    )


def _times(command: list[str]) -> tuple[float, float]:
    """Wall and CPU seconds of one run."""
    before, start = os.times(), time.perf_counter()
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    wall, after = time.perf_counter() - start, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, cpu


if __name__ == "__main__":
    main(run)
