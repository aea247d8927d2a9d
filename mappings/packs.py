"""Find and read what mappings are made of: packs (entry points) and the user's own folders, laid out alike.

A folder holds `tests/**/*.yaml`, `accounts/*.yaml`, `iso27001_2022/*.yaml` (or `controls/`; `_manual.yaml` in it),
`exceptions/*.yaml`, `registers/*.yaml|csv`, `settings.yaml`, `labels.yaml`, `owners.yaml` and `soa.yaml`, each where
needed. What a later folder says replaces what an earlier one or a pack says of the same id; within one folder, and
between packs, an id is given once.
"""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import entry_points
from importlib.resources.abc import Traversable
from typing import TypeVar

from annexlog.evidence_store.model import JSON, MappingError, TypeShape
from annexlog.mappings.common import Common, Part, commons, read_parts
from annexlog.mappings.definitions import Test
from annexlog.mappings.derive import GROUP
from annexlog.mappings.labels import Label, read_labels
from annexlog.mappings.organization import (
    Applicability,
    Exemption,
    read_csv,
    read_exceptions,
    read_register,
    read_soa,
)
from annexlog.mappings.pages import Control, Manual, read_control, read_manual
from annexlog.mappings.reading import fields, items
from annexlog.mappings.strictyaml import Document, parse
from annexlog.mappings.testreading import read_test

__all__ = ["FILES", "FOLDERS", "Contents", "Reading", "installed_packs", "read_accounts", "read_folder", "read_tests"]

FILES = ("settings.yaml", "labels.yaml", "owners.yaml", "soa.yaml")
FOLDERS = ("tests", "iso27001_2022", "controls", "registers", "exceptions", "accounts")
_MANUAL = "_manual.yaml"
_EXAMPLES = re.compile(r"^  examples:.*(?:\n(?:   .*|[ \t]*#.*|[ \t]*)$)*", re.MULTILINE)
"""The examples of a test, as tests are written: a member of an item of the list that the file is."""
_KINDS = ("tests", "controls", "manual", "registers", "settings", "exceptions", "labels", "owners", "soa")

T = TypeVar("T")


@dataclass(slots=True)
class Contents:
    """What one folder, or all of them together, say: by id."""

    tests: dict[str, Test] = field(default_factory=dict)
    controls: dict[str, Control] = field(default_factory=dict)
    manual: dict[str, Manual] = field(default_factory=dict)
    registers: dict[str, JSON] = field(default_factory=dict)
    settings: dict[str, JSON] = field(default_factory=dict)
    exceptions: dict[str, Exemption] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    owners: dict[str, JSON] = field(default_factory=dict)
    soa: dict[str, Applicability] = field(default_factory=dict)
    places: dict[tuple[str, str], str] = field(default_factory=dict)
    """(kind, id) → where it is written."""

    def add(self, kind: str, id: str, value: object, where: str) -> None:
        """Raises MappingError if the id is there already."""
        if (kind, id) in self.places:
            raise MappingError(f"{kind.removesuffix('s')} {id} is already in {self.places[kind, id]}", where=where)
        self.places[kind, id] = where
        getattr(self, kind)[id] = value

    def overlay(self, other: Contents) -> None:
        """Takes in all that another says, in place of its own."""
        for kind in _KINDS:
            getattr(self, kind).update(getattr(other, kind))
        self.places.update(other.places)


