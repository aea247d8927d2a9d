"""Check mappings before they are trusted: that examples give what they say, and that nothing can be green in vain.

`annexlog mappings check` runs this over everything; `python -m annexlog.mappings.checking FILE…` over test files.
"""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources.abc import Traversable
from pathlib import Path

from annexlog.evidence_store.model import MappingError, TypeShape
from annexlog.mappings.common import problems as wrong
from annexlog.mappings.definitions import Test
from annexlog.mappings.examples import run_examples
from annexlog.mappings.labels import Label
from annexlog.mappings.loading import read
from annexlog.mappings.packs import Contents, Reading, read_tests
from annexlog.mappings.pages import CONTROLS

__all__ = ["check", "check_files", "check_test"]


def check(
    shapes: Mapping[str, TypeShape], *, folders: Sequence[Path] = (), packs: Sequence[Traversable] | None = None
) -> list[MappingError]:
    """Everything that is wrong with the installed packs (or these) and the user's folders, in the order of reading."""
    mappings, problems = read(shapes, folders=folders, packs=packs)
    # A pack's examples are written for the labels it brings, not for what a user makes of them.
    shipped = read(shapes, packs=packs)[0] if folders else mappings
    for test in mappings.tests.values():
        own = test.id not in shipped.tests or shipped.tests[test.id].where != test.where
        problems += check_test(test, mappings.labels if own else shipped.labels)
    parts = [part for common in mappings.common.values() for part in common.parts]
    problems += [MappingError(what, where=where) for what, where in wrong(parts)]
    problems += _check_defaults(mappings.tests.values())
    linked = {link.test for control in mappings.controls.values() for link in control.tests}
    for test in mappings.tests.values():
        if test.id not in linked:
            problems.append(MappingError(f"{test.id} supports no control", where=test.where))
    for id in CONTROLS:
        if id not in mappings.controls:
            problems.append(MappingError(f"{id} has no page", next=f"Add iso27001_2022/{id}.yaml."))
    return problems


def check_files(
    files: Sequence[Path], shapes: Mapping[str, TypeShape], labels: Mapping[str, Label]
) -> list[MappingError]:
    """The same for the tests of some files alone, whatever else there is."""
    reading, found = Reading(shapes), Contents()
    for file in files:
        read_tests(reading, file, found)
    problems = list(reading.problems)
    for test in found.tests.values():
        problems += check_test(test, labels)
    return problems


def check_test(test: Test, labels: Mapping[str, Label]) -> list[MappingError]:
    """What keeps one test from being trusted."""
    problems = []
    for join in test.joins:
        if not join.by and not join.one and not test.of.single:
            what = f"{test.id} asks of every {test.of.name} what it finds among all {join.of.name}"
            next = "A test that something exists is `of` a type that is the scope itself; else say `by`."
            problems.append(MappingError(what, where=test.where, next=next))
    unlabelled = [name for name in test.labels if name not in labels]
    if unlabelled:
        what = f"{test.id}: no label is called {unlabelled[0]!r}"
        return [*problems, MappingError(what, where=test.where)]
    return problems + run_examples(test, labels)


def _check_defaults(tests: Iterable[Test]) -> list[MappingError]:
    """A setting has one default, whichever test reads it."""
    problems: list[MappingError] = []
    seen: dict[str, Test] = {}
    for test in tests:
        for name, value in test.settings.items():
            other = seen.setdefault(name, test)
            if other.settings[name] != value:
                what = f"the setting {name} has the default {value!r} here and {other.settings[name]!r} in {other.id}"
                problems.append(MappingError(what, where=test.where))
    return problems


def _collected_shapes() -> dict[str, TypeShape]:
    """The installed resource types. Asked for by name: mappings depend on no collector, only this tool looks."""
    types = pkgutil.resolve_name("annexlog.collectors:resource_types")()
    providers = pkgutil.resolve_name("annexlog.collectors:providers")()
    return {name: type.shape(providers[type.provider].members(type)) for name, type in types.items()}


def main(arguments: Sequence[str]) -> int:
    """Checks test files, or everything where none is given; 0 if nothing is wrong, else 2."""
    try:
        shapes = _collected_shapes()
        if arguments:
            mappings, _ = read(shapes)
            known = {**shapes, **mappings.common}
            problems = check_files([Path(name) for name in arguments], known, mappings.labels)
        else:
            problems = check(shapes)
    except MappingError as error:
        problems = [error]
    for problem in problems:
        print(problem)  # noqa: T201 — the tool's output
    print(f"{len(problems)} problems" if problems else "nothing is wrong")  # noqa: T201
    return 2 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
