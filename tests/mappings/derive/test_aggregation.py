"""Which accounts and regions no aggregator gathers from."""

from __future__ import annotations

from typing import Any

from annexlog.mappings.derive.aggregation import not_aggregated

ACCOUNTS = [
    {"account": {"Id": "1", "State": "ACTIVE"}},
    {"account": {"Id": "2", "Status": "ACTIVE"}},
    {"account": {"Id": "3", "State": "CLOSED"}},
]
REGIONS = [{"region": {"account": account, "region": name}} for account in "13" for name in ("north", "south")]
ALL = ("1/north", "1/south", "2/north")


def aggregator(*heard: str, status: str = "SUCCEEDED", **told: Any) -> dict[str, Any]:
    sources = [{"SourceId": name[0], "AwsRegion": name[2:], "LastUpdateStatus": status} for name in heard]
    return {"aggregator": {"OrganizationAggregationSource": {"AllAwsRegions": True}, **told}, "sources": sources}


def test_one_that_hears_from_every_active_account_and_known_region_lacks_nothing() -> None:
    assert not_aggregated([aggregator("1/north"), aggregator(*ALL)], ACCOUNTS, REGIONS) == []


def test_accounts_and_regions_that_it_does_not_hear_from_are_named() -> None:
    assert not_aggregated([aggregator("1/north")], ACCOUNTS, REGIONS) == ["1/south", "2"]


def test_one_that_leaves_out_types_or_regions_or_whose_sources_fail_does_not_count() -> None:
    some_types = aggregator(*ALL, AggregatorFilters={"ResourceType": {"Type": "INCLUDE", "Value": ["AWS::S3::Bucket"]}})
    some_regions = aggregator(*ALL, OrganizationAggregationSource={"AwsRegions": ["north"]})
    accounts_only = aggregator(*ALL, OrganizationAggregationSource=None)
    failing, silent = aggregator(*ALL, status="OUTDATED"), aggregator()

    assert not_aggregated([some_types, some_regions, accounts_only, failing, silent], ACCOUNTS, REGIONS) is None
