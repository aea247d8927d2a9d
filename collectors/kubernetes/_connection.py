"""One cluster as an HTTP client sees it: the official client's credentials and TLS, its answers as they are sent.

Making objects of the answers, as the client does unless told otherwise, costs 28 times what parsing them does.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import orjson
import urllib3
from cryptography.x509 import load_der_x509_certificate
from kubernetes import client, config
from kubernetes.config import incluster_config

from annexlog.collectors import Page, Refused
from annexlog.collectors.headers import retry_after
from annexlog.collectors.kubernetes._kubeconfig import Cluster, context_of
from annexlog.collectors.kubernetes._options import Options
from annexlog.collectors.rest import bounded, dated, innermost
from annexlog.evidence_store.model import ConfigError

_REREAD = 60.0
"""Seconds after which a token file is read again: kubelets rotate it, and client-go reads it as often. Credentials that
could not be had are asked for as often."""
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds the token and the authority of its service account."""
_REASONS = {401: "unauthenticated", 403: "denied", 429: "throttled", 501: "unsupported"}
_JSON = "application/json"


class Expired(Refused):
    """A list took longer than the server remembers its beginning. `rest`: what asks for the rest, as it is now."""

    def __init__(self, code: str, message: str, rest: str) -> None:
        super().__init__("failed", code, message, again=False)
        self.rest = rest


