"""Common types: one population of the resources of several providers' types, so that a test can ask of all of them.

`accounts/*.yaml` say, type by type, where an account's keys, its status and its rights stand (see docs/people.md).
What they come to is worked out from evidence when something is judged; it is never stored.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from annexlog.evidence_store.model import JSON, REASONS, Evidence, Resource, TypeShape, Unknown
from annexlog.mappings.conditions import Condition, ConditionError, compile_condition
from annexlog.mappings.paths import Path, parse_path
from annexlog.mappings.reading import Fields, fields, items, nearest
from annexlog.mappings.strictyaml import Document
from annexlog.mappings.strictyaml import Path as Place

__all__ = [
    "ACCOUNT",
    "NAMED",
    "PERSON",
    "SPECS",
    "TARGETS",
    "Common",
    "Part",
    "commons",
    "made_with",
    "plain",
    "read_part",
    "read_parts",
]

ACCOUNT, PERSON = "people.account", "people.person"
TARGETS = "annexlog.targets"
"""The setting that records which targets are configured: {name: provider}."""

_COMMITMENT = re.compile(r"([0-9a-f]{8}):[0-9a-f]{64}")

NAMED = {"people_accounts": "person", "service_accounts": "owner"}
"""Registers of rows {directory, account, …}, and the member that names the person who answers for the account."""

GRANTS = ("privileged_grants", "approved_by")
"""The register of the same kind whose rows approve a right, and the member that names who did."""

_GRAVITY = {reason: rank for rank, reason in enumerate(REASONS)}
_HOLE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Spec:
    """The facets of a common type. `texts`: lists of texts; `flags`: true or false; `values`: as they are.

    `facet`: its first, {type, directory, id}: whose resource it is. `named`: lists of whom registers name, whatever the
    parts say. `qualified`: ids say the type as well.
    """

    facet: str
    texts: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    qualified: bool = False

    @property
    def told(self) -> tuple[str, ...]:
        """The facets that each part says."""
        return (*self.texts, *self.flags, *self.values)

    @property
    def facets(self) -> tuple[str, ...]:
        return (self.facet, *self.told, *self.named)


SPECS: Mapping[str, Spec] = {
    ACCOUNT: Spec(
        "account", ("keys", "rights"), ("enabled", "privileged", "service"), named=("approvers",), qualified=True
    ),
    PERSON: Spec("person", ("keys",), values=("contracts", "manager")),
}


@dataclass(frozen=True, slots=True)
class Text:
    """A text around what a path leads to."""

    before: str
    path: Path
    after: str


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false: by a condition, or by whether one of the account's rights is in a register.

    `where`: whether the provider says it at all; where not, the register does, or it is `otherwise`.
    """

    condition: Condition | None
    register: str = ""
    where: Condition | None = None
    otherwise: Unknown | None = None

    @property
    def conditions(self) -> tuple[Condition, ...]:
        return tuple(one for one in (self.condition, self.where) if one)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """How one provider's type is seen as a common type. `document`: as it is written, and recorded."""

    common: str
    of: TypeShape
    texts: Mapping[str, tuple[Text, ...]]
    flags: Mapping[str, Flag]
    values: Mapping[str, Path]
    document: Mapping[str, JSON]
    where: str

    def needs(self, facets: Iterable[str]) -> frozenset[str]:
        """The facets of its own type that these of the common type are made of."""
        found: set[str] = set()
        for facet in facets:
            for condition in self.flags[facet].conditions if facet in self.flags else ():
                found |= condition.reads
            if facet in self.flags and self.flags[facet].register:
                found |= {text.path.root for text in self.texts["rights"]}
            found |= {text.path.root for text in self.texts.get(facet, ())}
            found |= {self.values[facet].root} if facet in self.values else set()
        return frozenset(found.intersection(self.of.facets))

    def value(
        self,
        facet: str,
        id: str,
        facets: Mapping[str, JSON | Unknown],
        registers: Mapping[str, JSON] = MappingProxyType({}),
    ) -> JSON | Unknown:
        """One facet of the common type, of the resource with these facets of its own."""
        if facet in self.flags:
            return self._flag(self.flags[facet], id, facets, registers)
        if facet in self.values:
            root = self._root(self.values[facet], id, facets)
            return root if isinstance(root, Unknown) else self.values[facet].value(root)
        found: dict[str, None] = {}
        for text in self.texts[facet]:
            said = self._said(text, id, facets)
            if isinstance(said, Unknown):
                return said
            found |= dict.fromkeys(said)
        return list(found)

    def _said(self, text: Text, id: str, facets: Mapping[str, JSON | Unknown]) -> list[str] | Unknown:
        root = self._root(text.path, id, facets)
        keys = root if isinstance(root, Unknown) else text.path.keys(root)
        return keys if isinstance(keys, Unknown) else [f"{text.before}{key}{text.after}" for key in keys]

    def _root(self, path: Path, id: str, facets: Mapping[str, JSON | Unknown]) -> JSON | Unknown:
        if path.root == "id":
            return id
        return facets.get("" if path.root == self.of.facet else path.root, Unknown("unobserved"))

    def _flag(
        self, flag: Flag, id: str, facets: Mapping[str, JSON | Unknown], registers: Mapping[str, JSON]
    ) -> bool | Unknown:
        said = self._met(flag.where, id, facets) if flag.where else True
        if isinstance(said, Unknown):
            return said
        if flag.condition and said:
            return self._met(flag.condition, id, facets)
        if flag.otherwise:
            return flag.otherwise
        rights = self.value("rights", id, facets)
        return rights if isinstance(rights, Unknown) else _among(rights, flag.register, registers)

    def _met(self, condition: Condition, id: str, facets: Mapping[str, JSON | Unknown]) -> bool | Unknown:
        named = {
            name: facets.get("" if name == self.of.facet else name, Unknown("unobserved")) for name in self.of.facets
        }
        known = {name: value for name, value in named.items() if not isinstance(value, Unknown)}
        result = condition.evaluate({**known, "id": id})
        if not isinstance(result, str):
            return result
        gaps = [gap for name, gap in named.items() if isinstance(gap, Unknown) and name in condition.reads]
        return min(gaps, key=lambda gap: _GRAVITY[gap.reason], default=Unknown("condition_error", code=result))


