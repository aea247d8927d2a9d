"""Okta as the engine sees it: one organization is one scope, an operation is a path of its API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from annexlog.collectors import Call, Caller, Discovery, Page, Scope
from annexlog.collectors.clock import HOST, Clock
from annexlog.collectors.okta._access import Access
from annexlog.collectors.okta._options import Options
from annexlog.collectors.paths import Kept, path_and_query
from annexlog.collectors.rest import Answer, Pages, linked


def _follow(answer: Answer, query: Mapping[str, Any]) -> str | None:
    """The link header's next page, or the body's own (lists of assignments)."""
    links = answer.body.get("_links") if isinstance(answer.body, dict) else None
    following = links.get("next") if isinstance(links, dict) else None
    if isinstance(following, dict) and following.get("href"):
        return str(following["href"])
    return linked(answer, query)


class Okta:
    """The organization of one target. Raises ConfigError if it is not configured well; asks nothing yet.

    An operation is a path; `{name}` in it is filled from the parameters, `keep` names the members of the answer that
    are kept, and the other parameters are the query. Its permission is the OAuth scope whose token goes with it.
    """

    def __init__(self, options: Options, name: str, *, clock: Clock = HOST) -> None:
        self.options = options
        self.access = Access(options, f"targets.{name}", clock=clock)
        self._host = urlsplit(options.url).netloc.lower()

    def discover(self) -> Discovery:
        """The configured organization; nothing is asked."""
        name = f"okta/{self._host.replace(':', '-')}"
        return Discovery([Scope(name, "organization", {"org": self._host, "client": self.options.client_id})])

    def caller(self, scope: Scope) -> Caller:  # noqa: ARG002 — there is one
        return Caller(self.access.identity, self._host)

    def lane(self, call: Call, scope: Scope) -> str:
        """Okta counts each kind of request by itself."""
        return f"{scope.name}{call.operation.partition('/{')[0]}"

    def pages(self, call: Call, params: Mapping[str, Any], scope: Scope, region: str | None = None) -> Iterator[Page]:  # noqa: ARG002 — there is one scope and no region
        """See Adapter."""
        path, query = path_and_query(call.operation, params)
        return Kept(Pages(self.access.session(call.permission), path, query, _follow), params)

    def close(self) -> None:
        self.access.close()
