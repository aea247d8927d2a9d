"""What an organization costs: accounts × 17 regions × 20 services, each answer 100 ms late; and how it grows."""

# ruff: noqa: PLC0415 — each worker loads its own side only

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.aws_estate import ITEMS, REGIONS, SERVICES, Service, Stub
from benchmarks.report import Report, elsewhere, main, peak_rss_mb
from benchmarks.stub import ENVIRONMENT

THREADS, SCOPES = 64, 16
LATENCY = 0.1
FEW, MANY = 10, 100
WIDE = 1_000
NARROW = 2
"""How many services are asked of so many accounts, without latency: only memory is looked at."""


def run(*, quick: bool = False) -> Report:
    few, many, wide = (1, 2, 3) if quick else (FEW, MANY, WIDE)
    latency = 0.0 if quick else LATENCY
    with Stub(few, latency) as url:
        bare, small = (_worker(who, url, few) for who in ("bare", "ours"))
    with Stub(many, latency) as url:
        large = _worker("ours", url, many)
    with Stub(many, 0.0) as url:
        narrow = _worker("narrow", url, many)
    with Stub(wide, 0.0) as url:
        widest = _worker("narrow", url, wide)
    if small["asked"] != bare["asked"]:
        raise RuntimeError(f"not the same calls: {small} {bare}")
    return Report(
        "aws_scale",
        f"{many} accounts, {len(REGIONS)} regions, {len(SERVICES)} services, {ITEMS} resources in each; answers come "
        f"{latency * 1000:.0f} ms late over loopback, {THREADS} threads; discovery, engine, spool, record, first with "
        f"an empty store and then again; beside {few} accounts, and a boto3 loop over the same clients for {few}. "
        f"And how memory grows from {many} to {wide:,} accounts that are asked for {NARROW} services each",
        {
            "calls": large["calls"],
            "resources": large["resources"],
            "calls_per_second": large["calls"] / large["wall"],
            "again_calls_per_second": large["calls"] / large["again_wall"],
            "cpu_ms_per_call": 1000 * large["cpu"] / large["calls"],
            "again_cpu_ms_per_call": 1000 * large["again"] / large["calls"],
            "cpu_ratio": (large["cpu"] / large["calls"]) / (bare["cpu"] / bare["calls"]),
            "again_cpu_ratio": (large["again"] / large["calls"]) / (bare["cpu"] / bare["calls"]),
            "clients": large["clients"],
            "client_cpu_seconds": large["client_cpu"],
            "discovery_cpu_seconds": large["discovery"],
            "peak_rss_mb": large["rss"],
            "rss_growth_mb": large["rss"] - small["rss"],
            "narrow_peak_rss_mb": narrow["rss"],
            "narrow_thousand_peak_rss_mb": widest["rss"],
            "narrow_growth_kb_an_account": (widest["rss"] - narrow["rss"]) * 1024 / (wide - many),
            "store_bytes_per_account": large["bytes"] / many,
            "again_bytes_per_account": large["again_bytes"] / many,
        },
        {"again_cpu_ratio": 1.3, "peak_rss_mb": 250, "narrow_thousand_peak_rss_mb": 250},
        {
            "calls": bare["calls"],
            "cpu_ms_per_call": 1000 * bare["cpu"] / bare["calls"],
            "clients": bare["naive_clients"] * many / few,
            "client_cpu_seconds": bare["naive_client_cpu"] * many / few,
            "peak_rss_mb": bare["rss"],
        },
    )


def _worker(who: str, url: str, accounts: int) -> dict[str, float]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | ENVIRONMENT
    found: dict[str, float] = elsewhere(
        "benchmarks.aws_scale", "worker", who, url, str(accounts), environment=environment
    )
    return found


# ── workers, each in a process of its own ─────────────────────────────────────────────────