@dataclass(frozen=True, slots=True)
class Common(TypeShape):
    """A common type as tests see it. It has no calls of its own: what it needs is what its parts need."""

    parts: tuple[Part, ...] = field(default=(), compare=False)

    def within(self, attributes: Mapping[str, JSON]) -> list[Part]:
        """The parts whose type a scope with these attributes has."""
        where = (attributes.get("provider"), attributes.get("level"))
        return [part for part in self.parts if (part.of.provider, part.of.level) == where]

    def wanted(self, facets: Collection[str]) -> Iterator[tuple[str, str]]:
        """(type name, facet) of all that its parts need for these facets."""
        for part in self.parts:
            yield part.of.name, part.of.facet
            yield from ((part.of.name, facet) for facet in sorted(part.needs(facets)))


def _among(rights: JSON, register: str, registers: Mapping[str, JSON]) -> bool | Unknown:
    """Whether one of the rights is in a register of rights (`*` stands for anything, case for nothing)."""
    if register not in registers:
        return Unknown("unset", operation=register)
    rows = registers[register]
    if not isinstance(rows, list) or not all(isinstance(row, str) and row.strip() for row in rows):
        return Unknown("unreadable", operation=register, code="it is no list of rights")
    patterns = [
        re.compile(".*".join(map(re.escape, row.strip().split("*"))), re.IGNORECASE | re.DOTALL) for row in rows
    ]
    return any(pattern.fullmatch(right) for right in rights for pattern in patterns)


def made_with(keys: Iterable[JSON]) -> frozenset[str]:
    """The redaction keys that commitments among these keys were made with: those of another never fit."""
    found = (_COMMITMENT.fullmatch(key) for key in keys if isinstance(key, str))
    return frozenset(match[1] for match in found if match)


