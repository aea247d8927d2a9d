"""Connections to one LDAP server: TLS that is verified, signed in, each used by one search at a time."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ParamSpec, Protocol, TypeVar

from annexlog.collectors import Refused
from annexlog.collectors.ldap import _ber as ber
from annexlog.collectors.ldap import _messages as ldap
from annexlog.collectors.ldap._refusals import refusal

_SLICE = 1 << 16
P = ParamSpec("P")
T = TypeVar("T")


class Signing(Protocol):
    """What makes the request by which a connection signs in; None: it stays anonymous."""

    def __call__(self) -> bytes | None: ...


class Server:
    """One server's address, and how it is reached. `tls`: "ldaps", "starttls", or "" for none."""

    def __init__(
        self, host: str, port: int, tls: str, context: ssl.SSLContext | None, timeouts: tuple[float, float]
    ) -> None:
        self.host, self.port, self.tls, self._context, self._timeouts = host, port, tls, context, timeouts

    def connect(self, signing: Signing) -> Connection:
        """A connection that is signed in. Raises Refused."""
        connecting, reading = self._timeouts
        try:
            plain = socket.create_connection((self.host, self.port), connecting)
        except OSError as error:
            raise Refused("failed", type(error).__name__, str(error)) from None
        plain.settimeout(reading)
        connection = Connection(plain)
        try:
            if self.tls == "ldaps":
                connection.wrap(self._context, self.host)
            elif self.tls == "starttls":
                connection.ask_one(ldap.extended(ldap.START_TLS), ldap.ANSWERED)
                connection.wrap(self._context, self.host)
            request = signing()
            if request is not None:
                connection.ask_one(request, ldap.BOUND)
        except BaseException:
            connection.close()
            raise
        return connection


class Connection:
    """One connection; not for several threads at once. Every method raises Refused, after which it is of no use."""

    def __init__(self, plain: socket.socket) -> None:
        self._socket = plain
        self._read = bytearray()
        self._id = 0

    def wrap(self, context: ssl.SSLContext | None, host: str) -> None:
        """TLS from here on. Bytes that came before it are not believed: they could be anybody's."""
        if self._read:
            raise Refused("unreadable", "BytesBeforeTLS", "the server spoke before TLS was there", again=False)
        try:
            self._socket = (context or ssl.create_default_context()).wrap_socket(self._socket, server_hostname=host)
        except ssl.SSLCertVerificationError as error:
            raise Refused("failed", "SSLCertVerificationError", error.verify_message, again=False) from None
        except OSError as error:
            raise Refused("failed", type(error).__name__, str(error)) from None

    def certificate(self) -> Mapping[str, object]:
        """Of the server, as ssl tells it; {} without TLS."""
        return self._socket.getpeercert() or {} if isinstance(self._socket, ssl.SSLSocket) else {}

    def ask_one(self, request: bytes, answered: int) -> ldap.Result:
        """A request with one answer, which must be a success."""
        result = self.result_of(request, answered)
        if result.code != 0:
            raise refusal(result)
        return result

    def result_of(self, request: bytes, answered: int) -> ldap.Result:
        """A request with one answer, whatever it says."""
        for tag, content, controls in self._answers(request, ()):
            if tag == answered:
                return _read(ldap.result, content, controls)
        raise Refused("unreadable", "OtherAnswer", "the server answered something else")

    def search(self, request: bytes, controls: Sequence[bytes]) -> tuple[list[ldap.Entry], ldap.Result, bool]:
        """(entries, how it ended, whether parts of the answer are said to be elsewhere)."""
        entries, elsewhere = list[ldap.Entry](), False
        for tag, content, held in self._answers(request, controls):
            if tag == ldap.ENTRY:
                entries.append(_read(ldap.entry, content))
            elif tag == ldap.REFERENCE:
                elsewhere = True
            elif tag == ldap.DONE:
                return entries, _read(ldap.result, content, held), elsewhere
        raise Refused("unreadable", "OtherAnswer", "the server answered something else")

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendall(ldap.message(self._id + 1, ldap.unbind()))
        self._socket.close()

    # ── underneath ────────────────────────────────────────────────────────────────────────

    def _answers(self, request: bytes, controls: Sequence[bytes]) -> Iterator[tuple[int, bytes, Mapping[str, bytes]]]:
        self._id += 1
        try:
            self._socket.sendall(ldap.message(self._id, request, controls))
            while True:
                id, tag, content, held = _read(ldap.opened, self._message())
                if id == 0:  # a notice that the server hangs up
                    raise Refused("failed", "Disconnected", "the server ends the connection")
                if id != self._id:
                    raise Refused("unreadable", "OtherAnswer", "an answer to what was not asked")
                yield tag, content, held
        except OSError as error:
            raise Refused("failed", type(error).__name__, str(error)) from None

    def _message(self) -> bytes:
        """The next message, as it came."""
        while True:
            found = _read(ber.header, bytes(self._read[:6]))
            if found and len(self._read) >= sum(found):
                whole = bytes(self._read[: sum(found)])
                del self._read[: sum(found)]
                return whole
            part = self._socket.recv(_SLICE)
            if not part:
                raise Refused("failed", "Disconnected", "the server ended the connection")
            self._read += part


def _read(how: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What bytes say. Raises Refused (unreadable)."""
    try:
        return how(*args, **kwargs)
    except ber.Malformed as error:
        raise Refused("unreadable", "Malformed", str(error)) from None


class Pool:
    """Connections that are signed in and wait for the next search. Threads may use it at once."""

    def __init__(self, server: Server, signing: Signing) -> None:
        self._server, self._signing = server, signing
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._busy: set[Connection] = set()

    def take(self) -> Connection:
        """Raises Refused."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        connection = connection or self._server.connect(self._signing)
        with self._lock:
            self._busy.add(connection)
        return connection

    def give(self, connection: Connection) -> None:
        """It can be used again."""
        with self._lock:
            self._busy.discard(connection)
            self._idle.append(connection)

    def drop(self, connection: Connection) -> None:
        """It cannot be used again, nor are those trusted that lie idle: the server may have gone meanwhile."""
        with self._lock:
            self._busy.discard(connection)
            gone, self._idle = [connection, *self._idle], []
        for one in gone:
            one.close()

    def close(self) -> None:
        with self._lock:
            gone, self._idle, self._busy = [*self._idle, *self._busy], [], set()
        for one in gone:
            one.close()
