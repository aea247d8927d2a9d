"""Turn one document into a Test: every name, field, path and condition in it is checked before it is believed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import orjson

from annexlog.evidence_store.model import JSON, Millis, TypeShape, duration
from annexlog.mappings.celtext import Selection, selections
from annexlog.mappings.common import Common, commons, read_part
from annexlog.mappings.conditions import Condition, ConditionError, compile_condition, usable
from annexlog.mappings.definitions import KINDS, SEVERITIES, VARIABLES, Derivation, Example, Join, Test
from annexlog.mappings.derive import functions
from annexlog.mappings.paths import Path, parse_path
from annexlog.mappings.reading import Fields, fields, nearest
from annexlog.mappings.strictyaml import Document
from annexlog.mappings.strictyaml import Path as Place

__all__ = ["definition", "read_test"]

_REQUIRED = ("id", "asks", "of", "expect", "severity", "every", "shows", "does_not_show", "fix", "source")
_EXAMPLES = "examples"
_WORD = re.compile(r"\w+")
_OPTIONAL = ("when", "with", "derive", "settings", "registers")
_RECORDED = "functions"  # digests of the derived functions: in the recorded definition, never written by hand
_PARTS = "parts"  # what the common types that it reads are made of: likewise
_ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9][a-z0-9_-]*)+")
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_CALL = re.compile(r"\s*([a-z_][a-z0-9_]*)\s*\(\s*([^()]*?)\s*\)\s*")
_OFTENEST = duration("PT1M")
_WITHIN = ("scope", "account", "estate")


def read_test(
    document: Document,
    path: Place,
    shapes: Mapping[str, TypeShape],
    *,
    recorded: bool = False,
    examples: bool = True,
) -> Test:
    """Reads the test at a path of a document, over the known resource types.

    `recorded`: the document is a definition out of the store. `examples`: it must have some. Raises MappingError with
    file, line and column.
    """
    if recorded:
        page = fields(document, path, _REQUIRED, (*_OPTIONAL, _EXAMPLES, _RECORDED, _PARTS))
    else:
        page = fields(document, path, (*_REQUIRED, _EXAMPLES) if examples else _REQUIRED, _OPTIONAL)
    if _PARTS in page:
        parts = (read_part(document, (*path, _PARTS, number), shapes) for number in range(len(page.value[_PARTS])))
        shapes = {**shapes, **commons(parts)}
    return _Reading(page, shapes).test()


def definition(test: Test) -> dict[str, JSON]:
    """The test as it is recorded: what `read_test` reads back to the same test."""
    return dict(test.definition)


@dataclass(slots=True)
class _Reading:
    """One test being read: what is known so far of its names."""

    page: Fields
    shapes: Mapping[str, TypeShape]
    of: TypeShape = field(init=False)
    settings: Mapping[str, JSON] = field(init=False)
    registers: tuple[str, ...] = field(init=False)
    joins: dict[str, Join] = field(default_factory=dict)
    derive: dict[str, Derivation] = field(default_factory=dict)
    labels: dict[str, None] = field(default_factory=dict)  # an ordered set

    def test(self) -> Test:
        page = self.page
        if not _ID.fullmatch(page.text("id")):
            page.refuse("id", f"{page.text('id')!r} is not an id such as aws.s3.bucket-encrypted")
        self.of = self.shape(page, "of")
        self.settings, self.registers = page.mapping("settings"), page.texts("registers")
        for name in sorted(page.mapping("with")):  # a recorded definition has lost the order in which it was written
            self.joins[name] = self.join(name)
        for name in _in_order(page.mapping("derive")):
            self.derive[name] = self.derivation(name)
        when = self.condition(page, "when") if "when" in page else None
        expect = self.condition(page, "expect")
        self.check_all_read([c for c in (when, expect) if c])
        recorded = {d.function.name: d.function.digest for d in self.derive.values()}
        body = {**page.value, _RECORDED: {**recorded, **page.mapping(_RECORDED)}, **self.parts()}
        body.pop(_EXAMPLES, None)  # they judge nothing
        return Test(
            id=page.text("id"),
            of=self.of,
            asks=page.text("asks"),
            when=when,
            expect=expect,
            joins=tuple(self.joins.values()),
            derive=tuple(self.derive.values()),
            severity=page.one_of("severity", SEVERITIES),
            every=self.every(),
            settings=self.settings,
            registers=self.registers,
            labels=tuple(self.labels),
            shows=page.text("shows"),
            does_not_show=page.text("does_not_show"),
            fix=page.text("fix"),
            source=page.text("source"),
            examples=self.examples() if _EXAMPLES in page else (),
            facets=self.facets([c for c in (when, expect) if c]),
            definition=body,
            digest=hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest(),
            where=page.document.where(page.path),
            outdated=tuple(name for name, digest in recorded.items() if body[_RECORDED][name] != digest),
        )

    def parts(self) -> dict[str, JSON]:
        """What is recorded of the common types that it reads: without it nobody could judge it again."""
        used = {of.name: of for of in (self.of, *(join.of for join in self.joins.values())) if isinstance(of, Common)}
        documents = [dict(part.document) for name in sorted(used) for part in used[name].parts]
        return {_PARTS: documents} if documents else {}

    def every(self) -> Millis:
        every = self.page.duration("every")
        if every < _OFTENEST:
            self.page.refuse("every", "no test looks more often than once a minute (PT1M)")
        return every

    # ── names ──

    def shape(self, page: Fields, key: str) -> TypeShape:
        name = page.text(key)
        if name not in self.shapes:
            page.refuse(key, f"no resource type is called {name!r}", nearest(name, self.shapes))
        shape = self.shapes[name]
        for facet in shape.facets:
            if facet in VARIABLES or not usable(facet):
                page.refuse(key, f"the facet {facet!r} of {name} has a name that conditions cannot use")
        return shape

    def new_name(self, name: str, key: str) -> None:
        taken = {*self.of.facets, *VARIABLES, *self.joins, *self.derive}
        if name in taken:
            self.page.document.refuse((*self.page.path, key, name), f"the name {name!r} is taken")
        if not _NAME.fullmatch(name) or not usable(name):
            self.page.document.refuse((*self.page.path, key, name), f"{name!r} is not a name that conditions can use")

    # ── joins ──

    def join(self, name: str) -> Join:
        self.new_name(name, "with")
        page = fields(
            self.page.document,
            (*self.page.path, "with", name),
            ("of", "take"),
            ("by", "one", "within", "missing", "keep", "strays"),
        )
        of, one = self.shape(page, "of"), page.flag("one")
        take = page.texts("take")
        for facet in take:
            if facet not in of.facets and (facet != "tags" or of.tags is None):
                page.refuse("take", f"{of.name} has no facet {facet!r}", nearest(facet, of.facets))
        by = tuple(self.pair(page, mine, theirs, of) for mine, theirs in sorted(page.mapping("by").items()))
        within = page.one_of("within", _WITHIN, "account" if one else "scope")
        self.check_join(page, of, within, one=one, by=bool(by))
        keep = self.keep(page, of) if "keep" in page else None
        names = {*take, *(theirs.root for _, theirs in by), *(keep.reads if keep else ())}
        back = self.back(page, name, by, within) if page.flag("strays") else None
        return Join(name, of, take, by, one, within, "missing" in page, keep, _facets(names, of), back)

    def back(self, page: Fields, name: str, by: tuple[tuple[Path, Path], ...], within: str) -> Join:
        """The join from the other type to this one, for what meets none of it."""
        if len(by) != 1 or within != "estate" or page.flag("one"):
            what = "`strays` asks over the whole estate, by one key"
            page.refuse("strays", what, "Say `within: estate` and `by` with one pair, without `one`.")
        mine, theirs = by[0]
        return Join(name, self.of, (), ((theirs, mine),), False, within, False, None, _facets({mine.root}, self.of))

    def check_join(self, page: Fields, of: TypeShape, within: str, *, one: bool, by: bool) -> None:
        if of.provider != self.of.provider and within != "estate":
            page.refuse("of", f"{of.name} is of another provider: say `within: estate`")
        if within == "scope" and of.level != self.of.level:
            what = f"{of.name} is seen by {of.level}, {self.of.name} by {self.of.level}: they share no scope"
            page.refuse("within" if "within" in page else "of", what, "Say `within: account` or `within: estate`.")
        if one and not by:
            page.refuse("one", "`one` looks a resource up, so it needs `by`")
        if "missing" in page and (not one or page.value["missing"] is not None):
            page.refuse("missing", "`missing: null` is all that can be said, and only with `one: true`")

    def pair(self, page: Fields, mine: str, theirs: JSON, of: TypeShape) -> tuple[Path, Path]:
        if not isinstance(theirs, str):
            page.refuse("by", "`by` maps a path of this type to a path of the other, both texts")
        return self.path(page, "by", mine, self.of), self.path(page, "by", theirs, of)

    def path(self, page: Fields, key: str, text: str, of: TypeShape) -> Path:
        try:
            path = parse_path(text)
        except ValueError as error:
            page.refuse(key, str(error))
        roots = (*of.facets, "id", "scope", "tags")
        if path.root not in roots:
            page.refuse(key, f"{of.name} has no facet {path.root!r}", nearest(path.root, roots))
        for member in path.members:
            self.check_member(page, key, of, path.root, member)
        return path

    def keep(self, page: Fields, of: TypeShape) -> Condition:
        variables = (*of.facets, "id", "scope", "tags", "now", "registers", "settings")
        condition = self.compiled(page, "keep", variables, of)
        for selection in selections(condition.text):
            self.check_selection(page, "keep", selection, of)
        return condition

    # ── derived values ──

    def derivation(self, name: str) -> Derivation:
        self.new_name(name, "derive")
        page = self.page
        text = page.mapping("derive")[name]
        call = _CALL.fullmatch(text) if isinstance(text, str) else None
        if not call:
            page.refuse("derive", f"{name} must be a call such as public_exposure(policy, acl)")
        function = functions().get(call[1])
        if function is None:
            page.refuse("derive", f"no derived function is called {call[1]!r}", nearest(call[1], functions()))
        arguments = tuple(self.argument(text.strip()) for text in call[2].split(",")) if call[2] else ()
        if len(arguments) != len(function.parameters):
            page.refuse("derive", f"{function.name} takes ({', '.join(function.parameters)})")
        return Derivation(name, function, arguments)

    def argument(self, text: str) -> Path:
        known = (*self.of.facets, *VARIABLES, *self.joins, *self.derive)
        try:
            path = parse_path(text)
        except ValueError as error:
            self.page.refuse("derive", str(error))
        if path.root not in known or "[]" in path.steps:
            self.page.refuse("derive", f"{text!r} is neither a variable nor a field of one", nearest(path.root, known))
        root, *rest = (path.root, *path.members)
        for place, member in enumerate(rest):
            selection = Selection(frozenset({root}), tuple(rest[:place]), member, tested=False)
            self.check_selection(self.page, "derive", selection, self.of)
        if root in ("labels", "registers") and not rest:
            self.page.refuse("derive", f"say which of the {root}: {root}.name")
        return path

    # ── conditions ──

    def condition(self, page: Fields, key: str) -> Condition:
        condition = self.compiled(page, key, (*self.of.facets, *VARIABLES, *self.joins, *self.derive), self.of)
        for selection in selections(condition.text):
            self.check_selection(page, key, selection, self.of)
        return condition

    def compiled(self, page: Fields, key: str, variables: Collection[str], of: TypeShape) -> Condition:
        text = page.text(key)
        try:
            condition = compile_condition(text, variables)
        except ConditionError as error:
            lines = text.splitlines()
            near = lines[error.line - 1][error.column - 1 :][:40] if 0 < error.line <= len(lines) else ""
            page.refuse(key, f"{key}: {error}" + (f", at `{near}`" if near else ""))
        if "tags" in condition.reads and of.tags is None:
            page.refuse(key, f"{key}: {of.name} has no tags")
        return condition

    def check_selection(self, page: Fields, key: str, selection: Selection, of: TypeShape) -> None:
        for root in sorted(selection.roots):
            if root in ("labels", "registers", "settings"):
                self.check_named(page, key, root, selection)
            elif root in self.joins and of is self.of:
                self.check_joined(page, key, self.joins[root], selection)
        owners = [root for root in selection.roots if root in of.facets]
        if len(owners) == len(selection.roots) and selection.name not in ("", "[]"):
            self.check_member(page, key, of, owners, selection.name)

    def check_named(self, page: Fields, key: str, root: str, selection: Selection) -> None:
        """A label, register or setting is named in full, and never asked after: without it there is no answer."""
        if selection.path:
            return
        name = selection.name
        if name in ("", "[]"):
            page.refuse(key, f"{key}: say which of the {root}: {root}.name")
        if selection.tested:
            what = f"{key}: whether there is {root}.{name} is not a question; without it the outcome is unknown"
            page.refuse(key, what)
        if root == "labels":
            self.labels[name] = None
        elif name not in (known := self.settings if root == "settings" else self.registers):
            page.refuse(key, f"{key}: {name!r} is not among the test's {root}", nearest(name, known))

    def check_joined(self, page: Fields, key: str, join: Join, selection: Selection) -> None:
        name = selection.name
        if name in ("", "[]"):
            return
        if not selection.path:
            known = (*join.take, "id", "scope")
            if name not in known:
                page.refuse(key, f"{key}: {join.name} does not take {name!r}", nearest(name, known))
            if selection.tested:
                page.refuse(key, f"{key}: {join.name} always has {name!r}, be it null", f"Say `{name} != null`.")
        elif len(selection.roots) == 1 and selection.path[0] in join.of.facets:
            self.check_member(page, key, join.of, [selection.path[0]], name)

    def check_member(self, page: Fields, key: str, of: TypeShape, facets: str | Collection[str], member: str) -> None:
        names = [facets] if isinstance(facets, str) else list(facets)
        published = [of.members[facet] for facet in names if facet in of.members]
        if not names or len(published) < len(names):
            return  # the provider publishes no names for one of them
        known = frozenset().union(*published)
        if member not in known:
            what = f"{key}: {of.provider} knows no field {member!r} in {' or '.join(names)}"
            page.refuse(key, what, nearest(member, known))

    # ── what is read ──

    def check_all_read(self, conditions: list[Condition]) -> None:
        read = {name for condition in conditions for name in condition.reads}
        for name, derivation in reversed(self.derive.items()):
            if name not in read:
                self.page.document.refuse((*self.page.path, "derive", name), f"{name!r} is never read")
            read |= {path.root for path in derivation.arguments}
        for name in self.joins:
            if name not in read:
                self.page.document.refuse((*self.page.path, "with", name), f"{name!r} is never read")

    def facets(self, conditions: list[Condition]) -> frozenset[str]:
        names = {name for condition in conditions for name in condition.reads}
        names |= {path.root for derivation in self.derive.values() for path in derivation.arguments}
        names |= {mine.root for join in self.joins.values() for mine, _ in join.by}
        return _facets({*names, *(("tags",) if "labels" in names else ())}, self.of)

    # ── examples ──

    def examples(self) -> tuple[Example, ...]:
        page = fields(self.page.document, (*self.page.path, "examples"), (), KINDS)
        found = []
        for kind in page.value:
            given = page.value[kind]
            if not isinstance(given, list):
                page.refuse(kind, f"{kind} must be a list of examples")
            for index, one in enumerate(given):
                place = (*page.path, kind, index)
                if not isinstance(one, dict):
                    page.document.refuse(place, "an example is a mapping: facet name → value")
                found.append(Example(kind, one, page.document.where(place)))
        return tuple(found)


def _facets(names: Collection[str], of: TypeShape) -> frozenset[str]:
    """The facets among names, and the one that tags are part of, if these are read."""
    tags = {parse_path(of.tags).root} if of.tags and "tags" in names else set()
    return frozenset({name for name in names if name in of.facets} | tags)


def _in_order(derive: Mapping[str, JSON]) -> list[str]:
    """The names of derived values, each after those that its call names; else alphabetically. A circle's ends last."""
    named = {name: set(_WORD.findall(str(text))) & set(derive) - {name} for name, text in derive.items()}
    order: list[str] = []
    while named:
        ready = sorted(name for name, needs in named.items() if needs <= set(order)) or sorted(named)
        order.append(ready[0])
        del named[ready[0]]
    return order
