"""A small made-up provider, and short ways to write tests and evidence over it."""

from __future__ import annotations

from typing import Any

import yaml

from annexlog.evidence_store.model import Coverage, TypeShape, Unknown, instant
from annexlog.mappings import MemoryEvidence, Population, Test
from annexlog.mappings.strictyaml import parse
from annexlog.mappings.testreading import read_test

NOW = instant("2026-11-25T12:00:00Z")
DENIED = Unknown("denied", "get_policy", "acme:GetPolicy", "AccessDenied")

BUCKET = TypeShape(
    "acme.bucket",
    "bucket",
    ("bucket", "policy", "tagging"),
    "account",
    "acme",
    members={"bucket": frozenset({"Name", "Created"})},
    tags="tagging",
)
TRAIL = TypeShape("acme.trail", "trail", ("trail", "status"), "region", "acme")
RULE = TypeShape("acme.rule", "rule", ("rule",), "region", "acme")
ACCOUNT = TypeShape("acme.account", "account", ("account", "contact"), "account", "acme", single=True)
ODD = TypeShape("acme.odd", "odd", ("odd", "namespace"), "region", "acme")
SHAPES = {shape.name: shape for shape in (BUCKET, TRAIL, RULE, ACCOUNT, ODD)}

ONE, TWO = "acme/1", "acme/2"
NORTH, SOUTH = "acme/1/north", "acme/1/south"


def scope(name: str) -> dict[str, Any]:
    _, account, *region = name.split("/")
    more = {"level": "region", "region": region[0]} if region else {"level": "account"}
    return {"name": name, "provider": "acme", "target": "acme", "account": account, **more}


SCOPES = {name: scope(name) for name in (ONE, NORTH, SOUTH, TWO, "acme/2/north")}

PAGE = {
    "id": "acme.test",
    "asks": "Is it so?",
    "of": "acme.bucket",
    "expect": "policy == null",
    "severity": "high",
    "every": "PT6H",
    "shows": "That it is so.",
    "does_not_show": "Why.",
    "fix": "Make it so.",
    "source": "Acme API",
    "examples": {
        "pass": [{"policy": None}],
        "fail": [{"policy": {}}],
        "unknown": [{"policy": {"$unknown": "denied"}}],
    },
}


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def page(**changes: Any) -> str:
    """A whole test in YAML; `with_` stands for `with`, None takes a key away."""
    body = {**PAGE, **{key.rstrip("_"): value for key, value in changes.items()}}
    body = {key: value for key, value in body.items() if value is not None}
    return yaml.dump([body], Dumper=_Plain, sort_keys=False)


def make(**changes: Any) -> Test:
    return read_test(parse(page(**changes), "test.yaml"), (0,), SHAPES)


def population(*, refusal: Unknown | None = None, **resources: dict[str, Any]) -> Population:
    """Resources by id; the listing's body is written under the name `listing`, and is empty if not given."""
    found = {
        id: {"": facets.get("listing", {}), **{facet: value for facet, value in facets.items() if facet != "listing"}}
        for id, facets in resources.items()
    }
    return Population(found, Coverage.DENIED if refusal else Coverage.COMPLETE, refusal)


def estate(populations: dict[tuple[str, str], Population], **documents: dict[str, Any]) -> MemoryEvidence:
    """Evidence over all SCOPES; populations by (scope, type); documents as setting=, register=, label=."""
    return MemoryEvidence(NOW, SCOPES, populations, documents)