def _ours(url: str, accounts: int, folder: Path, services: Sequence[Service] = SERVICES) -> dict[str, float]:
    """Discover, collect and record twice, as two nightly runs in one process would."""
    from annexlog.collectors import Call, ResourceType, providers
    from annexlog.collectors.aws import Options
    from annexlog.collectors.clock import SystemClock
    from annexlog.collectors.engine import Ask, Engine
    from annexlog.collectors.limits import Limits
    from annexlog.evidence_store.store import Store

    types = [
        ResourceType(
            f"aws.{s.client}.thing", facet="thing", id=f"{{thing.{s.path}}}" if s.path else "{thing}",
            listed=Call(f"{s.client}:List", f"{s.client}.{s.operation}", items=s.member),
        )
        for s in services
    ]  # fmt: skip
    adapter: Any = providers()["aws"].connect(Options(endpoint_url=url, organization=True), "main")
    begin = time.process_time()
    found = adapter.discover()
    discovery = time.process_time() - begin
    scopes = [scope for scope in found.scopes if scope.level == "region"]
    if found.refusals or len(scopes) != accounts * len(REGIONS):
        raise RuntimeError(f"the stub did not answer: {found.refusals[:1]}")
    begin = time.process_time()
    for region in REGIONS:
        for service in services:
            adapter.connection.client(service.client, region)
    client_cpu = time.process_time() - begin
    clock = SystemClock()
    asks = [Ask(type, frozenset(), frozenset(), None) for type in types]

    def collect() -> dict[str, float]:
        engine = Engine(adapter, clock=clock, limits=Limits(clock, ceiling=1e9), workers=THREADS)
        with Store.open(folder / "store.db", create=True) as store, ThreadPoolExecutor(SCOPES) as pool:
            wall, cpu = time.perf_counter(), time.process_time()
            told = list(pool.map(lambda scope: _scope(store, engine, clock, scope, asks), scopes))
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        calls, resources = (sum(numbers) for numbers in zip(*told, strict=True))
        return {"cpu": cpu, "wall": wall, "calls": calls, "resources": resources, "bytes": _size(folder)}

    first, again = collect(), collect()
    clients = len(adapter.connection._clients)  # noqa: SLF001 — what is counted
    adapter.close()
    return first | {
        "again": again["cpu"], "again_wall": again["wall"], "again_bytes": again["bytes"] - first["bytes"],
        "asked": first["calls"] / accounts, "discovery": discovery, "client_cpu": client_cpu, "clients": clients,
    }  # fmt: skip


def _scope(store: Any, engine: Any, clock: Any, scope: Any, asks: list[Any]) -> tuple[int, int]:
    """Calls and resources of one scope, recorded."""
    from annexlog.evidence_store.model import Run

    with store.spool() as spool:
        sweeps = engine.collect(scope, {scope.name: scope}, asks, spool)
        key = f"{scope.name} {clock.monotonic()}"
        store.record(Run(key, "collect", "main", scope.name, tuple(sweeps)), spool, recorded=clock.now())
    unseen = [sweep for sweep in sweeps if sweep.refusal or sweep.provenance["refusals"]]
    if unseen:
        raise RuntimeError(f"the stub did not answer: {unseen[0]}")
    calls = sum(operation["calls"] for sweep in sweeps for operation in sweep.provenance["operations"])
    return calls, sum(sweep.provenance["items"] for sweep in sweeps)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def _bare(url: str, accounts: int, _: Path) -> dict[str, float]:
    """The same calls with boto3, one client a service and region, which AWS itself would not let several accounts
    share; answers are kept until the end, as such scripts do. And what making the clients of one account takes.
    """
    import boto3
    from botocore.config import Config

    session = boto3.Session()
    make: Callable[..., Any] = partial(session.client, endpoint_url=url, config=Config(max_pool_connections=THREADS))
    begin = time.process_time()
    clients = {(s.client, region): make(s.client, region_name=region) for s in SERVICES for region in REGIONS}
    made = time.process_time() - begin
    jobs = [
        (getattr(clients[s.client, region], s.operation))
        for _ in range(accounts)
        for region in REGIONS
        for s in SERVICES
    ]
    with ThreadPoolExecutor(THREADS) as pool:
        begin = time.process_time()
        said = list(pool.map(lambda method: method(), jobs))
        cpu = time.process_time() - begin
    return {
        "cpu": cpu, "calls": len(said), "asked": len(said) / accounts, "naive_clients": len(clients) * accounts,
        "naive_client_cpu": made * accounts,
    }  # fmt: skip


def worker(who: str, url: str, accounts: str) -> None:
    """Imports do not count; clients do."""
    parts: Mapping[str, Callable[[str, int, Path], dict[str, float]]]
    parts = {"ours": _ours, "bare": _bare, "narrow": partial(_ours, services=SERVICES[:NARROW])}
    with tempfile.TemporaryDirectory() as folder:
        told = parts[who](url, int(accounts), Path(folder))
    print(json.dumps({**told, "rss": peak_rss_mb()}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        worker(*sys.argv[2:])
    else:
        main(run)
