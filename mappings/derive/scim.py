"""Who is in a group that a SCIM service tells."""

from __future__ import annotations

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["users_in"]


@derived
def users_in(group: JSON) -> JSON | Unknown:
    """The ids of a group's members. Unknown (unresolved) where a group is among them.

    Raises ValueError where none are told: SCIM leaves out both an empty list and one that the caller may not see.
    """
    members = group["members"]
    if not members:
        raise ValueError("no members are told")
    if any(str(member.get("type") or "User").casefold() == "group" for member in members):
        return Unknown("unresolved", code="users_in")
    return sorted(str(member["value"]) for member in members)
