"""Look at resources through the real engine and adapter, and keep what was seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from annexlog.collectors import ResourceType, Scope
from annexlog.collectors.aws._adapter import Aws
from annexlog.collectors.clock import SystemClock
from annexlog.collectors.engine import Ask, Engine
from annexlog.collectors.limits import Limits
from annexlog.evidence_store.model import JSON, Coverage, Line, Unknown
from tests.wire.moto import ACCOUNT

REGION = "eu-west-1"
OWN = Scope(f"aws/{ACCOUNT}", "account", {"partition": "aws", "account": ACCOUNT})
REDACTION_KEY = b"k" * 32
HERE = Scope(f"aws/{ACCOUNT}/{REGION}", "region", {"partition": "aws", "account": ACCOUNT, "region": REGION})


@dataclass
class Seen:
    """`facets`: {id: {facet: value}}; `status` and `refusals`: by facet. The listing is the facet "". What is seen of
    other types (the parents of this one) is left out.
    """

    type: str
    facets: dict[str, dict[str, JSON | Unknown]] = field(default_factory=dict)
    status: dict[str, Coverage] = field(default_factory=dict)
    refusals: dict[str, Unknown | None] = field(default_factory=dict)
    elsewhere: int = 0

    def add(self, line: Line, id: str, value: JSON | Unknown) -> None:
        if line.type == self.type:
            self.facets.setdefault(id, {})[line.facet] = value

    def of(self, facet: str) -> Mapping[str, JSON | Unknown]:
        """{id: value} of one facet."""
        return {id: facets[facet] for id, facets in self.facets.items()}


def look(adapter: Aws, type: ResourceType, *facets: str, scope: Scope | None = None) -> Seen:
    """What is seen of a type in a scope (by default the one region or account of these tests), with these details."""
    asked = scope or (OWN if type.per == "account" else HERE)
    clock, seen = SystemClock(), Seen(type.name)
    engine = Engine(adapter, clock=clock, limits=Limits(clock), workers=4, redaction_key=REDACTION_KEY)
    wanted = frozenset(facets)
    sweeps = engine.collect(asked, {asked.name: asked}, [Ask(type, wanted, wanted, None)], seen)
    for sweep in (sweep for sweep in sweeps if sweep.line.type == type.name):
        seen.status[sweep.line.facet] = sweep.status
        seen.refusals[sweep.line.facet] = sweep.refusal
        seen.elsewhere = max(seen.elsewhere, sweep.provenance.get("elsewhere", 0))
    return seen
