"""What a collection costs beside a bare boto3 loop that makes the same calls, and how much memory a large one takes."""

# ruff: noqa: PLC0415 — each worker loads its own side only

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.report import Report, elsewhere, main, peak_rss_mb
from benchmarks.stub import ACCOUNT, ENVIRONMENT, REGION, Estate, Stub

THREADS = 16
BUCKET_DETAILS = (
    "public_access_block", "policy_status", "policy", "ownership", "encryption", "versioning", "logging", "tagging",
    "lifecycle", "replication", "object_lock",
)  # fmt: skip
BUCKET_CALLS = (
    "get_public_access_block", "get_bucket_policy_status", "get_bucket_policy", "get_bucket_ownership_controls",
    "get_bucket_encryption", "get_bucket_versioning", "get_bucket_logging", "get_bucket_tagging",
    "get_bucket_lifecycle_configuration", "get_bucket_replication", "get_object_lock_configuration",
)  # fmt: skip
USER_DETAILS = ("ssh_keys",)
USER_CALLS = ("list_ssh_public_keys",)
KEY_DETAILS = ("metadata", "rotation", "policies")


def run(*, quick: bool = False) -> Report:
    mixed = Estate(4, 4, 4, 2000) if quick else Estate(100, 100, 100, 4000)
    large = Estate(groups=2000 if quick else 50_000)
    measured: dict[str, list[dict[str, float]]] = {"ours": [], "bare": []}
    with Stub(mixed) as url:
        for _ in range(1 if quick else 3):  # by turns, so that both meet the same load
            for who, taken in measured.items():
                taken.append(_worker(who, url))
    with Stub(large) as url:
        ours, bare = _worker("ours-groups", url), _worker("bare-groups", url)
    if measured["ours"][0]["calls"] != measured["bare"][0]["calls"]:
        raise RuntimeError(f"not the same calls: {measured}")
    cpu = {who: statistics.median(one["cpu"] for one in taken) for who, taken in measured.items()}
    pairs = zip(measured["ours"], measured["bare"], strict=True)
    return Report(
        "collect",
        f"S3, IAM, KMS and EC2 of a stub over loopback, {THREADS} threads, engine, spool, record; beside a boto3 loop "
        f"with its own parser; {large.groups:,} security groups in pages of 1,000",
        {
            "cpu_ratio": statistics.median(a["cpu"] / b["cpu"] for a, b in pairs),
            "cpu_seconds": cpu["ours"],
            "cpu_ms_per_call": 1000 * cpu["ours"] / measured["ours"][0]["calls"],
            "calls": measured["ours"][0]["calls"],
            "peak_rss_mb": ours["rss"],
            "resources": ours["resources"],
            "listing_cpu_seconds": ours["cpu"],
        },
        {"cpu_ratio": 1.3, "peak_rss_mb": 150},
        {
            "cpu_seconds": cpu["bare"],
            "cpu_ms_per_call": 1000 * cpu["bare"] / measured["bare"][0]["calls"],
            "calls": measured["bare"][0]["calls"],
            "peak_rss_mb": bare["rss"],
            "resources": bare["resources"],
            "listing_cpu_seconds": bare["cpu"],
        },
    )


def _worker(who: str, url: str) -> dict[str, float]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | ENVIRONMENT
    found: dict[str, float] = elsewhere("benchmarks.collect", "worker", who, url, environment=environment)
    return found


# ── workers, each in a process of its own ─────────────────────────────────────────────────


def _ours(
    url: str, account: Sequence[tuple[Any, Sequence[str]]], region: Sequence[tuple[Any, Sequence[str]]]
) -> Callable[[Path], tuple[int, int]]:
    """A collection: into a new store in a folder it is given, saying how many calls and resources it was."""
    from annexlog.collectors import Scope, providers
    from annexlog.collectors.aws import Options
    from annexlog.collectors.clock import SystemClock
    from annexlog.collectors.engine import Ask, Engine
    from annexlog.collectors.limits import Limits
    from annexlog.evidence_store.model import Run
    from annexlog.evidence_store.store import Store

    values = {"account": ACCOUNT, "partition": "aws"}
    scopes = [
        (Scope(f"aws/{ACCOUNT}", "account", values), account),
        (Scope(f"aws/{ACCOUNT}/{REGION}", "region", values | {"region": REGION}), region),
    ]

    adapter = providers()["aws"].connect(Options(endpoint_url=url), "main")  # imports botocore; no client yet

    def collect(folder: Path) -> tuple[int, int]:
        clock, calls, resources = SystemClock(), 0, 0
        engine = Engine(adapter, clock=clock, limits=Limits(clock, ceiling=1e9), workers=THREADS)
        with Store.open(folder / "store.db", create=True) as store:
            for scope, types in scopes:
                asks = [Ask(type, frozenset(facets), frozenset(facets), None) for type, facets in types]
                with store.spool() as spool:
                    sweeps = engine.collect(scope, {scope.name: scope}, asks, spool)
                    store.record(
                        Run(scope.name, "collect", "main", scope.name, tuple(sweeps)), spool, recorded=clock.now()
                    )
                unseen = [sweep for sweep in sweeps if sweep.refusal or sweep.provenance["refusals"]]
                if unseen:
                    raise RuntimeError(f"the stub did not answer: {unseen[0]}")
                calls += sum(operation["calls"] for sweep in sweeps for operation in sweep.provenance["operations"])
                resources += sum(sweep.provenance["items"] for sweep in sweeps if sweep.line.facet == "")
        adapter.close()
        return calls, resources

    return collect


