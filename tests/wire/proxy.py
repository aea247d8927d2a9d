"""An HTTP proxy that passes everything on and keeps what it was asked for: `CONNECT host:port`, or a whole URL."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import urlsplit


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_CONNECT(self) -> None:
        self.server.proxy.asked.append((f"CONNECT {self.path}", self.headers.get("Proxy-Authorization", "")))
        host, _, port = self.path.rpartition(":")
        with contextlib.closing(socket.create_connection((host, int(port)), 5)) as far:
            self.send_response(200)
            self.end_headers()
            self._pass_on(far)
        self.close_connection = True

    def _pass_on(self, far: socket.socket) -> None:
        """Whatever either side says, until one of them has no more to say."""
        while ready := select.select([self.connection, far], [], [], 5)[0]:
            for one in ready:
                said = one.recv(65536)
                if not said:
                    return
                (far if one is self.connection else self.connection).sendall(said)

    def do_GET(self) -> None:
        self.server.proxy.asked.append((self.path, self.headers.get("Proxy-Authorization", "")))
        url = urlsplit(self.path)
        far = HTTPConnection(url.hostname or "", url.port, timeout=5)
        try:
            far.request("GET", f"{url.path}?{url.query}", headers=dict(self.headers))
            answer = far.getresponse()
            body = answer.read()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        finally:
            far.close()

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    proxy: Proxy


class Proxy:
    """A running proxy. `asked`: (what for, with which credentials), in order."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.host}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()
