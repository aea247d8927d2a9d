"""One cluster as an HTTP client sees it: the official client's credentials and TLS, its answers as they are sent.

Making objects of the answers, as the client does unless told otherwise, costs 28 times what parsing them does.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson
import urllib3
import yaml
from kubernetes import client, config
from kubernetes.config import kube_config

from annexlog.collectors import Page, Refused
from annexlog.collectors.headers import retry_after
from annexlog.collectors.kubernetes._options import Options
from annexlog.collectors.rest import bounded, dated, innermost, loopback
from annexlog.evidence_store.model import ConfigError

_REREAD = 60.0
"""Seconds after which a token file is read again: kubelets rotate it, and client-go reads it as often."""
_REASONS = {401: "unauthenticated", 403: "denied", 429: "throttled", 501: "unsupported"}
_JSON = "application/json"


class Expired(Refused):
    """A list took longer than the server remembers its beginning. `rest`: what asks for the rest, as it is now."""

    def __init__(self, code: str, message: str, rest: str) -> None:
        super().__init__("failed", code, message, again=False)
        self.rest = rest


@dataclass(frozen=True, slots=True)
class Cluster:
    """`name`: ours. `context`: of the kubeconfig file; None: that which this process runs in."""

    name: str
    context: str | None


def clusters(options: Options, where: str) -> list[Cluster]:
    """The clusters that are configured, by name. Raises ConfigError."""
    found = [Cluster(name, context) for name, context in sorted(options.clusters.items())]
    if options.in_cluster:
        if options.in_cluster in options.clusters:
            raise ConfigError(f"two clusters are called {options.in_cluster}.", where=f"{where}.in_cluster")
        found.append(Cluster(options.in_cluster, None))
    if not found:
        current = str(_kubeconfig(options, where).value.get("current-context") or "")
        if not current:
            raise ConfigError(
                "the kubeconfig file has no current context.",
                where=f"{where}.clusters",
                next='Say which cluster to look at: clusters = {prod = "CONTEXT"}.',
            )
        found.append(Cluster(current.replace("/", ":"), current))
    return found


class Connection:
    """A cluster's API server. Threads may use it at once. Raises ConfigError if it is not configured well."""

    def __init__(
        self, cluster: Cluster, options: Options, where: str, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._cluster, self._options = cluster, options
        self._where = f"{where}.clusters.{cluster.name}" if cluster.context else f"{where}.in_cluster"
        self._now = now
        self._renewing = threading.Lock()
        self._configuration: Any = None
        self._pool: urllib3.PoolManager | None = None
        self._since = 0.0
        self._rereads = False
        self._generation = 0
        self.connect()

    def connect(self) -> None:
        """Read the credentials, again if they were read before. Raises ConfigError."""
        configuration = client.Configuration()
        loading = self._in_cluster if self._cluster.context is None else self._of_context
        with _complaints() as said:
            try:
                loading(configuration)
            except (config.ConfigException, OSError, ValueError) as error:
                raise self._wrong(f"{error}") from None
        if said:
            raise self._wrong(f"the credentials cannot be had: {said[0]}")
        _check(configuration, self._where)
        configuration.retries = False  # the engine retries, and knows of rate and deadline
        configuration.connection_pool_maxsize = 64
        self._pool = client.ApiClient(configuration).rest_client.pool_manager
        self._configuration, self._since = configuration, self._now()
        self._generation += 1

    def _wrong(self, why: str) -> ConfigError:
        return ConfigError(f"{why.rstrip('.')}.", where=self._where, next="Try it with kubectl.")

    def _in_cluster(self, configuration: Any) -> None:
        config.load_incluster_config(client_configuration=configuration)

    def _of_context(self, configuration: Any) -> None:
        merged = _kubeconfig(self._options, self._where)
        loader = kube_config.KubeConfigLoader(merged, active_context=self._cluster.context)
        loader.load_and_set(configuration)
        user = _user(merged, self._cluster.context or "")
        self._rereads = "tokenFile" in user
        if "exec" in user and not (configuration.auth_settings() or configuration.cert_file):
            raise ValueError(f"{user['exec'].get('command', 'the credential plugin')} gave no credentials")

    @property
    def host(self) -> str:
        return str(self._configuration.host)

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

    def text(self, path: str) -> str:
        """The text at a path (`/metrics`). Raises Refused."""
        status, headers, body = self._once(path, None, "text/plain")
        if status != 200:
            raise refusal(status, headers, body)
        return body.decode("utf-8", "replace")

    def _reconnect(self, generation: int) -> None:
        """Read the credentials again, unless another thread has meanwhile. Raises Refused."""
        with self._renewing:
            if generation == self._generation:
                try:
                    self.connect()
                except ConfigError as error:
                    raise Refused("unauthenticated", "NoCredentials", str(error)) from None

    def _once(self, path: str, query: Mapping[str, str] | None, accept: str) -> tuple[int, Mapping[str, str], bytes]:
        if self._rereads and self._now() - self._since > _REREAD:
            self._reconnect(self._generation)
        pool, configuration = self._pool, self._configuration
        url = f"{configuration.host}{path}{'?' + urlencode(query) if query else ''}"
        headers = {"Accept": accept, "User-Agent": "annexlog", "Accept-Encoding": "gzip"}
        for auth in configuration.auth_settings().values():
            headers[auth["key"]] = auth["value"]
        timeout = urllib3.Timeout(connect=self._options.connect_timeout, read=self._options.read_timeout)
        try:
            answer = pool.request("GET", url, headers=headers, timeout=timeout, preload_content=False, redirect=False)  # type: ignore[union-attr]
            try:
                return answer.status, answer.headers, bounded(answer)
            finally:
                answer.release_conn()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Refused("failed", type(error).__name__, innermost(error)) from None

    def close(self) -> None:
        if self._pool is not None:
            self._pool.clear()


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


# ── configuration ─────────────────────────────────────────────────────────────────────────


def _kubeconfig(options: Options, where: str) -> Any:
    """The merged kubeconfig files. Raises ConfigError."""
    places = (
        str(Path(options.kubeconfig).expanduser()) if options.kubeconfig else kube_config.KUBE_CONFIG_DEFAULT_LOCATION
    )
    try:
        merged = kube_config.KubeConfigMerger(places).config
    except (config.ConfigException, yaml.YAMLError, OSError, ValueError, AttributeError, TypeError, KeyError) as error:
        raise ConfigError(f"{places} is no kubeconfig file: {error}.", where=f"{where}.kubeconfig") from None
    if merged is None:
        raise ConfigError(
            f"there is no kubeconfig file {places}.",
            where=f"{where}.kubeconfig",
            next='Name it: kubeconfig = "FILE"; inside a cluster: in_cluster = "NAME".',
        )
    return merged


def _user(merged: Any, context: str) -> Mapping[str, Any]:
    """The user's entry of a context; {} where it has none."""
    name = merged["contexts"].get_with_name(context)["context"].safe_get("user")
    found = merged["users"].get_with_name(name, safe=True) if name else None
    user = found["user"].value if found is not None and "user" in found else None
    return user if isinstance(user, dict) else {}


def _check(configuration: Any, where: str) -> None:
    """Raises ConfigError where what is sent could be read or changed on its way."""
    url = urlsplit(str(configuration.host))
    if url.scheme == "https" and not configuration.verify_ssl:
        raise ConfigError(
            "the context says insecure-skip-tls-verify, so anybody could answer in the cluster's place.",
            where=where,
            next="Put the cluster's certificate-authority-data into the kubeconfig file.",
        )
    if url.scheme != "https" and not loopback(url.hostname or ""):
        raise ConfigError(
            f"the server {configuration.host} is not reached by https.",
            where=where,
            next="Correct the context's server.",
        )


class _Kept(logging.Handler):
    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append(record.getMessage())


_complaining = threading.Lock()


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """What the client's loader says to the root logger instead of raising it: that a credential plugin failed."""
    said: list[str] = []
    handler = _Kept(said)
    with _complaining:
        root = logging.getLogger()
        others, root.handlers[:] = root.handlers[:], [handler]
        try:
            yield said
        finally:
            root.handlers[:] = others