def _all_of_ours(url: str) -> Callable[[Path], tuple[int, int]]:
    from annexlog.collectors import resource_types

    types = resource_types()
    return _ours(
        url,
        [(types["aws.s3.bucket"], BUCKET_DETAILS), (types["aws.iam.user"], USER_DETAILS)],
        [(types["aws.kms.key"], KEY_DETAILS), (types["aws.ec2.security_group"], ())],
    )


def _our_groups(url: str) -> Callable[[Path], tuple[int, int]]:
    from annexlog.collectors import resource_types

    return _ours(url, [], [(resource_types()["aws.ec2.security_group"], ())])


class _Bare:
    """The same calls as anyone would write them with boto3; answers are kept until the end, as such scripts do."""

    def __init__(self, url: str) -> None:
        import boto3
        from botocore.config import Config

        config = Config(max_pool_connections=THREADS, s3={"addressing_style": "path"})
        self._client: Callable[[str], Any] = partial(boto3.client, region_name=REGION, endpoint_url=url, config=config)
        self.calls = 0
        self.resources = 0

    def everything(self, _: Path) -> tuple[int, int]:
        with ThreadPoolExecutor(THREADS) as pool:
            s3, iam, kms = map(self._client, ("s3", "iam", "kms"))
            self.calls += 1
            jobs = [
                pool.submit(self._ask, getattr(s3, call), Bucket=bucket["Name"])
                for bucket in s3.list_buckets(MaxBuckets=10_000)["Buckets"]
                for call in BUCKET_CALLS
            ]
            self.resources += len(jobs) // len(BUCKET_CALLS)
            for page in self._pages(iam, "get_account_authorization_details", Filter=["User"], MaxItems=1000):
                self.resources += len(page["UserDetailList"])
                jobs += [
                    pool.submit(self._ask, getattr(iam, call), UserName=user["UserName"])
                    for user in page["UserDetailList"]
                    for call in USER_CALLS
                ]
            for page in self._pages(kms, "list_keys"):
                self.resources += len(page["Keys"])
                jobs += [pool.submit(self._key, kms, key["KeyArn"]) for key in page["Keys"]]
            self.groups(Path())
            self.calls += sum(job.result()[0] for job in jobs)
        return self.calls, self.resources

    def groups(self, _: Path) -> tuple[int, int]:
        for page in self._pages(self._client("ec2"), "describe_security_groups"):
            self.resources += len(page["SecurityGroups"])
        return self.calls, self.resources

    def _pages(self, client: Any, operation: str, **params: Any) -> Any:
        for page in client.get_paginator(operation).paginate(**params):
            self.calls += 1
            yield page

    def _key(self, kms: Any, id: str) -> tuple[int, Any]:
        said = [kms.describe_key(KeyId=id), kms.get_key_rotation_status(KeyId=id)]
        names = kms.list_key_policies(KeyId=id)["PolicyNames"]
        said += [kms.get_key_policy(KeyId=id, PolicyName=name) for name in names]
        return 3 + len(names), said

    def _ask(self, method: Callable[..., Any], **params: Any) -> tuple[int, Any]:
        from botocore.exceptions import ClientError

        try:
            return 1, method(**params)
        except ClientError as error:  # there is none
            return 1, error.response


def worker(who: str, url: str) -> None:
    """Imports do not count; clients do."""
    workers: dict[str, Callable[[str], Callable[[Path], tuple[int, int]]]] = {
        "ours": _all_of_ours,
        "ours-groups": _our_groups,
        "bare": lambda url: _Bare(url).everything,
        "bare-groups": lambda url: _Bare(url).groups,
    }
    work = workers[who](url)
    with tempfile.TemporaryDirectory() as folder:
        before = time.process_time()
        calls, resources = work(Path(folder))
        cpu = time.process_time() - before
    print(json.dumps({"cpu": cpu, "calls": calls, "resources": resources, "rss": peak_rss_mb()}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        worker(*sys.argv[2:])
    else:
        main(run)
