"""Google Workspace as the engine sees it: one customer is one scope, an operation is a path of one of its APIs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from annexlog.collectors import Call, Caller, Discovery, Page, Scope
from annexlog.collectors.clock import HOST, Clock
from annexlog.collectors.google_workspace._access import Access
from annexlog.collectors.google_workspace._options import Options
from annexlog.collectors.paths import path_and_query
from annexlog.collectors.rest import Pages, token

_HOSTS = {
    "/admin/": "https://admin.googleapis.com",
    "/v1/policies": "https://cloudidentity.googleapis.com",
    "/v1/devices": "https://cloudidentity.googleapis.com",
    "/v1beta1/alerts": "https://alertcenter.googleapis.com",
}


class Workspace:
    """The customer of one target. Raises ConfigError if it is not configured well; asks nothing yet.

    An operation is a path; `{name}` in it is filled from the parameters, and the other parameters are the query. Its
    permission is the OAuth scope whose token goes with it.
    """

    def __init__(self, options: Options, name: str, *, clock: Clock = HOST) -> None:
        self.options = options
        self.access = Access(options, f"targets.{name}", clock=clock)

    def discover(self) -> Discovery:
        """The configured customer; nothing is asked."""
        customer = self.options.customer
        values = {"customer": customer, "subject": self.options.subject}
        return Discovery([Scope(f"google_workspace/{customer}", "customer", values)])

    def caller(self, scope: Scope) -> Caller:  # noqa: ARG002 — there is one
        return Caller(self.access.identity, urlsplit(_host("/admin/", self.options.endpoint)).netloc)

    def lane(self, call: Call, scope: Scope) -> str:
        """Each API counts requests by itself."""
        return f"{scope.name}/{urlsplit(_host(call.operation, '')).netloc}"

    def pages(self, call: Call, params: Mapping[str, Any], scope: Scope, region: str | None = None) -> Iterator[Page]:  # noqa: ARG002 — there is one scope and no region
        """See Adapter."""
        path, query = path_and_query(call.operation, params)
        session = self.access.session(_host(call.operation, self.options.endpoint), call.permission)
        return Pages(session, path, query, token("nextPageToken", "pageToken"))

    def close(self) -> None:
        self.access.close()


def _host(operation: str, endpoint: str) -> str:
    return endpoint or next(host for prefix, host in _HOSTS.items() if operation.startswith(prefix))
