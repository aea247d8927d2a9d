"""What service control policies forbid: each row is a policy that forbids less than it seems to."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.mappings.derive.guardrail import denials, region_denials

STOP = "cloudtrail:StopLogging"
ROLE, ANY = "arn:aws:iam::*:role/Logging", "arn:aws:iam::*:role/*"


def policy(*statements: dict[str, Any], id: str = "p-1") -> dict[str, Any]:
    return {"id": id, "content": {"Version": "2012-10-17", "Statement": list(statements)}}


def deny(condition: Any = None, **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Deny", "Action": STOP, "Resource": "*", **more}
    return statement if condition is None else {**statement, "Condition": condition}


def by(*exempt: str, id: str = "p-1") -> dict[str, Any]:
    return {"policy": id, "exempt": list(exempt)}


FORBIDDEN = {
    "by name": ([policy(deny())], [by()]),
    "by pattern": ([policy(deny(Action=["config:*", "CloudTrail:Stop*"]))], [by()]),
    "by what is left": ([policy({"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"})], [by()]),
    "by one statement without a list": ([{"id": "p-1", "content": {"Statement": deny(Resource=["*"])}}], [by()]),
    "to all but a role": ([policy(deny({"ArnNotLike": {"aws:PrincipalArn": ROLE}}))], [by(ROLE)]),
    "to all but roles, key in another case": (
        [policy(deny({"ArnNotLikeIfExists": {"AWS:PrincipalARN": [ROLE, ANY]}}))],
        [by(ANY, ROLE)],
    ),
    "to all but those of two conditions": (
        [policy(deny({"ArnNotLike": {"aws:PrincipalArn": ROLE}, "StringNotLike": {"aws:PrincipalArn": ANY}}))],
        [by(ANY, ROLE)],
    ),
    "by two policies": (
        [policy(deny(), id="p-2"), policy(deny({"ArnNotEquals": {"aws:PrincipalArn": ROLE}}))],
        [by(ROLE), by(id="p-2")],
    ),
    "another action": ([policy(deny(Action="cloudtrail:StopLoggingX"))], []),
    "by what is not left": ([policy({"Effect": "Deny", "NotAction": "cloudtrail:*", "Resource": "*"})], []),
    "on one trail": ([policy(deny(Resource="arn:aws:cloudtrail:*:*:trail/org"))], []),
    "on all but one trail": (
        [policy({"Effect": "Deny", "Action": STOP, "NotResource": "arn:aws:cloudtrail:*:*:trail/dev"})],
        [],
    ),
    "to one role": ([policy(deny({"ArnLike": {"aws:PrincipalArn": ROLE}}))], []),
    "to all but those with a tag": ([policy(deny({"StringNotEquals": {"aws:PrincipalTag/role": "admin"}}))], []),
    "without MFA": ([policy(deny({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}))], []),
    "outside a region": ([policy(deny({"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}))], []),
    "to all but nobody that is named": ([policy(deny({"ArnNotLike": {"aws:PrincipalArn": []}}))], []),
    "not at all": ([policy({**deny(), "Effect": "Allow"})], []),
    "by nothing": ([], []),
}


@pytest.mark.parametrize(("policies", "expected"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_an_action_is_forbidden_by_what_forbids_it_everywhere(policies: Any, expected: Any) -> None:
    assert denials(policies, [STOP]) == [{"action": STOP, "by": expected}]


def test_each_action_is_asked_about_by_itself() -> None:
    found = denials([policy(deny())], [STOP, "cloudtrail:DeleteTrail"])

    assert found == [{"action": STOP, "by": [by()]}, {"action": "cloudtrail:DeleteTrail", "by": []}]


def outside(*regions: str, operator: str = "StringNotEquals", **more: Any) -> dict[str, Any]:
    pairs = {operator: {"aws:RequestedRegion": list(regions)}}
    return {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": pairs, **more}


def left(*regions: str, exempt: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"policy": "p-1", "regions": list(regions), "exempt": list(exempt)}


def spared(*actions: str) -> dict[str, Any]:
    statement = outside("eu-west-1")
    del statement["Action"]
    return {**statement, "NotAction": list(actions)}


SPARED = ["iam:*", "s3:ListAllMyBuckets", "route53:*"]
REGIONS = {
    "all but two": (outside("eu-west-1", "eu-central-1"), [left("eu-central-1", "eu-west-1")]),
    "all but those of a pattern": (outside("eu-*", operator="StringNotLike"), [left("eu-*")]),
    "if the key exists": (outside("eu-west-1", operator="StringNotEqualsIfExists"), [left("eu-west-1")]),
    "by a set operator": (outside("eu-west-1", operator="ForAllValues:StringNotEquals"), [left("eu-west-1")]),
    "every action by two stars": (outside("eu-west-1", Action=["*:*"]), [left("eu-west-1")]),
    "all but services without a region": (spared("iam:*", "s3:ListAllMyBuckets"), [left("eu-west-1")]),
    "all but a part of such a service": (spared("iam:Get*", "ROUTE53:List*"), [left("eu-west-1")]),
    "all but a whole service": (spared("iam:*", "ec2:*"), []),
    "all but more than was spared": (spared("s3:*"), []),
    "all but everything": (spared("*"), []),
    "all but a role": (
        {**outside("eu-west-1"), "Condition": {
            "StringNotEquals": {"aws:RequestedRegion": "eu-west-1"},
            "ArnNotLike": {"aws:PrincipalArn": ROLE},
        }},
        [left("eu-west-1", exempt=(ROLE,))],
    ),
    "one service": (outside("eu-west-1", Action="ec2:*"), []),
    "one kind of resource": (outside("eu-west-1", Resource="arn:aws:ec2:*:*:instance/*"), []),
    "two regions": (outside("us-east-1", "us-west-2", operator="StringEquals"), []),
    "no region that is named": (outside(), []),
    "none, for want of a condition": ({"Effect": "Deny", "Action": "*", "Resource": "*"}, []),
    "those of the caller's own organization": (
        {**outside("eu-west-1"), "Condition": {
            "StringNotEquals": {"aws:RequestedRegion": "eu-west-1", "aws:PrincipalOrgID": "o-a1b2c3d4e5"},
        }},
        [],
    ),
    "none: it allows": (outside("eu-west-1", Effect="Allow"), []),
}  # fmt: skip


@pytest.mark.parametrize(("statement", "expected"), REGIONS.values(), ids=REGIONS)
def test_regions_are_forbidden_by_what_leaves_only_some(statement: Any, expected: Any) -> None:
    assert region_denials([policy(statement)], SPARED) == expected
