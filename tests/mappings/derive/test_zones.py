"""Which networks of other zones a network can send to."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.evidence_store.model import Unknown
from annexlog.mappings.derive.zones import gateway_crossings, peering_crossings

UNCLASSIFIED = Unknown("unclassified", operation="network_zones")
OWN = {"TransitGatewayAttachmentId": "a1", "ResourceId": "vpc-1"}


def leads_to(*attachments: str) -> Any:
    rows = [{"TransitGatewayAttachmentId": id, "ResourceId": f"vpc-{id}"} for id in attachments]
    return {"routes": [{"TransitGatewayAttachments": rows}, {"State": "active"}]}


@pytest.mark.parametrize(
    ("zones", "found"),
    [
        ({"vpc-1": "prod", "vpc-a2": "test", "vpc-a3": "prod"}, ["a2"]),
        ({"vpc-1": "prod", "vpc-a2": "test", "vpc-a3": "dev"}, ["a2", "a3"]),
        ({"vpc-1": "prod", "vpc-a2": "test", "a2": "shared", "a3": "prod"}, []),
        ({"vpc-1": "shared", "vpc-a2": "test", "vpc-a3": "prod"}, []),
        ({"vpc-1": "prod", "vpc-a2": "test"}, ["a2"]),
        ({"vpc-1": "prod", "vpc-a2": "prod"}, UNCLASSIFIED),
        ({"vpc-a2": "prod", "vpc-a3": "prod"}, UNCLASSIFIED),
    ],
)
def test_ways_into_another_zone_are_found(zones: Any, found: Any) -> None:
    assert gateway_crossings(OWN, leads_to("a3", "a2"), zones, []) == found


def test_an_attachment_without_a_route_table_leads_nowhere() -> None:
    assert gateway_crossings(OWN, None, {"a1": "prod"}, []) == []


def test_a_pair_is_approved_in_one_direction() -> None:
    peering = {"RequesterVpcInfo": {"VpcId": "p"}, "AccepterVpcInfo": {"VpcId": "t"}}

    assert peering_crossings(peering, {"p": "prod", "t": "test"}, ["prod>test"]) == ["t>p"]
