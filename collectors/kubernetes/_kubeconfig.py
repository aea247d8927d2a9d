"""Which clusters a target names, and what the kubeconfig file says of each: where it is, and who asks."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from kubernetes import config
from kubernetes.config import kube_config

from annexlog.collectors.kubernetes._options import Options
from annexlog.collectors.rest import loopback
from annexlog.evidence_store.model import ConfigError


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


@dataclass(frozen=True, slots=True)
class Context:
    """A context of the kubeconfig file: `server`, and the entry of its `user`."""

    server: str
    user: Mapping[str, Any]
    _loader: Any

    def load(self, configuration: Any) -> str:
        """Put server, authority and credentials into the client's configuration; returns what it complains of.

        A credential plugin is run. Raises ConfigException, OSError, ValueError.
        """
        with _complaints() as said:
            self._loader.load_and_set(configuration)
        if said:
            return f"the credentials cannot be had: {said[0]}"
        if "exec" in self.user and not (configuration.auth_settings() or configuration.cert_file):
            return f"{self.user['exec'].get('command', 'the credential plugin')} gave no credentials"
        return ""


def context_of(options: Options, where: str, name: str) -> Context:
    """Raises ConfigError, also where what is sent could be read or changed on its way. No credentials are read yet."""
    merged = _kubeconfig(options, where)
    try:
        beside: Any = None  # paths are of the file that they stand in
        loader = kube_config.KubeConfigLoader(merged, config_base_path=beside, active_context=name)
        context = merged["contexts"].get_with_name(name)["context"]
        cluster = merged["clusters"].get_with_name(context["cluster"])["cluster"]
        server = str(cluster["server"])
    except (config.ConfigException, TypeError, KeyError) as error:
        raise ConfigError(f"{error}".rstrip(".") + ".", where=where, next="Try it with kubectl.") from None
    _check(server, where, verified=not cluster.safe_get("insecure-skip-tls-verify"))
    found = merged["users"].get_with_name(context.safe_get("user"), safe=True) if context.safe_get("user") else None
    user = found["user"].value if found is not None and "user" in found else None
    return Context(server.rstrip("/"), user if isinstance(user, dict) else {}, loader)


def _check(server: str, where: str, *, verified: bool) -> None:
    """Raises ConfigError."""
    url = urlsplit(server)
    if url.scheme == "https" and not verified:
        raise ConfigError(
            "the context says insecure-skip-tls-verify, so anybody could answer in the cluster's place.",
            where=where,
            next="Put the cluster's certificate-authority-data into the kubeconfig file.",
        )
    if url.scheme != "https" and not loopback(url.hostname or ""):
        raise ConfigError(
            f"the server {server} is not reached by https.",
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
