"""What a declared call of a REST API asks: a path with its parameters quoted, a query, and the members to keep."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from annexlog.collectors import Page, Refused

KEEP = "keep"
"""The parameter that names the members of an answer that are kept; it is not sent."""

_PART = re.compile(r"\{(\w+)\}")

_Tree = dict[str, "_Tree"]


def path_and_query(operation: str, params: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The address of a call: `{name}` in the operation is filled, quoted whole, and other parameters are the query.

    Raises Refused (unreadable) for a part that would change the path's meaning: empty, `.` or `..`.
    """
    named = set(_PART.findall(operation))

    def part(match: re.Match[str]) -> str:
        value = str(params[match[1]])
        if value in ("", ".", ".."):
            raise Refused("unreadable", "Path", f"{match[1]} cannot be {value!r}")
        return quote(value, safe="")

    query = {name: value for name, value in params.items() if name not in named and name != KEEP}
    return _PART.sub(part, operation), query


def kept(value: Any, paths: Iterable[str]) -> Any:
    """A body with these members only (`a.b`; lists are looked through); a member that is not there stays so.

    Personal data that no test reads never gets further than this.
    """
    tree: _Tree = {}
    for path in paths:
        below = tree
        for step in path.split("."):
            below = below.setdefault(step, {})
    return _only(value, tree)


def _only(value: Any, tree: _Tree) -> Any:
    if not tree:
        return value
    if isinstance(value, list):
        return [_only(item, tree) for item in value]
    if isinstance(value, dict):
        return {name: _only(value[name], below) for name, below in tree.items() if name in value}
    return value


class Kept:
    """Pages with the members of a call's `keep` only; after a Refused, `next` asks for the same page again."""

    def __init__(self, pages: Iterator[Page], params: Mapping[str, Any]) -> None:
        self._pages, self._paths = pages, params.get(KEEP)

    def __iter__(self) -> Kept:
        return self

    def __next__(self) -> Page:
        page = next(self._pages)
        return page if self._paths is None else replace(page, body=kept(page.body, self._paths))
