"""Outcomes wait in a file until they are recorded: an organization has more of them than memory should hold."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Self, TypeVar

from annexlog.evidence_store.model import Outcome
from annexlog.evidence_store.sqlite import full

V = TypeVar("V")


class Waiting:
    """Keeps mappings in a nameless file in a folder, and gives them back as they are asked for. Raises StoreFull."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[bytes] = TemporaryFile(dir=folder)  # noqa: SIM115 — closed by __exit__
        self._end = 0
        self._last: tuple[int, Mapping[str, Any]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def outcomes(self, outcomes: Mapping[str, Outcome]) -> Mapping[str, Outcome]:
        """These outcomes by id, read again each time. Few of them differ in more than their id."""
        distinct: dict[Outcome, int] = {}
        places = [distinct.setdefault(outcome, len(distinct)) for outcome in outcomes.values()]
        return _Kept(self, *self._put((list(outcomes), list(distinct), places)))

    def causes(self, causes: Mapping[str, str]) -> Mapping[str, str]:
        """Why outcomes changed, by id, likewise."""
        distinct: dict[str, int] = {}
        places = [distinct.setdefault(cause, len(distinct)) for cause in causes.values()]
        return _Kept(self, *self._put((list(causes), list(distinct), places)))

    def _put(self, said: object) -> tuple[int, int]:
        data = pickle.dumps(said, protocol=5)
        try:
            self._file.seek(self._end)
            self._file.write(data)
            self._file.flush()
        except OSError as error:
            raise full(error, self._folder) from error
        start, self._end = self._end, self._end + len(data)
        return start, len(data)

    def read(self, start: int, size: int) -> Mapping[str, Any]:
        """What was put there. That which was read last is kept: who looks up one id after another reads it once."""
        if self._last is None or self._last[0] != start:
            self._file.seek(start)
            ids, distinct, places = pickle.loads(self._file.read(size))  # noqa: S301 — we wrote it ourselves
            self._last = start, {id: distinct[place] for id, place in zip(ids, places, strict=True)}
        return self._last[1]


class _Kept(Mapping[str, V]):
    """One mapping in the file."""

    __slots__ = ("_place", "_waiting")

    def __init__(self, waiting: Waiting, start: int, size: int) -> None:
        self._waiting, self._place = waiting, (start, size)

    def _whole(self) -> Mapping[str, V]:
        return self._waiting.read(*self._place)

    def __getitem__(self, id: str) -> V:
        return self._whole()[id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole())

    def __len__(self) -> int:
        return len(self._whole())
