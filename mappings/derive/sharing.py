"""With whom outside the organization something is shared."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived

__all__ = ["shared_outside"]

_ACCOUNT = re.compile(r"\d{12}")
_SHARED = frozenset({"ASSOCIATED", "ASSOCIATING", "SUSPENDED", "SUSPENDING", "RESTORING"})


@derived
def shared_outside(
    principals: Sequence[Mapping[str, Any]],
    accounts: Sequence[Mapping[str, Any]],
    organizations: Sequence[Mapping[str, Any]],
    approved: Sequence[str],
) -> JSON:
    """Principals of a RAM share that are neither of the organization nor approved, sorted.

    An account is of it if the organization lists it; an IAM principal if its account is; the organization itself and
    its units by the organization's id in their ARN. Anything else (a service) is outside. Joined `accounts` (account)
    and `organizations` (organization).
    """
    own = {one["account"]["Id"] for one in accounts}
    ids = {one["organization"]["organization"] for one in organizations}
    named = [p["associatedEntity"] for p in principals if p.get("status") in _SHARED]
    return sorted(name for name in named if name not in approved and not _inside(name, own, ids))


def _inside(name: str, accounts: set[str], organizations: set[str]) -> bool:
    if _ACCOUNT.fullmatch(name):
        return name in accounts
    parts = name.split(":", 5)
    if len(parts) < 6:
        return False
    if parts[2] == "organizations":
        return parts[5].split("/")[1:2] != [] and parts[5].split("/")[1] in organizations
    return parts[2] in ("iam", "sts") and parts[4] in accounts
