"""Filters of Cloud Logging, run on the least of an entry: what would be noticed is tried, not compared.

A real entry has more fields than the least of it, so a comparison with one that is not there is neither true nor false,
and its contrary is neither as well.
Source: Cloud Logging, Logging query language. Strings compare without case; OR binds more closely than AND.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from operator import ge, gt, le, lt
from typing import Any

__all__ = ["query"]

Entry = Mapping[str, Any]
Test = Callable[[Entry], bool | None]  # None: it cannot be said
Compare = Callable[[Any], bool]

_TOKEN = re.compile(
    r"""\s*(?:--[^\n]*(?:\n|$)|(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<sign>=~|!~|!=|>=|<=|[()=:<>])|(?P<word>[^\s()=:<>!"']+))"""
)
_LEVELS = ("DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY")


@lru_cache(maxsize=1024)
def query(text: str) -> Callable[[Entry], bool]:
    """Whether a filter takes every entry of which this is the least.

    Raises ValueError for what is not understood: functions, and wrong filters.
    """
    parser = _Parser(list(_tokens(text)))
    found: Test = parser.conjunction() if parser.tokens else (lambda _: True)
    if parser.at != len(parser.tokens):
        raise ValueError(f"something is left over after {parser.at} parts")
    return lambda entry: found(entry) is True


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if not found:
            raise ValueError(f"not understood at {at}")
        at = found.end()
        if found.lastgroup:
            value = found[found.lastgroup]
            yield found.lastgroup, re.sub(r"\\(.)", r"\1", value[1:-1]) if found.lastgroup == "text" else value


class _Parser:
    """By descent; the depth of a filter is that of its parentheses, of which Google takes few."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens, self.at, self.depth = tokens, 0, 0

    def _next(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("", "")

    def _taken(self, kind: str, *values: str) -> bool:
        here = self._next()
        if here[0] == kind and here[1] in values:
            self.at += 1
            return True
        return False

    def conjunction(self) -> Test:
        """Parts joined by AND, or by nothing."""
        parts = [self._alternatives()]
        while self.at < len(self.tokens) and self._next() != ("sign", ")"):
            self._taken("word", "AND")
            parts.append(self._alternatives())
        return lambda entry: _every(part(entry) for part in parts)

    def _alternatives(self) -> Test:
        parts = [self._negation()]
        while self._taken("word", "OR"):
            parts.append(self._negation())
        return lambda entry: _some(part(entry) for part in parts)

    def _negation(self) -> Test:
        if self._taken("word", "NOT", "-"):
            denied = self._negation()
            return lambda entry: _contrary(denied(entry))
        kind, value = self._next()
        if kind == "word" and value.startswith("-") and len(value) > 1:
            self.tokens[self.at] = (kind, value[1:])
            other = self._negation()
            return lambda entry: _contrary(other(entry))
        return self._group(self.conjunction) if self._taken("sign", "(") else self._comparison()

    def _group(self, inside: Callable[[], Any]) -> Any:
        self.depth += 1
        if self.depth > 50:
            raise ValueError("too deep")
        found = inside()
        if not self._taken("sign", ")"):
            raise ValueError("a parenthesis is not closed")
        self.depth -= 1
        return found

    def _comparison(self) -> Test:
        kind, name = self._next()
        if kind not in ("word", "text") or name in ("AND", "OR"):
            raise ValueError(f"{name!r} stands where a comparison should")
        self.at += 1
        sign, operator = self._next()
        if sign != "sign" or operator == ")":
            return lambda entry: any(name.lower() in str(value).lower() for value in _values(entry, ())) or None
        if operator == "(":
            raise ValueError(f"{name} is a function")
        self.at += 1
        path = tuple(name.split("."))
        if self._taken("sign", "("):
            return self._group(lambda: self._of_field(path, operator))  # type: ignore[no-any-return]
        return self._one(path, operator)

    def _of_field(self, path: tuple[str, ...], operator: str) -> Test:
        """Values of one field, joined by OR or AND alone."""
        parts, joints = [self._one(path, operator)], set[str]()
        while self._next()[0] == "word" and self._next()[1] in ("OR", "AND"):
            joints.add(self._next()[1])
            self.at += 1
            parts.append(self._one(path, operator))
        if len(joints) > 1:
            raise ValueError("values are joined in two ways")
        holds = _every if joints == {"AND"} else _some
        return lambda entry: holds(part(entry) for part in parts)

    def _one(self, path: tuple[str, ...], operator: str) -> Test:
        kind, value = self._next()
        if kind not in ("word", "text"):
            raise ValueError("a value is missing")
        self.at += 1
        if (kind, operator, value) == ("word", ":", "*"):
            return lambda entry: any(True for _ in _values(entry, path)) or None
        fits, denied = _compared(operator, value)

        def compared(entry: Entry) -> bool | None:
            values = list(_values(entry, path))
            return any(map(fits, values)) is not denied if values else None

        return compared


def _some(values: Iterable[bool | None]) -> bool | None:
    found = set(values)
    return True if True in found else None if None in found else False


def _every(values: Iterable[bool | None]) -> bool | None:
    return _contrary(_some(_contrary(value) for value in values))


def _contrary(value: bool | None) -> bool | None:
    return None if value is None else not value


def _compared(operator: str, value: str) -> tuple[Compare, bool]:
    """(how one value compares, whether the comparison is the contrary of that)."""
    if operator in ("=~", "!~"):
        if re.search(r"\)[+*{]", value):  # RE2 reads it in time that grows with the text; we might not
            raise ValueError("a group that is repeated")
        pattern = re.compile(value)
        return (lambda found: bool(pattern.search(str(found)))), operator == "!~"
    if operator in ("=", "!=", ":"):
        wanted = value.lower()
        if operator == ":":
            return (lambda found: wanted in str(found).lower()), False
        return (lambda found: str(found).lower() == wanted), operator == "!="
    if value.upper() not in _LEVELS:
        raise ValueError(f"{operator} is understood of severities only")
    at = _LEVELS.index(value.upper())
    order: Callable[[int, int], bool] = {">=": ge, "<=": le, ">": gt, "<": lt}[operator]
    return (lambda found: order(_LEVELS.index(str(found).upper()), at)), False


def _values(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """What stands at a path, whatever lists are in between; below it, for no path, every single value."""
    if isinstance(value, list):
        for one in value:
            yield from _values(one, path)
    elif path:
        if isinstance(value, Mapping) and path[0] in value:
            yield from _values(value[path[0]], path[1:])
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _values(one, ())
    else:
        yield value
