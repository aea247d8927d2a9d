"""What the policies of one IAM principal come to together: on which resources it may do what.

Allow statements of all its policies, less what is denied without a condition, within its permissions boundary. Where
that cannot be told for sure (a Deny with a condition, patterns that overlap in part), the answer is the wider one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive.policy import acts_on, listed, matches, statements

__all__ = ["Rights", "contains"]

Statement = Mapping[str, Any]


def contains(wide: str, narrow: str) -> bool:
    """Whether everything that one pattern matches is matched by another, as far as their texts say."""
    # A `*` of the narrower one can only be eaten by a `*` of the wider, but a `?` would eat it as well.
    return matches(wide, narrow) and not ("?" in wide and "*" in narrow)


def _fixed(pattern: str) -> str:
    at = min((pattern.index(sign) for sign in ("*", "?", "${") if sign in pattern), default=len(pattern))
    return pattern[:at].lower()


def _may_meet(one: str, other: str) -> bool:
    """Whether something may match both: what is spelt out at their beginnings does not contradict."""
    a, b = _fixed(one), _fixed(other)
    return a.startswith(b) or b.startswith(a)


def _met(patterns: Sequence[str], others: Sequence[str]) -> list[str]:
    """The patterns, narrowed to others: of two that lie in one another the narrower, of two that may meet the first."""
    found: list[str] = []
    for pattern in patterns:
        for other in others:
            if contains(other, pattern):
                found.append(pattern)
            elif contains(pattern, other):
                found.append(other)
            elif _may_meet(pattern, other):
                found.append(pattern)
    return list(dict.fromkeys(found))


class Rights:
    """What a principal may do. `documents`: of all its policies; `boundary`: its permissions boundary, if it has one.

    Raises ValueError on what is no policy.
    """

    def __init__(self, documents: Sequence[JSON], boundary: JSON = None) -> None:
        self._allow = [s for document in documents for s in statements(document, "Allow")]
        self._deny = [s for document in documents for s in statements(document, "Deny")]
        self._bounds = None if boundary is None else Rights([boundary])

    def on(self, action: str, counts: Callable[[Statement], bool] = lambda _: True) -> list[str]:
        """The patterns of resources on which it may act, [] for none. `counts`: which Allow statements do."""
        found: list[str] = []
        for statement in self._allow:
            if acts_on(statement, action) and counts(statement):
                found += _resources(statement)
        for statement in self._deny:
            if not statement.get("Condition") and acts_on(statement, action):
                found = _less(found, statement)
        if self._bounds is not None and found:
            found = _met(found, self._bounds.on(action))
        return list(dict.fromkeys(found))


def _resources(statement: Statement) -> list[str]:
    if "NotResource" in statement:
        spared = listed(statement["NotResource"])
        return [] if any(contains(pattern, "*") for pattern in spared) else ["*"]
    return listed(statement.get("Resource"))


def _less(patterns: list[str], denied: Statement) -> list[str]:
    if "NotResource" in denied:  # only these are left
        return _met(patterns, listed(denied["NotResource"]))
    return [p for p in patterns if not any(contains(pattern, p) for pattern in listed(denied.get("Resource")))]
