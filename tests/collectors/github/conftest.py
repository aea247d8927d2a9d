"""An organization on a GitHub of each test's own, and an adapter to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from annexlog.collectors.clock import HOST, Clock
from annexlog.collectors.github import Options
from annexlog.collectors.github._adapter import GitHub as Adapter
from tests.wire.github import GitHub, healthy
from tests.wire.jwt import pem

Connect = Callable[..., Adapter]


@pytest.fixture
def github(key: rsa.RSAPrivateKey) -> Iterator[GitHub]:
    with GitHub(healthy(), key=key) as running:
        yield running


@pytest.fixture
def connect(github: GitHub, key: rsa.RSAPrivateKey, tmp_path: Path) -> Iterator[Connect]:
    """`connect(app=True)` as the App, else with a token; `connect(organizations=…)` to look elsewhere."""

    opened: list[Adapter] = []

    def connecting(*, app: bool = False, clock: Clock = HOST, **options: object) -> Adapter:
        (tmp_path / "token").write_text("s3cret-token\n")
        (tmp_path / "key.pem").write_text(pem(key))
        who = (
            {"app_id": "42", "private_key_file": str(tmp_path / "key.pem")}
            if app
            else {"token_file": str(tmp_path / "token")}
        )
        given = {
            "organizations": () if app else ("Acme",),
            "url": github.url,
            "ca_file": github.ca_file,
            **who,
            **options,
        }
        opened.append(Adapter(Options(**given), "home", clock=clock))  # type: ignore[arg-type]
        return opened[-1]

    yield connecting
    for adapter in opened:
        adapter.close()
