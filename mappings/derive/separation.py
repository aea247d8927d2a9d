"""Whether environments are apart, by account."""

from __future__ import annotations

from collections.abc import Sequence

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived

__all__ = ["other_environment"]


def _classes(tags: Sequence[dict[str, str]], keys: Sequence[str], production: Sequence[str]) -> set[bool]:
    """Whether each of the tags that say it says production."""
    return {tag["Value"].lower() in production for tag in tags if tag["Key"].lower() in keys}


@derived
def other_environment(account_tags: JSON, resources: JSON, keys: JSON, production: JSON) -> list[str]:
    """The ARNs of resources whose tags put them into another class of environment than their account, sorted.

    There are two classes: production, and all else. `resources`: [{candidate: {ResourceARN, Tags}}]; `keys`: the tag
    keys, `production`: the values, in lower case. Raises ValueError where the account's own tags say nothing, or both.
    """
    own = _classes(account_tags, keys, production)
    if len(own) != 1:
        raise ValueError("the account is of no one environment")
    rows = (row["candidate"] for row in resources)
    return sorted(row["ResourceARN"] for row in rows if _classes(row.get("Tags", []), keys, production) - own)
