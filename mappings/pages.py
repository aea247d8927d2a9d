"""The pages of Annex A: one for each of its 93 controls, with its tests and what is not shown."""

from __future__ import annotations

from dataclasses import dataclass

from annexlog.evidence_store.model import JSON
from annexlog.mappings.reading import fields, items, nearest
from annexlog.mappings.strictyaml import Document, Path

__all__ = ["CONTROLS", "STRENGTHS", "THEMES", "Control", "Link", "Manual", "read_control", "read_manual"]

THEMES = {"A.5": "organizational", "A.6": "people", "A.7": "physical", "A.8": "technological"}
STRENGTHS = ("primary", "secondary")
CONTROLS = tuple(
    f"{clause}.{number}"
    for clause, last in (("A.5", 37), ("A.6", 8), ("A.7", 14), ("A.8", 34))
    for number in range(1, last + 1)
)
"""The ids of the controls of ISO/IEC 27001:2022 Annex A, in its order."""


@dataclass(frozen=True, slots=True)
class Link:
    """Why a test supports a control. `strength`: a primary test decides the control's state, a secondary never."""

    test: str
    strength: str
    because: str
    where: str


@dataclass(frozen=True, slots=True)
class Control:
    """One control's page. `manual`: ids of the evidence that a person must supply."""

    id: str
    title: str
    theme: str
    says: str
    can_show: str
    not_shown: str
    tests: tuple[Link, ...]
    manual: tuple[str, ...]
    document: JSON
    where: str

    @property
    def primary(self) -> tuple[str, ...]:
        return tuple(link.test for link in self.tests if link.strength == "primary")


@dataclass(frozen=True, slots=True)
class Manual:
    """Evidence that only people can supply, and the controls that it is for. Owner and validity are defaults.

    `valid_for`: an ISO 8601 duration, or what ends it. `renew_on`: what asks for a new one before that.
    """

    id: str
    title: str
    contains: str
    controls: tuple[str, ...]
    owner: str
    valid_for: str
    renew_on: str
    document: JSON
    where: str


def read_manual(document: Document) -> list[Manual]:
    """The items of a `_manual.yaml`. Raises MappingError with file, line and column."""
    fields(document, (), ("items",), ("metadata",)).texts("metadata")
    return [_manual(document, path) for path in items(document, ("items",))]


def _manual(document: Document, path: Path) -> Manual:
    page = fields(document, path, ("id", "title", "contains", "controls", "owner", "valid_for", "renew_on"))
    controls = page.texts("controls")
    for id in controls:
        if id not in CONTROLS:
            page.refuse("controls", f"Annex A has no control {id!r}", nearest(id, CONTROLS))
    return Manual(
        id=page.text("id"),
        title=page.text("title"),
        contains=page.text("contains"),
        controls=controls,
        owner=page.text("owner"),
        valid_for=page.text("valid_for"),
        renew_on=page.text("renew_on"),
        document=page.value,
        where=document.where(path),
    )


def read_control(document: Document) -> Control:
    """The control of a page. Raises MappingError with file, line and column."""
    page = fields(document, (), ("control", "title", "theme", "says", "can_show", "not_shown"), ("tests", "manual"))
    id = page.text("control")
    if id not in CONTROLS:
        page.refuse("control", f"Annex A has no control {id!r}", nearest(id, CONTROLS))
    if page.one_of("theme", tuple(THEMES.values())) != (theme := THEMES[id[:3]]):
        page.refuse("theme", f"{id} is of the theme {theme}")
    links: dict[str, Link] = {}
    for path in items(document, ("tests",)) if "tests" in page else ():
        one = fields(document, path, ("test", "strength", "because"))
        link = Link(one.text("test"), one.one_of("strength", STRENGTHS), one.text("because"), document.where(path))
        if link.test in links:
            one.refuse("test", f"{link.test} is linked twice")
        if link.strength == "primary" and link.test.startswith(("store.", "collector.")):
            one.refuse("strength", "a test of annexlog itself is never primary")
        links[link.test] = link
    return Control(
        id=id,
        title=page.text("title"),
        theme=theme,
        says=page.text("says"),
        can_show=page.text("can_show"),
        not_shown=page.text("not_shown"),
        tests=tuple(links.values()),
        manual=page.texts("manual"),
        document=document.value,
        where=document.where(),
    )
