"""HTTP/1.1 as far as reading an API takes it: kept connections, one request, one whole answer in bounds.

http.client makes an e-mail message of an answer's headers, which costs more than sending and receiving it.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

_LINE = 1 << 16
"""Bytes of one line of an answer's head at most."""
_LINES = 256
_LARGEST = 1 << 28
"""Bytes of a body at most: AWS's largest answers are a few MB."""
_BARE = frozenset({204, 304})


class Unreachable(OSError):
    """No connection could be made."""


class ConnectTimeout(TimeoutError):
    """There was no connection in time."""


class Broken(OSError):
    """The connection ended, or said what is no HTTP, before the answer was whole."""


class Headers(dict[str, str]):
    """By name in lower case; asked for in any."""

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]  # as botocore asks
        return super().get(name.lower(), default)


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    status: int
    headers: Headers
    body: bytes


class Host:
    """A server, and the connections that are kept to it. Threads may ask at once.

    `tls`: None for plain HTTP. `timeouts`: seconds to connect, and to wait for each piece of an answer. `most`:
    connections that are kept.
    """

    def __init__(
        self, name: str, port: int, tls: ssl.SSLContext | None, timeouts: tuple[float, float], most: int
    ) -> None:
        self._at, self._tls, self._timeouts, self._most = (name, port), tls, timeouts, most
        self._idle: list[_Connection] = []
        self._lock = threading.Lock()
        weakref.finalize(self, _close, self._idle)

    def ask(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """One request. `headers`: all of them but Content-Length.

        Raises Unreachable, ConnectTimeout, TimeoutError, Broken, or ssl.SSLError.
        """
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        if body or method not in ("GET", "HEAD"):
            lines.append(f"Content-Length: {len(body)}")
        request = "\r\n".join((*lines, "", "")).encode("latin-1") + body
        if request.count(b"\r\n", 0, len(request) - len(body)) != len(lines) + 1:
            raise ValueError("a header has a line break")
        connection = self._kept() or self._opened()
        try:
            reply, again = connection.ask(request, method)
        except BaseException:
            connection.close()
            raise
        self._keep(connection) if again else connection.close()
        return reply

    def _kept(self) -> _Connection | None:
        with self._lock:
            while self._idle:
                connection = self._idle.pop()
                if connection.quiet():
                    return connection
                connection.close()  # it was idle for too long, and the server has ended it
        return None

    def _keep(self, connection: _Connection) -> None:
        with self._lock:
            if len(self._idle) < self._most:
                self._idle.append(connection)
                return
        connection.close()

    def _opened(self) -> _Connection:
        connect, read = self._timeouts
        try:
            found = socket.create_connection(self._at, connect)
        except TimeoutError as error:
            raise ConnectTimeout(*error.args) from error
        except OSError as error:
            raise Unreachable(*error.args) from error
        try:
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                found = self._tls.wrap_socket(found, server_hostname=self._at[0])
            found.settimeout(read)
        except TimeoutError as error:
            found.close()
            raise ConnectTimeout(*error.args) from error
        except BaseException:
            found.close()
            raise
        return _Connection(found)

    def close(self) -> None:
        """End the connections that nobody uses."""
        with self._lock:
            _close(self._idle)


def _close(idle: list[_Connection]) -> None:
    while idle:
        idle.pop().close()


class _Connection:
    def __init__(self, found: socket.socket) -> None:
        self._socket = found
        self._file: BinaryIO = found.makefile("rb")

    def quiet(self) -> bool:
        """Whether nothing came since the last answer: what comes unasked is the end."""
        try:
            poll = select.poll()
            poll.register(self._socket, select.POLLIN)
            return not poll.poll(0)
        except (OSError, ValueError):
            return False

    def ask(self, request: bytes, method: str) -> tuple[Reply, bool]:
        """The answer, and whether the connection may be used again."""
        try:
            self._socket.sendall(request)
            status, headers = self._head()
            while status < 200:
                status, headers = self._head()
            body, ended = (b"", False) if method == "HEAD" or status in _BARE else self._body(headers)
        except (TimeoutError, Broken, ssl.SSLError):
            raise
        except (OSError, ValueError) as error:
            raise Broken(str(error)) from error
        return Reply(status, headers, body), not ended and (headers.get("connection") or "").lower() != "close"

    def _head(self) -> tuple[int, Headers]:
        first = self._file.readline(_LINE)
        parts = first.split(None, 2)
        if len(parts) < 2 or not parts[0].startswith(b"HTTP/1.") or not first.endswith(b"\n"):
            raise Broken("no answer" if not first else "no HTTP answer")
        headers = Headers()
        for line in self._lines():
            name, colon, value = line.partition(":")
            if not colon or name != name.strip():
                raise Broken("a header is none")
            headers[name.lower()] = value.strip()
        if parts[0] == b"HTTP/1.0":
            headers.setdefault("connection", "close")
        return int(parts[1]), headers

    def _lines(self) -> Iterator[str]:
        for _ in range(_LINES):
            line = self._file.readline(_LINE)
            if line in (b"\r\n", b"\n"):
                return
            if not line.endswith(b"\n"):
                raise Broken("the head of the answer was cut")
            yield line.decode("latin-1")
        raise Broken("the head of the answer has no end")

    def _body(self, headers: Headers) -> tuple[bytes, bool]:
        """The body, and whether its end was that of the connection."""
        if "chunked" in (headers.get("transfer-encoding") or "").lower():
            return self._chunks(), False
        length = headers.get("content-length")
        if length is not None:
            return self._exactly(int(length)), False
        body = self._file.read(_LARGEST + 1)
        if len(body) > _LARGEST:
            raise Broken("the answer is too large")
        return body, True

    def _exactly(self, length: int) -> bytes:
        if not 0 <= length <= _LARGEST:
            raise Broken("the answer is too large")
        body = self._file.read(length)
        if len(body) < length:
            raise Broken(f"{len(body)} of {length} bytes came")
        return body

    def _chunks(self) -> bytes:
        pieces: list[bytes] = []
        left = _LARGEST
        while True:
            size = int(self._file.readline(_LINE).partition(b";")[0], 16)
            if size == 0:
                for _ in self._lines():  # what follows the last chunk says nothing of the answer
                    pass
                return b"".join(pieces)
            left -= size
            if left < 0:
                raise Broken("the answer is too large")
            pieces.append(self._exactly(size))
            if self._file.readline(_LINE).strip():
                raise Broken("a chunk has no end")

    def close(self) -> None:
        self._file.close()
        self._socket.close()
