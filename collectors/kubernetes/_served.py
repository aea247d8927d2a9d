"""Which kinds a cluster serves, in which version, and whether they live in namespaces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from annexlog.collectors import Refused
from annexlog.collectors.kubernetes._connection import Connection
from annexlog.collectors.kubernetes._kinds import NOT_SERVED

_AGGREGATED = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"
)
"""All groups in one answer, where the server can (1.26 and later). Source: Kubernetes, "The Kubernetes API"."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind as it is served: `path` up to the namespace (`/apis/apps/v1`), and whether it can be listed."""

    path: str
    resource: str
    namespaced: bool
    listed: bool

    def at(self, namespace: str = "", name: str = "") -> str:
        """The path of its list, or of one object."""
        within = f"/namespaces/{namespace}" if namespace and self.namespaced else ""
        return f"{self.path}{within}/{self.resource}{f'/{name}' if name else ''}"


class Served:
    """The kinds of one cluster: read once, by the first that asks. What could not be read is refused, never missing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._kinds: dict[str, Kind] = {}
        self._broken: dict[str, Refused] = {}
        self._read_groups()

    def find(self, name: str) -> Kind:
        """The kind called `pods` or `deployments.apps`. Raises Refused: NotServed, NotListed, or why its group is not known."""
        kind = self._kinds.get(name)
        if kind is not None and kind.listed:
            return kind
        if kind is not None:  # there may be some all the same: nobody can say that there are none
            raise Refused("unsupported", "NotListed", f"the cluster lists no {name}")
        broken = self._broken.get(name.partition(".")[2])
        if broken is not None:
            raise broken
        raise Refused("unsupported", NOT_SERVED, f"the cluster serves no {name}")

    # ── reading ───────────────────────────────────────────────────────────────────────────

    def _read_groups(self) -> None:
        for root in ("/api", "/apis"):
            body = self._connection.get(root, accept=_AGGREGATED).body
            if not isinstance(body, dict):
                raise Refused("unreadable", "NotAnObject", f"{root} is no list of APIs")
            if body.get("kind") == "APIGroupDiscoveryList":
                for group in body["items"]:
                    self._aggregated(group)
            else:
                self._plain(root, body)

    def _aggregated(self, group: Mapping[str, Any]) -> None:
        """A group with all of its versions, the preferred one first."""
        name = str(group.get("metadata", {}).get("name") or "")
        for version in reversed(group["versions"]):
            path = f"/apis/{name}/{version['version']}" if name else f"/api/{version['version']}"
            if version.get("freshness") == "Stale":
                self._broken[name] = Refused("failed", "Stale", f"the server of {name} does not answer the API server")
                continue
            found = version.get("resources") or ()
            self._add(name, path, ((r["resource"], r["scope"] == "Namespaced", r["verbs"]) for r in found))

    def _plain(self, root: str, body: Mapping[str, Any]) -> None:
        """The groups of a server that gives them one by one."""
        if root == "/api":
            self._version("", f"/api/{body['versions'][0]}")
            return
        for group in body["groups"]:
            preferred = group["preferredVersion"]["groupVersion"]
            others = [v["groupVersion"] for v in group["versions"] if v["groupVersion"] != preferred]
            for version in (*reversed(others), preferred):
                self._version(group["name"], f"/apis/{version}")

    def _version(self, group: str, path: str) -> None:
        try:
            body = self._connection.get(path).body
        except Refused as refused:
            self._broken[group] = refused
            return
        self._add(group, path, ((r["name"], bool(r["namespaced"]), r["verbs"]) for r in body["resources"]))

    def _add(self, group: str, path: str, resources: Iterator[tuple[str, bool, list[str]]]) -> None:
        for resource, namespaced, verbs in resources:
            if "/" not in resource:
                name = f"{resource}.{group}" if group else resource
                self._kinds[name] = Kind(path, resource, namespaced, "list" in verbs)
