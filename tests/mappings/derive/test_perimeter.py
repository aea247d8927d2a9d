"""What the policy of a VPC endpoint leaves open."""

from __future__ import annotations

import json
from typing import Any

import pytest

from annexlog.mappings.derive.perimeter import perimeter_gaps

OWN, ORG = "111122223333", "o-a1b2c3d4e5"
CALLER = {"aws:PrincipalOrgID": ORG}
RESOURCE = {"aws:ResourceOrgID": ORG}


def gaps(condition: Any = None, *, resource: Any = "*", principal: Any = "*", **more: Any) -> Any:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "*", "Resource": resource, **more}
    policy = {"Statement": [statement | ({"Condition": condition} if condition else {})]}
    return perimeter_gaps(json.dumps(policy), OWN, ["444455556666"], [ORG], ["mirror"])


@pytest.mark.parametrize(
    "closed",
    [
        gaps({"StringEquals": {**CALLER, **RESOURCE}}),
        gaps({"StringEquals": CALLER, "StringLike": {"aws:resourceaccount": [OWN, "444455556666"]}}),
        gaps({"StringEquals": CALLER, "ForAnyValue:StringLike": {"aws:ResourceOrgPaths": f"{ORG}/*"}}),
        gaps({"StringEquals": {**CALLER, "aws:ResourceOrgID": "${aws:PrincipalOrgID}"}}),
        gaps({"StringEquals": RESOURCE}, principal={"AWS": f"arn:aws:iam::{OWN}:root"}),
        gaps({"StringEquals": CALLER}, resource=["arn:aws:s3:::mirror", "arn:aws:s3:::mirror/*"]),
        gaps({"StringEquals": CALLER}, resource=f"arn:aws:sqs:*:{OWN}:*"),
    ],
)
def test_a_statement_is_closed_where_both_sides_are_bound(closed: Any) -> None:
    assert closed == []


@pytest.mark.parametrize(
    ("found", "left"),
    [
        (gaps(), ["1: callers", "1: resources"]),
        (gaps({"StringEquals": CALLER}), ["1: resources"]),
        (gaps({"StringEquals": RESOURCE}), ["1: callers"]),
        (gaps({"StringEqualsIfExists": {**CALLER, **RESOURCE}}), ["1: callers", "1: resources"]),
        (gaps({"ForAllValues:StringEquals": RESOURCE, "StringEquals": CALLER}), ["1: resources"]),
        (gaps({"StringNotEquals": RESOURCE, "StringEquals": CALLER}), ["1: resources"]),
        (gaps({"StringEquals": {**CALLER, "aws:ResourceOrgID": "o-zzzzzzzzzz"}}), ["1: resources"]),
        (gaps({"StringLike": {"aws:ResourceAccount": "*"}, "StringEquals": CALLER}), ["1: resources"]),
        (gaps({"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}), ["1: callers", "1: resources"]),
        (gaps({"StringEquals": CALLER}, resource="arn:aws:s3:::mirror*/*"), ["1: resources"]),
        (gaps({"StringEquals": CALLER}, resource=["arn:aws:s3:::mirror/*", "*"]), ["1: resources"]),
        (gaps({"StringEquals": CALLER}, resource="arn:aws:sqs:eu-west-1:*:*"), ["1: resources"]),
        (gaps({"StringEquals": CALLER}, NotResource="arn:aws:s3:::x/*"), ["1: resources"]),
        (perimeter_gaps(None, OWN, [], [], []), ["no policy"]),
    ],
)
def test_what_is_left_open_is_named(found: Any, left: list[str]) -> None:
    assert found == left
