"""What anchors have in common that are reached by HTTP: secret headers, certificates, a proxy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from annexlog.anchors import Anchor, environment
from annexlog.anchors.asking import Reply, Way, post

_HEADER = re.compile(r"[A-Za-z0-9-]+")


class Web(Anchor, frozen=True, kw_only=True):
    """`headers_env`: of each header, the name of the environment variable that holds its value. `ca_file`: the
    certificates (PEM) that vouch for the server, instead of the system's. `proxy`: its URL; HTTPS_PROXY by default.
    """

    headers_env: dict[str, str] = msgspec.field(default_factory=dict)
    ca_file: str = ""
    proxy: str = ""

    def check(self) -> None:
        super().check()
        for name in self.headers_env:
            if not _HEADER.fullmatch(name):
                raise ValueError(f"{name!r} is not the name of a header")
        if "@" in self.proxy:
            raise ValueError("the proxy's password belongs in the environment variable HTTPS_PROXY")

    def ready(self, folder: Path) -> None:
        self.secrets()
        self._way(folder).tls()

    def secrets(self) -> Mapping[str, str]:
        """The secret headers. Raises Refused if a variable is not set."""
        return {name: environment(variable) for name, variable in self.headers_env.items()}

    def _way(self, folder: Path) -> Way:
        return Way(self.timeout, folder / self.ca_file if self.ca_file else None, self.proxy)

    def post(self, url: str, body: bytes, content_type: str, folder: Path) -> Reply:
        """Raises Refused; any status is an answer."""
        return post(url, body, {"Content-Type": content_type, **self.secrets()}, self._way(folder))


def signed_answers(url: str, headers: Mapping[str, str]) -> None:
    """Check the URL of a server whose answers are signed: http will do, unless secrets are sent. Raises ValueError."""
    if headers and not url.startswith("https:"):
        raise ValueError("headers_env needs an https URL: over http anyone could read what it sends")
