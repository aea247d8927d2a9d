"""What AWS answers about each service, as data: one file a service. How one is written: docs/plugin-tutorial.md.

answers:                      # of the account that every test looks at; they complete moto
  guardduty.list_detectors: {DetectorIds: [d1]}
looks:
  - title: A detector shows whether it is on
    of: aws.guardduty.detector
    answers: {…}              # instead of those above, operation by operation; null: unasked
    sees: {d1: {detector: {…}}}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from annexlog.mappings.strictyaml import parse
from tests.wire.answers import Answers
from tests.wire.moto import ACCOUNT
from tests.wire.wire import Source

FOLDER = Path(__file__).parent
IDENTIFIED = {
    "sts.get_caller_identity": {"UserId": "AIDA", "Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/annexlog"}
}


class Look(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One look at a type. `sees`: {id: {facet: value}}, every resource with the same facets; one that is unknown is
    `{$unknown: {reason: …, operation: …, permission: …, code: …}}`, a text that is redacted `{$redacted: text, matches:
    […]}`. `coverage`: {facet: status} where that is not complete; the listing is the facet "". `facets`: those asked
    for, where there is no resource to tell them by.
    """

    title: str
    of: str
    sees: dict[str, dict[str, Any]]
    answers: dict[str, Any] = {}
    coverage: dict[str, str] = {}
    facets: list[str] = []


class Service(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    answers: dict[str, Any]
    looks: list[Look] = []


@dataclass(frozen=True)
class Case:
    """A look, with all that is answered at it."""

    service: str
    look: Look
    answers: Mapping[str, Any] = field(repr=False)

    def __str__(self) -> str:
        return f"{self.service}: {self.look.title}"


@cache
def services() -> Mapping[str, Service]:
    """Every file, by its name."""
    return {
        path.stem: msgspec.convert(parse(path.read_text(), path.name).value, Service)
        for path in sorted(FOLDER.glob("*.yaml"))
    }


@cache
def planted() -> Mapping[str, Any]:
    """All that the one account answers, whatever the service."""
    return {name: said for service in services().values() for name, said in service.answers.items()}


def completed(source: Source) -> Source:
    """A source that answers what these files do, and asks the other for the rest."""
    return Answers(planted(), source)


def cases() -> list[Case]:
    """Each look, with the answers of its own file: those of the others are not its business."""
    return [
        Case(name, look, {k: v for k, v in {**IDENTIFIED, **service.answers, **look.answers}.items() if v is not None})
        for name, service in services().items()
        for look in service.looks
    ]
