"""Put packs and folders together into Mappings, checked against each other; or rebuild them from what was recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from pathlib import Path

from annexlog.evidence_store.model import JSON, MappingError, Millis, TypeShape
from annexlog.mappings.common import NAMED, Common
from annexlog.mappings.definitions import Test
from annexlog.mappings.labels import Label, read_labels
from annexlog.mappings.organization import Applicability, Exemption, read_exceptions, read_owners, read_soa
from annexlog.mappings.packs import Contents, Reading, installed_packs, read_folder
from annexlog.mappings.pages import CONTROLS, Control, Manual, read_control, read_manual
from annexlog.mappings.reading import nearest
from annexlog.mappings.shipped import read_packs, shipped
from annexlog.mappings.states import RULE_SETTINGS, Rule
from annexlog.mappings.strictyaml import Document
from annexlog.mappings.testreading import read_test

__all__ = ["Mappings", "from_documents", "load", "read"]


@dataclass(frozen=True, slots=True)
class Mappings:
    """What evidence means, and what the organization says; everything by id.

    `controls` are in the order of Annex A. `settings` are the configured ones alone: a test has defaults of its own.
    """

    tests: Mapping[str, Test]
    controls: Mapping[str, Control]
    manual: Mapping[str, Manual]
    registers: Mapping[str, JSON]
    settings: Mapping[str, JSON]
    exceptions: Mapping[str, Exemption]
    labels: Mapping[str, Label]
    owners: Mapping[str, JSON]
    soa: Mapping[str, Applicability]
    common: Mapping[str, Common] = field(default_factory=dict)
    """The common types, as the folders' `accounts` make them; none where it was rebuilt from a store."""

    def wanted(self, tests: Iterable[Test] | None = None) -> dict[str, dict[str, Millis]]:
        """{type name: {facet: how often, in ms}} of all that these tests (None: all) read; listings by main facet."""
        found: dict[str, dict[str, Millis]] = {}
        for test in self.tests.values() if tests is None else tests:
            for name, facet in test.wanted():
                facets = found.setdefault(name, {})
                facets[facet] = min(test.every, facets.get(facet, test.every))
        return found

    def exception_for(self, test: str, scope: str, id: str, at: Millis) -> Exemption | None:
        """The exception that is valid then and covers this outcome; of several the one that lasts longest."""
        covering = (one for one in self._exceptions_of(test) if one.valid(at) and one.covers(test, scope, id))
        return max(covering, key=lambda one: (one.expires, one.id), default=None)

    def _exceptions_of(self, test: str) -> Iterable[Exemption]:
        return (one for one in self.exceptions.values() if one.test == test)

    def documents(self) -> dict[str, dict[str, JSON]]:
        """{type: {id: JSON}}: what is recorded as evidence under the scope `org`."""
        return {
            "register": dict(self.registers),
            "setting": dict(self.settings),
            "exception": {id: one.document for id, one in self.exceptions.items()},
            "label": {id: one.document for id, one in self.labels.items()},
            "owner": dict(self.owners),
            "soa": {id: one.document for id, one in self.soa.items()},
            "definition": {id: dict(one.definition) for id, one in self.tests.items()},
            "control": {id: one.document for id, one in self.controls.items()},
            "manual": {id: one.document for id, one in self.manual.items()},
        }


def load(
    shapes: Mapping[str, TypeShape], *, folders: Sequence[Path] = (), packs: Sequence[Traversable] | None = None
) -> Mappings:
    """All installed packs (or these instead) and the user's folders; of the packs' tests no examples.

    Raises MappingError with file, line and column; of several problems the first, and how many there are.
    """
    mappings, problems = _read(shapes, folders, packs, examples=False)
    if problems:
        first = problems[0]
        more = f"({len(problems) - 1} more: `annexlog mappings check` shows them all.)" if problems[1:] else ""
        raise MappingError(first.what, where=first.where, next=" ".join(filter(None, (first.next, more))))
    return mappings


def read(
    shapes: Mapping[str, TypeShape], *, folders: Sequence[Path] = (), packs: Sequence[Traversable] | None = None
) -> tuple[Mappings, list[MappingError]]:
    """The same with examples, and with every problem instead of an error: what could be read, and what could not."""
    return _read(shapes, folders, packs, examples=True)


def _read(
    shapes: Mapping[str, TypeShape], folders: Sequence[Path], packs: Sequence[Traversable] | None, *, examples: bool
) -> tuple[Mappings, list[MappingError]]:
    roots = list(installed_packs().values() if packs is None else packs)
    # What a folder says of the common types, the packs' tests are read with.
    own = packs is not None or any((folder / "accounts").is_dir() for folder in folders)
    base = read_packs(shapes, roots, folders, examples=examples) if own or examples else shipped(shapes, roots)
    reading, found = base.copy()
    for folder in folders:
        found.overlay(read_folder(reading, folder))
    _check_together(reading, found)
    return _mappings(found, base.common), reading.problems


