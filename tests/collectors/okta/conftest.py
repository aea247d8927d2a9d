"""An organization on an Okta of each test's own, and an adapter to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from annexlog.collectors.clock import HOST, Clock
from annexlog.collectors.okta import Options
from annexlog.collectors.okta._adapter import Okta as Adapter
from tests.wire.jwt import pem
from tests.wire.okta import CLIENT, Okta, healthy

Connect = Callable[..., Adapter]


@pytest.fixture
def okta(key: rsa.RSAPrivateKey) -> Iterator[Okta]:
    with Okta(healthy(), key=key) as running:
        yield running


@pytest.fixture
def connect(okta: Okta, key: rsa.RSAPrivateKey, tmp_path: Path) -> Iterator[Connect]:
    """`connect(app=True)` as a service app, else with an API token."""
    opened: list[Adapter] = []

    def connecting(*, app: bool = False, clock: Clock = HOST, **options: object) -> Adapter:
        (tmp_path / "token").write_text("s3cret-token\n")
        (tmp_path / "key.pem").write_text(pem(key))
        as_app = {"client_id": CLIENT, "private_key_file": str(tmp_path / "key.pem")}
        who = as_app if app else {"token_file": str(tmp_path / "token")}
        given = {"url": okta.url, "ca_file": okta.ca_file, **who, **options}
        opened.append(Adapter(Options(**given), "home", clock=clock))  # type: ignore[arg-type]
        return opened[-1]

    yield connecting
    for adapter in opened:
        adapter.close()
