"""Azure as the engine sees it: a subscription is a scope, an operation is a path of Azure Resource Manager.

Resource Graph answers for whole types, Resource Manager for what it lacks. Both are asked with the same token.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from annexlog.collectors import Call, Caller, Discovery, Page, Refused, Scope
from annexlog.collectors.azure._calls import DENIALS, GRAPH, PERMISSIONS, VERSION
from annexlog.collectors.azure._discovery import discover
from annexlog.collectors.azure._options import Options
from annexlog.collectors.azure._refusals import refusal
from annexlog.collectors.azure._versions import version
from annexlog.collectors.clock import Clock, SystemClock
from annexlog.collectors.microsoft import Access
from annexlog.collectors.paths import Kept, path_and_query
from annexlog.collectors.rest import Pages, Session, member

TOP = 1000
"""Rows of one page of Resource Graph: the most there are."""
_FRESH = 60.0
"""Seconds for which a proof of sight is not asked for again: every list of a subscription needs the same one."""

_ID = "{id}"
_FOLDED = re.compile(r"/(subscriptions|providers)/[^/]", re.IGNORECASE)


class Azure:
    """The subscriptions of one target. Raises ConfigError if it is not configured well; asks nothing yet.

    An operation is a path; `{name}` in it is filled from the parameters, `{id}` with a whole resource id; `keep` names
    the members that are kept, and other parameters are the query. Ids in answers are put in lower case, since their
    case means nothing and differs between answers; members that are null are left out.
    """

    def __init__(self, options: Options, name: str, *, clock: Clock = SystemClock()) -> None:  # noqa: B008 — it holds nothing
        self.options = options
        self._clock = clock
        self._proofs: dict[str, tuple[float, list[Page]]] = {}
        where = f"targets.{name}"
        self.access = Access(options, where)
        cloud = self.access.cloud
        credentials = self.access.credentials(f"{cloud.arm}/.default")
        self.session = Session(options.url or cloud.arm, credentials, where, reach=options, refusal=refusal)

    def discover(self) -> Discovery:
        """The subscriptions that the options name, or all of the tenant; those that are disabled are skipped."""
        return discover(self.session, self.options)

    def caller(self, scope: Scope) -> Caller:  # noqa: ARG002 — the same everywhere
        return Caller(self.access.identity, self.session.host)

    def lane(self, call: Call, scope: Scope) -> str:
        """Resource Graph counts what a caller asks, Resource Manager what he asks of each subscription."""
        return "azure/resource-graph" if call.operation == GRAPH else scope.name

    def pages(self, call: Call, params: Mapping[str, Any], scope: Scope, region: str | None = None) -> Iterator[Page]:  # noqa: ARG002 — there are no regions
        """See Adapter."""
        if call.operation == GRAPH:
            found: Iterator[Page] = _Query(self.session, scope.values["subscription"], str(params["query"]))
        else:
            path, query = _address(call.operation, params, scope.values["subscription"])
            found = Pages(self.session, path, query, member("nextLink"))
            if call.operation in (PERMISSIONS, DENIALS):
                found = self._proof(path, found)
        return _Folded(Kept(found, params))

    def _proof(self, path: str, pages: Iterator[Page]) -> Iterator[Page]:
        """The pages as they were a moment ago, or new ones, which are kept if they come to their end."""
        since, known = self._proofs.get(path, (0.0, []))
        if known and self._clock.monotonic() - since < _FRESH:
            return iter(known)
        return _Remembered(pages, lambda found: self._proofs.update({path: (self._clock.monotonic(), found)}))

    def close(self) -> None:
        self.session.close()


class _Query:
    """The pages of a Resource Graph query. After a Refused, `next` asks for the same page again.

    Source: Resource Graph REST API, QueryRequest, QueryResponse: `resultTruncated` without `$skipToken` is a result
    that was cut and does not go on.
    """

    def __init__(self, session: Session, subscription: str, query: str) -> None:
        self._session, self._seen = session, set[str]()
        self._body = {"subscriptions": [subscription], "query": query}
        self._options: dict[str, Any] = {"resultFormat": "objectArray", "$top": TOP}
        self._over = self._cut = False

    def __iter__(self) -> _Query:
        return self

    def __next__(self) -> Page:
        if self._cut:
            self._over, self._cut = True, False
            raise Refused("incomplete", "resultTruncated", "Resource Graph cut its result", again=False)
        if self._over:
            raise StopIteration
        asked = {VERSION: version("Microsoft.ResourceGraph/resources")}
        answer = self._session.ask(GRAPH, {**self._body, "options": self._options}, asked)
        body = answer.body if isinstance(answer.body, dict) else {}
        total = body.get("totalRecords")
        if not isinstance(body.get("data"), list) or type(total) is not int:
            raise Refused("unreadable", "no data")
        token = body.get("$skipToken")
        if token in self._seen:
            raise Refused("unreadable", "RepeatedToken", "the same continuation was given twice")
        if token:
            self._seen.add(token)
            self._options = {**self._options, "$skipToken": token}
        else:
            self._cut = str(body.get("resultTruncated", "false")).lower() == "true"
            self._over = not self._cut
        return answer.page(total=total)


def _address(operation: str, params: Mapping[str, Any], subscription: str) -> tuple[str, dict[str, Any]]:
    """Path and query. Raises Refused (unreadable) for an id that is not of the subscription, or no id."""
    if not operation.startswith(_ID):
        return path_and_query(operation, params)
    parts = str(params["id"]).split("/")
    odd = any(part in ("", ".", "..") for part in parts[1:])
    if parts[0] or odd or [part.lower() for part in parts[1:3]] != ["subscriptions", subscription]:
        raise Refused("unreadable", "BadId", "no id of a resource in this subscription")
    rest, query = path_and_query(operation.removeprefix(_ID), {k: v for k, v in params.items() if k != "id"})
    return "/".join(quote(part, safe="") for part in parts) + rest, query


class _Remembered:
    """Pages that are handed on, and to `keep` once all of them came; dated no more, for they are told again later."""

    def __init__(self, pages: Iterator[Page], keep: Callable[[list[Page]], None]) -> None:
        self._pages, self._keep, self._found = pages, keep, list[Page]()

    def __iter__(self) -> _Remembered:
        return self

    def __next__(self) -> Page:
        page = next(self._pages, None)
        if page is None:
            self._keep(self._found)
            raise StopIteration
        self._found.append(replace(page, date=None, pause=0.0))
        return page


class _Folded:
    """Pages with what `folded` makes of them."""

    def __init__(self, pages: Iterator[Page]) -> None:
        self._pages = pages

    def __iter__(self) -> _Folded:
        return self

    def __next__(self) -> Page:
        page = next(self._pages)
        return replace(page, body=folded(page.body))


def folded(value: Any) -> Any:
    """A body in which every text that is the id of a resource is in lower case, and members that are null are gone.

    Resource Graph writes null where Resource Manager leaves a member out: both mean that it is not set.
    """
    if isinstance(value, str):
        return value.lower() if _FOLDED.match(value) else value
    if isinstance(value, list):
        return [folded(item) for item in value]
    if isinstance(value, dict):
        return {name: folded(item) for name, item in value.items() if item is not None}
    return value
