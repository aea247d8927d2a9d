"""A tenant with one subscription of each test's own, and an adapter to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from annexlog.collectors.azure import Options
from annexlog.collectors.azure._adapter import Azure as Adapter
from tests.wire.azure import SUBSCRIPTION, Azure, tenant
from tests.wire.microsoft import SECRET, options

Connect = Callable[..., Adapter]


@pytest.fixture
def azure() -> Iterator[Azure]:
    with Azure(tenant((SUBSCRIPTION, "Enabled"))) as running:
        yield running


@pytest.fixture
def connect(azure: Azure, tmp_path: Path) -> Iterator[Connect]:
    opened: list[Adapter] = []

    def connecting(**more: object) -> Adapter:
        (tmp_path / "secret").write_text(SECRET)
        given = {"url": azure.url, "client_secret_file": str(tmp_path / "secret"), **more}
        opened.append(Adapter(Options(**options(azure, **given)), "home"))  # type: ignore[arg-type]
        return opened[-1]

    yield connecting
    for adapter in opened:
        adapter.close()
