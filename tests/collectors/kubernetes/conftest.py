"""A cluster of each test's own, and the way to look at it through the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from annexlog.collectors import ResourceType
from annexlog.collectors.engine import Ask, Engine
from annexlog.collectors.kubernetes import Options
from annexlog.collectors.kubernetes._adapter import Kubernetes
from annexlog.collectors.limits import Limits
from tests.collectors.acme import Clock, Memory, Seen
from tests.wire.cluster import Cluster

Look = Callable[..., Seen]


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster() as running:
        running.serve("v1/namespaces", "v1/nodes", namespaced=False)
        yield running


@pytest.fixture
def look(cluster: Cluster, tmp_path: Path) -> Look:
    """Collect one type of the cluster with all its facets: `look(type, namespaces=[…])`."""

    def looking(type: ResourceType, **options: Any) -> Seen:
        options.setdefault("kubeconfig", str(cluster.kubeconfig(tmp_path)))
        adapter = Kubernetes(Options(**options), "k8s")
        memory, clock = Memory(), Clock()
        engine = Engine(adapter, clock=clock, limits=Limits(clock), workers=4, redaction_key=b"k" * 32)
        facets = frozenset(type.facets[1:])
        (scope,) = adapter.discover().scopes
        try:
            return Seen(
                engine.collect(scope, {scope.name: scope}, [Ask(type, facets, facets, None)], memory), memory.bodies
            )
        finally:
            adapter.close()

    return looking
