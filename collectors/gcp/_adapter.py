"""Google Cloud as the engine sees it: an organization that is asked for all its projects at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from annexlog.collectors import Call, Caller, Discovery, Page, Refused, Scope
from annexlog.collectors.asking import Retry
from annexlog.collectors.clock import HOST, Clock
from annexlog.collectors.gcp._access import Bearer, credentials, identity
from annexlog.collectors.gcp._assets import Assets, client
from annexlog.collectors.gcp._calls import ASSETS
from annexlog.collectors.gcp._options import Options
from annexlog.collectors.gcp._policy import DISCOVERY
from annexlog.collectors.gcp._refusals import refusal
from annexlog.collectors.options import Reach
from annexlog.collectors.paths import KEEP, path_and_query
from annexlog.collectors.rest import Pages, Session, token
from annexlog.evidence_store.model import Coverage, Unknown

_PROJECT = "cloudresourcemanager.googleapis.com/Project"
_RETRY = Retry(throttled=3, failed=3)
_MEMBERS = ["projectId", "projectNumber", "name", "lifecycleState", "state"]


class GoogleCloud:
    """One target: an organization, a folder or a project. Raises ConfigError; asks nothing yet.

    An operation is `ListAssets`, a path of the Security Command Center API, or one of another API after its host
    (`//compute.googleapis.com/compute/v1/…`). Lists of assets are asked of the whole target, whatever the scope: their
    rows say which project they belong to.
    """

    def __init__(self, options: Options, name: str, *, clock: Clock = HOST) -> None:
        where = f"targets.{name}"
        self.options, self._clock = options, clock
        self._credentials = credentials(options, where)
        self._client = client(options, self._credentials, where)
        self._bearer, self._where, self._lock = Bearer(self._credentials), where, threading.Lock()
        self._findings = self._session(options.security_center_endpoint, "security_center_endpoint")
        self._sessions: dict[str, Session] = {}
        self._projects: dict[str, str] = {}

    def _session(self, url: str, key: str) -> Session:
        reach = Reach(read_timeout=self.options.timeout)
        return Session(url, self._bearer, f"{self._where}.{key}", reach=reach, refusal=refusal)

    def _api(self, host: str) -> Session:
        """The session of an API, by its host; made when it is first asked."""
        with self._lock:
            if host not in self._sessions:
                url = self.options.apis_endpoint or f"https://{host}"
                self._sessions[host] = self._session(url, "apis_endpoint")
            return self._sessions[host]

    def discover(self) -> Discovery:
        """The target itself, and every project in it; those that are being deleted are skipped."""
        parent, scopes, skipped = self.options.parent, [], dict[str, str]()
        kind, _, number = parent.partition("/")
        top = Scope(f"gcp/{parent}", kind.removesuffix("s"), {"node": parent, "number": number})
        if kind != "projects":
            scopes.append(top)
        try:
            for page in self._patiently({"content": "RESOURCE", "asset_types": [_PROJECT], KEEP: _MEMBERS}):
                for row in page.body["assets"]:
                    scope, state = self._project(row, top)
                    scopes.append(scope)
                    if state.startswith("DELETE"):
                        skipped[scope.name] = "it is being deleted"
        except Refused as refused:
            unknown = Unknown(refused.reason, ASSETS, DISCOVERY, refused.code)
            lost = refused.reason in ("denied", "unauthenticated")
            return Discovery(
                scopes, skipped, Coverage.DENIED if lost else Coverage.FAILED, [unknown], {"message": refused.message}
            )
        return Discovery(scopes, skipped)

    def _patiently(self, params: Mapping[str, Any]) -> Iterator[Page]:
        """A list that no engine asks for, each page again where that may soon help. Raises Refused."""
        pages, attempt = self._assets(params), 0
        while True:
            try:
                page = next(pages)
            except StopIteration:
                return
            except Refused as refused:
                attempt += 1
                if attempt >= _RETRY.attempts(refused) or refused.after > _RETRY.longest:
                    raise
                self._clock.sleep(_RETRY.wait(attempt, 0.5, refused.after))
                continue
            attempt = 0
            yield page

    def _project(self, row: Mapping[str, Any], top: Scope) -> tuple[Scope, str]:
        """A project's scope and state. The answers of version 1 and 3 of the Resource Manager name both differently."""
        data = row.get("data") or {}
        number = next((one.removeprefix("projects/") for one in row["ancestors"] if one.startswith("projects/")), "")
        number = number or str(data.get("projectNumber") or "") or row["name"].rpartition("/")[2]
        id = data.get("projectId")
        if not id:
            raise Refused("unreadable", "OtherAnswer", f"{row['name']} has no projectId")
        self._projects[number] = str(id)
        values = {"project": str(id), "number": number, "node": f"projects/{number}"}
        asker = "" if top.level == "project" else top.name
        scope = Scope(f"gcp/{id}", "project", values, asker)
        return scope, str(data.get("state") or data.get("lifecycleState") or "")

    def caller(self, scope: Scope) -> Caller:  # noqa: ARG002 — there is one
        host = urlsplit(self.options.endpoint).netloc or "cloudasset.googleapis.com"
        return Caller(identity(self._credentials), host)

    def lane(self, call: Call, scope: Scope) -> str:  # noqa: ARG002 — requests are counted by the project that pays
        host, _ = _placed(call.operation)
        service = "cloudasset" if call.operation == ASSETS else host.partition(".")[0] or "securitycenter"
        return f"gcp/{self.options.quota_project or self.options.parent}/{service}"

    def pages(self, call: Call, params: Mapping[str, Any], scope: Scope, region: str | None = None) -> Iterator[Page]:  # noqa: ARG002 — see the class
        """See Adapter."""
        if call.operation == ASSETS:
            return self._assets(params)
        host, operation = _placed(call.operation)
        path, query = path_and_query(operation, params)
        session = self._api(host) if host else self._findings
        return Pages(session, path, query, token("nextPageToken", "pageToken"))

    def _assets(self, params: Mapping[str, Any]) -> Assets:
        return Assets(self._client, self.options.parent, params, self._projects, self.options.timeout)

    def close(self) -> None:
        self._client.transport.close()
        self._findings.close()
        for session in self._sessions.values():
            session.close()


def _placed(operation: str) -> tuple[str, str]:
    """The host that an operation names ("" for none), and the path."""
    if not operation.startswith("//"):
        return "", operation
    host, _, path = operation[2:].partition("/")
    return host, f"/{path}"
