"""What keeping a poll costs: 50,000 resources of four facets, first and unchanged; and 2,000 evidences added."""

from __future__ import annotations

import hashlib
import statistics
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from annexlog.evidence_store.model import JSON, Coverage, Line, Millis, Run, Sweep, encode
from annexlog.evidence_store.store import Store
from benchmarks.report import Report, cpu_seconds, main

FACETS = ("", "policy", "encryption", "tagging")
NOW: Millis = 1_767_323_045_000
HOUR = 3_600_000

Look = Mapping[Line, Mapping[str, JSON]]


def run(*, quick: bool = False) -> Report:
    count, added, again = (500, 50, 1) if quick else (50_000, 2000, 3)
    look, evidences = estate(count), _evidences(added)
    with tempfile.TemporaryDirectory() as folder:
        with _opened(folder) as store:
            first = cpu_seconds(lambda: keep(store, look, NOW))
        first_bytes = _size(folder)
        unchanged, plain = [], []
        hash_and_compare(look)
        with _opened(folder) as store:
            for n in range(1, again + 1):
                unchanged.append(cpu_seconds(partial(keep, store, look, NOW + n * HOUR)))
                plain.append(cpu_seconds(lambda: hash_and_compare(look)))
            length = "SELECT length(record) + length(manifest) FROM run ORDER BY seq DESC LIMIT 1"
            record_bytes = next(store.backend.select(length))[0]
        with _opened(folder) as store:
            adding = cpu_seconds(lambda: keep(store, evidences, NOW + 9 * HOUR))
        compared = cpu_seconds(lambda: hash_and_compare(evidences))
    return Report(
        "store",
        f"{count:,} resources with {len(FACETS)} facets spooled and recorded, then {added:,} evidences of 4.6 kB, CPU; "
        "beside making the bytes, hashing and comparing them with what a dictionary holds",
        {
            "unchanged_cpu_seconds": statistics.median(unchanged),
            "first_cpu_seconds": first,
            "first_bytes_per_resource": first_bytes / count,
            "unchanged_record_bytes": record_bytes,
            "add_evidences_cpu_seconds": adding,
            "resources": count,
        },
        {"unchanged_cpu_seconds": 1.0, "add_evidences_cpu_seconds": 0.3},
        {"unchanged_cpu_seconds": statistics.median(plain), "add_evidences_cpu_seconds": compared},
    )


def estate(count: int) -> Look:
    """Buckets with a policy, encryption and tags: some 900 bytes of JSON each."""
    bodies: dict[str, dict[str, JSON]] = {facet: {} for facet in FACETS}
    for n in range(count):
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
    return {Line("aws/123456789012", "aws.s3.bucket", facet): bodies[facet] for facet in FACETS}


def _evidences(count: int) -> Look:
    line = Line("aws/123456789012", "manual.evidence")
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
        store.record(Run(f"run {end}", "collect", "main", "aws/123456789012", sweeps), spool, recorded=end)


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


def _size(folder: str) -> int:
    return sum(path.stat().st_size for path in Path(folder).iterdir())


if __name__ == "__main__":
    main(run)
