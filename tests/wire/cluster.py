"""A Kubernetes API server over HTTP, as far as a reader sees it: discovery, lists in pages, and faults where planted.

Written from the API's own documents ("Kubernetes API Concepts": lists, chunks, partial objects, discovery). kmock has
no list of namespaces, no pages and no metadata-only lists, so that most of it would have been replaced.
"""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import trustme
import yaml

REASONS = {
    400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 410: "Expired", 429: "TooManyRequests",
    500: "InternalError", 503: "ServiceUnavailable",
}  # fmt: skip


@dataclass
class Fault:
    """What is answered instead: on requests whose path is `path` (with `containing` in the query), from the `since`-th
    of them on, `times` of them (None: for ever). `drop`: the connection is closed without a word.
    """

    path: str
    status: int = 403
    containing: str = ""
    since: int = 1
    times: int | None = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    seen: int = 0

    def strikes(self, path: str, query: str) -> bool:
        if path != self.path or self.containing not in query:
            return False
        self.seen += 1
        return self.seen >= self.since and (self.times is None or self.seen < self.since + self.times)


class Refusal(Exception):
    """An answer that is no success: its status, and the API's Status object."""

    def __init__(self, code: int, said: Any = None) -> None:
        super().__init__(code)
        self.code, self.said = code, status(code) if said is None else said


def status(code: int, **more: Any) -> dict[str, Any]:
    """The API's Status object for a refusal."""
    reason = REASONS.get(code, "Unknown")
    said = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": reason.lower()}
    return {**said, "reason": reason, "code": code, **more}


