"""What the installed packs hold, read once: a process that runs for long reads only a user's folders every turn."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path

from annexlog.evidence_store.model import TypeShape
from annexlog.mappings.common import Common
from annexlog.mappings.derive import functions
from annexlog.mappings.packs import FILES, FOLDERS, Contents, Reading, read_accounts, read_folder

__all__ = ["Shipped", "read_packs", "shipped"]

_Stamp = tuple[str, int, int]
"""A file's path, size and time of change (ns)."""


@dataclass(frozen=True, slots=True)
class Shipped:
    """What packs hold, and the common types of them and of the folders. Whoever goes on with it takes copies."""

    reading: Reading
    contents: Contents
    common: Mapping[str, Common]

    def copy(self) -> tuple[Reading, Contents]:
        found = Contents()
        found.overlay(self.contents)
        return Reading(self.reading.shapes, list(self.reading.problems)), found


def read_packs(
    shapes: Mapping[str, TypeShape], roots: Sequence[Traversable], folders: Sequence[Path] = (), *, examples: bool
) -> Shipped:
    """Reads packs; of the folders only what they say of the common types, which tests of packs read."""
    reading, found = Reading(shapes, examples=examples), Contents()
    common = read_accounts(reading, (*roots, *folders))
    for root in roots:
        pack = read_folder(reading, root, pack=True)
        for place in sorted(set(pack.places) & set(found.places)):
            what = f"{place[0].removesuffix('s')} {place[1]} is already in {found.places[place]}"
            reading.refuse(what, pack.places[place])
        found.overlay(pack)
    return Shipped(reading, found, common)


def shipped(shapes: Mapping[str, TypeShape], roots: Sequence[Traversable]) -> Shipped:
    """The same without folders and examples, as it was read last where nothing changed that it depends on.

    Packs that are not plain files (in a zip) are read anew.
    """
    paths = [root for root in roots if isinstance(root, Path)]
    if len(paths) < len(roots):
        return read_packs(shapes, roots, examples=False)
    stamps = [stamp for path in paths for stamp in _stamps(path)]
    for before in _READ:
        if before.stamps == stamps and before.functions is functions() and before.shapes == shapes:
            return before.shipped
    read = _Read(stamps, functions(), shapes, read_packs(shapes, roots, examples=False))
    _READ[:] = [read, *_READ[: _KEPT - 1]]
    return read.shipped


@dataclass(frozen=True, slots=True)
class _Read:
    stamps: Sequence[_Stamp]
    functions: object
    shapes: Mapping[str, TypeShape]
    shipped: Shipped


_KEPT = 2
"""Read with the field names that providers publish, and without."""

_READ: list[_Read] = []


def _stamps(root: Path) -> Iterator[_Stamp]:
    for name in (*FOLDERS, *FILES):
        yield from _stamp(root / name)
        for folder, folders, files in os.walk(root / name, followlinks=True):
            folders.sort()
            for file in sorted(files):
                yield from _stamp(Path(folder, file))


def _stamp(path: Path) -> Iterator[_Stamp]:
    with suppress(OSError):  # a link to nothing
        stat = path.stat()
        yield str(path), stat.st_size, stat.st_mtime_ns
