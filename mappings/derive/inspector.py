"""Which resources Amazon Inspector does not scan, though it could or should."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived

__all__ = ["unscanned"]

_ACTIVE_BUT_BLIND = frozenset({
    "NO_INVENTORY", "STALE_INVENTORY", "SCAN_FREQUENCY_SCAN_ON_PUSH", "SCAN_FREQUENCY_MANUAL",
})  # fmt: skip
_INACTIVE_BY_DESIGN = frozenset({
    "EC2_INSTANCE_STOPPED", "RESOURCE_STOPPED", "RESOURCE_TERMINATED", "IMAGE_ARCHIVED", "SCAN_ELIGIBILITY_EXPIRED",
})  # fmt: skip


@derived
def unscanned(
    coverage: Sequence[Mapping[str, Any]], instances: Sequence[Mapping[str, Any]], accepted: Sequence[str]
) -> JSON:
    """Ids of resources that a scan type does not reach, and of instances that Inspector does not know, sorted.

    Active is not scanned where the inventory is missing or old, or where images are scanned only when pushed; inactive
    is as it should be for what is stopped, gone, archived, or an image no longer used. `accepted`: ids left out.
    """
    rows = [one["coverage"] for one in coverage]
    blind = {row["resourceId"] for row in rows if not _scanned(row.get("scanStatus") or {})}
    known = {row["resourceId"] for row in rows}
    missing = {one["instance"]["InstanceId"] for one in instances} - known
    return sorted((blind | missing) - set(accepted))


def _scanned(status: Mapping[str, Any]) -> bool:
    code, reason = status.get("statusCode"), status.get("reason")
    return reason not in _ACTIVE_BUT_BLIND if code == "ACTIVE" else reason in _INACTIVE_BY_DESIGN
