"""Run the examples of a test: each is a small estate made up from what it says, judged like any other.

An example maps facet names to values; `{$unknown: denied}` is a facet that could not be read, and one that is not
mentioned was never looked at (but for a listing that the test does not read, and what a scope says of itself). Beside
facets it may say `id`, `scope` (attributes), `tags`, `labels`, `now`, `registers`, `settings` and `with` ({join:
[resources] or {$unknown: reason}}); a joined resource is written in the same way, and is found by the join's own `by`,
so its facets must say what that compares. In an example of `unknown`, `reason` says which reason is expected.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from annexlog.evidence_store.model import (
    JSON,
    REASONS,
    Coverage,
    MappingError,
    Millis,
    Outcome,
    TypeShape,
    Unknown,
    instant,
)
from annexlog.mappings.common import plain
from annexlog.mappings.definitions import Example, Join, Test
from annexlog.mappings.judging import judge
from annexlog.mappings.labels import Label
from annexlog.mappings.memory import MemoryEvidence, Population
from annexlog.mappings.paths import parse_path
from annexlog.mappings.reading import nearest

__all__ = ["evidence_of", "judge_example", "run_examples"]

ID = "example"
NOW = instant("2026-01-01T00:00:00Z")
ACCOUNT, REGION = "111122223333", "eu-west-1"
_MARK = "$unknown"
_OWN = ("id", "scope", "tags", "labels", "now", "registers", "settings", "with", "reason")
_JOINED = ("id", "scope", "tags")


def run_examples(test: Test, labels: Mapping[str, Label]) -> list[MappingError]:
    """What is wrong with the test's examples: those that do not give what they say, and kinds that are missing."""
    found = [MappingError(f"{test.id} has no {kind} example", where=test.where) for kind in _missing(test)]
    for example in test.examples:
        try:
            outcome = judge_example(test, example, labels)
        except MappingError as problem:
            found.append(problem)
            continue
        said = str(outcome.reason) if outcome.reason else ""
        if outcome.status != example.kind:
            gives = f"{outcome.status} ({said})" if said else f"{outcome.status}"
            found.append(MappingError(f"{test.id}: this {example.kind} example gives {gives}", where=example.where))
        elif outcome.reason and example.given.get("reason", outcome.reason.reason) != outcome.reason.reason:
            what = f"{test.id}: this example is unknown for another reason: {said}"
            found.append(MappingError(what, where=example.where))
    return found


def _missing(test: Test) -> list[str]:
    given = {example.kind for example in test.examples}
    needed = ["pass", "fail", "unknown", *(["not_applicable"] if test.when else [])]
    return [kind for kind in needed if kind not in given]


def judge_example(test: Test, example: Example, labels: Mapping[str, Label]) -> Outcome:
    """The outcome of one example. Raises MappingError if it cannot be read."""
    test = _plain(test)
    scope, evidence = evidence_of(test, example, labels)
    return judge(test, scope, evidence).outcomes[str(example.given.get("id", ID))]


def _plain(test: Test) -> Test:
    """The test with common types as types of their own: an example says what is seen of them, not where it is from."""
    return replace(test, of=plain(test.of), joins=tuple(_plain_join(join) for join in test.joins))


def _plain_join(join: Join) -> Join:
    return replace(join, of=plain(join.of), back=_plain_join(join.back) if join.back else None)


def evidence_of(test: Test, example: Example, labels: Mapping[str, Label]) -> tuple[str, MemoryEvidence]:
    """The scope and the evidence that an example makes up."""
    return _Making(test, example, labels).evidence()


