"""The HR register as the engine sees it: one scope, and one call, which reads the file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from annexlog.collectors import Call, Caller, Discovery, Page, Refused, Scope
from annexlog.collectors.clock import HOST, Clock
from annexlog.collectors.hr._options import Options
from annexlog.evidence_store.model import ConfigError, iso

MOST = 64 << 20
"""Bytes of a file."""

NEVER = "9999-12-31"
"""What some HR systems write as the last day of a contract that does not end."""

_DAY = 86_400_000
_APART = re.compile(r"[;\s]+")


class Register:
    """The file of one target. Raises ConfigError if two columns are the same; reads nothing yet."""

    def __init__(self, options: Options, name: str, *, clock: Clock = HOST) -> None:
        self.options, self._name, self._clock = options, name, clock
        columns = _columns(options)
        if len(set(columns)) < len(columns):
            raise ConfigError("two of the columns are the same.", where=f"targets.{name}")

    def discover(self) -> Discovery:
        """The one scope; nothing is read."""
        return Discovery([Scope(f"hr/{self._name}", "register", {"register": self._name})])

    def caller(self, scope: Scope) -> Caller:  # noqa: ARG002 — there is one
        return Caller("file", self.options.file)

    def lane(self, call: Call, scope: Scope) -> str:  # noqa: ARG002 — there is one
        return scope.name

    def pages(self, call: Call, params: Mapping[str, Any], scope: Scope, region: str | None = None) -> Iterator[Page]:  # noqa: ARG002 — there is one
        """See Adapter."""
        return _Once(self)

    def close(self) -> None: ...

    def persons(self) -> list[dict[str, Any]]:
        """The persons of the file: {person, contracts, manager, keys}. Raises Refused.

        `contracts`: {starts, until} as instants in UTC, the first one of the first day and the one after the last day.
        """
        found: dict[str, dict[str, Any]] = {}
        for number, row in enumerate(self._rows(), 2):
            id = row[self.options.person]
            if not id:
                raise Refused("unreadable", "NoPerson", f"row {number} names no person", again=False)
            starts, until = _day(row, self.options.starts, number), _day(row, self.options.ends, number, after=1)
            if starts is None or (until is not None and until <= starts):
                raise Refused("unreadable", "Dates", f"row {number} has no first day, or ends before it", again=False)
            one = found.setdefault(id, {"person": id, "contracts": [], "manager": None, "keys": []})
            one["contracts"].append({"starts": starts, "until": until})
            if starts == max(c["starts"] for c in one["contracts"]):
                one["manager"] = row[self.options.manager] or None
            for kind, column in self.options.keys.items():
                one["keys"] += [f"{kind}:{key}" for key in _APART.split(row[column]) if key]
        for one in found.values():
            one["contracts"].sort(key=lambda c: c["starts"])
            one["keys"] = sorted(set(one["keys"]))
        return list(found.values())

    def _rows(self) -> Iterator[dict[str, str]]:
        """{column: text} of the columns that are configured, and of no others. Raises Refused."""
        wanted = _columns(self.options)
        rows = csv.reader(io.StringIO(self._text()), strict=True)
        try:
            header = [cell.strip() for cell in next(rows, [])]
            missing = [column for column in wanted if header.count(column) != 1]
            if missing:
                raise Refused("unreadable", "Columns", f"not once in the header: {', '.join(missing)}", again=False)
            places = {column: header.index(column) for column in wanted}
            for number, cells in enumerate(rows, 2):
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) != len(header):
                    raise Refused("unreadable", "Cells", f"row {number} is not as long as the header", again=False)
                yield {column: cells[place].strip() for column, place in places.items()}
        except csv.Error as error:
            raise Refused("unreadable", "NotCSV", str(error), again=False) from None

    def _text(self) -> str:
        path = Path(self.options.file).expanduser()
        try:
            told = path.stat()
            if told.st_size > MOST:
                raise Refused("unreadable", "TooLong", f"the file is longer than {MOST} bytes", again=False)
            age = self._clock.now() - round(told.st_mtime * 1000)
            if not -_DAY <= age <= self.options.max_age * _DAY:  # one from the future would never be too old
                raise Refused("failed", "Old", f"the file is of {iso(round(told.st_mtime * 1000))}", again=False)
            with path.open(encoding="utf-8-sig", newline="") as file:
                return file.read()
        except UnicodeDecodeError:
            raise Refused("unreadable", "NotText", "the file is no text in UTF-8", again=False) from None
        except PermissionError as error:
            raise Refused("denied", "PermissionError", str(error.strerror), again=False) from None
        except OSError as error:
            raise Refused("failed", type(error).__name__, str(error.strerror), again=False) from None


class _Once:
    """The one page of the file; after a Refused, `next` reads it again."""

    def __init__(self, register: Register) -> None:
        self._register, self._over = register, False

    def __iter__(self) -> _Once:
        return self

    def __next__(self) -> Page:
        if self._over:
            raise StopIteration
        persons = self._register.persons()
        if not persons:
            raise Refused("unreadable", "Nobody", "the file has a header and no person", again=False)
        self._over = True
        return Page(persons, total=len(persons))


def _columns(options: Options) -> list[str]:
    return [options.person, options.starts, options.ends, options.manager, *options.keys.values()]


def _day(row: Mapping[str, str], column: str, number: int, after: int = 0) -> str | None:
    """The first instant of a day (or of the one `after` it); None where the cell is empty. Raises Refused."""
    text = row[column]
    if not text or (after and text == NEVER):
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days=after)
    except (ValueError, OverflowError):
        raise Refused("unreadable", "Dates", f"row {number} has no date in {column}", again=False) from None
    return datetime(day.year, day.month, day.day, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
