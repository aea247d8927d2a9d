"""The provider that the engine's tests ask, and the key with which adapters sign in."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.collectors.acme import Clock, Server


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(Clock()) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def key() -> rsa.RSAPrivateKey:
    """Of a client that signs its assertions."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
