"""What keeping evidence costs: first and steady polls, evidences added, and a year of an estate that changes."""

from __future__ import annotations

import hashlib
import statistics
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from annexlog.evidence_store.model import JSON, Coverage, Line, Millis, Run, Sweep, encode
from annexlog.evidence_store.store import Store
from benchmarks import growth
from benchmarks.report import Report, cpu_seconds, main

SCOPES = ("aws/123456789012", "aws/210987654321")
FACETS = ("", "policy", "encryption", "tagging")
NOW: Millis = 1_767_323_045_000
HOUR = 3_600_000

Look = Mapping[Line, Mapping[str, JSON]]


def run(*, quick: bool = False) -> Report:
    count, added, again = (500, 50, 1) if quick else (100_000, 2000, 5)
    look, evidences = estate(count), _evidences(added)
    figures, baselines = _polls(look, again)
    with tempfile.TemporaryDirectory() as folder, _opened(folder) as store:
        figures["add_evidences_cpu_seconds"] = cpu_seconds(lambda: keep(store, evidences, NOW))
    baselines["add_evidences_cpu_seconds"] = cpu_seconds(lambda: hash_and_compare(evidences))
    return Report(
        "store",
        f"{count:,} buckets with {len(FACETS)} facets in two scopes, some 900 bytes each, spooled and recorded; "
        f"{added:,} evidences of 4.6 kB; CPU, beside making the bytes, hashing and comparing them with what a "
        "dictionary holds. The same bytes again, in the process that recorded them before and in a new one. Then the "
        "bytes of a realistic estate (ten types of 0.1 to 4 kB with up to four facets, 12 scopes, 164 lines, 336 lines "
        f"of outcomes), a poll and an assessment each hour, projected to {growth.RESOURCES:,} resources of which "
        f"{growth.SHARE:.0%} change from poll to poll, {growth.HOURS:,} polls; beside a row of JSON for each body of "
        "each poll (the year measured on one poll), and beside files committed to git with each poll; neither has "
        "outcomes or provenance",
        figures | _sizes(quick=quick),
        {
            "steady_4_facets_cpu_seconds": 0.6,
            "steady_1_facet_cpu_seconds": 0.25,
            "add_evidences_cpu_seconds": 0.3,
            "year_gigabytes": 2.5,
        },
        baselines,
    )


def _polls(look: Look, again: int) -> tuple[dict[str, float], dict[str, float]]:
    """CPU of polls, and of the plain way."""
    single = {line: bodies for line, bodies in look.items() if not line.facet}
    resources = sum(map(len, single.values()))
    steady: dict[str, list[float]] = {"4_facets": [], "1_facet": []}
    plain: dict[str, list[float]] = {"4_facets": [], "1_facet": []}
    hash_and_compare(look)
    with tempfile.TemporaryDirectory() as folder:
        with _opened(folder) as store:
            first = cpu_seconds(lambda: keep(store, look, NOW))
        first_bytes = sum(path.stat().st_size for path in Path(folder).iterdir())
        with _opened(folder) as store:
            fresh = cpu_seconds(lambda: keep(store, look, NOW + HOUR))
            for n in range(again):
                for which, part in (("4_facets", look), ("1_facet", single)):
                    end = NOW + (2 + n) * HOUR + len(part)
                    steady[which].append(cpu_seconds(partial(keep, store, part, end)))
                    plain[which].append(cpu_seconds(partial(hash_and_compare, part)))
            length = "SELECT length(record) + length(manifest) FROM run ORDER BY seq DESC LIMIT 1"
            record_bytes = next(store.backend.select(length))[0]
    figures = {
        "first_cpu_seconds": first,
        "first_bytes_per_resource": first_bytes / resources,
        **{f"steady_{which}_cpu_seconds": statistics.median(found) for which, found in steady.items()},
        "steady_4_facets_new_process_cpu_seconds": fresh,
        "unchanged_record_bytes": record_bytes,
    }
    return figures, {f"steady_{which}_cpu_seconds": statistics.median(found) for which, found in plain.items()}


def _sizes(*, quick: bool) -> dict[str, float]:
    """Bytes of an estate that changes, and of the two plain ways to keep it."""
    grown = growth.of_store(200, 2, 2, 0.1) if quick else growth.of_store(4000, 10, 40, 0.05)
    every = growth.of_every_poll(200 if quick else 2000)
    git = growth.of_git(200, 2) if quick else growth.of_git(2000, 24)
    return {
        "bytes_per_resource": grown.first,
        "bytes_per_change": grown.change,
        "bytes_per_change_of_bodies": grown.body,
        "bytes_per_poll_of_all_lines": grown.poll,
        "year_gigabytes": grown.year / 1e9,
        "year_of_every_poll_gigabytes": every / 1e9,
        "year_of_git_gigabytes": git / 1e9,
    }


def estate(count: int) -> Look:
    """Buckets with a policy, encryption and tags: some 900 bytes of JSON each."""
    bodies: dict[str, dict[str, JSON]] = {facet: {} for facet in FACETS}
    half = count // len(SCOPES)
    for n in range(half):
        name = f"bucket-{n:06}"
        id = f"arn:aws:s3:::{name}"
        statement = {
            "Sid": "OnlyTLS", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [id, f"{id}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }  # fmt: skip
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": f"key-{n % 90}"}}
        bodies[""][id] = {"Name": name, "CreationDate": "2026-01-02T03:04:05Z", "BucketRegion": "eu-west-1"}
        bodies["policy"][id] = {"Version": "2012-10-17", "Statement": [statement, {**statement, "Sid": "Again"}]}
        bodies["encryption"][id] = {"Rules": [rule]}
        bodies["tagging"][id] = [{"Key": "owner", "Value": f"team-{n % 40}"}, {"Key": "criticality", "Value": "high"}]
    return {Line(scope, "aws.s3.bucket", facet): bodies[facet] for scope in SCOPES for facet in FACETS}


def _evidences(count: int) -> Look:
    line = Line(SCOPES[0], "manual.evidence")
    texts = ("".join(hashlib.sha256(b"%d %d" % (n, part)).hexdigest() for part in range(71)) for n in range(count))
    return {line: {f"evidence-{n}": {"n": n, "text": text} for n, text in enumerate(texts)}}


def _opened(folder: str) -> Store:
    return Store.open(Path(folder) / "store.db", create=True)


def keep(store: Store, look: Look, end: Millis) -> None:
    """Spool and record what was seen."""
    with store.spool() as spool:
        for line, bodies in look.items():
            for id, body in bodies.items():
                spool.add(line, id, body)
        sweeps = tuple(Sweep(line, Coverage.COMPLETE, end - 1000, end) for line in look)
        store.record(Run(f"run {end}", "collect", "main", SCOPES[0], sweeps), spool, recorded=end)


def hash_and_compare(look: Look) -> int:
    """The least that noticing a change takes: bytes, digest, comparison. Returns how many differ."""
    changed = 0
    for line, bodies in look.items():
        known = _KNOWN.setdefault(line, {})
        for id, body in bodies.items():
            digest = hashlib.sha256(encode(body)).digest()
            if known.get(id) != digest:
                known[id] = digest
                changed += 1
    return changed


_KNOWN: dict[Line, dict[str, bytes]] = {}


if __name__ == "__main__":
    main(run)
