"""GovCloud and China: everything is asked in the partition that the caller is of, and named as it is named there."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.collectors import Scope, resource_types
from tests.collectors.aws.conftest import Connect
from tests.collectors.aws.looking import look
from tests.wire import Reply, Request, Wire
from tests.wire.answers import Answers
from tests.wire.recognise import recognise

OWN, MEMBER = "123456789012", "222222222222"
PARTITIONS = [
    ("aws-us-gov", "us-gov-west-1", "us-gov-east-1", "amazonaws.com"),
    ("aws-cn", "cn-north-1", "cn-northwest-1", "amazonaws.com.cn"),
]


def answers(partition: str, regions: tuple[str, str]) -> dict[str, Any]:
    """An organization of two accounts, as one of its partition has it."""
    role = f"arn:{partition}:iam::{MEMBER}:role/annexlog-read"
    given = {
        "AccessKeyId": f"ASIA{MEMBER}", "SecretAccessKey": "secret", "SessionToken": "token",
        "Expiration": "2099-01-01T00:00:00Z",
    }  # fmt: skip
    session = {"Arn": f"arn:{partition}:sts::{MEMBER}:assumed-role/annexlog-read/annexlog", "AssumedRoleId": "A:a"}
    assumed = {"Credentials": given, "AssumedRoleUser": session}
    caller = {"Account": OWN, "Arn": f"arn:{partition}:iam::{OWN}:user/reader", "UserId": "AIDA"}
    rows = [{"Id": id, "Name": id, "State": "ACTIVE"} for id in (OWN, MEMBER)]
    places = [{"RegionName": region, "OptInStatus": "opt-in-not-required"} for region in regions]
    bucket = {"Name": "logs", "CreationDate": "2026-01-01T00:00:00Z", "BucketRegion": regions[1]}
    return {
        "sts.get_caller_identity": caller,
        "sts.assume_role": [{"for": {"RoleArn": role}, "says": assumed}],
        "organizations.describe_organization": {"Organization": {"Id": "o-1", "MasterAccountId": OWN}},
        "organizations.list_accounts": {"Accounts": rows},
        "ec2.describe_regions": {"Regions": places},
        "s3.list_buckets": {"Buckets": [bucket]},
        "s3.get_bucket_versioning": [{"for": {"Bucket": "logs"}, "region": regions[1], "says": {"Status": "Enabled"}}],
    }


@pytest.mark.parametrize(("partition", "home", "other", "_domain"), PARTITIONS)
def test_a_member_is_asked_in_its_partitions_role_and_regions_and_its_buckets_have_its_arns(
    partition: str, home: str, other: str, _domain: str, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: set[tuple[str, str]] = set()
    known = Answers(answers(partition, (home, other)))

    def hearing(request: Request) -> Reply:
        found = recognise(request)
        assert found is not None
        asked.add((found.name, found.region))
        return known(request)

    with Wire(hearing, threads=2) as wire:
        monkeypatch.setenv("AWS_ENDPOINT_URL", wire.url)
        adapter = connect(home_region=home, organization=True)
        discovery = adapter.discover()
        scopes = {scope.name: scope for scope in discovery.scopes}
        member: Scope = scopes[f"aws/{MEMBER}"]
        seen = look(adapter, resource_types()["aws.s3.bucket"], "versioning", scope=member)

    assert (discovery.skipped, discovery.refusals, known.unanswered) == ({}, [], [])
    assert {scope.values["partition"] for scope in discovery.scopes} == {partition}
    assert {name for name in scopes if MEMBER in name} == {
        f"aws/{MEMBER}", f"aws/{MEMBER}/{home}", f"aws/{MEMBER}/{other}",
    }  # fmt: skip
    assert seen.of("versioning") == {f"arn:{partition}:s3:::logs": {"Status": "Enabled"}}
    assert {region for _name, region in asked} == {home, other}
    assert ("sts.assume_role", home) in asked


@pytest.mark.parametrize(("_partition", "home", "_other", "domain"), PARTITIONS)
def test_without_an_endpoint_of_ones_own_the_partitions_domain_answers(
    _partition: str, home: str, _other: str, domain: str, connect: Connect
) -> None:
    connection = connect(home_region=home).connection

    hosts = {name: str(connection.client(name, home).meta.endpoint_url) for name in ("sts", "iam", "organizations")}

    assert connection.host() == domain
    assert {name: url.endswith(f".{domain}") for name, url in hosts.items()} == dict.fromkeys(hosts, True)
