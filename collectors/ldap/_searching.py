"""Searches read to their end: page by page, with attributes that come in ranges, and what was not all of it said."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from annexlog.collectors import Page, Refused
from annexlog.collectors.ldap import _ber as ber
from annexlog.collectors.ldap import _filters as filters
from annexlog.collectors.ldap import _messages as ldap
from annexlog.collectors.ldap._connection import Connection, Pool
from annexlog.collectors.ldap._refusals import refusal
from annexlog.collectors.ldap._values import known, value

_RANGE = re.compile(r"range=(\d+)-(\d+|\*)", re.IGNORECASE)
_ANY = filters.encoded("(objectClass=*)")
NONE = "1.1"
"""No attributes (RFC 4511, 4.5.1.8)."""


@dataclass(frozen=True, slots=True)
class Search:
    """`attributes`: those of _values, and `dn` for the entry's own name. `controls`: beside that of pages.

    `size`: entries of a page; None: all at once, from what cannot page (a monitor).
    """

    base: str
    scope: str
    filter: str
    attributes: Sequence[str]
    controls: Sequence[bytes] = ()
    size: int | None = 500


class Found(Iterator[Page]):
    """The pages of a search: lists of {attribute: value}; what an entry does not have, or does not show, is left out.

    As long as nothing came, `next` asks again after a Refused; later it ends instead, since a lost connection loses its
    place. The connection is its own until then: servers bind the place in a list to it.
    """

    def __init__(self, pool: Pool, search: Search) -> None:
        self._pool, self._search = pool, search
        self._connection: Connection | None = None
        self._cookie = b""
        self._came = self._over = self._elsewhere = False
        self._then: Refused | None = None

    def __next__(self) -> Page:
        if self._then is not None:
            refused, self._then, self._over = self._then, None, True
            raise refused
        if self._over:
            raise StopIteration
        try:
            page = self._page()
        except Refused:
            self._over = self._came
            self._let_go(sound=False)
            raise
        self._came = True
        return page

    def _page(self) -> Page:
        connection = self._connection = self._connection or self._pool.take()
        search = self._search
        paged = search.size is not None and search.scope != "base"
        wanted = [name for name in search.attributes if name != "dn"] or [NONE]
        request = ldap.search(search.base, search.scope, filters.encoded(search.filter), wanted)
        controls = [*search.controls, *([ldap.paged(search.size or 0, self._cookie)] if paged else [])]
        entries, result, elsewhere = connection.search(request, controls)
        if result.code != 0 and not entries:
            raise refusal(result)
        body = [self._told(connection, entry) for entry in entries]
        self._elsewhere = self._elsewhere or elsewhere
        self._cookie = _cookie(result) if paged and result.code == 0 else b""
        if not self._cookie:
            # What came is shown, and then that it is not all.
            if result.code != 0:
                self._then = refusal(result)
            elif self._elsewhere:
                self._then = Refused("incomplete", "referral", "parts of the directory are elsewhere", again=False)
            self._over = self._then is None
            self._let_go(sound=result.code == 0)
        return Page(body)

    def _let_go(self, *, sound: bool) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            (self._pool.give if sound else self._pool.drop)(connection)
        if not self._came:
            self._cookie = b""

    def _told(self, connection: Connection, entry: ldap.Entry) -> dict[str, Any]:
        """An entry in JSON, with each attribute whole. Raises Refused."""
        asked = set(self._search.attributes)
        values: dict[str, list[bytes]] = {}
        for spelled, held in entry.attributes.items():
            name = known(spelled)
            if name is None or name not in asked:
                continue
            found = values.setdefault(name, [])
            found += held
            span = _RANGE.search(spelled)
            if span and span[2] != "*":
                found += _rest(connection, entry.dn, name, int(span[2]) + 1, self._search.controls)
        told: dict[str, Any] = {"dn": entry.dn} if "dn" in asked else {}
        for name, held in values.items():
            if held:
                told[name] = _value(name, held)
        return told


def _rest(connection: Connection, dn: str, name: str, at: int, controls: Sequence[bytes]) -> list[bytes]:
    """The values of an attribute from one on ([MS-ADTS] 3.1.1.3.1.3.3). Raises Refused where they stop before the end."""
    found: list[bytes] = []
    while True:
        request = ldap.search(dn, "base", _ANY, [f"{name};range={at}-*"])
        entries, result, _ = connection.search(request, controls)
        if result.code != 0:
            raise refusal(result)
        spans = [
            (span, held)
            for entry in entries
            for spelled, held in entry.attributes.items()
            if known(spelled) == name and (span := _RANGE.search(spelled))
        ]
        if len(spans) != 1 or int(spans[0][0][1]) != at or not spans[0][1]:
            raise Refused("incomplete", "range", f"{name} ends before its last range", again=False)
        span, held = spans[0]
        found += held
        if span[2] == "*":
            return found
        at = int(span[2]) + 1


def _value(name: str, held: Sequence[bytes]) -> Any:
    try:
        return value(name, held)
    except (ValueError, KeyError, OverflowError):
        raise Refused("unreadable", "Value", f"{name} holds what it cannot", again=False) from None


def _cookie(result: ldap.Result) -> bytes:
    try:
        return ldap.cookie(result)
    except ber.Malformed as error:
        raise Refused("unreadable", "Malformed", str(error)) from None


def all_of(pool: Pool, search: Search) -> list[Mapping[str, Any]]:
    """A whole small answer. Raises Refused."""
    return [entry for page in Found(pool, search) for entry in page.body]
