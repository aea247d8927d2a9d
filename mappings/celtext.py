"""A condition as written: which names and fields it selects, and of what. Evaluates nothing (see `conditions`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

__all__ = ["Selection", "members", "mentioned", "renamed", "selections"]

_TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\n]*)
    |(?P<text>[rRbB]{0,2}(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
    |(?P<number>0[xX][0-9a-fA-F]+[uU]?|[0-9]*\.[0-9]+(?:[eE][-+]?[0-9]+)?|[0-9]+(?:[eE][-+]?[0-9]+)?[uU]?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*|`[^`\n]*`)
    |(?P<sign>&&|\|\||[<>=!]=|\.\?|\[\?|\{\?|[-+*/%<>!?:.,()\[\]{}])""",
    re.VERBOSE | re.DOTALL,
)
_CALLED = re.compile(r"\s*\(")
_BINDING = frozenset({"all", "exists", "exists_one", "filter", "map"})
_SAME = frozenset({"dyn", "orValue", "or", "value", "optional.of", "first", "last", "reverse", "sort", "distinct"})
_LEVELS = ({"||"}, {"&&"}, {"<", "<=", ">", ">=", "==", "!=", "in"}, {"+", "-"}, {"*", "/", "%"})


class Selection(NamedTuple):
    """One `.name` in a condition.

    `roots`: the variables whose values it may select from; `path`: the fields already selected below a root (with
    the list's items looked through; `…` where it may be one of several). `tested`: it stands in `has()`, or after `.?`.
    """

    roots: frozenset[str]
    path: tuple[str, ...]
    name: str
    tested: bool


class _Value(NamedTuple):
    """Where an expression's value comes from."""

    roots: frozenset[str] = frozenset()
    path: tuple[str, ...] = ()
    bare: str = ""  # the dotted name it was written as, where it is only that


_NOTHING = _Value()
_MIXED = ("…",)


def selections(text: str) -> list[Selection]:
    """Every field selection in a condition that compiles.

    A variable used whole (`labels == {}`) gives a Selection of the name "", one that is gone into otherwise
    (`labels['x']`, `labels.exists(…)`) of the name "[]". Raises ValueError on what is not CEL.
    """
    reader = _Reader(list(_listed(text)))
    reader.ternary({})
    return reader.found


def members(text: str, variable: str) -> frozenset[str] | None:
    """The members that are all of a variable that a condition can see; None if it may see more than `variable.member`.

    Every mention of the name counts, also as a field's or a macro's own variable: then it may be None without need.
    Raises ValueError on what is not CEL.
    """
    tokens = [*_listed(text), ("end", ""), ("end", ""), ("end", "")]
    found = set()
    for (kind, name), (_, sign), (after, member), (_, then) in zip(
        tokens, tokens[1:], tokens[2:], tokens[3:], strict=False
    ):
        if kind != "name" or name != variable:
            continue
        if sign not in (".", ".?") or after != "name" or then == "(":
            return None
        found.add(member)
    return frozenset(found)


