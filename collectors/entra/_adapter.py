"""Entra ID as the engine sees it: one tenant is one scope, an operation is a path of Microsoft Graph."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from annexlog.collectors import Call, Caller, Discovery, Page, Refused, Scope
from annexlog.collectors.clock import HOST, Clock
from annexlog.collectors.entra._calls import ARM, DISCOVERY, ROLES
from annexlog.collectors.entra._options import Options
from annexlog.collectors.entra._refusals import refusal
from annexlog.collectors.microsoft import Access
from annexlog.collectors.paths import Kept, path_and_query
from annexlog.collectors.provenance import unknown_of
from annexlog.collectors.rest import Answer, Pages, Session, member
from annexlog.evidence_store.model import Coverage

_EVENTUAL = {"ConsistencyLevel": "eventual"}
# Else Graph writes "unknownFutureValue" for what came into an enumeration later.
_PREFER = {"Prefer": "include-unknown-enum-members"}


class Entra:
    """The tenant of one target. Raises ConfigError if it is not configured well; asks nothing yet.

    An operation is a path of Graph v1.0, or `arm:` and a path of Azure Resource Manager; `{name}` in it is filled from
    the parameters, `keep` names the members of the answer that are kept, and the other parameters are the query. Its
    permission is an application permission of Graph, or an action of Azure.
    """

    def __init__(self, options: Options, name: str, *, clock: Clock = HOST) -> None:
        where = f"targets.{name}"
        self.options = options
        self.access = Access(options, where, now=(lambda: clock.now() / 1000, clock.monotonic))
        cloud = self.access.cloud
        self._credentials = self.access.credentials(f"{cloud.graph}/.default")
        graph = (options.graph_url or cloud.graph).rstrip("/") + "/v1.0/"
        self._graph = Session(graph, self._credentials, where, reach=options, refusal=refusal, headers=_PREFER)
        arm = options.arm_url or cloud.arm
        credentials = self.access.credentials(f"{cloud.arm}/.default")
        self._arm = Session(arm, credentials, where, reach=options, refusal=refusal)

    def discover(self) -> Discovery:
        """The tenant that our token is of, by what it says of itself."""
        try:
            tenant = self._tenant()
        except Refused as refused:
            return Discovery([], {}, Coverage.FAILED, [unknown_of(refused, "/organization", DISCOVERY)])
        return Discovery([Scope(f"entra/{tenant}", "tenant", {"tenant": tenant})])

    def _tenant(self) -> str:
        """The tenant's id. Raises Refused."""
        body = self._graph.get("/organization", {"$select": "id"}).body
        found = body.get("value") if isinstance(body, dict) else None
        if not isinstance(found, list) or len(found) != 1 or not found[0].get("id"):
            raise Refused("unreadable", "OtherAnswer", "the answer is not one organization")
        return str(found[0]["id"]).lower()

    def caller(self, scope: Scope) -> Caller:  # noqa: ARG002 — there is one
        return Caller(self.access.identity, self._graph.host)

    def lane(self, call: Call, scope: Scope) -> str:
        """Graph limits each of its services by itself; they are told apart by the first part of a path."""
        return f"{scope.name}/{call.operation.lstrip('/').partition('/')[0]}"

    def pages(self, call: Call, params: Mapping[str, Any], scope: Scope, region: str | None = None) -> Iterator[Page]:  # noqa: ARG002 — there is one scope and no region
        """See Adapter."""
        if call.operation == ROLES:
            return _Held(self)
        azure = call.operation.startswith(ARM)
        path, query = path_and_query(call.operation.removeprefix(ARM), params)
        session, following = (self._arm, "nextLink") if azure else (self._graph, "@odata.nextLink")
        headers = _EVENTUAL if "$count" in query else {}
        return Kept(Pages(session, path, query, member(following), headers=headers, total=_total), params)

    def held(self) -> list[str]:
        """The application permissions in our token of Graph; none of a person's. Raises Refused.

        Source: learn.microsoft.com, "Access tokens", claim `roles`.
        """
        token = self._credentials.headers()["Authorization"].removeprefix("Bearer ")
        part = token.split(".")[1] if token.count(".") == 2 else ""
        try:
            claims = orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        except ValueError:
            raise Refused("unreadable", "Token", "the token is none whose permissions can be read") from None
        roles = claims.get("roles") if isinstance(claims, dict) else None
        return sorted(str(role) for role in roles) if isinstance(roles, list) else []

    def close(self) -> None:
        self._graph.close()
        self._arm.close()


def _total(answer: Answer) -> int | None:
    found = answer.body.get("@odata.count") if isinstance(answer.body, dict) else None
    return found if isinstance(found, int) else None


class _Held:
    """The one page of what our token holds."""

    def __init__(self, adapter: Entra) -> None:
        self._adapter, self._over = adapter, False

    def __iter__(self) -> _Held:
        return self

    def __next__(self) -> Page:
        if self._over:
            raise StopIteration
        page = Page(self._adapter.held())
        self._over = True
        return page