@dataclass
class _Kind:
    """A served kind. `objects`: by (namespace, name), in the order of their keys in etcd."""

    namespaced: bool
    objects: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url, cluster = urlsplit(self.path), self.server.cluster
        with cluster.lock:
            cluster.asked[url.path] += 1
            cluster.log.append((url.path, url.query, dict(self.headers)))
            fault = next((f for f in cluster.faults if f.strikes(url.path, url.query)), None)
        if fault is not None and fault.drop:
            self.close_connection = True
            return
        if fault is not None:
            self._say(fault.status, status(fault.status) if fault.body is None else fault.body, fault.headers)
            return
        try:
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            self._say(200, cluster.answer(url.path, query, self.headers))
        except Refusal as refusal:
            self._say(refusal.code, refusal.said)

    def _say(self, code: int, said: Any, headers: Mapping[str, str] | None = None) -> None:
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(code)
        named = {"Content-Type": "application/json", "Audit-Id": f"audit-{len(self.server.cluster.log)}"}
        for name, value in {**named, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    cluster: Cluster


class Cluster:
    """A running API server. `add` puts objects into it; `faults` are in force as long as they are in the list.

    `aggregated`: whether it tells all that it serves in one answer (1.26 and later). `token`: what callers must bear.
    """

    def __init__(self, *, aggregated: bool = True, token: str = "s3cret-token") -> None:
        self.aggregated, self.token = aggregated, token
        self.faults: list[Fault] = []
        self.stale: set[str] = set()
        self.unlistable: set[str] = set()
        self.asked: Counter[str] = Counter()
        self.log: list[tuple[str, str, dict[str, str]]] = []
        self.lock = threading.Lock()
        self._kinds: dict[str, _Kind] = {}
        self._authority = trustme.CA()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.cluster = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()

    # ── what is in it ─────────────────────────────────────────────────────────────────────

    def serve(self, *resources: str, namespaced: bool = True) -> None:
        """Serve kinds (`v1/pods`, `apps/v1/deployments`), even if there is none of them."""
        for resource in resources:
            self._kinds.setdefault(resource, _Kind(namespaced))

    def add(self, resource: str, objects: Iterable[Mapping[str, Any]]) -> None:
        """Put objects of a kind into it; those with a namespace live in it."""
        for item in objects:
            meta = item["metadata"]
            namespace = meta.get("namespace", "")
            self.serve(resource, namespaced=bool(namespace))
            self._kinds[resource].objects[namespace, meta["name"]] = item

    def kinds(self) -> list[str]:
        """What it serves: `v1/pods`, `apps/v1/deployments`."""
        return list(self._kinds)

    def remove(self, resource: str, name: str, namespace: str = "") -> None:
        del self._kinds[resource].objects[namespace, name]

    # ── what it answers ───────────────────────────────────────────────────────────────────

    def answer(self, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Any:
        """The body of a GET. Raises Refusal."""
        scheme, _, token = (headers.get("Authorization") or "").partition(" ")
        if self.token and (scheme.lower(), token) != ("bearer", self.token):
            raise Refusal(401)
        if path == "/version":
            return {"major": "1", "minor": "34", "gitVersion": "v1.34.2", "platform": "linux/amd64"}
        parts = path.strip("/").split("/")
        if parts[0] not in ("api", "apis"):
            raise Refusal(404)
        if len(parts) == 1:
            return self._groups(parts[0], headers.get("Accept", ""))
        size = 2 if parts[0] == "api" else 3
        version, rest = "/".join(parts[1:size]), parts[size:]
        if len(parts) < size or not any(name.startswith(f"{version}/") for name in self._kinds):
            raise Refusal(404)
        return self._objects(version, rest, query, headers) if rest else self._resources(version)

    def _versions(self, root: str) -> list[str]:
        found = dict.fromkeys(name.rpartition("/")[0] for name in self._kinds)
        return [version for version in found if ("/" in version) is (root == "apis")]

    def _groups(self, root: str, accept: str) -> Any:
        versions = self._versions(root)
        if self.aggregated and "as=APIGroupDiscoveryList" in accept:
            items = [self._aggregated(group, versions) for group in dict.fromkeys(_group(v) for v in versions)]
            return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": items}
        if root == "api":
            return {"kind": "APIVersions", "versions": versions}
        groups = []
        for group in dict.fromkeys(_group(v) for v in versions):
            served = [{"groupVersion": v, "version": v.partition("/")[2]} for v in versions if _group(v) == group]
            groups.append({"name": group, "versions": served, "preferredVersion": served[0]})
        return {"kind": "APIGroupList", "groups": groups}

    def _aggregated(self, group: str, versions: list[str]) -> Any:
        served = []
        for version in versions:
            if _group(version) != group:
                continue
            resources = [
                {"resource": r["name"], "scope": "Namespaced" if r["namespaced"] else "Cluster", "verbs": r["verbs"]}
                for r in self._resources(version)["resources"]
            ]
            stale = group in self.stale
            about = {"version": version.rpartition("/")[2], "freshness": "Stale" if stale else "Current"}
            served.append(about if stale else {**about, "resources": resources})
        return {"metadata": {"name": group} if group else {}, "versions": served}

    def _resources(self, version: str) -> Any:
        found = [
            {
                "name": name.rpartition("/")[2],
                "namespaced": kind.namespaced,
                "verbs": ["get"] if name in self.unlistable else ["get", "list", "watch"],
            }
            for name, kind in self._kinds.items()
            if name.rpartition("/")[0] == version
        ]
        return {"kind": "APIResourceList", "groupVersion": version, "resources": found}

    def _objects(self, version: str, rest: list[str], query: Mapping[str, str], headers: Mapping[str, str]) -> Any:
        namespace = ""
        if rest[0] == "namespaces" and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        kind = self._kinds.get(f"{version}/{rest[0]}")
        if kind is None:
            raise Refusal(404)
        if len(rest) > 1:
            found = kind.objects.get((namespace, rest[1]))
            if found is None:
                raise Refusal(404)
            return found
        items = [item for (within, _), item in sorted(kind.objects.items()) if namespace in ("", within)]
        for wanted in filter(None, query.get("labelSelector", "").split(",")):
            label, _, value = wanted.partition("=")
            items = [item for item in items if (item["metadata"].get("labels") or {}).get(label) == value]
        for wanted in filter(None, query.get("fieldSelector", "").split(",")):
            field, _, value = wanted.partition("=")
            items = [item for item in items if item.get(field) == value]
        limit, at = int(query.get("limit", 0)), int(base64.b64decode(query.get("continue", "")) or 0)
        part = items[at : at + limit] if limit else items[at:]
        left = len(items) - at - len(part)
        meta: dict[str, Any] = {"resourceVersion": "4711"}
        if left:
            meta["continue"] = base64.b64encode(str(at + limit).encode()).decode()
        if left and not {"labelSelector", "fieldSelector"} & query.keys():  # what is selected, nobody counts
            meta["remainingItemCount"] = left
        if "as=PartialObjectMetadataList" in headers.get("Accept", ""):
            part = [{"metadata": item["metadata"]} for item in part]
        return {"kind": "List", "apiVersion": version, "metadata": meta, "items": part}

    # ── how it is reached ─────────────────────────────────────────────────────────────────

    def over_tls(self, *, clients: bool = False) -> str:
        """From now on it speaks TLS, with a certificate of an authority of its own; that one's, base64, is returned.

        `clients`: callers must show a certificate of the same authority.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert("127.0.0.1").configure_cert(context)
        if clients:
            self._authority.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = self.url.replace("http://", "https://")
        return base64.b64encode(self._authority.cert_pem.bytes()).decode()

    def client_certificate(self, folder: Path) -> dict[str, str]:
        """A kubeconfig user with a certificate of the server's authority."""
        issued = self._authority.issue_cert("annexlog@example.com")
        certificate, key = folder / "client.pem", folder / "client.key"
        issued.cert_chain_pems[0].write_to_path(str(certificate))
        issued.private_key_pem.write_to_path(str(key))
        return {"client-certificate": str(certificate), "client-key": str(key)}

    def kubeconfig(
        self, folder: Path, *, context: str = "test", server: str = "", authority: str = "", **user: Any
    ) -> Path:
        """A kubeconfig file for it; `authority`: certificate-authority-data."""
        path = folder / f"{context.replace('/', '-').replace(':', '-')}.kubeconfig"
        cluster = {"server": server or self.url, **({"certificate-authority-data": authority} if authority else {})}
        named = {
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": user or {"token": self.token}}],
            "contexts": [{"name": context, "context": {"cluster": "c", "user": "u"}}],
        }
        path.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", "current-context": context, **named}))
        return path


def _group(version: str) -> str:
    return version.partition("/")[0] if "/" in version else ""


def thing(name: str, namespace: str = "", **fields: Any) -> dict[str, Any]:
    """An object with the metadata that every object has."""
    meta = {"name": name, "uid": f"uid-{namespace}-{name}", "resourceVersion": "1", "labels": {}}
    return {"metadata": {**meta, **({"namespace": namespace} if namespace else {})}, **fields}
