"""Keycloak as the engine sees it: realms are scopes, an operation is a path of the admin API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from annexlog.collectors import Call, Caller, Discovery, Page, Refused, Scope
from annexlog.collectors.clock import HOST, Clock
from annexlog.collectors.keycloak._access import MASTER, Access
from annexlog.collectors.keycloak._calls import OWN_ROLES
from annexlog.collectors.keycloak._options import Options
from annexlog.collectors.paths import Kept, path_and_query
from annexlog.collectors.provenance import unknown_of
from annexlog.collectors.rest import Answer, Pages, counted
from annexlog.evidence_store.model import Coverage, Unknown

_REALMS = "/admin/realms"


def _held(body: Any) -> int:
    return len(body) if isinstance(body, list) else 0


_COUNTED = counted("first", "max", _held)


def _follow(answer: Answer, query: Mapping[str, Any]) -> Mapping[str, Any] | str | None:
    return _COUNTED(answer, query) if "max" in query else None


class Keycloak:
    """The realms of one server. Raises ConfigError if it is not configured well; asks nothing yet.

    An operation is a path; `{name}` in it is filled from the parameters, `keep` names the members of the answer that
    are kept, and the other parameters are the query: one with `max` is read on from `first` until an answer is not full.
    """

    def __init__(self, options: Options, name: str, *, clock: Clock = HOST) -> None:
        self.options = options
        self.access = Access(options, f"targets.{name}", clock=clock)
        self._host = urlsplit(options.url).netloc.lower()

    def discover(self) -> Discovery:
        """The configured realms; or the client's own; or, of a client in master, those that it is shown.

        What is shown is all there is only to a holder of master's role admin: else the answer is partial.
        """
        named = self.options.realms or (() if self.options.realm == MASTER else (self.options.realm,))
        if named:
            return Discovery([self._scope(realm) for realm in named])
        try:
            listed = self.access.session.get(_REALMS, {"briefRepresentation": "true"}).body
            scopes = [self._scope(str(one["realm"])) for one in listed]
            sees_all = self.access.roles(MASTER) == ["admin"]
        except (Refused, TypeError, KeyError) as error:
            refused = error if isinstance(error, Refused) else Refused("unreadable", "NotAList")
            return Discovery([], {}, Coverage.FAILED, [unknown_of(refused, _REALMS, "view-realm")])
        if sees_all:
            return Discovery(scopes)
        unproven = Unknown("denied", _REALMS, "view-realm", "no proof of sight")
        return Discovery(scopes, {}, Coverage.PARTIAL, [unproven])

    def _scope(self, realm: str) -> Scope:
        return Scope(
            f"keycloak/{self._host.replace(':', '-')}:{realm}", "realm", {"realm": realm, "server": self._host}
        )

    def caller(self, scope: Scope) -> Caller:  # noqa: ARG002 — the same everywhere
        return Caller(self.access.identity, self._host)

    def lane(self, call: Call, scope: Scope) -> str:  # noqa: ARG002 — a server's realms share what it can do
        return f"keycloak/{self._host}"

    def pages(self, call: Call, params: Mapping[str, Any], scope: Scope, region: str | None = None) -> Iterator[Page]:  # noqa: ARG002 — there are no regions
        """See Adapter."""
        if call.operation == OWN_ROLES:
            return iter([Page(list[Any](self.access.roles(scope.values["realm"])))])
        path, query = path_and_query(call.operation, {"realm": scope.values["realm"], **params})
        return Kept(Pages(self.access.session, path, query, _follow), params)

    def close(self) -> None:
        self.access.close()
