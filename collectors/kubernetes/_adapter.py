"""Kubernetes as the engine sees it: clusters are scopes, lists are pages, whatever the cluster calls them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from annexlog.collectors import Call, Caller, Discovery, Page, Refused, Scope
from annexlog.collectors.kubernetes._connection import ACCOUNT, Connection, Expired
from annexlog.collectors.kubernetes._kinds import NAMESPACE, SECRETS
from annexlog.collectors.kubernetes._kubeconfig import Cluster, clusters
from annexlog.collectors.kubernetes._objects import bare, objects
from annexlog.collectors.kubernetes._options import Options
from annexlog.collectors.kubernetes._served import Kind, Served

LIMIT: Final = "500"
"""Objects of a page: kubectl's number, which API servers are sized for."""
METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""A list of objects without their content: of Secrets, nothing else is ever asked for."""


def stripped(item: Any) -> None:
    """Leave out of an object what repeats it. Raises Refused (unreadable) if it is none."""
    meta = item.get("metadata") if isinstance(item, dict) else None
    if not isinstance(meta, dict):
        raise Refused("unreadable", "NotAnObject", "an object has no metadata")
    bare(meta)


class Kubernetes:
    """The clusters of one target. Raises ConfigError if one is not configured well; asks none of them yet.

    An operation is a kind as kubectl writes it in full (`pods`, `deployments.apps`), which is listed, or a path
    (`/version`; with the parameter `certificate`: that which the server shows there). Parameters of a list: `metadata` (true: without the objects' content), `unread` (true: each item is an
    Object of its parts as they were sent), `namespace`, `name` (one object instead of a list), and those of the API
    itself (`labelSelector`, `fieldSelector`).
    """

    def __init__(self, options: Options, name: str, *, account: Path = ACCOUNT) -> None:
        self.options = options
        where = f"targets.{name}"
        self._clusters = {f"kubernetes/{c.name}": c for c in clusters(options, where)}
        self._connections = {
            scope: Connection(c, options, where, account=account) for scope, c in self._clusters.items()
        }
        self._served: dict[str, Served] = {}
        self._locks = {scope: threading.Lock() for scope in self._clusters}

    def discover(self) -> Discovery:
        """The configured clusters: which there are is not the clusters' to say, so none is asked."""
        return Discovery([self._scope(scope, cluster) for scope, cluster in self._clusters.items()])

    def _scope(self, scope: str, cluster: Cluster) -> Scope:
        server = self._connections[scope].host
        url = urlsplit(server)
        about = {"cluster": cluster.name, "context": cluster.context or "", "server": url.netloc}
        return Scope(scope, "cluster", {**about, "endpoint": server, "host": url.hostname or ""})

    def caller(self, scope: Scope) -> Caller:
        """Who the cluster says that we are, where it can say so (1.28 and later)."""
        connection = self._connections[scope.name]
        return Caller(scope.values["context"] or "service account", urlsplit(connection.host).netloc)

    def lane(self, call: Call, scope: Scope) -> str:  # noqa: ARG002 — a cluster's calls share its API server
        return scope.name

    def pages(self, call: Call, params: Mapping[str, Any], scope: Scope, region: str | None = None) -> Iterator[Page]:  # noqa: ARG002 — a cluster has no regions
        """See Adapter."""
        connection = self._connections[scope.name]
        if call.operation.startswith("/"):
            return _One(connection.certificate if params.get("certificate") else connection.get, call.operation)
        if call.permission == SECRETS and not self.options.secrets:
            return _Refusing(Refused("unset", "secrets", "the target does not say `secrets = true`"))
        return Pages(self, scope.name, connection, call.operation, dict(params))

    def served(self, scope: str) -> Served:
        """What a cluster serves, asked for once. Raises Refused."""
        with self._locks[scope]:
            if scope not in self._served:
                self._served[scope] = Served(self._connections[scope])
            return self._served[scope]

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()


class _One:
    """The one page of a path."""

    def __init__(self, ask: Callable[[str], Page], path: str) -> None:
        self._ask, self._path = ask, path
        self._over = False

    def __iter__(self) -> _One:
        return self

    def __next__(self) -> Page:
        if self._over:
            raise StopIteration
        page = self._ask(self._path)
        self._over = True
        return page


class _Refusing:
    """No page: a call that the target's owner has not agreed to is never made."""

    def __init__(self, refused: Refused) -> None:
        self._refused = refused

    def __iter__(self) -> _Refusing:
        return self

    def __next__(self) -> Page:
        raise self._refused


