"""The short way of an ordinary request: signed, sent and read here; whatever is out of the ordinary goes botocore's way.

botocore builds a request and an answer of some thirty objects each, and asks its hooks ten times in between. Requests
that read need none of that, and an organization makes hundreds of thousands of them.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.httpsession import get_cert_path
from botocore.model import OperationModel
from botocore.utils import get_environ_proxies

from annexlog.collectors.aws import _http
from annexlog.collectors.aws._bodies import Parsers
from annexlog.collectors.aws._credentials import Current
from annexlog.collectors.aws._signing import signed

_SIGNED = frozenset({"v4", "s3v4"})
_ELSEWHERE = frozenset({301, 302, 307, 308, 400})
"""What S3 says of a bucket in another region: botocore knows where to ask then."""
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Answer:
    """What botocore's hooks want to know of an answer."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    raw: object


class Sender:
    """A handler of botocore's `before-call`: gives the answer, or None where botocore is to ask itself.

    Connections are kept a host, for all clients. `timeouts`: seconds to connect and to read. `ca`: a file of
    certificates; None: those that botocore trusts.
    """

    def __init__(self, parsers: Parsers, timeouts: tuple[float, float], ca: str | None, connections: int) -> None:
        self._parsers, self._timeouts, self._connections, self._ca = parsers, timeouts, connections, ca
        self._credentials = Current()
        self._hosts: dict[tuple[str, str], _http.Host | None] = {}
        self._lock = threading.Lock()
        self._tls: ssl.SSLContext | None = None

    def __call__(
        self,
        model: OperationModel,
        params: dict[str, Any],
        request_signer: Any,
        context: Mapping[str, Any],
        **_: Any,
    ) -> tuple[Answer, dict[str, Any]] | None:
        """`params`: the request, as botocore has made it. Raises ClientError, and what botocore raises of the wire."""
        signing = context.get("signing") or {}
        if not _ordinary(model, context, signing, request_signer):
            return None
        scheme, host, path, query, _ = urlsplit(params["url"])
        server = self._hosts.get((scheme, host)) or self._host(scheme, host)
        if server is None:
            return None
        body = params["body"]
        body = urlencode(body).encode() if type(body) is dict else body.encode() if type(body) is str else body or b""
        headers = {k: v.decode() if type(v) is bytes else v for k, v in params["headers"].items()}
        region = signing.get("region") or request_signer.region_name
        service = signing.get("signing_name") or request_signer.signing_name
        credentials = self._credentials.get_frozen_credentials()
        target, method, named = path or "/", params["method"], _named(scheme, host)
        told = signed(method, named, target, query, headers, body, credentials, region, service, time.time())
        told = {"Host": named, "Accept-Encoding": "identity", **told}
        reply = _asked(server, method, f"{target}?{query}" if query else target, told, body, params["url"])
        if service == "s3" and reply.status in _ELSEWHERE:
            if forget := context.get("forget_endpoints"):
                forget()
            return None
        return self._read(model, reply)

    def _read(self, model: OperationModel, reply: _http.Reply) -> tuple[Answer, dict[str, Any]]:
        said = {
            "headers": reply.headers,
            "status_code": reply.status,
            "body": reply.body,
            "context": {"operation_name": model.name},
        }
        parser = self._parsers.create_parser(model.service_model.resolved_protocol)
        parsed: dict[str, Any] = parser.parse(said, model.output_shape)
        if reply.status >= 300:
            raise ClientError(parsed, model.name)  # type: ignore[arg-type]  # it is what botocore raises it with
        return Answer(reply.status, reply.headers, reply.body, reply), parsed

    # ── connections ───────────────────────────────────────────────────────────────────────

    def _host(self, scheme: str, host: str) -> _http.Host | None:
        """The server that a URL names; None where a proxy stands before it."""
        with self._lock:
            if (scheme, host) not in self._hosts:
                self._hosts[scheme, host] = self._opened(scheme, host)
            return self._hosts[scheme, host]

    def _opened(self, scheme: str, host: str) -> _http.Host | None:
        at = urlsplit(f"//{host}")
        if get_environ_proxies(f"{scheme}://{host}") or not at.hostname:
            return None
        if scheme == "https" and self._tls is None:  # read once: it takes longer than a request
            self._tls = ssl.create_default_context(cafile=self._ca or get_cert_path(True))
        tls = self._tls if scheme == "https" else None
        return _http.Host(at.hostname, at.port or _PORTS[scheme], tls, self._timeouts, self._connections)

    def close(self) -> None:
        with self._lock:
            for host in self._hosts.values():
                if host is not None:
                    host.close()
            self._hosts.clear()


def _ordinary(
    model: OperationModel, context: Mapping[str, Any], signing: Mapping[str, Any], request_signer: Any
) -> bool:
    """Whether a request is signed by its headers alone, says nothing but its parameters, and is answered at once."""
    kind = context.get("auth_type") or request_signer.signature_version
    return (
        kind in _SIGNED
        and not context.get("unsigned_payload")
        and signing.keys() <= {"region", "signing_name", "disableDoubleEncoding"}
        and not model.has_streaming_input
        and not model.has_streaming_output
        and not model.has_event_stream_output
        and not model.http_checksum_required
        and not model.http_checksum
        and not model.request_compression
    )


def _named(scheme: str, host: str) -> str:
    name, _, port = host.rpartition(":")
    return name if port.isdigit() and int(port) == _PORTS.get(scheme) else host


def _asked(
    server: _http.Host, method: str, target: str, headers: Mapping[str, str], body: bytes, url: str
) -> _http.Reply:
    """One request and its whole answer. Raises what botocore raises of the wire."""
    try:
        return server.ask(method, target, headers, body)
    except ssl.SSLError as error:
        raise SSLError(endpoint_url=url, error=error) from error
    except _http.ConnectTimeout as error:
        raise ConnectTimeoutError(endpoint_url=url, error=error) from error
    except TimeoutError as error:
        raise ReadTimeoutError(endpoint_url=url, error=error) from error
    except _http.Unreachable as error:
        raise EndpointConnectionError(endpoint_url=url, error=error) from error
    except _http.Broken as error:
        raise ConnectionClosedError(endpoint_url=url, error=error) from error
