"""A directory as the engine sees it: a domain or a naming context is one scope, an operation is a filter."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Caller, Discovery, Page, Refused, Scope
from annexlog.collectors.clock import HOST, Clock
from annexlog.collectors.ldap import _filters as filters
from annexlog.collectors.ldap import _messages as ldap
from annexlog.collectors.ldap._access import Access
from annexlog.collectors.ldap._calls import ACCOUNTS, ANONYMOUS, COUNT, PLAIN_BIND, SECURE, SIGN_IN
from annexlog.collectors.ldap._options import Options
from annexlog.collectors.ldap._searching import Found, Search, all_of
from annexlog.collectors.provenance import unknown_of
from annexlog.evidence_store.model import ConfigError, Coverage, DeclarationError

_ACTIVE_DIRECTORY = "1.2.840.113556.1.4.800"
_ANY = "(objectClass=*)"
_DOMAINS = "(&(objectClass=crossRef)(systemFlags:1.2.840.113556.1.4.803:=2))"
_ROOT = ("namingContexts", "defaultNamingContext", "configurationNamingContext", "supportedCapabilities")
_COUNTED_FOR = 300.0
"""Seconds for which a count of all entries holds: several types ask for it at once."""


class Ldap:
    """The directory of one target. Raises ConfigError if it is not configured well; asks nothing yet.

    An operation is a filter; `{name}` in it is filled from the parameters, `base`, `scope`, `attributes` and
    `paged` say where, what and how is asked. Operations with a colon are no searches: see _calls.
    """

    def __init__(self, options: Options, name: str, *, clock: Clock = HOST) -> None:
        self.options, self._clock = options, clock
        where = f"targets.{name}"
        self.access = Access(options, where)
        try:
            filters.encoded(options.accounts)
        except DeclarationError as error:
            raise ConfigError(f"the filter is none: {error}", where=f"{where}.accounts") from None
        if options.last_sign_in not in ("", *SIGN_IN):
            raise ConfigError(f"last_sign_in is one of {', '.join(SIGN_IN)}.", where=f"{where}.last_sign_in")
        self._active = False
        self._counting = threading.Lock()
        self._counts: dict[str, tuple[float, int]] = {}

    def discover(self) -> Discovery:
        """A domain of Active Directory with the others of its forest, or the naming contexts of another server."""
        try:
            return self._discovered()
        except Refused as refused:
            return Discovery([], {}, Coverage.FAILED, [unknown_of(refused, "rootDSE", "rootDSE")])

    def _discovered(self) -> Discovery:
        (root,) = self._found("", _ANY, _ROOT) or ({},)
        self._active = _ACTIVE_DIRECTORY in root.get("supportedCapabilities", ())
        if self._active:
            return self._domains(root)
        contexts = [self.options.base] if self.options.base else root.get("namingContexts", [])
        if not contexts:
            raise Refused("unreadable", "NoNamingContext", "the server names no directory", again=False)
        return Discovery([self._scope(f"ldap/{base.casefold()}", "directory", base) for base in contexts])

    def _domains(self, root: Mapping[str, Any]) -> Discovery:
        base, configuration = root["defaultNamingContext"], root["configurationNamingContext"]
        (head,) = self._found(base, _ANY, ("objectSid",)) or ({},)
        if "objectSid" not in head:
            raise Refused("denied", "NotShown", "the domain's own SID is not shown", again=False)
        own = self._scope(_named(base), "domain", base, domain_sid=head["objectSid"], configuration=configuration)
        scopes, skipped = [own], dict[str, str]()
        partitions = Search(f"CN=Partitions,{configuration}", "one", _DOMAINS, ("nCName",))
        found = [str(one["nCName"]) for one in all_of(self.access.pool, partitions) if "nCName" in one]
        if base.casefold() not in {one.casefold() for one in found}:
            raise Refused("denied", "NotShown", "the domain itself is not among those that are shown", again=False)
        for other in found:
            if other.casefold() != base.casefold():
                scope = self._scope(_named(other), "domain", other, domain_sid="", configuration=configuration)
                scopes.append(scope)
                skipped[scope.name] = "another domain of the forest: it needs a target of its own"
        return Discovery(scopes, skipped)

    def _scope(self, name: str, level: str, base: str, **more: str) -> Scope:
        options = self.options
        told = {"because": options.all_visible_because, "privileged": "\n".join(options.privileged_groups)}
        return Scope(name, level, {"base": base, "server": self.access.server.host, **told, **more})

    def caller(self, scope: Scope) -> Caller:  # noqa: ARG002 — the same everywhere
        return Caller(self.access.identity, self.access.server.host)

    def lane(self, call: Call, scope: Scope) -> str:  # noqa: ARG002 — one server answers
        return f"ldap/{self.access.server.host}"

    def pages(self, call: Call, params: Mapping[str, Any], scope: Scope, region: str | None = None) -> Iterator[Page]:  # noqa: ARG002 — there are no regions
        """See Adapter."""
        base = str(params.get("base", scope.values["base"]))
        if call.operation == ANONYMOUS:
            return iter([Page({"answer": self.access.anonymous(base)})])
        if call.operation == PLAIN_BIND:
            return iter([Page({"answer": self.access.plain_bind(self._host(params, scope), base)})])
        if call.operation == SECURE:
            return iter([Page(self.access.secure(self._host(params, scope)))])
        if call.operation == COUNT:
            return iter([Page(self._counted(base))])
        text = self.options.accounts if call.operation == ACCOUNTS else filters.filled(call.operation, params)
        attributes = list(params.get("attributes", ()))
        if call.operation == ACCOUNTS and self.options.last_sign_in:
            attributes.append(self.options.last_sign_in)
        size = None if params.get("paged") is False else self.options.page
        search = Search(base, str(params.get("scope", "sub")), text, attributes, self._controls(), size)
        return Found(self.access.pool, search)

    def close(self) -> None:
        self.access.close()

    # ── underneath ────────────────────────────────────────────────────────────────────────

    def _host(self, params: Mapping[str, Any], scope: Scope) -> str:
        """The server to try: ours, or one of the domain's own. An entry cannot send us anywhere else. Raises Refused."""
        own = self.access.server.host
        host = str(params.get("host", own))
        if host.casefold() != own.casefold() and not host.casefold().endswith(f".{scope.name.rpartition('/')[2]}"):
            raise Refused("unreadable", "OtherHost", "a controller's name is not of its domain", again=False)
        return host

    def _controls(self) -> list[bytes]:
        return [ldap.control(ldap.DOMAIN_SCOPE)] if self._active else []

    def _found(self, base: str, filter: str, attributes: tuple[str, ...]) -> list[Mapping[str, Any]]:
        """One entry, or none. Raises Refused."""
        return all_of(self.access.pool, Search(base, "base", filter, attributes))

    def _counted(self, base: str) -> dict[str, int]:
        """{seen}: how many entries we see below a base, one by one, without reading any. Raises Refused."""
        with self._counting:
            at, seen = self._counts.get(base, (float("-inf"), 0))
            if self._clock.monotonic() - at > _COUNTED_FOR:
                found = Found(self.access.pool, Search(base, "sub", _ANY, (), self._controls(), 1000))
                seen = sum(len(page.body) for page in found)
                self._counts[base] = (self._clock.monotonic(), seen)
        return {"seen": seen}


def _named(base: str) -> str:
    """A domain by its DNS name: DC=example,DC=org."""
    parts = (part.strip().partition("=") for part in base.split(","))
    return f"ldap/{'.'.join(value.casefold() for name, _, value in parts if name.casefold() == 'dc')}"
