"""Where redacted evidence held a credential: by the form of a value, or by the name of a variable."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived

__all__ = ["credentials_in"]

_REDACTED = {"commitment", "length", "matches"}
_SECRET = re.compile(
    r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|(?:api|private|access|secret|auth|signing|encryption)_?key)",
    re.IGNORECASE,
)
SHORTEST = 6
"""A variable with such a name and fewer characters is a switch (`true`, `none`) or empty, not a secret."""


@derived
def credentials_in(value: JSON, references: JSON) -> JSON:
    """Where in a value, redacted by the pattern set `secrets`, there was what looks like a credential: sorted places.

    A redacted text counts if a pattern matched; that of a variable also if its name ends like one of a secret
    (PASSWORD, TOKEN, API_KEY …) and it has 6 characters or more. Names in `references` hold the name or ARN of a
    secret, not the secret: their forms are still looked at. Variables are members of a map, or {name, value}; with a
    type other than PLAINTEXT, the value is a reference too.
    """
    return sorted(set(_found(value, "", frozenset(references))))


def _found(value: JSON, name: str, references: Collection[str]) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _found(item, name, references)
    elif isinstance(value, dict) and value.keys() >= _REDACTED:
        yield from (f"{name}: {pattern}" for pattern in value["matches"])
        if value["length"] >= SHORTEST and name not in references and _named_like_a_secret(name):
            yield f"{name}: by its name"
    elif isinstance(value, dict) and {"name", "value"} <= value.keys():
        if value.get("type", "PLAINTEXT") == "PLAINTEXT":
            yield from _found(value["value"], str(value["name"]), references)
    elif isinstance(value, dict):
        for member, item in value.items():
            yield from _found(item, member, references)


def _named_like_a_secret(name: str) -> bool:
    """Whether a name ends in a word for secrets, as a word of its own: DB_PASSWORD, apiKey; not COMPASS, TOKEN_URL."""
    found = re.search(_SECRET.pattern + r"$", name, re.IGNORECASE)
    if found is None:
        return False
    before = name[: found.start()]
    return not before or not before[-1].isalpha() or (before[-1].islower() and found[0][0].isupper())