class Projection:
    """The resources of common types, made of evidence."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._named: dict[tuple[str, ...], _Named] = {}

    def resources(
        self, scope: str, attributes: Mapping[str, JSON], of: Common, facets: Collection[str]
    ) -> Iterator[Resource]:
        """As Evidence.resources; `attributes`: the scope's."""
        spec, registers = SPECS[of.name], self._evidence.documents("register")
        for part in of.within(attributes):
            needed = sorted(part.needs(facets) - {part.of.facet})
            for one in self._evidence.resources(scope, part.of.name, needed):
                listed = one.facets.get("", Unknown("unobserved"))
                told: dict[str, JSON | Unknown] = {
                    facet: part.value(facet, one.id, one.facets, registers)
                    for facet in facets
                    if facet not in spec.named
                }
                if "keys" in told and of.name == ACCOUNT:
                    told["keys"] = _joined(told["keys"], self._whom(NAMED, scope, one.id))
                if "approvers" in facets:
                    told["approvers"] = self._whom(dict([GRANTS]), scope, one.id)
                told[""] = (
                    listed if isinstance(listed, Unknown) else {"type": part.of.name, "directory": scope, "id": one.id}
                )
                id = f"{part.of.name}:{one.id}" if spec.qualified else one.id
                yield Resource(scope, of.name, id, told)

    def _whom(self, registers: Mapping[str, str], scope: str, id: str) -> JSON | Unknown:
        """The people whom these registers name for an account."""
        key = tuple(registers)
        if key not in self._named:
            self._named[key] = _named(self._evidence.documents("register"), registers)
        named = self._named[key]
        return named if isinstance(named, Unknown) else list(named.get((scope.casefold(), id.casefold()), ()))


_Named = dict[tuple[str, str], list[str]] | Unknown


def _joined(keys: JSON | Unknown, more: JSON | Unknown) -> JSON | Unknown:
    if isinstance(keys, Unknown) or isinstance(more, Unknown):
        return keys if isinstance(keys, Unknown) else more
    return [*keys, *more]


def _named(registers: Mapping[str, JSON], members: Mapping[str, str]) -> _Named:
    """{(directory, account): people} of all rows. A register that nobody wrote leaves open who answers for what."""
    found: dict[tuple[str, str], list[str]] = {}
    for register, member in members.items():
        if register not in registers:
            return Unknown("unset", operation=register)
        rows = registers[register]
        for row in rows if isinstance(rows, list) else (None,):
            told = row if isinstance(row, dict) else {}
            place = [str(told.get(name) or "") for name in ("directory", "account", member)]
            if not all(place):
                return Unknown("unreadable", operation=register, code=f"a row without directory, account or {member}")
            found.setdefault((place[0].casefold(), place[1].casefold()), []).append(place[2])
    return found


# ── reading ───────────────────────────────────────────────────────────────────────────────


def read_parts(document: Document, shapes: Mapping[str, TypeShape]) -> list[Part]:
    """The parts that a file lists. Raises MappingError with file, line and column."""
    return [read_part(document, path, shapes) for path in items(document)]


def read_part(document: Document, path: Place, shapes: Mapping[str, TypeShape]) -> Part:
    """One part. Raises MappingError."""
    given = document.value
    for step in path:
        given = given[step]
    common = given.get("is", ACCOUNT) if isinstance(given, dict) else ACCOUNT
    if common not in SPECS:
        document.refuse(path, f"there is no common type {common!r}", nearest(str(common), SPECS))
    spec = SPECS[common]
    page = fields(document, path, ("of", *spec.told), ("is", "examples"))
    name = page.text("of")
    if name not in shapes or isinstance(shapes[name], Common):
        page.refuse("of", f"no resource type is called {name!r}", nearest(name, shapes))
    of = shapes[name]
    return Part(
        common=common,
        of=of,
        texts={facet: tuple(_text(page, facet, text, of) for text in page.texts(facet)) for facet in spec.texts},
        flags={facet: _flag(page, facet, of) for facet in spec.flags},
        values={facet: _path(page, facet, page.text(facet), of) for facet in spec.values},
        document=page.value,
        where=document.where(path),
    )


