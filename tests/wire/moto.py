"""A moto server over real HTTP, in a process of its own."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

ACCOUNT = "123456789012"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "annexlog-tests"}
"""Any key pair is moto's own account's."""


class Moto:
    """Runs between `__enter__` and `__exit__`; `url` is its endpoint."""

    def __init__(self) -> None:
        self.url = ""

    def __enter__(self) -> Self:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        environment = {**os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}
        self._process = subprocess.Popen(command, env=environment, **quiet)  # type: ignore[call-overload]
        self.url = f"http://127.0.0.1:{port}"
        self._wait()
        return self

    def _wait(self) -> None:
        for _ in range(600):
            try:
                return self.reset()
            except OSError:
                if self._process.poll() is not None:
                    break
                time.sleep(0.05)
        raise RuntimeError(f"moto did not start (exit code {self._process.poll()})")

    def reset(self) -> None:
        """Forget everything."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        try:
            connection.request("POST", "/moto-api/reset")
            connection.getresponse().read()
        finally:
            connection.close()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.terminate()
        self._process.wait(10)
