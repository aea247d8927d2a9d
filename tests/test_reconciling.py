"""What a second source says of a population stands beside it, and a difference is never hidden."""

from __future__ import annotations

import json

import pytest

from annexlog.cli.shapes import Beside, Gaps, Population
from tests.estate import REGION
from tests.home import TARGET, Home
from tests.wire import Fault, Reply
from tests.wire.moto import ACCOUNT

HERE = f"aws/{ACCOUNT}/{REGION}"
COUNTING = f"{TARGET}\n[collect]\nsecond_sources = true\n"


def counts(**numbers: int) -> Fault:
    """What AWS Config says it counts."""
    rows = [{"resourceType": f"AWS::EC2::{kind}", "count": number} for kind, number in numbers.items()]
    body = json.dumps({"totalDiscoveredResources": sum(numbers.values()), "resourceCounts": rows}).encode()
    reply = Reply(200, {"Content-Type": "application/x-amz-json-1.1"}, body)
    return Fault("reply", "config.get_discovered_resource_counts", reply=reply)


def said(operation: str, body: object, status: int = 200) -> Fault:
    """What AWS answers to another second source."""
    kind = {"resource": "json", "resourcegroupstaggingapi": "x-amz-json-1.1"}[
        operation.partition(".")[0].partition("-")[0]
    ]
    headers = {"Content-Type": f"application/{kind}"}
    if status != 200:
        headers["X-Amzn-ErrorType"] = "ResourceNotFoundException"
    return Fault("reply", operation, reply=Reply(status, headers, json.dumps(body).encode()))


def tagged(volumes: int) -> Fault:
    """What the tagging API names."""
    arns = [f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/vol-{n}" for n in range(volumes)]
    return said(
        "resourcegroupstaggingapi.get_resources", {"ResourceTagMappingList": [{"ResourceARN": a} for a in arns]}
    )


def explored(volumes: int, *, complete: bool = True) -> Fault:
    """What Resource Explorer counts of each kind that it supports."""
    return said(
        "resource-explorer-2.search", {"Resources": [], "Count": {"TotalResources": volumes, "Complete": complete}}
    )


NO_INDEX = said("resource-explorer-2.get_index", {"Message": "no index"}, 404)


@pytest.fixture(autouse=True)
def _quiet(home: Home) -> None:
    """The sources that a test does not speak of say nothing."""
    home.wire.inject(tagged(0), NO_INDEX)


def differences(home: Home) -> list[Beside]:
    told: Gaps = home.json("gaps", of=Gaps)
    return told.differences


def volumes(home: Home) -> int:
    """How many were listed."""
    (told,) = home.json("population", "aws.ec2.volume", of=list[Population])
    return len(told.resources)


def of_volumes(home: Home) -> list[Beside]:
    return [one for one in differences(home) if one.type == "aws.ec2.volume"]


def test_a_count_that_agrees_is_no_difference_and_one_that_does_not_is_shown_with_both_numbers(home: Home) -> None:
    home.annexlog("collect")
    many = volumes(home)
    home.configure(COUNTING)
    home.wire.inject(counts(Volume=many))
    home.annexlog("collect")
    agreeing = of_volumes(home)
    home.wire.clear()
    home.wire.inject(counts(Volume=many + 3), tagged(0), NO_INDEX)

    home.annexlog("collect")

    assert agreeing == []
    assert of_volumes(home) == [
        Beside(HERE, "aws.ec2.volume", many, "aws.config.resource_count", many + 3, "", {}, least=False)
    ]
    text = f"aws.config.resource_count says {many + 3}, {many} were listed"
    assert text in home.annexlog("population", "aws.ec2.volume").out
    assert text in " ".join(home.annexlog("gaps").out.replace("\n", " ").split())


def test_a_second_source_that_may_not_be_asked_is_shown_as_such(home: Home) -> None:
    home.configure(COUNTING)
    home.wire.inject(Fault("refused", "config.get_discovered_resource_counts"))

    home.annexlog("collect")

    (found,) = of_volumes(home)
    assert (found.said, found.why) == (None, "denied")


def test_what_config_does_not_record_is_no_number(home: Home) -> None:
    home.configure(COUNTING)
    home.wire.inject(counts(Subnet=1))

    home.annexlog("collect")

    assert of_volumes(home) == []
    assert [one.said for one in differences(home) if one.type == "aws.ec2.subnet"] == [1]


def test_a_number_that_is_the_least_there_is_differs_only_if_it_is_more(home: Home) -> None:
    home.configure(COUNTING)
    home.wire.clear()
    home.wire.inject(counts(Subnet=1), tagged(1000), explored(0, complete=False))

    home.annexlog("collect")

    many = volumes(home)
    source = "aws.tagging.resource_count"
    assert of_volumes(home) == [Beside(HERE, "aws.ec2.volume", many, source, 1000, "", {}, least=True)]


def test_what_resource_explorer_counts_to_the_end_is_compared_both_ways(home: Home) -> None:
    home.configure(COUNTING)
    home.wire.clear()
    home.wire.inject(counts(Subnet=1), tagged(0), explored(0))

    home.annexlog("collect")

    many = volumes(home)
    source = "aws.resourceexplorer.resource_count"
    assert of_volumes(home) == [Beside(HERE, "aws.ec2.volume", many, source, 0, "", {}, least=False)]


def test_any_second_source_that_refuses_is_shown_as_such_and_without_an_index_nothing_is_searched(home: Home) -> None:
    home.configure(COUNTING)
    home.wire.clear()
    refused = ("resource-explorer-2.get_index", "resourcegroupstaggingapi.get_resources")
    home.wire.inject(counts(Subnet=1), *(Fault("refused", operation) for operation in refused))

    home.annexlog("collect")

    assert {one.source: (one.said, one.why) for one in of_volumes(home)} == {
        "aws.resourceexplorer.resource_count": (None, "denied"),
        "aws.tagging.resource_count": (None, "denied"),
    }
    assert "resource-explorer-2.search" not in home.wire.operations()


def test_second_sources_are_asked_only_if_configured(home: Home) -> None:
    home.annexlog("collect")

    assert "config.get_discovered_resource_counts" not in home.wire.operations()


def test_the_policy_grants_what_second_sources_need_where_they_are_configured(home: Home) -> None:
    before = home.annexlog("permissions", "aws").out

    home.configure(COUNTING)

    assert "config:GetDiscoveredResourceCounts" not in before
    assert "config:GetDiscoveredResourceCounts" in home.annexlog("permissions", "aws").out
    assert "(second source: aws.config.resource_count)" in home.annexlog("permissions", "aws", "--tests").out


def test_an_account_of_the_organization_that_was_not_looked_at_is_shown_with_the_reason(home: Home) -> None:
    home.configure(f'{TARGET}\n[targets.acme.accounts]\nexclude = ["{ACCOUNT}"]\n')

    home.annexlog("collect")

    (found,) = (one for one in differences(home) if one.type == "aws.organizations.account")
    assert (found.said, found.listed, found.missing) == (1, 0, {ACCOUNT: "excluded by configuration"})
