"""Whether a CloudWatch Logs metric filter for JSON matches an event.

`{ ($.a = "x*") && $.b NOT EXISTS }`. Source: CloudWatch Logs user guide, "Filter pattern syntax for metric filters".
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["NotReadable", "reads"]

_TOKEN = re.compile(
    r"\s*(?:(?P<string>\"(?:[^\"\\]|\\.)*\")|(?P<sign>&&|\|\||!=|<=|>=|[{}()=<>])|(?P<path>\$[^\s()=!<>&|{}]*)"
    r"|(?P<word>[^\s()=!<>&|{}\"]+))"
)
_STEP = re.compile(r"\.([A-Za-z_][\w-]*)|\[\"([^\"]+)\"\]|\[(\d+)\]")
_LONGEST = 4096  # AWS allows 1,024 characters

Matcher = Callable[[Mapping[str, Any]], bool]
_NOTHING = object()


class NotReadable(ValueError):
    """A pattern that is not one for JSON, or that has something not known here (a regular expression)."""


def reads(pattern: str) -> Matcher:
    """What the pattern does with an event. Raises NotReadable."""
    if len(pattern) > _LONGEST:
        raise NotReadable("too long")
    reading = _Reading(_tokens(pattern))
    reading.take("{")
    matcher = reading.either()
    reading.take("}")
    if reading.left:
        raise NotReadable("more than one pattern")
    return matcher


def _tokens(pattern: str) -> list[str]:
    found, at = [], 0
    text = pattern.strip()
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise NotReadable(text[at : at + 20])
        found.append(token[token.lastgroup or 0])
        at = token.end()
    return found


@dataclass
class _Reading:
    left: list[str]

    def peek(self) -> str:
        return self.left[0] if self.left else ""

    def next(self) -> str:
        if not self.left:
            raise NotReadable("it ends too early")
        return self.left.pop(0)

    def take(self, wanted: str) -> None:
        if self.next().upper() != wanted:
            raise NotReadable(f"no {wanted}")

    def either(self) -> Matcher:
        parts = [self.both()]
        while self.peek() == "||":
            self.next()
            parts.append(self.both())
        return lambda event: any(part(event) for part in parts)

    def both(self) -> Matcher:
        parts = [self.one()]
        while self.peek() == "&&":
            self.next()
            parts.append(self.one())
        return lambda event: all(part(event) for part in parts)

    def one(self) -> Matcher:
        if self.peek() == "(":
            self.next()
            inner = self.either()
            self.take(")")
            return inner
        path, operator = _path(self.next()), self.next().upper()
        if operator == "NOT":
            self.take("EXISTS")
            return lambda event: _find(event, path) is _NOTHING
        if operator == "EXISTS":
            return lambda event: _find(event, path) is not _NOTHING
        if operator == "IS":
            return self._is(path)
        return _comparison(path, operator, self.next())

    def _is(self, path: tuple[str | int, ...]) -> Matcher:
        values = {"TRUE": True, "FALSE": False, "NULL": None}
        word = self.next().upper()
        if word not in values:
            raise NotReadable(f"IS {word}")
        return lambda event: _find(event, path) is values[word]


def _path(text: str) -> tuple[str | int, ...]:
    if not text.startswith("$"):
        raise NotReadable(f"{text} is no selector")
    steps: list[str | int] = []
    at = 1
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None:
            raise NotReadable(f"{text} is no selector")
        steps.append(int(step[3]) if step[3] else step[1] or step[2])
        at = step.end()
    return tuple(steps)


def _find(event: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        if isinstance(step, int):
            event = event[step] if isinstance(event, list) and step < len(event) else _NOTHING
        else:
            event = event.get(step, _NOTHING) if isinstance(event, dict) else _NOTHING
    return event


_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip


def _comparison(path: tuple[str | int, ...], sign: str, text: str) -> Matcher:
    if text.startswith("%") or sign not in ("=", "!=", *_ORDER):
        raise NotReadable(f"{sign} {text}")
    value = text[1:-1].replace('\\"', '"') if text.startswith('"') else text
    if sign in _ORDER:
        return lambda event: _ordered(_find(event, path), _ORDER[sign], float(value))
    wanted = sign == "="

    def compare(event: Mapping[str, Any]) -> bool:
        found = _find(event, path)
        if not isinstance(found, (str, int, float)):  # what is not there, or no single value, matches nothing
            return False
        told = str(found).lower() if isinstance(found, bool) else str(found)
        same = fnmatch.fnmatchcase(told, value.replace("[", "[[]").replace("?", "[?]"))
        return same is wanted

    return compare


def _ordered(found: Any, holds: Callable[[float, float], bool], bound: float) -> bool:
    return isinstance(found, (int, float)) and not isinstance(found, bool) and holds(found, bound)
