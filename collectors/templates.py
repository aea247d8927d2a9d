"""The small language of declarations: paths, templates with holes, and the condition of `only`. Compiled once."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from typing import Any, Final

from annexlog.evidence_store.model import JSON, DeclarationError, Unknown

Facets = Mapping[str, JSON | Unknown]
"""What was seen so far of a resource and of its parents, by facet."""
Values = Mapping[str, str]
"""What a scope says of itself: partition, account, region …"""


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""Not there at all (null is there)."""


class NoMember(LookupError):
    """Something that was seen lacks a member that a template needs."""

    def __init__(self, path: str) -> None:
        super().__init__(f"nothing at {path}")
        self.path = path


def dig(value: Any, steps: Collection[str]) -> Any:
    """What stands at a path of member names, or MISSING."""
    for step in steps:
        if type(value) is not dict:
            return MISSING
        value = value.get(step, MISSING)
    return value


@cache
def steps(path: str) -> tuple[str, ...]:
    """`a.b` → ("a", "b"); "" → () (the value itself). Names may hold anything but dots."""
    return tuple(path.split(".")) if path else ()


def each(value: Any, path: Collection[str]) -> Iterator[Any]:
    """Everything that stands at a path with `[]` steps (see `spread`)."""
    for index, step in enumerate(path := tuple(path)):
        if step == "[]":
            for item in value if type(value) is list else ():
                yield from each(item, path[index + 1 :])
            return
        if type(value) is not dict or step not in value:
            return
        value = value[step]
    yield value


@cache
def spread(path: str) -> tuple[str, ...]:
    """`a[].b` → ("a", "[]", "b"): a path that goes into each item of a list. "" → ()."""
    return tuple(step for step in path.replace("[]", ".[]").split(".") if step)


def text(value: Any) -> str:
    """A value as a template writes it; raises TypeError on what has no one obvious text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    raise TypeError(f"a {type(value).__name__} cannot stand in a text")


# ── holes ─────────────────────────────────────────────────────────────────────────────────

_HOLE = re.compile(r"\{([\w-]+(?:\.[\w-]+)*)(?::(\d+))?\}")


class Hole:
    """`{facet.path.to.member}`, `{value_of_the_scope}`, or `{path:3}`: the field 3, from 0, between colons.

    The first name is a facet's, if that facet was seen and either the path goes on or the facet's value is no
    object or list; else it is a value of the scope: where a facet is called like one, both can be had. Where the scope
    has no such value, a parameter that is the hole alone is the object or list.
    """

    __slots__ = ("field", "path", "root", "steps")

    def __init__(self, path: str, field: str | None) -> None:
        self.path = path
        self.root, *rest = path.split(".")
        self.steps = tuple(rest)
        self.field = None if field is None else int(field)

    def value(self, facets: Facets, values: Values) -> Any:
        """Raises NoMember where nothing, or null, stands there."""
        found = facets.get(self.root, MISSING)
        if self.steps:
            found = dig(found, self.steps)
        if (found is MISSING or (not self.steps and type(found) in (dict, list))) and not self.steps:
            found = values.get(self.root, MISSING)
        if found is MISSING or found is None:
            raise NoMember(self.path)
        if self.field is None:
            return found
        fields = text(found).split(":")
        if len(fields) <= self.field:
            raise NoMember(f"{self.path}:{self.field}")
        return fields[self.field]


class Template:
    """A text with holes. `roots`: the first names in them."""

    __slots__ = ("_parts", "roots", "source")

    def __init__(self, source: str) -> None:
        self.source = source
        parts: list[str | Hole] = []
        end = 0
        for match in _HOLE.finditer(source):
            parts += [source[end : match.start()], Hole(match[1], match[2])]
            end = match.end()
        parts.append(source[end:])
        self._parts = tuple(part for part in parts if part != "")
        self.roots = frozenset(part.root for part in self._parts if isinstance(part, Hole))

    def fill(self, facets: Facets, values: Values) -> str:
        """The text. Raises NoMember, or TypeError where an object or list stands."""
        return "".join(part if isinstance(part, str) else text(part.value(facets, values)) for part in self._parts)

    def value(self, facets: Facets, values: Values) -> Any:
        """The text, or, of a template that is one hole and nothing else, what stands there, of whatever type."""
        if len(self._parts) == 1 and isinstance(part := self._parts[0], Hole):
            whole = facets.get(part.root) if not part.steps and part.field is None else None
            return whole if type(whole) in (dict, list) and part.root not in values else part.value(facets, values)
        return self.fill(facets, values)


template = cache(Template)
"""A template by its text, compiled once."""


class Params:
    """The parameters of a call: texts in them, however deep, are templates."""

    __slots__ = ("_fill", "declared", "roots")

    def __init__(self, declared: Mapping[str, Any]) -> None:
        self.declared = declared
        roots: set[str] = set()
        self._fill: Callable[[Facets, Values], Mapping[str, Any]] | None = _filler(declared, roots)
        self.roots = frozenset(roots)

    def fill(self, facets: Facets, values: Values) -> Mapping[str, Any]:
        """Raises NoMember, TypeError."""
        return self._fill(facets, values) if self._fill else self.declared


def _filler(value: Any, roots: set[str]) -> Callable[[Facets, Values], Any] | None:
    """What fills the holes in a value; None where it has none. Adds the first names in them to `roots`."""
    if isinstance(value, str):
        compiled = template(value)
        roots |= compiled.roots
        return compiled.value if compiled.roots else None
    if isinstance(value, Mapping):
        members = [(key, item, _filler(item, roots)) for key, item in value.items()]
        if any(fill for _, _, fill in members):
            return lambda facets, values: {k: f(facets, values) if f else v for k, v, f in members}
    elif isinstance(value, list | tuple):
        items = [(item, _filler(item, roots)) for item in value]
        if any(fill for _, fill in items):
            return lambda facets, values: [f(facets, values) if f else v for v, f in items]
    return None


# ── only ──────────────────────────────────────────────────────────────────────────────────

_CONDITION = re.compile(r"\s*([\w-]+(?:\.[\w-]+)*)\s*(==|!=)\s*'([^']*)'\s*")


class Condition:
    """`path == 'text'` or `path != 'text'`.

    Compared with '', a member that is missing or null reads as '', and an object or list as something else.
    """

    __slots__ = ("_equal", "_hole", "_wanted", "roots")

    def __init__(self, source: str) -> None:
        match = _CONDITION.fullmatch(source)
        if not match:
            raise DeclarationError(f"only={source!r} is neither path == 'text' nor path != 'text'")
        self._hole, self._equal, self._wanted = Hole(match[1], None), match[2] == "==", match[3]
        self.roots = frozenset((self._hole.root,))

    def holds(self, facets: Facets, values: Values) -> bool:
        """Raises NoMember where nothing, or null, stands at the path (but for a comparison with ''), TypeError."""
        try:
            value = self._hole.value(facets, values)
            found = "…" if not self._wanted and type(value) in (dict, list) else text(value)
        except NoMember:
            if self._wanted:
                raise
            found = ""
        return (found == self._wanted) is self._equal


condition = cache(Condition)
"""A condition by its text, compiled once. Raises DeclarationError."""