def _text(page: Fields, facet: str, text: str, of: TypeShape) -> Text:
    """`user.email` is a path, `okta:{roles[].type}` a text around one."""
    holes = list(_HOLE.finditer(text))
    if len(holes) > 1:
        page.refuse(facet, f"{text!r} has more than one pair of braces")
    if holes:
        hole = holes[0]
        return Text(text[: hole.start()], _path(page, facet, hole[1], of), text[hole.end() :])
    return Text("", _path(page, facet, text, of), "")


def _path(page: Fields, facet: str, text: str, of: TypeShape) -> Path:
    try:
        path = parse_path(text)
    except ValueError as error:
        page.refuse(facet, str(error))
    if path.root not in (*of.facets, "id"):
        page.refuse(facet, f"{of.name} has no facet {path.root!r}", nearest(path.root, of.facets))
    return path


def _flag(page: Fields, facet: str, of: TypeShape) -> Flag:
    """A condition; or {register}; or {is, where} with {otherwise} or {register}."""
    if not isinstance(page.value[facet], dict):
        return Flag(_condition(page, facet, of))
    told = fields(page.document, (*page.path, facet), (), ("is", "where", "otherwise", "register"))
    if set(told.value) == {"register"}:
        return Flag(None, told.text("register"))
    if set(told.value) not in ({"is", "where", "otherwise"}, {"is", "where", "register"}):
        page.refuse(
            facet, f"{facet} is a condition, or has `register`, or `is`, `where` and one of `otherwise`, `register`"
        )
    condition, where = _condition(told, "is", of), _condition(told, "where", of)
    if "register" in told:
        return Flag(condition, told.text("register"), where)
    otherwise = told.mapping("otherwise")
    if otherwise.get("reason") not in REASONS or set(otherwise) - {"reason", "operation", "permission", "code"}:
        told.refuse("otherwise", "`otherwise` has a reason, and may have operation, permission and code")
    gap = Unknown(**{key: str(value) for key, value in otherwise.items()})
    return Flag(condition, where=where, otherwise=gap)


def _condition(page: Fields, key: str, of: TypeShape) -> Condition:
    try:
        return compile_condition(page.text(key), (*of.facets, "id"))
    except ConditionError as error:
        page.refuse(key, f"{key}: {error}")
        raise


def commons(parts: Iterable[Part]) -> dict[str, Common]:
    """The common types that are made of these parts."""
    found = sorted(parts, key=lambda part: part.of.name)
    return {
        name: Common(name, spec.facet, spec.facets, "", "people", parts=tuple(p for p in found if p.common == name))
        for name, spec in SPECS.items()
    }


def plain(of: TypeShape) -> TypeShape:
    """A common type as one of its own, as examples of tests make it up."""
    return TypeShape(of.name, of.facet, of.facets, "directory", of.provider) if isinstance(of, Common) else of


def problems(parts: Sequence[Part]) -> Iterator[tuple[str, str]]:
    """(what, where) is wrong with the examples of these parts: each has some, and they come to what they say."""
    for part in parts:
        examples = part.document.get("examples")
        if not isinstance(examples, list) or not examples:
            yield f"{part.of.name} as {part.common} has no examples", part.where
            continue
        for number, one in enumerate(examples, 1):
            said = _example(part, one)
            if said:
                yield f"{part.of.name} as {part.common}, example {number}: {said}", part.where


def _example(part: Part, one: JSON) -> str:
    if not isinstance(one, dict) or set(one) - {"id", "given", "gives"} or not isinstance(one.get("given"), dict):
        return "an example has `given` and `gives`, and may have `id`"
    strange = set(one["given"]) - set(part.of.facets)
    if strange:
        return f"{part.of.name} has no facet {min(strange)!r}"
    facets = {"" if name == part.of.facet else name: _given(value) for name, value in one["given"].items()}
    told = {facet: part.value(facet, str(one.get("id", "example")), facets) for facet in SPECS[part.common].told}
    gives = {facet: {"$unknown": v.reason} if isinstance(v, Unknown) else v for facet, v in told.items()}
    return "" if gives == one.get("gives") else f"it gives {gives}"


def _given(value: JSON) -> JSON | Unknown:
    return Unknown(str(value["$unknown"])) if isinstance(value, dict) and set(value) == {"$unknown"} else value
