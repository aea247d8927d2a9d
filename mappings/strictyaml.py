"""YAML without surprises: what is written is what is read, and every value remembers its line and column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from sys import intern
from typing import Any, NoReturn

import yaml

from annexlog.evidence_store.model import JSON, MappingError

MAX_BYTES = 1_048_576
MAX_DEPTH = 32
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS: Mapping[str, JSON] = {"true": True, "false": False, "null": None, "": None}

Path = tuple[str | int, ...]
"""Where a value is inside its document: keys and list positions."""


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed text. `marks`: {path: (line, column)}, both from 1; of a mapping's value, where its key stands.

    One that was not read from a text (a definition out of the store) has no marks and only a name.
    """

    name: str
    value: JSON
    marks: Mapping[Path, tuple[int, int]] = field(default_factory=dict)

    def where(self, path: Path = ()) -> str:
        """`file:line:column` of a path, or of the nearest value around it."""
        for length in range(len(path), -1, -1):
            mark = self.marks.get(path[:length])
            if mark:
                return f"{self.name}:{mark[0]}:{mark[1]}"
        return self.name

    def refuse(self, path: Path, what: str, next: str = "") -> NoReturn:
        """Raises the MappingError that says what is wrong, and where."""
        raise MappingError(what, where=self.where(path), next=next)


def parse(text: str, name: str) -> Document:
    """Reads one YAML document.

    Only `true`, `false`, `null` (or nothing) and JSON's numbers are special; all else is text: `yes`, `010`,
    `2026-01-01`. Keys are texts. Raises MappingError on a duplicate key, an anchor, alias, merge key or tag, a second
    document, nesting deeper than 32, or a text larger than a mebibyte.
    """
    if len(text.encode()) > MAX_BYTES:
        raise MappingError(f"larger than {MAX_BYTES:,} bytes", where=name, next="Split it into several files.")
    builder = _Builder(name, yaml.parse(text, Loader=yaml.CSafeLoader))
    try:
        value = builder.document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark is not None else name
        raise MappingError(f"not YAML: {error.problem or error.context}", where=at) from None
    except yaml.YAMLError as error:  # a byte that YAML does not allow has no mark
        raise MappingError(f"not YAML: {' '.join(str(error).split())}", where=name) from None
    return Document(name, value, builder.marks)


class _Builder:
    """Turns parser events into values; libyaml's own constructor would resolve, merge and overwrite."""

    def __init__(self, name: str, events: Iterator[Any]) -> None:
        self._name, self._events = name, events
        self.marks: dict[Path, tuple[int, int]] = {}

    def document(self) -> JSON:
        next(self._events)  # the stream's start
        first = next(self._events)
        if isinstance(first, yaml.StreamEndEvent):
            return None
        value = self._value(next(self._events), ())
        next(self._events)  # the document's end
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            self._refuse(after, "a second document in one file")
        return value

    def _refuse(self, event: Any, what: str) -> NoReturn:
        mark = event.start_mark
        raise MappingError(what, where=f"{self._name}:{mark.line + 1}:{mark.column + 1}")

    def _value(self, event: Any, path: Path) -> JSON:
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            self._refuse(event, "anchors and aliases are not allowed: write the value where it is used")
        if event.tag is not None:
            self._refuse(event, f"tags such as {event.tag} are not allowed")
        if len(path) > MAX_DEPTH:
            self._refuse(event, f"nested deeper than {MAX_DEPTH} levels")
        self.marks.setdefault(path, (event.start_mark.line + 1, event.start_mark.column + 1))
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return self._mapping(path)

    def _scalar(self, event: Any) -> JSON:
        text: str = event.value
        if event.style:  # quoted or block: always text
            return text
        if text in _WORDS:
            return _WORDS[text]
        number = _NUMBER.fullmatch(text)
        if not number:
            return text
        if number[1] or number[2]:
            value = float(text)
            if value in (float("inf"), float("-inf")):
                self._refuse(event, f"the number {text} is too large")
            return value
        if abs(int(text)) >= 2**63:
            self._refuse(event, f"the number {text} is too large; put it in quotes if it is a name")
        return int(text)

    def _sequence(self, path: Path) -> list[JSON]:
        found: list[JSON] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            found.append(self._value(event, (*path, len(found))))
        return found

    def _mapping(self, path: Path) -> dict[str, JSON]:
        found: dict[str, JSON] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._refuse(event, "a key must be a text")
            mark: Any = event.start_mark
            if event.anchor is not None or event.tag is not None:
                self._refuse(event, "anchors and tags are not allowed")
            key = intern(event.value)  # the same few stand in every file
            if key == "<<" and not event.style:
                self._refuse(event, "merge keys are not allowed: write the values where they are used")
            if key in found:
                self._refuse(event, f"the key {key!r} is given twice")
            self.marks[(*path, key)] = (mark.line + 1, mark.column + 1)
            found[key] = self._value(next(self._events), (*path, key))
        return found