@dataclass(slots=True)
class Reading:
    """One reading of folders. Every problem is kept, so that all can be shown at once.

    `examples`: whether those of tests are read too; they are more than half of the text, and only checks need them.
    """

    shapes: Mapping[str, TypeShape]
    problems: list[MappingError] = field(default_factory=list)
    examples: bool = True

    def attempt(self, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except MappingError as problem:
            self.problems.append(problem)
            return None

    def refuse(self, what: str, where: str, next: str = "") -> None:
        self.problems.append(MappingError(what, where=where, next=next))


def installed_packs() -> Mapping[str, Traversable]:
    """The roots of all installed packs, by entry point name; built-in and third-party alike."""
    points = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    return {point.name: importlib.resources.files(point.value) for point in points}


def read_folder(reading: Reading, root: Traversable, *, pack: bool = False) -> Contents:
    """Everything in a pack's or a user's folder; problems go into the reading."""
    found = Contents()
    if not pack:
        _refuse_strangers(reading, root)
    for file in _files(reading, root / "tests", deep=True):
        read_tests(reading, file, found)
    for name in ("iso27001_2022", "controls"):
        for file in _files(reading, root / name):
            _add(reading, found, "controls", file, lambda document: [read_control(document)])
        if (root / name / _MANUAL).is_file():
            _add(reading, found, "manual", root / name / _MANUAL, read_manual)
    for file in _files(reading, root / "exceptions"):
        _add(reading, found, "exceptions", file, read_exceptions)
    for file in _files(reading, root / "registers", suffixes=(".yaml", ".csv")):
        _read_register(reading, file, found)
    for name in FILES:
        file = root / name
        if file.is_file():
            reading.attempt(partial(_read_whole, found, file, name))
    return found


def read_accounts(reading: Reading, roots: Sequence[Traversable]) -> dict[str, Common]:
    """The common types that these folders make, known to the reading from then on; a later folder's part replaces."""
    parts: dict[tuple[str, str], Part] = {}
    for root in roots:
        own: dict[tuple[str, str], Part] = {}
        for file in _files(reading, root / "accounts"):
            for part in reading.attempt(partial(_read_parts, file, reading.shapes)) or ():
                key = (part.common, part.of.name)
                if key in own:
                    reading.refuse(f"{part.of.name} as {part.common} is already in {own[key].where}", part.where)
                own[key] = part
        parts |= own
    found = commons(parts.values())
    reading.shapes = {**reading.shapes, **found}
    return found


def _read_parts(file: Traversable, shapes: Mapping[str, TypeShape]) -> list[Part]:
    return read_parts(_document(file), shapes)


def read_tests(reading: Reading, file: Traversable, found: Contents) -> None:
    """The tests of one file."""
    document = reading.attempt(lambda: _document(file) if reading.examples else _without_examples(file))
    if document is None:
        return
    for path in reading.attempt(lambda: items(document)) or ():
        test = reading.attempt(partial(read_test, document, path, reading.shapes, examples=reading.examples))
        if test:
            reading.attempt(partial(found.add, "tests", test.id, test, test.where))


def _add(
    reading: Reading,
    found: Contents,
    kind: str,
    file: Traversable,
    read: Callable[[Document], Sequence[Control] | Sequence[Exemption] | Sequence[Manual]],
) -> None:
    for one in reading.attempt(lambda: read(_document(file))) or ():
        reading.attempt(partial(found.add, kind, one.id, one, one.where))


def _read_register(reading: Reading, file: Traversable, found: Contents) -> None:
    name, _, suffix = file.name.rpartition(".")

    def read() -> JSON:
        return read_register(_document(file)) if suffix == "yaml" else read_csv(_text(file), str(file))

    value = reading.attempt(read)
    if value is not None:
        reading.attempt(lambda: found.add("registers", name, value, str(file)))


def _read_whole(found: Contents, file: Traversable, name: str) -> None:
    """A file of which a folder has one. Owners are checked later, when all ids are known."""
    document = _document(file)
    values: Mapping[str, object]
    if name == "labels.yaml":
        values = read_labels(document)
    elif name == "soa.yaml":
        values = read_soa(document)
    else:
        values = fields(document, (), (), document.value or ()).value
    for id, value in values.items():
        found.add(name.removesuffix(".yaml"), id, value, document.where((id,)))


def _refuse_strangers(reading: Reading, root: Traversable) -> None:
    if not root.is_dir():
        reading.refuse("there is no such folder", str(root))
        return
    for entry in sorted(root.iterdir(), key=lambda e: e.name):
        known = FOLDERS if entry.is_dir() else FILES
        if entry.name.startswith(".") or entry.name in known or entry.name.lower().endswith((".md", ".txt")):
            continue
        reading.refuse(f"nothing reads this; known here are {', '.join((*FOLDERS, *FILES))}", str(entry))


def _files(
    reading: Reading, folder: Traversable, *, deep: bool = False, suffixes: Sequence[str] = (".yaml",)
) -> Iterator[Traversable]:
    if not folder.is_dir():
        return
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.startswith((".", "_")) or entry.name.lower().endswith((".md", ".txt")):
            continue
        if entry.is_dir() and deep:
            yield from _files(reading, entry, deep=True, suffixes=suffixes)
        elif entry.is_file() and entry.name.endswith(tuple(suffixes)):
            yield entry
        else:
            reading.refuse(f"nothing reads this; files here end in {' or '.join(suffixes)}", str(entry))


def _text(file: Traversable) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise MappingError("not a text in UTF-8", where=str(file)) from None
    except OSError as error:
        raise MappingError(f"cannot be read: {error.strerror}", where=str(file)) from None


def _document(file: Traversable) -> Document:
    return parse(_text(file), str(file))


def _without_examples(file: Traversable) -> Document:
    """What stands behind them keeps its line, so that an error says where it is."""
    return parse(_EXAMPLES.sub(lambda found: "\n" * found[0].count("\n"), _text(file)), str(file))
