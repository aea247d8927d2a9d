"""Populations beside what a second source says of them: who else counts them, and where the two differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from annexlog.collectors import Counted, ResourceType, resource_types
from annexlog.evidence_store.model import JSON, Coverage, Line, Millis, Unknown
from annexlog.mappings import asked

if TYPE_CHECKING:
    from annexlog.config import Config
    from annexlog.evidence_store.queries import View
    from annexlog.mappings import Mappings


@dataclass(frozen=True, slots=True)
class Beside:
    """A population as it was listed, and what its second source says.

    `said`: how many there are by `source`; None: it could not be asked, and `why` says so. `missing`: {id: why} of
    what the source names and we did not look at, where it names anything. `least`: the source may know of fewer than
    there are, so it differs only where it says more.
    """

    line: Line
    listed: int
    source: str
    said: int | None
    why: str = ""
    missing: Mapping[str, str] | None = None
    least: bool = False

    @property
    def differs(self) -> bool:
        if self.said is None:
            return bool(self.missing)
        return bool(self.missing) or (self.said > self.listed if self.least else self.said != self.listed)

    def told(self) -> str:
        """In words."""
        if self.said is None:
            return f"{self.source} could not be asked: {self.why}"
        text = f"{self.source} says {self.said}{' or more' if self.least else ''}, {self.listed} were listed"
        named = ", ".join(f"{id} ({why})" for id, why in (self.missing or {}).items())
        return f"{text}; not looked at: {named}" if named else text


def wanted(config: Config, mappings: Mappings) -> dict[str, dict[str, Millis]]:
    """What the tests that are asked read; with `second_sources`, also the second sources of the types they read."""
    providers = {target.provider.name for target in config.targets.values()}
    found = mappings.wanted(test for test in mappings.tests.values() if asked(test, providers))
    if not config.collect.second_sources:
        return found
    types = resource_types()
    for name, facets in list(found.items()):
        for counted in types[name].counted if name in types else ():
            if counted.type in types:
                source = types[counted.type]
                mine = found.setdefault(source.name, {})
                mine[source.facet] = min([*facets.values(), *mine.values()])
    return found


def beside(view: View, line: Line) -> list[Beside]:
    """A listing and each of its second sources that was ever asked and speaks of it."""
    kind, seen = resource_types().get(line.type), view.seen(line)
    if kind is None or seen is None or line.facet or seen.status is not Coverage.COMPLETE:
        return []
    if kind.opens:
        return [_scopes(view, line, kind)]
    found = (_counted(view, line, counted) for counted in kind.counted)
    return [one for one in found if one]


def differences(view: View, lines: Iterable[Line] | None = None) -> Iterator[Beside]:
    """Every population (or those of these lines) whose second source says otherwise, or could not be asked."""
    for line in view.lines(facet="") if lines is None else lines:
        yield from (one for one in beside(view, line) if one.differs or one.said is None)


def _counted(view: View, line: Line, counted: Counted) -> Beside | None:
    source = Line(line.scope, counted.type)
    seen = view.seen(source)
    if seen is None:
        return None
    listed = sum(1 for _ in view.ids(line.scope, line.type))
    if seen.status is not Coverage.COMPLETE:
        why = seen.refusal.reason if seen.refusal else seen.status.value
        return Beside(line, listed, source.type, None, why)
    for one in view.resources(source.scope, source.type, ()):
        body = one.facets[""]
        if one.id == counted.id and not isinstance(body, Unknown):
            least = bool(counted.least) and body[counted.least] is True
            return Beside(line, listed, source.type, int(body[counted.member]), least=least)
    return None  # it does not count this type here: that is no number


def _scopes(view: View, line: Line, kind: ResourceType) -> Beside:
    """Each of these resources is a scope itself, which should have been looked at."""
    known = {
        one.id: one.facets[""]
        for target in view.lines(type="scope", facet="")
        for one in view.resources(target.scope, target.type, ())
    }
    named = {id: (kind.opens or "").replace("{id}", id) for id in view.ids(line.scope, line.type)}
    missing = {id: why for id, scope in named.items() if (why := _unseen(known.get(scope)))}
    return Beside(line, len(named) - len(missing), line.type, len(named), "", missing)


def _unseen(attributes: JSON | Unknown) -> str:
    if attributes is None or isinstance(attributes, Unknown):
        return "not among the scopes"
    return str(attributes.get("skipped", ""))