@dataclass(slots=True)
class _Making:
    test: Test
    example: Example
    labels: Mapping[str, Label]

    def evidence(self) -> tuple[str, MemoryEvidence]:
        test, given = self.test, self.example.given
        scope, attributes = _scope(test.of, self.mapping("scope"), {})
        evidence = MemoryEvidence(self.now(), {scope: attributes}, organization=self.organization())
        resource = self.resource(test.of, given, (*_OWN, *test.of.facets), "the example", attributes)
        if test.of.facet not in test.facets:
            resource.setdefault("", {})  # it is there, and nothing of its listing is read
        evidence.populations[scope, test.of.name] = Population({str(given.get("id", ID)): resource})
        joins = {join.name: join for join in test.joins}
        for name, joined in self.mapping("with").items():
            if name not in joins:
                self.refuse(f"the test has no join {name!r}", nearest(name, joins))
            self.join(evidence, joins[name], joined, attributes)
        return scope, evidence

    def refuse(self, what: str, next: str = "") -> None:
        raise MappingError(f"{self.test.id}: {what}", where=self.example.where, next=next)

    def mapping(self, key: str) -> Mapping[str, JSON]:
        value = self.example.given.get(key, {})
        if not isinstance(value, dict):
            self.refuse(f"`{key}` of an example is a mapping")
        return dict(value)

    def now(self) -> Millis:
        try:
            return instant(str(self.example.given["now"])) if "now" in self.example.given else NOW
        except ValueError:
            self.refuse("`now` of an example is a date or a time")
            raise

    def organization(self) -> dict[str, Mapping[str, JSON]]:
        """Documents: the labels as they are, unless the example says the class itself."""
        settings, registers = self.mapping("settings"), self.mapping("registers")
        for kind, names, known in (
            ("setting", settings, self.test.settings),
            ("register", registers, self.test.registers),
        ):
            for name in names:
                if name not in known and not any(label.register == name for label in self.labels.values()):
                    self.refuse(f"the test has no {kind} {name!r}", nearest(name, known))
        documents = {name: label.document for name, label in self.labels.items()}
        for name, value in self.mapping("labels").items():
            if name not in self.labels or value not in self.labels[name].classes:
                self.refuse(f"no label {name!r} has a class {value!r}")
            documents[name] = {"values": {value: []}, "default": value}
        return {"label": documents, "setting": settings, "register": registers}

    # ── resources ──

    def resource(
        self,
        of: TypeShape,
        given: Mapping[str, JSON],
        known: Collection[str],
        what: str,
        attributes: Mapping[str, JSON],
    ) -> dict[str, JSON | Unknown]:
        facets: dict[str, JSON | Unknown] = {"": dict(attributes)} if of.single else {}
        for name, value in given.items():
            if name not in known:
                self.refuse(f"{what} says {name!r}, which is no facet of {of.name}", nearest(name, known))
            if name in of.facets:
                facets["" if name == of.facet else name] = self.value(value)
        if "tags" in given:
            self.put_tags(of, given["tags"], facets)
        return facets

    def value(self, value: JSON) -> JSON | Unknown:
        if not isinstance(value, dict) or _MARK not in value:
            return value
        reason = value[_MARK]
        fields = {"reason": reason} if isinstance(reason, str) else reason
        if len(value) > 1 or not isinstance(fields, dict) or fields.get("reason") not in REASONS:
            self.refuse(f"{_MARK} is followed by one of the reasons: {', '.join(REASONS)}")
        try:
            return Unknown(**fields)
        except TypeError:
            self.refuse(f"{_MARK} has the keys reason, operation, permission and code")
            raise

    def put_tags(self, of: TypeShape, tags: JSON, facets: dict[str, JSON | Unknown]) -> None:
        """Writes tags where the type has them, so that they are read like a provider's."""
        if of.tags is None:
            self.refuse(f"{of.name} has no tags")
            return
        path = parse_path(of.tags)
        root = "" if path.root == of.facet else path.root
        value = self.value(tags)
        if isinstance(value, Unknown) or isinstance(facets.get(root), Unknown):
            facets[root] = value if isinstance(value, Unknown) else facets[root]
            return
        if not isinstance(value, dict):
            self.refuse("`tags` of an example is a mapping")
        if path.steps:
            base = facets.get(root)
            facets[root] = _placed(base if isinstance(base, dict) else {}, path.steps, dict(value))
        else:
            facets[root] = dict(value)

    # ── joins ──

    def join(self, evidence: MemoryEvidence, join: Join, joined: JSON, own: Mapping[str, JSON]) -> None:
        unknown = self.value(joined)
        scope, attributes = _scope(join.of, {}, own)
        evidence.open = {scope: attributes, **evidence.open}
        population = evidence.populations.setdefault((scope, join.of.name), Population())
        if isinstance(unknown, Unknown):
            population.status, population.refusal = Coverage.DENIED, unknown
            return
        if not isinstance(joined, list):
            self.refuse(f"`with: {join.name}` is a list of resources, or {{{_MARK}: reason}}")
        for number, one in enumerate(joined, 1):
            if not isinstance(one, dict):
                self.refuse(f"`with: {join.name}` is a list of mappings")
            self.put_joined(evidence, join, one, number, own)

    def put_joined(
        self, evidence: MemoryEvidence, join: Join, one: Mapping[str, JSON], number: int, own: Mapping[str, JSON]
    ) -> None:
        elsewhere = one.get("scope", {})
        if not isinstance(elsewhere, dict):
            self.refuse("`scope` of a joined resource is a mapping of attributes")
        scope, attributes = _scope(join.of, elsewhere, own)
        evidence.open = {scope: attributes, **evidence.open}
        if join.of.facet not in join.facets:
            one = {join.of.facet: {}, **one}
        resource = self.resource(join.of, one, (*_JOINED, *join.of.facets), f"a resource of {join.name}", attributes)
        population = evidence.populations.setdefault((scope, join.of.name), Population())
        population.resources[str(one.get("id", f"{join.name}-{number}"))] = resource


def _placed(base: Mapping[str, JSON], steps: Iterable[str], value: JSON) -> dict[str, JSON]:
    first, *rest = steps
    below = base.get(first)
    return {**base, first: _placed(below if isinstance(below, dict) else {}, rest, value) if rest else value}


def _scope(of: TypeShape, given: Mapping[str, JSON], own: Mapping[str, JSON]) -> tuple[str, dict[str, JSON]]:
    """The name and attributes of a scope of a type's level: as given, else like the example's own."""
    account = str(given.get("account", own.get("account", ACCOUNT)))
    region = str(given.get("region", own.get("region", REGION)))
    top = f"{of.provider}/{account}"
    names = {"account": top, "region": f"{top}/{region}", "organization": f"{of.provider}/o-example"}
    attributes: dict[str, JSON] = {"account": account, "partition": own.get("partition", "aws"), "target": "example"}
    if of.level == "region":
        attributes["region"] = region
    attributes |= {key: value for key, value in given.items() if key != "name"}
    attributes |= {"provider": of.provider, "level": of.level}
    name = str(given.get("name") or names.get(of.level) or f"{of.provider}/{of.level}")
    return name, attributes
