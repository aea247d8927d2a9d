"""How long it takes to check every byte of a store, beside one SHA-256 over its file."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from annexlog.evidence_store.store import Store
from annexlog.evidence_store.verify import verify
from benchmarks.history import SIGNER, Size, build
from benchmarks.report import Report, cpu_seconds, main, peak_rss_mb

YEAR = 10_000_000
"""Rows of versions and outcomes that a year makes: 8.76 million changes (of 100,000 resources 1 % from one hourly look
to the next), and the outcomes that these move. One core is to check them in 180 seconds."""


def run(*, quick: bool = False) -> Report:
    size = Size(2, 20, 4, 4) if quick else Size(10, 500, 6, 60, 0.1)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        with Store.open(path, create=True) as store:
            build(store, size)
            versions, outcomes, records = (
                next(store.backend.select(f"SELECT count(*) FROM {table}"))[0]
                for table in ("version", "outcome", "run")
            )
            day_before = (
                "SELECT note FROM checkpoint WHERE size < (SELECT max(size) FROM checkpoint) ORDER BY size DESC"
            )
            note = next(store.backend.select(day_before))[0]
        with Store.open(path, readonly=True) as store:
            seconds = cpu_seconds(lambda: found.append(verify(store, keys=[SIGNER.verifier])))
            since = cpu_seconds(lambda: found.append(verify(store, keys=[SIGNER.verifier], since=note)))
        data = path.read_bytes()
        hashing = cpu_seconds(lambda: hashlib.sha256(data).digest())
    for report in found:
        if not report.ok:
            raise RuntimeError(f"the store does not verify: {report.findings[:3]}")
    megabytes = len(data) / 1e6
    return Report(
        "verify",
        f"CPU of one full verification, and of one since the checkpoint of the day before; {size}; beside one SHA-256 "
        f"over the file. The goal is the pace at which a year of {YEAR:,} rows takes 180 s",
        {
            "rows_per_second": (versions + outcomes) / seconds,
            "cpu_seconds": seconds,
            "since_the_day_before_cpu_seconds": since,
            "megabytes_per_second": megabytes / seconds,
            "records": records,
            "versions": versions,
            "outcomes": outcomes,
            "megabytes": megabytes,
            "peak_rss_mb": peak_rss_mb(),
        },
        {"rows_per_second": YEAR / 180, "since_the_day_before_cpu_seconds": 5.0},
        {"cpu_seconds": hashing, "megabytes_per_second": megabytes / hashing},
    )


if __name__ == "__main__":
    main(run)
