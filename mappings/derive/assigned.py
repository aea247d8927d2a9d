"""Who holds a role of IAM Identity Center."""

from __future__ import annotations

import re

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["assigned_users"]

_ROLE = re.compile(r"AWSReservedSSO_(.+)_[0-9a-f]{16}")


@derived
def assigned_users(arn: str, account: str, sets: JSON) -> list[str] | Unknown:
    """Those to whom a provisioned role's permission set is assigned for its account, as `set account user-id`, sorted.

    `sets`: [{described, assignments: [{AccountId, UserIds}]}], of the organization. Unknown(unresolved) if the role's
    permission set is not among them: its assignments can be read in the management account only.
    Source: Identity Center user guide, role names (AWSReservedSSO_<permission set>_<suffix>).
    """
    named = _ROLE.fullmatch(arn.rpartition("/")[2])
    if not named:
        raise ValueError(arn)
    found = [row for row in sets if row["described"]["Name"] == named[1]]
    if not found:
        return Unknown(
            "unresolved", operation="list_account_assignments", permission="sso:ListAccountAssignments", code=named[1]
        )
    return sorted({
        f"{named[1]} {account} {user}"
        for row in found
        for one in row["assignments"]
        if one["AccountId"] == account
        for user in one["UserIds"]
    })  # fmt: skip
