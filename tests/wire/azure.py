"""Azure Resource Manager and Resource Graph over HTTPS, as far as a reader sees them; tokens are the local authority's.

Shapes: Azure REST API of the api-versions in collectors/azure/_versions.py; Resource Graph 2024-04-01; errors: "Resource
Manager error codes". Resource Graph leaves out, without a word, what the caller may not read.
"""

# ruff: noqa: E501 — answers read as a table

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from tests.wire.api import say
from tests.wire.http import Reply, Request
from tests.wire.microsoft import TENANT, Microsoft

GRAPH = "/providers/Microsoft.ResourceGraph/resources"
SUBSCRIPTION = "aaaaaaaa-0000-4000-8000-000000000001"
_TYPE = re.compile(r"where type =~ '([^']+)'")
READER: Mapping[str, Any] = {"actions": ["*/read"], "notActions": [], "dataActions": [], "notDataActions": []}


@dataclass
class Azure(Microsoft):
    """`answers`: {path, in any case: body}; a `value` is given in pages. `inventory`: {type: rows} of Resource Graph.

    `views`: {name: (text of a query, type to be read, rows)} of queries that are no list of a type. `grants_at`: what the caller may do
    in the subscription; Resource Graph shows what they allow to read.
    """

    inventory: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    views: Mapping[str, tuple[str, str, list[dict[str, Any]]]] = field(default_factory=dict)
    grants_at: list[Mapping[str, Any]] = field(default_factory=lambda: [READER])

    def _reply(self, request: Request) -> Reply:
        """So that faults and the log know which type a query is of, it stands in the target."""
        path, _, query = request.target.partition("?")
        if path == GRAPH:
            target = f"{path}?{query}&of={quote(self._of(request))}&"
            request = Request(request.method, target, request.headers, request.body)
        return super()._reply(request)

    def _of(self, request: Request) -> str:
        query = json.loads(request.body)["query"]
        view = next((name for name, (text, _, _) in self.views.items() if text in query), "")
        found = _TYPE.search(query)
        return view or (found[1].lower() if found else "types")

    def answer(self, request: Request, path: str) -> Reply:
        query = dict(parse_qsl(request.target.partition("?")[2]))
        if "api-version" not in query:
            return self.refuse(400, "The api-version query parameter (?api-version=) is required.")
        if path == GRAPH:
            return self._graph(json.loads(request.body), query["of"])
        if path.lower().endswith("/providers/microsoft.authorization/permissions"):
            return say({"value": self.grants_at})
        return self._found(path, query)

    def _graph(self, asked: Mapping[str, Any], type: str) -> Reply:
        known = {name.lower(): rows for name, rows in self.inventory.items()}
        rows = [row for row in known.get(type, []) if row["subscriptionId"] in asked["subscriptions"]]
        read, rows = self.views[type][1:] if type in self.views else (type, rows)
        rows = rows if any(reads(grant, read) for grant in self.grants_at) else []
        size = min(self.page, asked["options"]["$top"])
        at = int(asked["options"].get("$skipToken", 0))
        part = rows[at : at + size]
        more = {"$skipToken": str(at + size)} if len(rows) > at + size else {}
        told = {"totalRecords": len(rows), "count": len(part), "resultTruncated": "true" if more else "false"}
        return say({**told, **more, "facets": [], "data": part}, headers={"x-ms-user-quota-remaining": "14"})

    def _found(self, path: str, query: dict[str, str]) -> Reply:
        answer = self.choose(path, query)
        if answer is None or isinstance(answer, Reply):
            return answer or self.refuse(404)
        if not isinstance(answer.get("value"), list):
            return say(answer)
        items, at = answer["value"], int(query.get("$skiptoken", 0))
        following = urlencode({**query, "$skiptoken": at + self.page})
        link = {"nextLink": f"{self.url}{quote(path)}?{following}"} if len(items) > at + self.page else {}
        return say({**answer, "value": items[at : at + self.page], **link})

    def choose(self, path: str, query: Mapping[str, str]) -> Any:
        return {key.lower(): answer for key, answer in self.answers.items()}.get(path.lower())

    def refuse(self, status: int, message: str = "", **headers: str) -> Reply:
        codes = {400: "BadRequest", 401: "ExpiredAuthenticationToken", 403: "AuthorizationFailed", 404: "NotFound", 409: "MissingSubscriptionRegistration", 429: "TooManyRequests", 500: "InternalServerError"}  # fmt: skip
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return say({"error": {"code": codes.get(status, "Error"), "message": message or "on purpose"}}, status, told)


def reads(grant: Mapping[str, Any], type: str) -> bool:
    """Whether a grant lets resources of a type be read."""
    action = f"{type}/read".lower()
    given, taken = ([p.lower() for p in grant.get(name) or ()] for name in ("actions", "notActions"))
    return any(fnmatchcase(action, p) for p in given) and not any(fnmatchcase(action, p) for p in taken)


def at(type: str, name: str, *, group: str = "Shop") -> str:
    """The id of a resource; `name` has the parent's before it, `server/database`."""
    namespace, *types = type.split("/")
    pairs = "/".join(f"{kind}/{one}" for kind, one in zip(types, name.split("/"), strict=True))
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/{namespace}/{pairs}"


def row(type: str, name: str, properties: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A resource as Resource Graph shows it."""
    return {
        "id": at(type, name), "name": name.rpartition("/")[2], "type": type.lower(), "location": "westeurope",
        "resourceGroup": "shop", "subscriptionId": SUBSCRIPTION, "tags": None, "properties": dict(properties or {}), **more,
    }  # fmt: skip


def listed(*ids: str) -> dict[str, Any]:
    return {"value": [{"id": f"/providers/x/{id}", "type": "/subscriptions", "name": id} for id in ids]}


def tenant(*subscriptions: tuple[str, str]) -> dict[str, Any]:
    """What discovery asks: {id, state} of each subscription, all below the tenant's root group."""
    shown = [
        {"id": f"/subscriptions/{id}", "subscriptionId": id, "displayName": "Shop", "state": state, "tenantId": TENANT}
        for id, state in subscriptions
    ]
    root = f"/providers/Microsoft.Management/managementGroups/{TENANT}/descendants"
    denials: dict[str, Any] = {
        f"/subscriptions/{id}/providers/Microsoft.Authorization/denyAssignments": {"value": []}
        for id, _ in subscriptions
    }
    return {"/subscriptions": {"value": shown}, root: listed(*(id for id, _ in subscriptions)), **denials}
