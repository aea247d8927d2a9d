"""Which networks of other zones (production, test …) a network can send to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["SHARED", "gateway_crossings", "peering_crossings"]

SHARED = "shared"
"""The zone of networks that serve all others: no way to or from one crosses a border."""

_UNCLASSIFIED = Unknown("unclassified", operation="network_zones")


@derived
def gateway_crossings(attachment: JSON, table: JSON, zones: JSON, approved: JSON) -> JSON | Unknown:
    """The attachments of other zones to which the route table of a transit gateway's attachment leads: sorted ids.

    `table`: {routes}, the table associated with the attachment; null where there is none, and so no way out. `zones`:
    {attachment's or resource's id: zone}. `approved`: pairs as `from>to`. Unknown(unclassified) if none is found, and
    the attachment itself or one that it leads to is in no zone.
    """
    own = _zone(attachment, zones)
    if own is None:
        return _UNCLASSIFIED
    rows = [row for route in (table["routes"] if table else ()) for row in route.get("TransitGatewayAttachments", ())]
    return _crossings(own, {row["TransitGatewayAttachmentId"]: _zone(row, zones) for row in rows}, approved)


@derived
def peering_crossings(peering: JSON, zones: JSON, approved: JSON) -> JSON | Unknown:
    """The sides of a VPC peering connection, as `from>to` by the ids of the VPCs, if their zones are kept apart.

    Either way must be approved for itself. Unknown(unclassified) if none is found, and a side is in no zone.
    """
    sides = [peering["RequesterVpcInfo"]["VpcId"], peering["AccepterVpcInfo"]["VpcId"]]
    found: list[JSON] = []
    for one, other in (sides, sides[::-1]):
        if zones.get(one) is None:
            return _UNCLASSIFIED
        crossed = _crossings(zones[one], {other: zones.get(other)}, approved)
        if isinstance(crossed, Unknown):
            return crossed
        found += [f"{one}>{other}" for _ in crossed]
    return found


def _zone(row: Mapping[str, Any], zones: Mapping[str, str]) -> str | None:
    names = (str(row.get(name)) for name in ("TransitGatewayAttachmentId", "ResourceId"))
    return next((zones[name] for name in names if name in zones), None)


def _crossings(own: str, reached: Mapping[str, str | None], approved: Collection[str]) -> list[JSON] | Unknown:
    if own == SHARED:
        return []
    fine = {None, own, SHARED, *(pair.partition(">")[2] for pair in approved if pair.partition(">")[0] == own)}
    crossed: Sequence[str] = sorted(id for id, zone in reached.items() if zone not in fine)
    return _UNCLASSIFIED if not crossed and None in reached.values() else list(crossed)