def from_documents(documents: Mapping[str, Mapping[str, JSON]], shapes: Mapping[str, TypeShape]) -> Mappings:
    """The mappings that `Mappings.documents` gave, rebuilt from the store for replay. Raises MappingError."""

    def each(type: str) -> Iterable[tuple[str, Document]]:
        return ((id, Document(f"{type} {id} as recorded", body)) for id, body in documents.get(type, {}).items())

    def whole(type: str) -> Document:
        return Document(f"{type}s as recorded", dict(documents.get(type, {})))

    return _mappings(
        Contents(
            tests={id: read_test(one, (), shapes, recorded=True) for id, one in each("definition")},
            controls={id: read_control(one) for id, one in each("control")},
            manual={id: read_manual(Document(one.name, {"items": [one.value]}))[0] for id, one in each("manual")},
            registers=dict(documents.get("register", {})),
            settings=dict(documents.get("setting", {})),
            exceptions={id: read_exceptions(Document(one.name, [one.value]))[0] for id, one in each("exception")},
            labels=read_labels(whole("label")),
            owners=dict(documents.get("owner", {})),
            soa=read_soa(whole("soa")),
        )
    )


def _mappings(found: Contents, common: Mapping[str, Common] | None = None) -> Mappings:
    return Mappings(
        tests=dict(sorted(found.tests.items())),
        controls={id: found.controls[id] for id in CONTROLS if id in found.controls},
        manual=dict(sorted(found.manual.items())),
        registers=dict(sorted(found.registers.items())),
        settings=dict(sorted(found.settings.items())),
        exceptions=dict(sorted(found.exceptions.items())),
        labels=dict(sorted(found.labels.items())),
        owners=dict(sorted(found.owners.items())),
        soa=dict(sorted(found.soa.items())),
        common=common or {},
    )


# ── do the parts fit each other? ──────────────────────────────────────────────────────────


def _read_by_parts(test: Test) -> Iterable[str]:
    """The registers that say what a right allows, of the common types that a test reads."""
    of = {shape.name: shape for shape in (test.of, *(join.of for join in test.joins)) if isinstance(shape, Common)}
    return (flag.register for one in of.values() for part in one.parts for flag in part.flags.values() if flag.register)


def _check_together(reading: Reading, found: Contents) -> None:
    _check_labels(reading, found)
    _check_settings(reading, found)
    registers = {name for test in found.tests.values() for name in test.registers}
    registers |= {label.register for label in found.labels.values()} | set(NAMED)
    registers |= {name for test in found.tests.values() for name in _read_by_parts(test)}
    for name in found.registers:
        if name not in registers:
            what = f"no test or label reads a register called {name!r}"
            reading.refuse(what, found.places["registers", name], nearest(name, registers))
    _check_pages(reading, found)
    for one in found.exceptions.values():
        if one.test not in found.tests:
            reading.refuse(f"no test is called {one.test!r}", one.where, nearest(one.test, found.tests))
    if found.owners:
        where = next(place for (kind, _), place in found.places.items() if kind == "owners").rsplit(":", 2)[0]
        document = Document(where, found.owners)
        reading.attempt(lambda: read_owners(document, (*CONTROLS, *found.tests)))


def _check_pages(reading: Reading, found: Contents) -> None:
    for control in found.controls.values():
        for link in control.tests:
            if link.test not in found.tests:
                reading.refuse(f"no test is called {link.test!r}", link.where, nearest(link.test, found.tests))
        for id in control.manual:
            if id not in found.manual:
                reading.refuse(f"no manual evidence is called {id!r}", control.where, nearest(id, found.manual))
            elif control.id not in found.manual[id].controls:
                reading.refuse(f"{id} is not for {control.id}, says {found.manual[id].where}", control.where)
    for item in found.manual.values():
        for control_id in item.controls:
            if control_id in found.controls and item.id not in found.controls[control_id].manual:
                reading.refuse(f"the page of {control_id} does not name {item.id}", item.where)


def _check_labels(reading: Reading, found: Contents) -> None:
    for test in found.tests.values():
        for name in test.labels:
            if name not in found.labels:
                reading.refuse(f"{test.id}: no label is called {name!r}", test.where, nearest(name, found.labels))


def _check_settings(reading: Reading, found: Contents) -> None:
    defaults = {name: value for test in found.tests.values() for name, value in test.settings.items()}
    known = {*defaults, *RULE_SETTINGS}
    for name, value in found.settings.items():
        where = found.places["settings", name]
        if name not in known:
            reading.refuse(f"no test reads a setting called {name!r}", where, nearest(name, known))
        elif name in defaults and _kind(value) != _kind(defaults[name]):
            reading.refuse(f"{name} must be {_kind(defaults[name])}, as its default is", where)

    def rule() -> None:
        try:
            Rule.from_settings(found.settings)
        except ValueError as error:
            name = str(error).partition(":")[0]
            raise MappingError(str(error), where=found.places["settings", name]) from None

    reading.attempt(rule)


def _kind(value: JSON) -> str:
    kinds: Sequence[tuple[type | tuple[type, ...], str]] = (
        (bool, "true or false"),
        ((int, float), "a number"),
        (str, "a text"),
        (list, "a list"),
        (dict, "a mapping"),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), "null")