class Connection:
    """A cluster's API server. Threads may use it at once. Raises ConfigError if it is not configured well.

    Credentials that cannot be had (a plugin fails, a file is not there) are a refusal of this cluster's requests: what
    else a target names is looked at all the same.
    """

    def __init__(
        self,
        cluster: Cluster,
        options: Options,
        where: str,
        *,
        account: Path = ACCOUNT,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cluster, self._options = cluster, options
        self._where = f"{where}.clusters.{cluster.name}" if cluster.context else f"{where}.in_cluster"
        self._account, self._now = account, now
        self._renewing = threading.Lock()
        self._configuration: Any = None
        self._pool: urllib3.PoolManager | None = None
        self._failed: Refused | None = None
        self._since = 0.0
        self._rereads = False
        self._generation = 0
        self.host = ""
        with suppress(Refused):  # it is kept, and said of what is asked
            self._connect()

    def _connect(self) -> None:
        """Read the credentials, again if they were read before. Raises ConfigError, Refused (unauthenticated)."""
        configuration = client.Configuration()
        self._since, self._generation = self._now(), self._generation + 1
        try:
            self._pool, self._failed = None, None
            (self._in_cluster if self._cluster.context is None else self._of_context)(configuration)
            configuration.refresh_api_key_hook = None  # after a 401, all is read again
            self._through(configuration)
            configuration.retries = False  # the engine retries, and knows of rate and deadline
            configuration.connection_pool_maxsize = 64
            self._pool = client.ApiClient(configuration).rest_client.pool_manager
        except Refused as refused:
            self._failed = refused
            raise
        except (ImportError, ValueError, urllib3.exceptions.HTTPError) as error:  # a proxy that nobody speaks to
            raise self._wrong(str(error)) from None
        self._configuration = configuration

    def _through(self, configuration: Any) -> None:
        """Have the proxy, if there is one, told who asks: urllib3 does not read it from the URL. Raises ConfigError."""
        url = urlsplit(str(configuration.proxy or ""))
        if url.scheme.startswith("socks") and find_spec("socks") is None:
            raise self._wrong(f"the proxy {url.hostname} speaks SOCKS, for which the package PySocks is missing")
        if url.username is not None:
            named = f"{unquote(url.username)}:{unquote(url.password or '')}"
            configuration.proxy_headers = urllib3.make_headers(proxy_basic_auth=named)

    def _wrong(self, why: str) -> ConfigError:
        return ConfigError(f"{why.rstrip('.')}.", where=self._where, next="Try it with kubectl.")

    def _in_cluster(self, configuration: Any) -> None:
        token, authority = self._account / "token", self._account / "ca.crt"
        loader = incluster_config.InClusterConfigLoader(str(token), str(authority), try_refresh_token=False)
        try:
            loader.load_and_set(configuration)
        except (config.ConfigException, OSError) as error:
            raise self._wrong(str(error)) from None
        self.host, self._rereads = str(configuration.host), True

    def _of_context(self, configuration: Any) -> None:
        found = context_of(self._options, self._where, self._cluster.context or "")
        self.host, self._rereads = found.server, "tokenFile" in found.user
        try:
            said = found.load(configuration)
        except (config.ConfigException, OSError, ValueError) as error:
            said = str(error)
        if said:
            raise Refused("unauthenticated", "NoCredentials", f"{self._where}: {said}")

    # ── requests ──────────────────────────────────────────────────────────────────────────

    def get(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        accept: str = _JSON,
        read: Callable[[bytes], Any] = orjson.loads,
    ) -> Page:
        """One GET; its body is JSON, as `read` reads it. Raises Refused; after a 401 the credentials are read again, once."""
        generation = self._generation
        status, headers, body = self._once(path, query, accept)
        if status == 401:
            self._reconnect(generation)
            status, headers, body = self._once(path, query, accept)
        date = dated(headers.get("Date", ""))
        if status != 200:
            raise refusal(status, headers, body)
        try:
            return Page(read(body), headers.get("Audit-Id", ""), date)
        except ValueError as error:
            raise Refused("unreadable", "NotJSON", str(error)) from None

    def certificate(self, path: str) -> Page:
        """The certificate that the server shows whoever asks for a path: `{issuer, not_before, not_after}`, RFC 3339.

        Raises Refused.
        """
        shown: list[bytes] = []
        self._once(path, None, _JSON, shown)
        if not shown:
            raise Refused("unsupported", "NoTLS", "the server was not asked over TLS")
        found = load_der_x509_certificate(shown[0])
        times = {"not_before": found.not_valid_before_utc, "not_after": found.not_valid_after_utc}
        body = {name: f"{moment:%Y-%m-%dT%H:%M:%SZ}" for name, moment in times.items()}
        return Page({"issuer": found.issuer.rfc4514_string(), **body})

    def _reconnect(self, generation: int) -> None:
        """Read the credentials again, unless another thread has meanwhile. Raises Refused."""
        with self._renewing:
            if generation == self._generation:
                try:
                    self._connect()
                except ConfigError as error:
                    self._failed = Refused("unauthenticated", "NoCredentials", str(error))
            if self._failed is not None:
                raise self._failed

    def _once(
        self, path: str, query: Mapping[str, str] | None, accept: str, shown: list[bytes] | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """`shown`: takes the server's certificate, in DER."""
        if (self._rereads or self._failed) and self._now() - self._since > _REREAD:
            self._reconnect(self._generation)
        pool, configuration = self._pool, self._configuration
        if self._failed is not None or pool is None:
            raise self._failed or Refused("unauthenticated", "NoCredentials")
        url = f"{self.host}{path}{'?' + urlencode(query) if query else ''}"
        headers = {"Accept": accept, "User-Agent": "annexlog", "Accept-Encoding": "gzip"}
        for auth in configuration.auth_settings().values():
            headers[auth["key"]] = auth["value"]
        timeout = urllib3.Timeout(connect=self._options.connect_timeout, read=self._options.read_timeout)
        try:
            answer = pool.request("GET", url, headers=headers, timeout=timeout, preload_content=False, redirect=False)
            try:
                if shown is not None:
                    shown += filter(None, [_certificate(answer.connection)])
                return answer.status, answer.headers, bounded(answer)
            finally:
                answer.release_conn()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Refused("failed", type(error).__name__, innermost(error)) from None

    def close(self) -> None:
        if self._pool is not None:
            self._pool.clear()


def _certificate(connection: Any) -> bytes | None:
    """What the far side of a connection showed; None without TLS."""
    socket = getattr(connection, "sock", None)
    return socket.getpeercert(binary_form=True) if isinstance(socket, ssl.SSLSocket) else None


# ── answers ───────────────────────────────────────────────────────────────────────────────


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> Refused:
    """What an answer of this status refuses. Source: the API's `Status` object, and its `reason` constants."""
    try:
        said = orjson.loads(body)
    except ValueError:
        said = None
    said = said if isinstance(said, dict) and said.get("kind") == "Status" else {}
    details = said.get("details")
    after = float(details.get("retryAfterSeconds") or 0) if isinstance(details, dict) else 0.0
    code = str(said.get("reason") or status)
    reason = _REASONS.get(status, "failed")
    again = False if reason == "failed" and 300 <= status < 500 else None
    message, after = str(said.get("message") or "")[:1000], max(after, retry_after(headers))
    if status == 410:
        meta = said.get("metadata")
        return Expired(code, message, str(meta.get("continue") or "") if isinstance(meta, dict) else "")
    return Refused(reason, code, message, again=again, after=after)
