"""Rights that must not come together in one person; when a person began to work here."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["conflicts_of", "employments"]


@derived
def employments(contracts: JSON, gap_days: JSON) -> JSON:
    """When each employment began, as RFC 3339 texts, the earliest first.

    `contracts`: [{starts, until}], `until` null where there is no end; those with no more than so many days between
    them are one employment.
    """
    found, ends = list[str](), datetime.min.replace(tzinfo=UTC)
    for one in sorted(contracts, key=lambda contract: datetime.fromisoformat(contract["starts"])):
        if datetime.fromisoformat(one["starts"]) - ends > timedelta(days=gap_days):
            found.append(one["starts"])
        ends = max(ends, datetime.fromisoformat(one["until"]) if one["until"] else datetime.max.replace(tzinfo=UTC))
    return found


@derived
def conflicts_of(accounts: JSON, matrix: JSON) -> JSON | Unknown:
    """Rows of the matrix (`one`, `other`: a right, `*` standing for anything) that a person's accounts meet twice.

    `accounts`: [{enabled, rights}]; those that cannot be used count for nothing. An empty matrix is Unknown(unset): it
    forbids nothing, and so says nothing. One right that meets both sides is no conflict. Case does not matter.
    """
    if not matrix:
        return Unknown("unset", operation="conflicting_rights")
    held = {right for account in accounts if account["enabled"] for right in account["rights"]}
    return [f"{row['one']} and {row['other']}" for row in matrix if _met(held, str(row["one"]), str(row["other"]))]


def _met(held: set[str], one: str, other: str) -> bool:
    if not one or not other:
        raise ValueError("a row without one of its rights")
    first, second = ({right for right in held if _pattern(text).fullmatch(right)} for text in (one, other))
    return any(a != b for a in first for b in second)


def _pattern(text: str) -> re.Pattern[str]:
    """Only `*` stands for anything: names of rights have brackets and question marks of their own."""
    return re.compile(".*".join(map(re.escape, text.strip().split("*"))), re.IGNORECASE | re.DOTALL)
