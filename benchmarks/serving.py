"""A benchmark's server in a process of its own, so that its CPU is not counted; it ends with whoever started it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable

from benchmarks.report import ROOT


class Served:
    """A module of benchmarks as a server, for as long as the block lasts; gives the URL that it prints."""

    def __init__(self, module: str, *arguments: object) -> None:
        self._command = [sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)]

    def __enter__(self) -> str:
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # it ends when its input does


def serve(connection: Callable[[], asyncio.Protocol], *, backlog: int = 100) -> None:
    """Answer on a free port of this host, say its URL, and end when the standard input does."""
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    asyncio.run(_serve(connection, backlog))


async def _serve(connection: Callable[[], asyncio.Protocol], backlog: int) -> None:
    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0, backlog=backlog)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()
