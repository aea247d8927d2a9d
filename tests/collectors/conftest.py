"""The provider that the engine's tests ask."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.collectors.acme import Clock, Server


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(Clock()) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
