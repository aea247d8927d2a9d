"""One HTTP request with bounds: verified TLS, no redirects, an answer of limited size within a limited time."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from annexlog import __version__
from annexlog.anchors import Refused

MAX_BODY = 64 * 1024
"""An answer is never longer, in bytes."""


@dataclass(frozen=True, slots=True)
class Reply:
    """`headers` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Way:
    """How to reach a server. `ca_file`: the certificates that vouch for it, instead of the system's. `proxy`: its URL;
    without one, what the environment says (HTTPS_PROXY, NO_PROXY …).
    """

    timeout: float
    ca_file: Path | None = None
    proxy: str = ""

    def tls(self) -> ssl.SSLContext:
        """Raises Refused if the certificates cannot be read."""
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ssl.SSLError):
            raise Refused("failed", f"{self.ca_file} holds no certificates", next="Correct ca_file.") from None


def checked_url(url: str, *, plain: bool = False) -> SplitResult:
    """A URL to post to. `plain`: http will do. Raises ValueError."""
    parts = urlsplit(url)
    schemes = ("https", "http") if plain else ("https",)
    if parts.scheme not in schemes or not parts.hostname:
        raise ValueError(f"the URL must begin with {':// or '.join(schemes)}://")
    if parts.username or parts.password:
        raise ValueError("the URL holds a user name or password; name an environment variable in headers_env instead")
    return parts


def post(url: str, body: bytes, headers: Mapping[str, str], way: Way) -> Reply:
    """Raises Refused: no connection, no TLS, no answer in time, one that is too long. Any status is an answer."""
    parts = checked_url(url, plain=True)
    connection, target, more = _connection(parts, way)
    sent = {"User-Agent": f"annexlog/{__version__}", "Connection": "close", **more, **headers}
    with limited(way.timeout, lambda: connection.sock, str(parts.hostname)):
        try:
            connection.request("POST", target, body, sent)
            answer = connection.getresponse()
            data = answer.read(MAX_BODY + 1)
        except http.client.HTTPException as error:
            raise Refused("unreadable", f"{parts.hostname} did not answer in HTTP ({type(error).__name__})") from None
        finally:
            connection.close()
    if len(data) > MAX_BODY:
        raise Refused("unreadable", f"the answer of {parts.hostname} is longer than {MAX_BODY} bytes")
    return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, data)


def _connection(parts: SplitResult, way: Way) -> tuple[http.client.HTTPConnection, str, dict[str, str]]:
    """The connection, what to ask for on it, and headers that the way needs."""
    host, port = str(parts.hostname), parts.port
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    proxy = _proxy(parts.scheme, host, way)
    login = _login(proxy) if proxy else {}
    via = (str(proxy.hostname), proxy.port or 3128) if proxy else None
    if parts.scheme == "http":
        if via:
            return http.client.HTTPConnection(*via, timeout=way.timeout), f"http://{parts.netloc}{target}", login
        return http.client.HTTPConnection(host, port, timeout=way.timeout), target, {}
    if via:
        tunnel = http.client.HTTPSConnection(*via, timeout=way.timeout, context=way.tls())
        tunnel.set_tunnel(host, port, login)
        return tunnel, target, {}
    return http.client.HTTPSConnection(host, port, timeout=way.timeout, context=way.tls()), target, {}


def _proxy(scheme: str, host: str, way: Way) -> SplitResult | None:
    url = way.proxy or ("" if proxy_bypass(host) else getproxies().get(scheme, ""))
    if not url:
        return None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme != "http" or not parts.hostname:
        raise Refused("failed", "the proxy's URL does not begin with http://", next="Correct proxy.")
    return parts


def _login(proxy: SplitResult) -> dict[str, str]:
    if not proxy.username:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


@contextmanager
def limited(seconds: float, sock: Callable[[], socket.socket | None], host: str) -> Iterator[None]:
    """Bound all that is done on a socket in time, however slowly the other side goes on; network errors are Refused."""
    late = threading.Event()

    def end() -> None:
        late.set()
        found = sock()
        if found is not None:
            with suppress(OSError):
                found.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    over = Refused("deadline", f"{host} did not answer within {seconds:g} s")
    try:
        yield
        if late.is_set():  # cut short, an answer may look like a whole one
            raise over
    except Refused:
        if late.is_set():
            raise over from None
        raise
    except ssl.SSLCertVerificationError as error:
        raise Refused("failed", f"the certificate of {host} does not verify: {error.verify_message}",
                      code="certificate", next="Set ca_file.") from None  # fmt: skip
    except OSError as error:
        if late.is_set() or isinstance(error, TimeoutError):
            raise over from None
        why = error.strerror or type(error).__name__
        raise Refused("failed", f"{host} cannot be reached: {why}") from None
    finally:
        timer.cancel()


STATUSES = {
    401: "unauthenticated",
    403: "denied",
    404: "denied",
    407: "unauthenticated",
    429: "throttled",
}
"""What an HTTP status means; any other that is not a success means that it failed."""


def refuse(reply: Reply, host: str) -> Refused:
    reason = STATUSES.get(reply.status, "failed")
    return Refused(reason, f"{host} answered with status {reply.status}", code=str(reply.status))
