"""Verifying lines in several processes: each takes some lines at a time, and the findings come in the usual order.

Run as a program, it is one of those processes: portions of lines come in as JSON, what was found goes out. It reads a
snapshot of its own; where the log has grown since, it says so and ends, and the lines are checked where it was started.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any

from annexlog.evidence_store.findings import Findings
from annexlog.evidence_store.model import Line, StoreError
from annexlog.evidence_store.sqlite import SQLite
from annexlog.evidence_store.verify_lines import Asked, Tables
from annexlog.evidence_store.verify_log import Start

LARGE = 1 << 26
"""Bytes of a store that is worth more than one process."""
_PORTIONS = 8
"""For each process: the last ones to end have little left."""
OF_EACH = 200
"""Findings of each table that are told."""
_SIZE = "SELECT coalesce(max(seq), 0) FROM run"


def processes(path: Path) -> int:
    """In how many processes a store is best checked."""
    if path.stat().st_size < LARGE:
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Parallel:
    """Checks lines in other processes, and `here` those that they do not answer for. `log`: its size, and `after`."""

    def __init__(self, path: Path, processes: int, findings: Findings, here: Tables, log: tuple[int, int]) -> None:
        self._path, self._processes, self._findings, self._here = path, processes, findings, here
        self._log = log

    def differ(self, asked: Sequence[Asked]) -> Iterator[int]:
        """As `Tables.differ`."""
        step = -(-len(asked) // (self._processes * _PORTIONS)) or 1
        portions = [asked[start : start + step] for start in range(0, len(asked), step)]
        places: SimpleQueue[int] = SimpleQueue()
        for place in range(len(portions)):
            places.put(place)
        found: dict[int, dict[str, Any]] = {}
        with ThreadPoolExecutor(self._processes) as pool:
            for _ in range(self._processes):
                pool.submit(self._feed, portions, places, found)
        for place, portion in enumerate(portions):
            if place in found:
                self._findings.take(found[place]["kept"], found[place]["counted"])
                yield from found[place]["differing"]
            else:
                yield from self._here.differ(portion)

    def _feed(
        self, portions: list[Sequence[Asked]], places: SimpleQueue[int], found: dict[int, dict[str, Any]]
    ) -> None:
        """Hand portions to a process as long as there are any; what it does not answer for is left."""
        command = [sys.executable, "-m", "annexlog.evidence_store.verify_parallel", str(self._path.absolute())]
        command += [str(number) for number in self._log]
        pipe = subprocess.PIPE
        with subprocess.Popen(  # noqa: S603 — this very module
            command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
        ) as process:
            if process.stdin is None or process.stdout is None:
                return
            while True:
                try:
                    place = places.get_nowait()
                    process.stdin.write(f"{json.dumps([_told(one) for one in portions[place]])}\n")
                    process.stdin.flush()
                    answer = process.stdout.readline()
                except (Empty, OSError):
                    return
                if not answer:
                    return
                found[place] = json.loads(answer)


def _told(asked: Asked) -> list[Any]:
    start = [*asked.start[:3], asked.start.root.hex(), *asked.start[4:]]
    return [asked.lid, asked.line, start, None if asked.digest is None else asked.digest.hex()]


def _heard(lid: int, line: list[str], start: list[Any], digest: str | None) -> Asked:
    seq, run, n, root, counts, changed = start
    began = Start(seq, run, n, bytes.fromhex(root), None if counts is None else tuple(counts), changed)
    return Asked(lid, Line(*line), began, None if digest is None else bytes.fromhex(digest))


def work(path: Path, size: int, after: int, incoming: IO[str], outgoing: IO[str]) -> None:
    """Answer portions until there are no more; end at once if the log is not of that size."""
    backend = SQLite(path, create=False, readonly=True, timeout=60)
    with closing(backend), backend.snapshot() as snapshot:
        if next(snapshot.select(_SIZE))[0] != size:
            return
        for portion in incoming:
            findings = Findings(sys.maxsize, OF_EACH)
            tables = Tables(snapshot, findings, after)
            differing = list(tables.differ([_heard(*one) for one in json.loads(portion)]))
            kept = [(one.table, one.key, one.what) for one in findings.kept]
            outgoing.write(f"{json.dumps({'kept': kept, 'counted': findings.counted(), 'differing': differing})}\n")
            outgoing.flush()


if __name__ == "__main__":
    try:
        work(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.stdin, sys.stdout)
    except (StoreError, BrokenPipeError):
        sys.exit(1)
