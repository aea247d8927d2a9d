"""What the organization itself says: exceptions, owners, settings, registers and its Statement of Applicability."""

from __future__ import annotations

import csv
import fnmatch
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from annexlog.evidence_store.model import JSON, MappingError, Millis
from annexlog.mappings.pages import CONTROLS
from annexlog.mappings.reading import Fields, fields, items, nearest
from annexlog.mappings.strictyaml import Document

__all__ = ["Applicability", "Exemption", "read_csv", "read_exceptions", "read_owners", "read_register", "read_soa"]

_KINDS = ("accepted_risk", "compensating_control", "false_positive")
_MAX_CSV = 8_388_608


@dataclass(frozen=True, slots=True)
class Exemption:
    """An exception: laid over outcomes while it is valid, never rewriting them.

    `scope` and `resource` are globs; `test` is one test's id. `kind`: accepted_risk, compensating_control,
    false_positive.
    """

    id: str
    kind: str
    test: str
    scope: str
    resource: str
    reason: str
    requested_by: str
    approved_by: str
    starts: Millis
    expires: Millis
    document: JSON
    where: str

    def valid(self, now: Millis) -> bool:
        return self.starts <= now < self.expires

    def covers(self, test: str, scope: str, id: str) -> bool:
        """Whether it is about this outcome (valid or not)."""
        return self.test == test and fnmatch.fnmatchcase(scope, self.scope) and fnmatch.fnmatchcase(id, self.resource)


@dataclass(frozen=True, slots=True)
class Applicability:
    """A row of the Statement of Applicability."""

    control: str
    applicable: bool
    because: str
    document: JSON


def read_exceptions(document: Document) -> list[Exemption]:
    """The exceptions of a file. Raises MappingError with file, line and column."""
    return [_exception(document, path) for path in items(document)]


def _exception(document: Document, path: tuple[str | int, ...]) -> Exemption:
    required = ("id", "kind", "test", "reason", "requested_by", "approved_by", "approved", "expires")
    page = fields(document, path, required, ("scope", "resource", "compensated_by"))
    kind = page.one_of("kind", _KINDS)
    if _same(page.text("requested_by"), page.text("approved_by")):
        page.refuse("approved_by", "an exception is requested and approved by different people")
    if (kind == "compensating_control") != ("compensated_by" in page):
        page.refuse("kind", "`compensated_by` says what compensates, for a compensating_control and nothing else")
    if "compensated_by" in page:
        page.text("compensated_by")
    starts, expires = page.instant("approved"), page.instant("expires")
    if expires <= starts:
        page.refuse("expires", "it expires before it is approved")
    if "scope" not in page and "resource" not in page:
        document.refuse(path, "say which scope or resource it is for", "`resource: '*'` is for all of them.")
    return Exemption(
        id=page.text("id"),
        kind=kind,
        test=page.text("test"),
        scope=page.text("scope", "*"),
        resource=page.text("resource", "*"),
        reason=page.text("reason"),
        requested_by=page.text("requested_by"),
        approved_by=page.text("approved_by"),
        starts=starts,
        expires=expires,
        document=page.value,
        where=document.where(path),
    )


def _same(one: str, other: str) -> bool:
    return one.casefold().split() == other.casefold().split()


def read_soa(document: Document) -> dict[str, Applicability]:
    """The Statement of Applicability: {control: {applicable, because}}. Raises MappingError."""
    found = {}
    for control in fields(document, (), (), document.value or ()).value:
        if control not in CONTROLS:
            document.refuse((control,), f"Annex A has no control {control!r}", nearest(control, CONTROLS))
        page = fields(document, (control,), ("applicable", "because"))
        found[control] = Applicability(control, page.flag("applicable"), page.text("because"), page.value)
    return found


def read_owners(document: Document, known: Iterable[str]) -> dict[str, JSON]:
    """Who answers for what: {control or test id, or a glob over them: a name, or {name, email}}.

    Raises MappingError, also for a glob that is about none of the `known` ids.
    """
    ids = sorted(known)
    found = dict(fields(document, (), (), document.value or ()).value)
    for pattern, owner in found.items():
        if not fnmatch.filter(ids, pattern):
            document.refuse((pattern,), f"no control or test is called {pattern!r}", nearest(pattern, ids))
        if isinstance(owner, dict):
            page = fields(document, (pattern,), ("name",), ("email",))
            found[pattern] = {key: page.text(key) for key in page.value}
        else:
            Fields(document, (), found).text(pattern)
    return found


def read_register(document: Document) -> JSON:
    """A register as written: a list or a mapping, empty if nothing is on it. Raises MappingError."""
    value = document.value
    if not isinstance(value, list | dict):
        document.refuse((), "a register is a list or a mapping", "Write [] if nothing is on it.")
    for path in _account_numbers(value, ()):
        document.refuse(path, "an account id is a text", "Put it in quotes.")
    return value


def _account_numbers(value: JSON, path: tuple[str | int, ...]) -> Iterable[tuple[str | int, ...]]:
    """Places of whole numbers of twelve digits: account ids that lost their quotes would match nothing."""
    if isinstance(value, int) and not isinstance(value, bool) and len(str(value)) == 12:
        yield path
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        yield from _account_numbers(item, (*path, key))


def read_csv(text: str, name: str) -> list[dict[str, str]]:
    """A register in CSV: a header row, then one mapping of texts per row. Raises MappingError with file and line."""
    if len(text.encode()) > _MAX_CSV:
        raise MappingError(f"larger than {_MAX_CSV:,} bytes", where=name)
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    found: list[dict[str, str]] = []
    header: list[str] = []
    try:
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            cells = [cell.strip() for cell in row]
            if not header:
                header = _header(cells, f"{name}:{rows.line_num}:1")
            elif len(cells) != len(header):
                what = f"{len(cells)} cells where the header has {len(header)}"
                raise MappingError(what, where=f"{name}:{rows.line_num}:1")
            else:
                found.append(dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        raise MappingError(f"not CSV: {error}", where=f"{name}:{rows.line_num}:1") from None
    if not header:
        raise MappingError("a CSV register begins with a header row", where=f"{name}:1:1")
    return found


def _header(cells: list[str], where: str) -> list[str]:
    if not all(cells) or len(set(cells)) < len(cells):
        raise MappingError("every column needs a name of its own", where=where)
    return cells
