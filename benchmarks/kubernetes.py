"""A cluster of 50,000 pods, collected and recorded: how many objects a second, and how much memory it takes."""

# ruff: noqa: PLC0415 — each worker loads its own side only

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.cluster import Cluster
from benchmarks.report import Report, elsewhere, main, peak_rss_mb


def run(*, quick: bool = False) -> Report:
    pods = 600 if quick else 50_000
    with Cluster(pods, owned=True) as url:
        ours, again, bare = (_worker(who, url) for who in ("ours", "again", "bare"))
    with Cluster(pods, owned=False) as url:
        alone = _worker("ours", url)
    if ours["objects"] != bare["objects"]:
        raise RuntimeError(f"not the same objects: {ours['objects']} and {bare['objects']}")
    return Report(
        "kubernetes",
        f"{pods:,} pods of some 5 kB and what controls them ({ours['objects']:,.0f} objects), in gzipped pages of 500 "
        "over loopback, as workloads: engine, spool, record, CPU of the collecting process without imports; once more, "
        "unchanged; and as many pods that nothing controls, each one a resource. Beside the same requests, parsed by "
        "orjson and thrown away",
        {
            "objects_per_second": ours["objects"] / ours["cpu"],
            "cpu_seconds": ours["cpu"],
            "peak_rss_mb": ours["rss"],
            "unchanged_objects_per_second": again["objects"] / again["cpu"],
            "unowned_objects_per_second": alone["objects"] / alone["cpu"],
            "unowned_peak_rss_mb": alone["rss"],
            "objects": ours["objects"],
            "resources": ours["resources"],
            "unowned_resources": alone["resources"],
        },
        {"objects_per_second": 10_000, "peak_rss_mb": 250, "unowned_peak_rss_mb": 250},
        {"objects_per_second": bare["objects"] / bare["cpu"], "cpu_seconds": bare["cpu"], "peak_rss_mb": bare["rss"]},
    )


def _worker(who: str, url: str) -> dict[str, float]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KUBE")}
    found: dict[str, float] = elsewhere("benchmarks.kubernetes", "worker", who, url, environment=environment)
    return found


# ── workers, each in a process of its own ─────────────────────────────────────────────────


def _kubeconfig(folder: Path, url: str) -> str:
    path = folder / "kubeconfig"
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "stub",
                "clusters": [{"name": "c", "cluster": {"server": url}}],
                "users": [{"name": "u", "user": {"token": "stub"}}],
                "contexts": [{"name": "stub", "context": {"cluster": "c", "user": "u"}}],
            }
        )
    )
    return str(path)


def _ours(url: str, folder: Path) -> Callable[[], tuple[int, int]]:
    """A collection into one store, saying how many objects and resources it was."""
    from annexlog.collectors import providers, resource_types
    from annexlog.collectors.clock import SystemClock
    from annexlog.collectors.engine import Ask, Engine
    from annexlog.collectors.kubernetes import Options
    from annexlog.collectors.limits import Limits
    from annexlog.evidence_store.model import Run
    from annexlog.evidence_store.store import Store

    type = resource_types()["kubernetes.workload"]
    adapter = providers()["kubernetes"].connect(Options(kubeconfig=_kubeconfig(folder, url)), "main")

    def collect() -> tuple[int, int]:
        clock = SystemClock()
        (scope,) = adapter.discover().scopes
        engine = Engine(adapter, clock=clock, limits=Limits(clock, ceiling=1e9), redaction_key=b"k" * 32)
        with Store.open(folder / "store.db", create=True) as store, store.spool() as spool:
            sweeps = engine.collect(scope, {scope.name: scope}, [Ask(type, frozenset(), frozenset(), None)], spool)
            key = f"{scope.name} {clock.now()}"
            store.record(Run(key, "collect", "main", scope.name, tuple(sweeps)), spool, recorded=clock.now())
        unseen = [sweep for sweep in sweeps if sweep.refusal or sweep.provenance["refusals"]]
        if unseen:
            raise RuntimeError(f"the stub did not answer: {unseen[0]}")
        (told,) = sweeps
        return sum(o["items"] for o in told.provenance["operations"]), told.provenance["items"]

    return collect


def _bare(url: str, _: Path) -> Callable[[], tuple[int, int]]:
    """The same requests by urllib3, each answer parsed and counted."""
    import orjson
    import urllib3

    pool = urllib3.PoolManager()
    paths = (
        *(f"/apis/apps/v1/{kind}" for kind in ("deployments", "statefulsets", "daemonsets", "replicasets")),
        "/api/v1/replicationcontrollers", "/apis/batch/v1/cronjobs", "/apis/batch/v1/jobs", "/api/v1/pods",
    )  # fmt: skip

    def collect() -> tuple[int, int]:
        count = 0
        for path in paths:
            token = "0"
            while token:
                answer = pool.request(
                    "GET", f"{url}{path}?limit=500&continue={token}", headers={"Accept-Encoding": "gzip"}
                )
                body: Any = orjson.loads(answer.data)
                count += len(body["items"])
                token = body["metadata"].get("continue", "")
        return count, 0

    return collect


def worker(who: str, url: str) -> None:
    """Imports do not count. `again`: the second of two looks alone."""
    with tempfile.TemporaryDirectory() as folder:
        work = (_bare if who == "bare" else _ours)(url, Path(folder))
        if who == "again":
            work()
        before = time.process_time()
        objects, resources = work()
        cpu = time.process_time() - before
    print(json.dumps({"cpu": cpu, "objects": objects, "resources": resources, "rss": peak_rss_mb()}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        worker(*sys.argv[2:])
    else:
        main(run)
