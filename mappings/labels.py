"""Labels: what marks a resource as critical, confidential, of production …, by tags, a register or a default class.

A label is read in conditions as `labels.NAME`. It is looked up in this order: its register (id or glob → class), the
tags (the first of the label's keys that the resource has), the default class. A resource that says nothing, or says
a word that the label does not know, is unknown(unclassified): never taken for not applicable.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.reading import fields
from annexlog.mappings.strictyaml import Document

__all__ = ["Assigned", "Label", "assigned", "read_labels"]


@dataclass(frozen=True, slots=True)
class Assigned:
    """What a register says of a label: {id: class} as written, and (glob over ids, class) in the order of globs."""

    exact: Mapping[str, str]
    globs: tuple[tuple[str, str], ...] = ()
    unreadable: bool = False

    def of(self, id: str) -> str:
        if id in self.exact:
            return self.exact[id]
        return next((name for glob, name in self.globs if fnmatch.fnmatchcase(id, glob)), "")


def assigned(register: JSON) -> Assigned:
    """Reads a register that is a mapping {id or glob: class}, or rows with the columns `id` and `class`."""
    if register is None:
        return Assigned({})
    rows = register
    if isinstance(register, list) and all(isinstance(row, dict) and {"id", "class"} <= row.keys() for row in register):
        rows = {row["id"]: row["class"] for row in register}
    if not isinstance(rows, dict):
        return Assigned({}, unreadable=True)
    said = {str(id): str(name) for id, name in sorted(rows.items())}
    return Assigned(said, tuple((id, name) for id, name in said.items() if any(sign in id for sign in "*?[")))


@dataclass(frozen=True, slots=True)
class Label:
    """`keys`: tag keys in lower case, the first found counts. `meanings`: {what is written, in lower case: class}."""

    name: str
    keys: tuple[str, ...]
    meanings: Mapping[str, str]
    classes: tuple[str, ...]
    register: str
    default: str
    document: JSON

    def of(self, id: str, tags: Mapping[str, JSON] | Unknown, assigned: Assigned) -> str | Unknown:
        """The class of a resource, or why it is not known."""
        if assigned.unreadable:
            return Unknown("unreadable", operation=self.register)
        named = assigned.of(id)
        if named:
            return self.meanings.get(named.lower(), self._unclassified())
        if isinstance(tags, Unknown):
            return tags
        found = {key.lower(): value for key, value in tags.items()} if self.keys else {}
        for key in self.keys:
            if key in found:
                return self.meanings.get(str(found[key]).strip().lower(), self._unclassified())
        return self.default or self._unclassified()

    def _unclassified(self) -> Unknown:
        return Unknown("unclassified", operation=self.name)


def read_labels(document: Document) -> dict[str, Label]:
    """The labels of a labels.yaml, by name. Raises MappingError."""
    page = fields(document, (), (), document.value or ())
    return {name: _read(document, name) for name in page.value}


def _read(document: Document, name: str) -> Label:
    page = fields(document, (name,), ("values",), ("tags", "register", "default"))
    classes = tuple(page.mapping("values"))
    meanings: dict[str, str] = {}
    for one in classes:
        words = fields(document, (name, "values"), classes).texts(one)
        for word in dict.fromkeys((one.lower(), *(word.lower() for word in words))):
            if meanings.setdefault(word, one) != one:
                document.refuse((name, "values", one), f"{word!r} means both {meanings[word]} and {one}")
    keys = tuple(key.lower() for key in page.texts("tags"))
    register = page.text("register") if "register" in page else ""
    default = page.one_of("default", classes) if "default" in page else ""
    if not (keys or register or default):
        document.refuse((name,), f"the label {name} needs tags, a register or a default")
    return Label(name, keys, meanings, classes, register, default, page.value)
