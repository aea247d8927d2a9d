"""GitHub as the engine sees it: organizations are scopes, an operation is a path of the REST API."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from annexlog.collectors import Call, Caller, Discovery, Page, Refused, Scope
from annexlog.collectors.clock import HOST, Clock
from annexlog.collectors.github._access import Access
from annexlog.collectors.github._options import Options
from annexlog.collectors.github._queries import GRAPHQL, data
from annexlog.collectors.github._refusals import partial
from annexlog.collectors.paths import Kept, path_and_query
from annexlog.collectors.provenance import unknown_of
from annexlog.collectors.rest import Answer, Pages, linked
from annexlog.evidence_store.model import Coverage

GRANT = ":grant"
"""The operation that is no request of its own: what the caller was given, as GitHub said with its token."""
PUBLIC = "api.github.com"


def _follow(answer: Answer, query: Mapping[str, Any]) -> str | None:
    partial(answer)
    return linked(answer, query)


class GitHub:
    """The organizations of one target. Raises ConfigError if it is not configured well; asks nothing yet.

    An operation is a path; `{name}` in it is filled from the parameters, `keep` names the members of the answer that
    are kept, and the other parameters are the query.
    """

    def __init__(self, options: Options, name: str, *, clock: Clock = HOST) -> None:
        self.options = options
        self.access = Access(options, f"targets.{name}", clock=clock)
        self._host = urlsplit(options.url).netloc
        self._discovering = threading.Lock()

    def discover(self) -> Discovery:
        """The configured organizations, or those where the App is installed."""
        if self.options.organizations:
            return Discovery([self._scope(login) for login in self.options.organizations])
        scopes, skipped = list[Scope](), dict[str, str]()
        try:
            for page in self.access.installations():
                for one in page.body:
                    if one.get("target_type") != "Organization":
                        continue
                    scope = self._scope(str(one["account"]["login"]))
                    scopes.append(scope)
                    if one.get("suspended_at"):
                        skipped[scope.name] = "the App's installation is suspended"
        except Refused as refused:
            why = unknown_of(refused, "/app/installations", "metadata:read")
            return Discovery(scopes, skipped, Coverage.PARTIAL if scopes else Coverage.FAILED, [why])
        return Discovery(scopes, skipped)

    def _scope(self, login: str) -> Scope:
        login = login.lower()  # GitHub ignores its case
        name = login if self._host == PUBLIC else f"{self._host.replace(':', '-')}:{login}"
        return Scope(f"github/{name}", "organization", {"organization": login, "server": self._host})

    def caller(self, scope: Scope) -> Caller:  # noqa: ARG002 — the same everywhere
        return Caller(self.access.identity, self._host)

    def lane(self, call: Call, scope: Scope) -> str:  # noqa: ARG002 — an installation's requests share a limit
        return scope.name

    def pages(self, call: Call, params: Mapping[str, Any], scope: Scope, region: str | None = None) -> Iterator[Page]:  # noqa: ARG002 — there are no regions
        """See Adapter."""
        organization = scope.values["organization"]
        if call.operation == GRANT:
            return _One(lambda: Page(dict(self.access.grant(organization))))
        if call.operation == GRAPHQL:
            return _One(lambda: self._queried(organization, params))
        path, query = path_and_query(call.operation, params)
        return Kept(Pages(self.access.session(organization), path, query, _follow), params)

    def _queried(self, organization: str, params: Mapping[str, Any]) -> Page:
        """The data of one query of the GraphQL API, which stands beside the REST API."""
        base = self.options.url.rstrip("/")
        address = f"{base.removesuffix('/v3')}/graphql" if base.endswith("/api/v3") else f"{base}/graphql"
        variables = {name: value for name, value in params.items() if name != "query"}
        answer = self.access.session(organization).ask(address, {"query": params["query"], "variables": variables})
        partial(answer)
        return replace(answer.page(), body=data(answer.body))

    def close(self) -> None:
        self.access.close()


class _One:
    """One page; after a Refused, `next` asks for it again."""

    def __init__(self, ask: Callable[[], Page]) -> None:
        self._ask, self._over = ask, False

    def __iter__(self) -> _One:
        return self

    def __next__(self) -> Page:
        if self._over:
            raise StopIteration
        page = self._ask()
        self._over = True
        return page
