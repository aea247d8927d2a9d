"""A customer on a Google Workspace of each test's own, and an adapter to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from annexlog.collectors.clock import HOST, Clock
from annexlog.collectors.google_workspace import Options
from annexlog.collectors.google_workspace._adapter import Workspace as Adapter
from tests.wire.google_workspace import CUSTOMER, SUBJECT, Workspace, healthy, key_file

Connect = Callable[..., Adapter]


@pytest.fixture(scope="session")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=1024)  # it is read with each turn


@pytest.fixture
def workspace(key: rsa.RSAPrivateKey) -> Iterator[Workspace]:
    with Workspace(healthy(), key=key) as running:
        yield running


@pytest.fixture
def connect(workspace: Workspace, key: rsa.RSAPrivateKey, tmp_path: Path) -> Iterator[Connect]:
    opened: list[Adapter] = []

    def connecting(*, clock: Clock = HOST, **options: object) -> Adapter:
        (tmp_path / "key.json").write_text(key_file(key, workspace.url))
        given = {
            "customer": CUSTOMER,
            "subject": SUBJECT,
            "key_file": str(tmp_path / "key.json"),
            "endpoint": workspace.url,
            "ca_file": workspace.ca_file,
            **options,
        }
        opened.append(Adapter(Options(**given), "home", clock=clock))  # type: ignore[arg-type]
        return opened[-1]

    yield connecting
    for adapter in opened:
        adapter.close()
