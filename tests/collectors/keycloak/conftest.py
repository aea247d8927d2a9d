"""A realm on a Keycloak of each test's own, and an adapter to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from annexlog.collectors.clock import HOST, Clock
from annexlog.collectors.keycloak import Options
from annexlog.collectors.keycloak._adapter import Keycloak as Adapter
from tests.wire.keycloak import CLIENT, SECRET, Keycloak, healthy

Connect = Callable[..., Adapter]


@pytest.fixture
def keycloak() -> Iterator[Keycloak]:
    with Keycloak(healthy()) as running:
        yield running


@pytest.fixture
def connect(keycloak: Keycloak, tmp_path: Path) -> Iterator[Connect]:
    """As the client of the realm `shop`, with its secret, where nothing else is said."""
    opened: list[Adapter] = []

    def connecting(*, clock: Clock = HOST, **options: object) -> Adapter:
        (tmp_path / "secret").write_text(f"{SECRET}\n")
        who = {"client_id": CLIENT, "realm": "shop", "client_secret_file": str(tmp_path / "secret")}
        given = {"url": keycloak.url, "ca_file": keycloak.ca_file, **who, **options}
        opened.append(Adapter(Options(**given), "home", clock=clock))  # type: ignore[arg-type]
        return opened[-1]

    yield connecting
    for adapter in opened:
        adapter.close()
