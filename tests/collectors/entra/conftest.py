"""A tenant of each test's own, and an adapter to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from annexlog.collectors.clock import HOST, Clock
from annexlog.collectors.entra import Options
from annexlog.collectors.entra._adapter import Entra as Adapter
from tests.wire.entra import Entra, healthy
from tests.wire.microsoft import SECRET, options

Connect = Callable[..., Adapter]


@pytest.fixture
def entra() -> Iterator[Entra]:
    with Entra(healthy()) as running:
        yield running


@pytest.fixture
def connect(entra: Entra, tmp_path: Path) -> Iterator[Connect]:
    """`connect()` as an app with a secret."""
    opened: list[Adapter] = []

    def connecting(*, clock: Clock = HOST, **more: object) -> Adapter:
        (tmp_path / "secret").write_text(SECRET)
        own = {"client_secret_file": str(tmp_path / "secret"), "graph_url": entra.url, "arm_url": entra.url}
        opened.append(Adapter(Options(**options(entra, **own, **more)), "home", clock=clock))  # type: ignore[arg-type]
        return opened[-1]

    yield connecting
    for adapter in opened:
        adapter.close()
