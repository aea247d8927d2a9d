"""Google Workspace: which super administrators can sign in, and where files may be shared with everyone outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived

__all__ = ["active_super_admins", "loose_sharing"]


@derived
def active_super_admins(super_admins: JSON, users: JSON) -> JSON:
    """Ids of super administrators that are neither suspended nor archived; one that is not among the users counts."""
    known = {one["user"]["id"]: one["user"] for one in users}
    return [id for id in super_admins["users"] if not _closed(known.get(id, {}))]


def _closed(user: Mapping[str, Any]) -> bool:
    return user.get("suspended") is True or user.get("archived") is True


_STRICT = frozenset({"DISALLOWED", "ALLOWLISTED_DOMAINS"})


@derived
def loose_sharing(sharing: JSON, agreed: JSON) -> JSON:
    """Where files may be shared outside of listed domains, or published: `unit or group: reason`, each.

    Of several policies for one unit the one with the highest order counts, member by member. What the root does not set
    is Google's default, which lets both; what others do not set is inherited. One for nobody in particular is for
    all. `agreed`: units and groups left out.
    Source: Cloud Identity API, PolicyQuery (sortOrder); Policy API, drive_and_docs.external_sharing.
    """
    resolved: dict[str, dict[str, Any]] = {
        sharing["root"]: {"externalSharingMode": "ALLOWED", "allowPublishingFiles": True}
    }
    for policy in sorted(sharing["policies"], key=lambda one: float(one["policyQuery"].get("sortOrder", 0))):
        query = policy["policyQuery"]
        where = query.get("group") or query.get("orgUnit") or sharing["root"]
        resolved.setdefault(where, {}).update(policy["setting"].get("value") or {})
    found = []
    for where, value in sorted(resolved.items()):
        if where in agreed:
            continue
        if value.get("externalSharingMode", "DISALLOWED") not in _STRICT:
            found.append(f"{where}: {value['externalSharingMode']}")
        if value.get("allowPublishingFiles") is True:
            found.append(f"{where}: files can be published")
    return found
