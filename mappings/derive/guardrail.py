"""What service control policies forbid to everyone but those they exempt by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.policy import acts_on, listed, matches, statements

__all__ = ["denials", "region_denials"]

_NOT_LIKE = ("arnnotlike", "arnnotequals", "stringnotlike", "stringnotequals", "stringnotequalsignorecase")
_REGION, _PRINCIPAL = "aws:requestedregion", "aws:principalarn"


@derived
def denials(policies: JSON, actions: JSON) -> list[dict[str, JSON]]:
    """Which Deny statements forbid each action on every resource: [{action, by: [{policy, exempt}]}].

    `policies`: [{id, content}]. `exempt`: the ARN patterns of the principals that a statement spares, sorted; one
    that depends on anything else forbids nothing for sure, and is left out.
    Source: Organizations user guide, SCP syntax.
    """
    found = [(id, statement, bounds) for id, statement, bounds in _denying(policies) if not bounds[_REGION]]
    return [
        {
            "action": action,
            "by": [{"policy": id, "exempt": bounds[_PRINCIPAL]} for id, s, bounds in found if acts_on(s, action)],
        }
        for action in actions
    ]


@derived
def region_denials(policies: JSON, spared: JSON) -> list[dict[str, JSON]]:
    """The Deny statements that leave only some regions: [{policy, regions, exempt}].

    Of those on every resource and every action, but for actions that the patterns `spared` cover (services without
    a region). `regions`: those left, sorted; `exempt`: the ARN patterns of principals that are spared, sorted.
    Source: Organizations user guide, example SCPs; IAM user guide, aws:RequestedRegion.
    """
    return [
        {"policy": id, "regions": bounds[_REGION], "exempt": bounds[_PRINCIPAL]}
        for id, statement, bounds in _denying(policies)
        if bounds[_REGION] and _every_action(statement, spared)
    ]


def _denying(policies: JSON) -> Iterator[tuple[str, Mapping[str, Any], dict[str, list[str]]]]:
    """(policy, Deny statement on every resource, what its conditions spare), in the order of policies."""
    for row in sorted(policies, key=lambda row: row["id"]):
        for statement in statements(row["content"], "Deny"):
            bounds = _spared(statement.get("Condition") or {})
            everywhere = any(re.fullmatch(r"\*+", pattern) for pattern in listed(statement.get("Resource")))
            if everywhere and bounds is not None:
                yield row["id"], statement, bounds


def _spared(condition: Mapping[str, Any]) -> dict[str, list[str]] | None:
    """The regions and principals that conditions spare; None if they ask for anything else.

    All conditions of a statement must hold, so what any of them spares is spared. A negated operator holds where the
    key is missing, with or without IfExists.
    """
    found: dict[str, set[str]] = {_REGION: set(), _PRINCIPAL: set()}
    for operator, pairs in condition.items():
        name = operator.lower().removeprefix("forallvalues:").removeprefix("foranyvalue:").removesuffix("ifexists")
        for key, values in pairs.items():
            texts = [str(value) for value in listed(values)]
            if name not in _NOT_LIKE or key.lower() not in found or not texts:
                return None
            found[key.lower()].update(texts)
    return {key: sorted(texts) for key, texts in found.items()}


def _every_action(statement: Mapping[str, Any], spared: Sequence[str]) -> bool:
    if "NotAction" in statement:
        left = listed(statement["NotAction"])
        return all(any(matches(pattern, action) for pattern in spared) for action in left)
    return any(re.fullmatch(r"\*+(:\*+)?", pattern) for pattern in listed(statement.get("Action")))
