"""An organization on a Google Cloud of each test's own, and an adapter to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from annexlog.collectors.clock import HOST, Clock
from annexlog.collectors.gcp import Options
from annexlog.collectors.gcp._adapter import GoogleCloud as Adapter
from tests.wire.gcp import ORG, GoogleCloud, findings, healthy, key_file

Connect = Callable[..., Adapter]


@pytest.fixture(scope="session")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=1024)  # it is read with each turn


@pytest.fixture
def google(key: rsa.RSAPrivateKey) -> Iterator[GoogleCloud]:
    with GoogleCloud({"assets": healthy(), **findings()}, key=key) as running:
        yield running


@pytest.fixture
def connect(google: GoogleCloud, key: rsa.RSAPrivateKey, tmp_path: Path) -> Iterator[Connect]:
    """`connect()` as a service account by its key, over REST."""
    opened: list[Adapter] = []

    def connecting(*, clock: Clock = HOST, **options: object) -> Adapter:
        (tmp_path / "key.json").write_text(key_file(key, google.url))
        given = {
            "parent": ORG,
            "credentials_file": str(tmp_path / "key.json"),
            "transport": "rest",
            "endpoint": google.url,
            "security_center_endpoint": google.url,
            "apis_endpoint": google.url,
            **options,
        }
        opened.append(Adapter(Options(**given), "home", clock=clock))  # type: ignore[arg-type]
        return opened[-1]

    yield connecting
    for adapter in opened:
        adapter.close()
