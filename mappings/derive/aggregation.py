"""Which accounts and regions an AWS Config aggregator does not gather from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived

__all__ = ["not_aggregated"]


@derived
def not_aggregated(
    aggregators: Sequence[Mapping[str, Any]],
    accounts: Sequence[Mapping[str, Any]],
    regions: Sequence[Mapping[str, Any]],
) -> JSON:
    """The active accounts, and the `account/region` of those looked at, that the best aggregator does not succeed with.

    An aggregator counts if it is the organization's, gathers from all regions and all types, and no source of it failed
    or is out of date. Null where none counts. Joined `aggregators` (aggregator, sources), `accounts` (account) and
    `regions` (region).
    """
    listed = [one["account"] for one in accounts]
    active = {one["Id"] for one in listed if (one.get("State") or one.get("Status")) == "ACTIVE"}
    wanted = {(r["region"]["account"], r["region"]["region"]) for r in regions if r["region"]["account"] in active}
    gaps = [_gaps(one["sources"], active, wanted) for one in aggregators if _whole(one)]
    return min(gaps, key=len, default=None)


def _whole(one: Mapping[str, Any]) -> bool:
    told, sources = one["aggregator"], one["sources"]
    organization = told.get("OrganizationAggregationSource") or {}
    limited = (told.get("AggregatorFilters") or {}).get("ResourceType")
    good = all(source.get("LastUpdateStatus") == "SUCCEEDED" for source in sources)
    return bool(organization.get("AllAwsRegions") and not limited and sources and good)


def _gaps(sources: Sequence[Mapping[str, Any]], active: set[str], wanted: set[tuple[str, str]]) -> list[str]:
    seen = {(source.get("SourceId"), source.get("AwsRegion")) for source in sources}
    heard = {account for account, _ in seen}
    unheard = [f"{account}/{region}" for account, region in wanted - seen if account in heard]
    return sorted([*(active - heard), *unheard])