class Pages:
    """The pages of one list. After a Refused, `next` asks for the same page again.

    Where a list of the whole cluster is denied, the namespaces' lists follow, those that may be read, and at the end
    the denial: what came is part of a population. A list that outlasts the server's memory goes on at a later moment
    and says that it is a mixture, as does one whose pages name different moments. A list that ends before the end that
    the server counted is refused as incomplete.
    """

    def __init__(
        self, adapter: Kubernetes, scope: str, connection: Connection, operation: str, params: dict[str, Any]
    ) -> None:
        self._adapter, self._scope, self._connection = adapter, scope, connection
        self._operation = operation
        self._accept = METADATA if params.pop("metadata", False) else "application/json"
        self._unread = bool(params.pop("unread", False))
        self._namespace, self._name = str(params.pop("namespace", "")), str(params.pop("name", ""))
        self._query = {name: str(value) for name, value in params.items()}
        self._kind: Kind | None = None
        self._begin()
        self._mixed = ""
        self._over = False
        self._denied: Refused | None = None
        self._short: Refused | None = None
        self._left: deque[str] = deque()

    def _begin(self) -> None:
        """Nothing of a list was read yet. `_total`: how many objects the server said there are; `_version`: when."""
        self._token = self._version = ""
        self._count = self._total = 0

    def __iter__(self) -> Pages:
        return self

    def __next__(self) -> Page:
        if self._over:
            if refused := self._short or self._denied:
                raise refused
            raise StopIteration
        if self._kind is None:
            self._kind = self._adapter.served(self._scope).find(self._operation)
        if self._name:
            self._over = True
            found = self._connection.get(self._kind.at(self._namespace, self._name), accept=self._accept)
            stripped(found.body)
            return found
        return self._within(self._kind) if self._denied is not None else self._whole(self._kind)

    def _whole(self, kind: Kind) -> Page:
        try:
            page = self._page(kind, self._namespace)
        except Refused as refused:
            if refused.reason != "denied" or self._token or self._namespace or not kind.namespaced:
                raise
            self._left.extend(self._adapter.options.namespaces or self._namespaces(refused))
            self._denied = refused
            return self._within(kind)
        self._over = not self._token
        return page

    def _within(self, kind: Kind) -> Page:
        """The next page of a namespace that may be listed. Raises the denial of the whole after the last."""
        while self._left:
            try:
                page = self._page(kind, self._left[0])
            except Refused as refused:
                if refused.reason != "denied":
                    raise
                self._begin()
                self._left.popleft()
                continue
            page.body["metadata"][NAMESPACE] = self._left[0]
            if not self._token:
                self._begin()
                self._left.popleft()
            return replace(page, total=None)
        self._over = True
        raise self._denied or Refused("denied", "Forbidden")

    def _namespaces(self, denied: Refused) -> list[str]:
        """All there are. Raises the denial if they may not be listed either."""
        found: list[str] = []
        query = {"limit": LIMIT}
        while True:
            try:
                body = self._connection.get("/api/v1/namespaces", query, METADATA).body
            except Refused as refused:
                raise denied if refused.reason == "denied" else refused from None
            found += [item["metadata"]["name"] for item in body["items"]]
            query["continue"] = body["metadata"].get("continue") or ""
            if not query["continue"]:
                return found

    def _page(self, kind: Kind, namespace: str) -> Page:
        query = {**self._query, "limit": LIMIT}
        if self._token:
            query["continue"] = self._token
        read = objects if self._unread else orjson.loads
        try:
            page = self._connection.get(kind.at(namespace), query, self._accept, read)
        except Expired as expired:
            if not expired.rest:
                raise
            self._mixed = f"{expired.code}: the list went on at a later moment"
            query["continue"] = expired.rest
            page = self._connection.get(kind.at(namespace), query, self._accept, read)
        meta = page.body.get("metadata") if isinstance(page.body, dict) else None
        if not isinstance(meta, dict) or not isinstance(page.body.get("items"), list):
            raise Refused("unreadable", "NotAList", f"{kind.at(namespace)} answers no list")
        token = str(meta.get("continue") or "")
        if token and token == self._token:
            raise Refused("unreadable", "RepeatedToken", "the same continuation was given twice")
        if not self._unread:
            for item in page.body["items"]:
                stripped(item)
        self._token = token
        return self._reconciled(page, meta)

    def _reconciled(self, page: Page, meta: Mapping[str, Any]) -> Page:
        """The page beside those before it: of one moment, or a mixture; and whether as many came as were counted."""
        version, left = str(meta.get("resourceVersion") or ""), meta.get("remainingItemCount")
        if self._version and version != self._version and not self._mixed:
            self._mixed = f"the list went on at {version or 'no moment'}, and began at {self._version}"
        self._version = self._version or version
        self._count += len(page.body["items"])
        if isinstance(left, int) and not self._query:  # with a selector, nobody counts
            self._total = max(self._total, self._count + left)
        if not self._token and self._count < self._total and not self._mixed:
            self._short = Refused("incomplete", "total", f"{self._count} of {self._total}")
        return replace(page, mixed=self._mixed, total=self._total or None, version=version)
