"""All pages of an answer, or a refusal: never fewer as if there were no more."""

from __future__ import annotations

import json
from typing import Any

import pytest

from annexlog.collectors import Call, Refused
from tests.collectors.aws.conftest import OWN, Connect, bodies, refused
from tests.wire import Fault, Reply, Wire

LIST_USERS = Call("iam:ListUsers", "list_users", items="Users")
LIST_KEYS = Call("kms:ListKeys", "list_keys", items="Keys")
STATISTICS = Call("guardduty:GetFindingsStatistics", "get_findings_statistics", {"DetectorId": "d", "GroupBy": "DATE"})
LIST_ACCOUNTS = Call("organizations:ListAccounts", "list_accounts", items="Accounts")
INVENTORIES = Call(
    "s3:GetInventoryConfiguration", "list_bucket_inventory_configurations", items="InventoryConfigurationList"
)
SECURITY_GROUPS = Call("ec2:DescribeSecurityGroups", "describe_security_groups", items="SecurityGroups")
LIST_BUCKETS = Call("s3:ListAllMyBuckets", "list_buckets", items="Buckets")


def three_accounts(client: Any) -> None:
    organizations = client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    organizations.create_account(AccountName="ada", Email="ada@example.com")
    organizations.create_account(AccountName="bea", Email="bea@example.com")


def test_every_page_is_read(wire: Wire, connect: Connect, client: Any) -> None:
    three_accounts(client)

    pages = bodies(connect(), LIST_ACCOUNTS, MaxResults=1)

    assert [[account["Name"] for account in page["Accounts"]] for page in pages] == [["master"], ["ada"], ["bea"]]


@pytest.mark.parametrize(
    ("call", "params"),
    [
        (LIST_USERS, {}),
        (LIST_KEYS, {}),
        (SECURITY_GROUPS, {}),
        (LIST_BUCKETS, {}),
    ],
    ids=["query", "json", "ec2", "rest-xml"],
)
def test_a_second_page_that_fails_is_a_refusal_after_the_first(
    wire: Wire, connect: Connect, call: Call, params: dict[str, Any]
) -> None:
    wire.inject(Fault("second_page"))
    pages = connect().pages(call, params, OWN)

    given = next(pages)

    assert call.items in given.body
    with pytest.raises(Refused, match=r"^denied"):
        next(pages)


def test_a_refused_page_can_be_asked_for_again(wire: Wire, connect: Connect, client: Any) -> None:
    three_accounts(client)
    wire.inject(Fault("throttled", "organizations.list_accounts", since=2, times=1))
    pages = connect().pages(LIST_ACCOUNTS, {"MaxResults": 1}, OWN)
    first = next(pages)
    with pytest.raises(Refused, match=r"^throttled"):
        next(pages)

    rest = list(pages)

    assert [page.body["Accounts"][0]["Name"] for page in (first, *rest)] == ["master", "ada", "bea"]


def xml(inventories: str) -> Reply:
    body = f"<ListInventoryConfigurationsResult>{inventories}</ListInventoryConfigurationsResult>"
    return Reply(200, {"Content-Type": "application/xml"}, body.encode())


def inventory(id: str) -> str:
    return f"<InventoryConfiguration><Id>{id}</Id><IsEnabled>true</IsEnabled></InventoryConfiguration>"


def test_tokens_are_followed_where_botocore_has_no_paginator(wire: Wire, connect: Connect) -> None:
    more = "<IsTruncated>true</IsTruncated><NextContinuationToken>two</NextContinuationToken>"
    last = "<ContinuationToken>two</ContinuationToken>"  # an echo of the request, not a next one
    operation = "s3.list_bucket_inventory_configurations"
    wire.inject(
        Fault("reply", operation, containing="continuation-token=two", reply=xml(inventory("b") + last)),
        Fault("reply", operation, reply=xml(inventory("a") + more)),
    )

    pages = bodies(connect(), INVENTORIES, Bucket="ledger")

    assert [[i["Id"] for i in page["InventoryConfigurationList"]] for page in pages] == [["a"], ["b"]]


def test_an_answer_that_says_it_is_the_last_is_the_last_whatever_token_it_names(wire: Wire, connect: Connect) -> None:
    body = {"Keys": [], "Truncated": False, "NextMarker": "where it ended"}
    wire.inject(Fault("reply", "kms.list_keys", reply=Reply(200, {}, json.dumps(body).encode())))

    assert bodies(connect(), LIST_KEYS) == [body]


@pytest.mark.parametrize(
    ("call", "operation", "body", "code"),
    [
        (LIST_KEYS, "kms.list_keys", {"Keys": [], "Truncated": True}, "UnfollowedToken"),
        (LIST_KEYS, "kms.list_keys", {"Keys": [], "Truncated": True, "NextMarker": "same"}, "RepeatedToken"),
        (STATISTICS, "guardduty.get_findings_statistics", {"nextToken": "nobody takes it"}, "UnfollowedToken"),
    ],
)
def test_an_answer_that_says_there_is_more_and_cannot_be_followed_is_never_the_last(
    wire: Wire, connect: Connect, call: Call, operation: str, body: dict[str, Any], code: str
) -> None:
    wire.inject(Fault("reply", operation, reply=Reply(200, {}, json.dumps(body).encode())))

    assert refused(connect(), call, **call.params) == ("unreadable", code)


def test_tokens_that_go_in_a_circle_are_not_followed_for_ever(wire: Wire, connect: Connect) -> None:
    there, back = ({"Keys": [], "Truncated": True, "NextMarker": to} for to in ("there", "back"))
    wire.inject(
        Fault(
            "reply", "kms.list_keys", containing='"Marker": "there"', reply=Reply(200, {}, json.dumps(back).encode())
        ),
        Fault("reply", "kms.list_keys", reply=Reply(200, {}, json.dumps(there).encode())),
    )

    assert refused(connect(), LIST_KEYS) == ("unreadable", "RepeatedToken")
    assert wire.count("kms.list_keys") == 3


def test_a_parameter_that_an_earlier_answer_filled_badly_is_unreadable(wire: Wire, connect: Connect) -> None:
    answer = refused(connect(), Call("s3:GetBucketPolicy", "get_bucket_policy"), Bucket="no bucket's name")

    assert answer == ("unreadable", "ParamValidationError")
