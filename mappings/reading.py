"""Read one mapping of a document field by field; everything unexpected is refused where it stands."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from annexlog.evidence_store.model import JSON, Millis, duration, instant
from annexlog.mappings.strictyaml import Document, Path

__all__ = ["Fields", "fields", "items", "nearest"]


def nearest(word: str, known: Iterable[str]) -> str:
    """`Did you mean x?`, or nothing."""
    close = difflib.get_close_matches(word, sorted(known), 1)
    return f"Did you mean {close[0]}?" if close else ""


def fields(document: Document, path: Path, required: Collection[str], optional: Collection[str] = ()) -> Fields:
    """The mapping at a path. Raises MappingError if it is none, lacks a required key, or has another."""
    value = _at(document.value, path)
    if not isinstance(value, dict):
        document.refuse(path, f"a mapping with the keys {', '.join(required)} is expected")
    for key in value:
        if key not in required and key not in optional:
            document.refuse((*path, key), f"the key {key!r} is not known", nearest(key, {*required, *optional}))
    for key in required:
        if key not in value:
            document.refuse(path, f"the key {key!r} is missing")
    return Fields(document, path, value)


def items(document: Document, path: Path = ()) -> list[Path]:
    """The paths of a list's items. Raises MappingError if it is no list."""
    value = _at(document.value, path)
    if not isinstance(value, list):
        document.refuse(path, "a list is expected")
    return [(*path, index) for index in range(len(value))]


def _at(value: JSON, path: Path) -> JSON:
    for step in path:
        value = value[step]
    return value


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping whose keys are known to be right; each reader checks its value. All raise MappingError."""

    document: Document
    path: Path
    value: Mapping[str, JSON]

    def __contains__(self, key: str) -> bool:
        return key in self.value

    def refuse(self, key: str, what: str, next: str = "") -> NoReturn:
        """Raises the error that says what is wrong with a key's value."""
        self.document.refuse((*self.path, key), what, next)

    def text(self, key: str, default: str | None = None) -> str:
        """A text that is not blank."""
        if key not in self.value and default is not None:
            return default
        value = self.value[key]
        if not isinstance(value, str) or not value.strip():
            self.refuse(key, f"{key} must be a text", "Put it in quotes." if isinstance(value, int | float) else "")
        return value.strip()

    def one_of(self, key: str, allowed: Collection[str], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in allowed:
            self.refuse(key, f"{key} is {value!r}, but must be one of {', '.join(allowed)}")
        return value

    def flag(self, key: str, *, default: bool = False) -> bool:
        value = self.value.get(key, default)
        if not isinstance(value, bool):
            self.refuse(key, f"{key} must be true or false")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, none twice; absent is empty."""
        value = self.value.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            self.refuse(key, f"{key} must be a list of texts")
        if len(set(value)) < len(value):
            self.refuse(key, f"{key} names something twice")
        return tuple(value)

    def mapping(self, key: str) -> Mapping[str, JSON]:
        """A mapping; absent is empty."""
        value = self.value.get(key, {})
        if not isinstance(value, dict):
            self.refuse(key, f"{key} must be a mapping")
        return value

    def duration(self, key: str) -> Millis:
        try:
            return duration(self.text(key))
        except ValueError as error:
            self.refuse(key, str(error))

    def instant(self, key: str) -> Millis:
        try:
            return instant(self.text(key))
        except ValueError:
            self.refuse(key, f"{key} must be a date or a time such as 2026-11-25 or 2026-11-25T18:20:00Z")