def mentioned(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The names that stand where a variable may: those that can only be one, and those that may be a loop's own.

    Raises ValueError on what is not CEL.
    """
    found, doubtful, before = set(), set(), ""
    tokens = _listed(text)
    for (kind, name), (_, after) in pairwise(tokens):
        if kind == "name" and before not in (".", ".?") and after != "(":
            found.add(name)
            if before in ("(", ",") and after == ",":
                doubtful.add(name)
        before = name
    return frozenset(found - doubtful), frozenset(doubtful)


def renamed(text: str, names: Mapping[str, str]) -> str:
    """The condition with its variables called otherwise, loops' own among them; fields and functions keep their names.

    Raises ValueError on what is not CEL.
    """
    made: list[str] = []
    at, before = 0, ""
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            raise ValueError(f"cannot read {text[at : at + 10]!r}")
        at, word = match.end(), match[0]
        if match.lastgroup == "name" and before not in (".", ".?") and not _CALLED.match(text, at):
            word = names.get(word, word)
        made.append(word)
        if match.lastgroup != "skip":
            before = match[0]
    return "".join(made)


@lru_cache(maxsize=16)
def _listed(text: str) -> tuple[tuple[str, str], ...]:
    return tuple(_tokens(text))


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            raise ValueError(f"cannot read {text[at : at + 10]!r}")
        at = match.end()
        kind = str(match.lastgroup)
        if kind != "skip":
            yield kind, match[0].strip("`") if kind == "name" else match[0]
    yield "end", ""


@dataclass(slots=True)
class _Reader:
    tokens: list[tuple[str, str]]
    at: int = 0
    found: list[Selection] = field(default_factory=list)

    def peek(self) -> str:
        kind, text = self.tokens[self.at]
        return text if kind in ("sign", "name") else ""

    def take(self) -> str:
        text = self.tokens[self.at][1]
        self.at += 1
        return text

    def expect(self, sign: str) -> None:
        if self.take() != sign:
            raise ValueError(f"{sign!r} expected")

    def ternary(self, bound: Mapping[str, _Value]) -> _Value:
        value = self.binary(0, bound)
        if self.peek() != "?":
            return value
        self.whole(value)
        self.take()
        first = self.ternary(bound)
        self.expect(":")
        return _either(first, self.ternary(bound))

    def binary(self, level: int, bound: Mapping[str, _Value]) -> _Value:
        if level == len(_LEVELS):
            return self.unary(bound)
        value = self.binary(level + 1, bound)
        while self.peek() in _LEVELS[level]:
            operator = self.take()
            other = self.binary(level + 1, bound)
            self.whole(value)
            self.whole(other)
            value = _either(value, other) if operator == "+" else _NOTHING
        return value

    def unary(self, bound: Mapping[str, _Value]) -> _Value:
        if self.peek() in ("!", "-"):
            self.take()
            self.whole(self.unary(bound))
            return _NOTHING
        return self.member(bound)

    def member(self, bound: Mapping[str, _Value]) -> _Value:
        value = self.primary(bound)
        while (sign := self.peek()) in (".", ".?", "[", "[?"):
            self.take()
            if sign in ("[", "[?"):
                self.whole(self.ternary(bound))
                self.expect("]")
                self.within(value)
                value = _Value(value.roots, value.path)
                continue
            name = self.take()
            if self.peek() == "(" and sign == ".":
                value = self.call(name, value, bound)
            else:
                value = self.select(value, name, tested=sign == ".?")
        return value

    def select(self, value: _Value, name: str, *, tested: bool) -> _Value:
        bare = f"{value.bare}.{name}" if value.bare else ""
        if not value.roots:
            return _Value(bare=bare)
        self.found.append(Selection(value.roots, value.path, name, tested))
        return _Value(value.roots, (*value.path, name), bare)

    def whole(self, value: _Value) -> None:
        """Notes a variable that is used as it is, not through its fields."""
        if value.roots and not value.path:
            self.found.append(Selection(value.roots, (), "", tested=False))

    def within(self, value: _Value) -> None:
        """Notes a variable that is gone into by position, key or macro."""
        if value.roots and not value.path:
            self.found.append(Selection(value.roots, (), "[]", tested=False))

    def primary(self, bound: Mapping[str, _Value]) -> _Value:  # noqa: PLR0911 — one return for each kind of primary
        kind, text = self.tokens[self.at]
        self.at += 1
        if text == "(" and kind == "sign":
            value = self.ternary(bound)
            self.expect(")")
            return value
        if text == "[" and kind == "sign":
            return self.sequence("]", bound)
        if text in ("{", "{?") and kind == "sign":
            self.mapping(bound)
            return _NOTHING
        if text == "." and kind == "sign":  # a name at the root: `.a.b`
            return self.primary(bound)
        if kind != "name" or text in ("true", "false", "null"):
            return _NOTHING
        if self.peek() == "(":
            return self.call(text, None, bound)
        return bound.get(text, _Value(frozenset({text}), (), text))

    def sequence(self, closing: str, bound: Mapping[str, _Value]) -> _Value:
        value = _NOTHING
        while self.peek() != closing:
            if self.peek() in (",", "?"):
                self.take()
                continue
            item = self.ternary(bound)
            self.whole(item)
            value = _either(value, item)
        self.take()
        return value

    def mapping(self, bound: Mapping[str, _Value]) -> None:
        while self.peek() != "}":
            if self.peek() in (",", "?"):
                self.take()
                continue
            self.whole(self.ternary(bound))
            self.expect(":")
            self.whole(self.ternary(bound))
        self.take()

    def call(self, name: str, receiver: _Value | None, bound: Mapping[str, _Value]) -> _Value:
        self.expect("(")
        if name == "has" and receiver is None:
            return self.has(bound)
        if name in _BINDING and receiver is not None:
            return self.macro(name, receiver, bound)
        arguments = []
        while self.peek() != ")":
            if self.peek() == ",":
                self.take()
                continue
            arguments.append(self.ternary(bound))
        self.take()
        dotted = f"{receiver.bare}.{name}" if receiver and receiver.bare == "optional" else name
        of = [v for v in (receiver, *arguments) if v is not None and v.bare != "optional"]
        for value in of:
            self.whole(value)
        if dotted not in _SAME:
            return _NOTHING
        value = _NOTHING
        for one in of:
            value = _either(value, one)
        return value

    def has(self, bound: Mapping[str, _Value]) -> _Value:
        before = len(self.found)
        self.ternary(bound)
        self.expect(")")
        if len(self.found) > before:
            self.found[-1] = self.found[-1]._replace(tested=True)
        return _NOTHING

    def macro(self, name: str, receiver: _Value, bound: Mapping[str, _Value]) -> _Value:
        variable = self.take()
        self.within(receiver)
        inner = {**bound, variable: _Value(receiver.roots, receiver.path)}
        bodies = []
        while self.peek() == ",":
            self.take()
            bodies.append(self.ternary(inner))
            self.whole(bodies[-1])
        self.expect(")")
        if name == "filter":
            return _Value(receiver.roots, receiver.path)
        return bodies[-1] if name == "map" else _NOTHING


def _either(one: _Value, other: _Value) -> _Value:
    if not one.roots or not other.roots:
        value = one if one.roots else other
        return _Value(value.roots, value.path)
    return _Value(one.roots | other.roots, one.path if one == other else _MIXED)
