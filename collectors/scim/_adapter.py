"""A SCIM service as the engine sees it: one scope, an operation is an endpoint of the protocol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from annexlog.collectors import Call, Caller, Discovery, Page, Refused, Scope
from annexlog.collectors.paths import path_and_query
from annexlog.collectors.rest import Answer, Fixed, Pages, Session
from annexlog.collectors.scim._options import STATED, Options
from annexlog.collectors.scim._refusals import refusal
from annexlog.collectors.tokens import secret
from annexlog.evidence_store.model import ConfigError

_ACCEPT = {"Accept": "application/scim+json, application/json"}


class Scim:
    """The service of one target. Raises ConfigError if it is not configured well; asks nothing yet.

    An operation is an endpoint. One whose parameters hold `startIndex` is read on to its end.
    """

    def __init__(self, options: Options, name: str) -> None:
        where = f"targets.{name}"
        token = secret(options.token_env, options.token_file, f"{where}.token")
        if not token:
            raise ConfigError("say who asks: token_file or token_env.", where=where, next="See docs/scim.md.")
        if not 1 <= options.page <= 10_000:
            raise ConfigError("a page has from 1 to 10000 resources.", where=f"{where}.page")
        self.options, self._name = options, name
        bearer = Fixed({"Authorization": f"Bearer {token}"})
        self.session = Session(options.url, bearer, where, reach=options, refusal=refusal, headers=_ACCEPT)

    def discover(self) -> Discovery:
        """The one scope, called like the target: an address can be many tenants', told apart by their tokens."""
        told = {
            "service": self._name,
            "server": self.session.host,
            "all_visible_because": self.options.all_visible_because,
        }
        return Discovery([Scope(f"scim/{self._name}", "service", told)])

    def caller(self, scope: Scope) -> Caller:  # noqa: ARG002 — there is one
        return Caller("token", self.session.host)

    def lane(self, call: Call, scope: Scope) -> str:  # noqa: ARG002 — the service counts all requests of a token
        return scope.name

    def pages(self, call: Call, params: Mapping[str, Any], scope: Scope, region: str | None = None) -> Iterator[Page]:  # noqa: ARG002 — there is one scope and no region
        """See Adapter."""
        if call.operation == STATED:
            stated = self.options.all_visible_because
            return iter([Page([{"because": stated}] if stated else [])])
        path, query = path_and_query(call.operation, params)
        if "startIndex" in query:
            return _Listed(Pages(self.session, path, {**query, "count": self.options.page}, _follow, total=_total))
        return Pages(self.session, path, query, _follow)

    def close(self) -> None:
        self.session.close()


def _total(answer: Answer) -> int | None:
    """How many there are in all. Raises Refused (unreadable) for what is no list."""
    body = answer.body if isinstance(answer.body, dict) else {}
    total = body.get("totalResults")
    if not isinstance(total, int) or isinstance(total, bool) or not isinstance(body.get("Resources", []), list):
        raise Refused("unreadable", "NotAList", "the answer is no ListResponse")
    return total


def _follow(answer: Answer, query: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The next page (RFC 7644, 3.4.2.4), by what really came: a service may give fewer than asked for."""
    if "startIndex" not in query:
        return None
    total, held = _total(answer) or 0, len(answer.body.get("Resources", ()))
    following = int(query["startIndex"]) + held
    return {**query, "startIndex": following} if held and following <= total else None


class _Listed:
    """Pages of one list; one whose total is another than the first page's is of another moment."""

    def __init__(self, pages: Iterator[Page]) -> None:
        self._pages = pages
        self._total: int | None = None

    def __iter__(self) -> _Listed:
        return self

    def __next__(self) -> Page:
        page = next(self._pages)
        if self._total is None:
            self._total = page.total
        moved = f"totalResults went from {self._total} to {page.total}" if page.total != self._total else ""
        return replace(page, mixed=moved)
