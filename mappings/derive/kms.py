"""What the policies of a KMS key come to together."""

from __future__ import annotations

from collections.abc import Sequence

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.policy import open_to_all

__all__ = ["any_open_to_all"]


@derived
def any_open_to_all(policies: Sequence[JSON], account: str) -> bool:
    """Whether any of a key's policies ({PolicyName, Policy}) allows anything to everybody; see `open_to_all`.

    Raises ValueError where there is none: every key has its default policy.
    """
    if not policies:
        raise ValueError("a key without a policy")
    return any(open_to_all(row["Policy"], account) for row in policies)
