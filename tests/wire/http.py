"""A small HTTP/1.1 server in a thread, fast enough to measure against: requests in, replies out, connections kept."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.utils import formatdate
from ssl import SSLContext
from typing import Self

REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 500: "Internal Server Error"}


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` have lower-case names; `target` is path and query as sent."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """`drop`: close the connection without a word."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    drop: bool = False

    def encode(self) -> bytes:
        headers = {"Date": formatdate(usegmt=True), **self.headers, "Content-Length": str(len(self.body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {self.status} {REASONS.get(self.status, '')}\r\n{lines}\r\n".encode() + self.body


class Server:
    """Answers on a free loopback port between `__enter__` and `__exit__`.

    `answer` runs in the event loop, or in one of `threads` where it has to wait for others.
    """

    def __init__(
        self, answer: Callable[[Request], Reply], *, threads: int = 0, port: int = 0, tls: SSLContext | None = None
    ) -> None:
        self._answer, self._port, self._tls = answer, port, tls
        self._pool = ThreadPoolExecutor(threads) if threads else None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._connections: set[asyncio.Task[None]] = set()
        self.url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._connected, "127.0.0.1", self._port, limit=2**20, ssl=self._tls), self._loop
        ).result()
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        if self._pool:
            self._pool.shutdown()

    async def _stop(self) -> None:
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await asyncio.sleep(0)  # what was aborted is closed by the loop
        await asyncio.sleep(0)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            writer.transport.abort()  # the client has gone, or we go: TLS would wait for a last word
        finally:
            self._connections.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head[:-4].split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        if headers.get("expect"):
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        method, target, _ = first.split(" ")
        request = Request(method, target, headers, body)
        if self._pool:
            reply = await self._loop.run_in_executor(self._pool, self._answer, request)
        else:
            reply = self._answer(request)
        if reply.drop:
            writer.transport.abort()
            return False
        writer.write(reply.encode() if method != "HEAD" else reply.encode()[: -len(reply.body) or None])
        await writer.drain()
        return headers.get("connection") != "close"
