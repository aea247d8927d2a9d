"""Rights that must not come together in one person."""

from __future__ import annotations

import re

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["conflicts_of"]


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
