"""The HR register as the engine sees it: one scope, and one call, which reads the file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from annexlog.collectors import Call, Caller, Discovery, Page, Refused, Scope
from annexlog.collectors.clock import HOST, Clock
from annexlog.collectors.hr._options import Options
from annexlog.evidence_store.model import ConfigError, Millis, iso

MOST = 64 << 20
"""Bytes of a file."""

DATED = "exported_at"
"""The column that is taken to say when the file was made, if there is one and none is named."""

NEVER = "9999-12-31"
"""What some HR systems write as the last day of a contract that does not end."""

_DAY = 86_400_000
_APART = re.compile(r"[;\s]+")


class Register:
    """The file of one target. Raises ConfigError if two columns are the same; reads nothing yet."""

    def __init__(self, options: Options, name: str, *, clock: Clock = HOST) -> None:
        self.options, self._name, self._clock = options, name, clock
        columns = [*_columns(options), *([options.exported_at] if options.exported_at else [])]
        if len(set(columns)) < len(columns):
            raise ConfigError("two of the columns are the same.", where=f"targets.{name}")

    def discover(self) -> Discovery:
        """The one scope; nothing is read."""
        values = {"register": self._name, "max_loss": str(self.options.max_loss)}
        return Discovery([Scope(f"hr/{self._name}", "register", values)])

    def caller(self, scope: Scope) -> Caller:  # noqa: ARG002 — there is one
        return Caller("file", self.options.file)

    def lane(self, call: Call, scope: Scope) -> str:  # noqa: ARG002 — there is one
        return scope.name

    def pages(self, call: Call, params: Mapping[str, Any], scope: Scope, region: str | None = None) -> Iterator[Page]:  # noqa: ARG002 — there is one
        """See Adapter."""
        return _Once(self)

    def close(self) -> None: ...

    def persons(self) -> list[dict[str, Any]]:
        """The persons of the file: {person, contracts, manager, keys, dated_by}. Raises Refused.

        `contracts`: {starts, until} as instants in UTC, the first one of the first day and the one after the last day.
        `dated_by`: what said how old the file is: `column`, or `mtime`.
        """
        table = self._table()
        dated_by = "column" if table.dated else "mtime"
        found: dict[str, dict[str, Any]] = {}
        for number, row in table.rows:
            if table.dated:
                self._check_age(_instant(row, table.dated, number))
            id = row[self.options.person]
            if not id:
                raise Refused("unreadable", "NoPerson", f"line {number} names no person", again=False)
            starts, until = _day(row, self.options.starts, number), _day(row, self.options.ends, number, after=1)
            if starts is None or (until is not None and until <= starts):
                raise Refused("unreadable", "Dates", f"line {number} has no first day, or ends before it", again=False)
            fresh: dict[str, Any] = {"person": id, "contracts": [], "manager": None, "keys": [], "dated_by": dated_by}
            one = found.setdefault(id, fresh)
            one["contracts"].append({"starts": starts, "until": until})
            if starts == max(c["starts"] for c in one["contracts"]):
                one["manager"] = row[self.options.manager] or None
            for kind, column in self.options.keys.items():
                one["keys"] += [f"{kind}:{key}" for key in _APART.split(row[column]) if key]
        for one in found.values():
            one["contracts"].sort(key=lambda c: c["starts"])
            one["keys"] = sorted(set(one["keys"]))
        return list(found.values())

    def _table(self) -> _Table:
        """The file, if it is whole and young enough. Raises Refused."""
        text, modified = self._read()
        rows = csv.reader(io.StringIO(text), strict=True)
        header = [cell.strip() for cell in _next(rows) or []]
        dated = self.options.exported_at or (DATED if DATED in header else "")
        wanted = [*_columns(self.options), *([dated] if dated else [])]
        missing = [column for column in wanted if header.count(column) != 1]
        if missing:
            raise Refused("unreadable", "Columns", f"not once in the header: {', '.join(missing)}", again=False)
        if not dated:
            self._check_age(modified)
        if not text.endswith(("\n", "\r")):  # a last day, or the last digit of a number, may be gone
            last = len(text.splitlines())
            raise Refused("unreadable", "CutShort", f"line {last}, the last one, has no end: it was cut", again=False)
        return _Table(dated, _rows(rows, header, wanted))

    def _check_age(self, made: Millis) -> None:
        """Raises Refused if the file is too old, or from the future: that would never be too old."""
        if not -_DAY <= self._clock.now() - made <= self.options.max_age * _DAY:
            raise Refused("failed", "Old", f"the file is of {iso(made)}", again=False)

    def _read(self) -> tuple[str, Millis]:
        """The text of the file, and when it was written. Raises Refused."""
        path = Path(self.options.file).expanduser()
        try:
            told = path.stat()
            if told.st_size > MOST:
                raise Refused("unreadable", "TooLong", f"the file is longer than {MOST} bytes", again=False)
            with path.open(encoding="utf-8-sig", newline="") as file:
                return file.read(), round(told.st_mtime * 1000)
        except UnicodeDecodeError:
            raise Refused("unreadable", "NotText", "the file is no text in UTF-8", again=False) from None
        except PermissionError as error:
            raise Refused("denied", "PermissionError", str(error.strerror), again=False) from None
        except OSError as error:
            raise Refused("failed", type(error).__name__, str(error.strerror), again=False) from None


@dataclass(frozen=True, slots=True)
class _Table:
    """`rows`: (line of the file, {column: text} of the configured columns). `dated`: the column of its date, or ""."""

    dated: str
    rows: Iterator[tuple[int, dict[str, str]]]


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


def _next(rows: Any) -> list[str] | None:
    """The next row of a CSV reader; None at the end. Raises Refused."""
    try:
        return next(rows, None)
    except csv.Error as error:
        raise Refused("unreadable", "NotCSV", f"line {rows.line_num}: {error}", again=False) from None


def _rows(rows: Any, header: Sequence[str], wanted: Iterable[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, {column: text}) of the wanted columns of a CSV reader, and of no others. Raises Refused."""
    places = {column: header.index(column) for column in wanted}
    while (cells := _next(rows)) is not None:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise Refused("unreadable", "Cells", f"line {rows.line_num} is not as long as the header", again=False)
        yield rows.line_num, {column: cells[place].strip() for column, place in places.items()}


def _day(row: Mapping[str, str], column: str, number: int, after: int = 0) -> str | None:
    """The first instant of a day (or of the one `after` it); None where the cell is empty. Raises Refused."""
    text = row[column]
    if not text or (after and text == NEVER):
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days=after)
    except (ValueError, OverflowError):
        raise Refused("unreadable", "Dates", f"line {number} has no date in {column}", again=False) from None
    return datetime(day.year, day.month, day.day, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _instant(row: Mapping[str, str], column: str, number: int) -> Millis:
    """A day or an instant, in UTC where it does not say. Raises Refused."""
    try:
        at = datetime.fromisoformat(row[column])
    except ValueError:
        raise Refused("unreadable", "Dates", f"line {number} has no time in {column}", again=False) from None
    return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
