"""Amazon Route 53: hosted zones, how their names are routed and signed, and the health checks behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Detail, Page, Refused, ResourceType

__all__ = ["health_check", "hosted_zone"]

Ask = Callable[[str, Mapping[str, Any]], Page]

ROUTED = ("Name", "Type", "SetIdentifier", "Failover", "MultiValueAnswer", "HealthCheckId", "AliasTarget")


def routed(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """The record sets of a zone of which there are several by one name, without what they say: `{"Routed": […]}`.

    A zone may have 10,000 others, which say nothing of failover.
    """
    after: dict[str, Any] = {}
    while True:
        page = ask("list_resource_record_sets", {**params, **after})
        found = [row for row in page.body["ResourceRecordSets"] if row.get("SetIdentifier")]
        yield Page({"Routed": [{k: row[k] for k in ROUTED if k in row} for row in found]}, page.request_id, page.date)
        if not page.body["IsTruncated"]:
            return
        names = {"NextRecordName": "StartRecordName", "NextRecordType": "StartRecordType", "NextRecordIdentifier": "StartRecordIdentifier"}
        if after == (after := {start: page.body[next] for next, start in names.items() if page.body.get(next)}):
            raise Refused("unreadable", "RepeatedToken", "the same continuation was given twice")


def observations(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """What each health checker says: `{"Observations": [{Region, Healthy}]}`. Times and addresses move with every look."""
    page = ask("get_health_check_status", params)
    rows = [{"Region": row.get("Region", ""), "Healthy": row["StatusReport"]["Status"].startswith("Success")}
            for row in page.body["HealthCheckObservations"]]
    yield Page({"Observations": rows}, page.request_id, page.date)


hosted_zone = ResourceType(
    "aws.route53.hosted_zone", facet="hosted_zone", id="{hosted_zone.Id}", per="account", gone=("NoSuchHostedZone",),
    listed=Call("route53:ListHostedZones", "list_hosted_zones", items="HostedZones"),
    details=[
        # A private zone cannot be signed.
        Detail("dnssec", Call("route53:GetDNSSEC", "get_dnssec", {"HostedZoneId": "{hosted_zone.Id}"}),
               only="hosted_zone.Config.PrivateZone != 'true'"),
        Detail("routed", Call("route53:ListResourceRecordSets", "list_resource_record_sets", {"HostedZoneId": "{hosted_zone.Id}"},
               items="Routed", fn=routed)),
    ],
    ignore=("hosted_zone.ResourceRecordSetCount",), sets=("routed", "dnssec.KeySigningKeys"),
)

health_check = ResourceType(
    "aws.route53.health_check", facet="health_check", id="{health_check.Id}", per="account", gone=("NoSuchHealthCheck",),
    listed=Call("route53:ListHealthChecks", "list_health_checks", items="HealthChecks"),
    details=[
        Detail("observations", Call("route53:GetHealthCheckStatus", "get_health_check_status", {"HealthCheckId": "{health_check.Id}"},
               items="Observations", fn=observations)),
    ],
    redact={"health_check.HealthCheckConfig.SearchString": "secrets"},
    sets=("observations",),
)
