"""What IAM policies mean: each row is a policy that has fooled someone, and the answer."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.mappings.derive.policy import (
    audience,
    external_trusts,
    grants_everything,
    grants_iam_control,
    matches,
    open_to_all,
)

OWN, OTHER, ORG = "111111111111", "222222222222", "o-a1b2c3d4e5"


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(principal: Any = "*", condition: Any = None, **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Principal": principal, **more}
    return statement if condition is None else {**statement, "Condition": condition}


def given(**operators: dict[str, Any]) -> dict[str, Any]:
    return allow(condition={name.replace("__", ":"): pairs for name, pairs in operators.items()})


OPEN = {
    "a star": allow(),
    "a star among accounts": allow({"AWS": [f"arn:aws:iam::{OWN}:root", "*"]}),
    "a star of another kind": allow({"Federated": "*"}),
    "all but someone": {"Effect": "Allow", "Action": "*", "Resource": "*", "NotPrincipal": {"AWS": OWN}},
    "any account's role": allow({"AWS": "arn:aws:iam::*:role/Reader"}),
    "an account that is a variable": allow({"AWS": "arn:aws:iam::${aws:username}:root"}),
    "an empty condition": allow(condition={}),
    "if the key exists": given(StringEqualsIfExists={"aws:PrincipalOrgID": ORG}),
    "if the endpoint exists": given(StringEqualsIfExists={"aws:SourceVpce": "vpce-0123456789abcdef0"}),
    "all values of a key that is absent": given(ForAllValues__StringEquals={"aws:PrincipalOrgID": ORG}),
    "every account but one": given(StringNotEquals={"aws:PrincipalAccount": OTHER}),
    "every address but one": given(NotIpAddress={"aws:SourceIp": "10.0.0.0/8"}),
    "every ARN but one": given(ArnNotLike={"aws:PrincipalArn": f"arn:aws:iam::{OTHER}:*"}),
    "any organization": given(StringLike={"aws:PrincipalOrgID": "o-*"}),
    "any organization, as long as there is one": given(Null={"aws:PrincipalOrgID": "false"}),
    "any path": given(ForAnyValue__StringLike={"aws:PrincipalOrgPaths": "*"}),
    "any organization's path": given(ForAnyValue__StringLike={"aws:PrincipalOrgPaths": "o-*/r-ab12/*"}),
    "an account or any": given(StringLike={"aws:PrincipalAccount": [OWN, "*"]}),
    "accounts by their first digit": given(StringLike={"aws:SourceAccount": "1*"}),
    "the caller's own account": given(StringEquals={"aws:SourceAccount": "${aws:PrincipalAccount}"}),
    "any account's topic": given(ArnLike={"aws:SourceArn": "arn:aws:sns:*:*:*"}),
    "an account that a star runs over": given(StringLike={"aws:SourceArn": f"arn:aws:*:{OWN}:*"}),
    "a star before the account": given(StringLike={"aws:PrincipalArn": f"arn:aws:*::{OWN}:role/x"}),
    "any bucket": given(ArnLike={"aws:SourceArn": "arn:aws:s3:::*"}),
    "no ARN at all": given(StringLike={"aws:SourceArn": "*"}),
    "a referer": given(StringLike={"aws:Referer": "https://example.com/*"}),
    "a browser": given(StringEquals={"aws:UserAgent": "secret"}),
    "encryption in transit": given(Bool={"aws:SecureTransport": "true"}),
    "MFA of whichever account": given(Bool={"aws:MultiFactorAuthPresent": "true"}),
    "a tag that anyone can wear": given(StringEquals={"aws:PrincipalTag/team": "ops"}),
    "a service that anyone can use": given(StringEquals={"kms:ViaService": "s3.eu-west-1.amazonaws.com"}),
    "a service that works for anyone": given(Bool={"aws:PrincipalIsAWSService": "true"}),
    "the resource's own account": given(StringEquals={"aws:ResourceAccount": OWN}),
    "a private address that is alike in every VPC": given(IpAddress={"aws:VpcSourceIp": "10.0.0.0/8"}),
    "everywhere": given(IpAddress={"aws:SourceIp": "0.0.0.0/0"}),
    "everywhere in halves": given(IpAddress={"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}),
    "everywhere in eighths": given(IpAddress={"aws:SourceIp": [f"{n}.0.0.0/8" for n in range(256)]}),
    "everywhere in IPv6": given(IpAddress={"aws:SourceIp": ["10.0.0.0/8", "::/0"]}),
    "a country": given(IpAddress={"aws:SourceIp": "2a00::/11"}),
    "any VPC": given(StringLike={"aws:SourceVpc": "vpc-*"}),
    "a list of nothing": given(StringEquals={"aws:SourceAccount": []}),
    "a binding condition on another statement": [given(StringEquals={"aws:PrincipalOrgID": ORG}), allow()],
    "a Deny that takes some of it back": [
        allow(),
        {**allow(condition={"StringNotEquals": {"aws:PrincipalOrgID": ORG}}), "Effect": "Deny"},
    ],
}

CLOSED = {
    "an account": allow({"AWS": f"arn:aws:iam::{OTHER}:root"}),
    "an account's number": allow({"AWS": OTHER}),
    "a role": allow({"AWS": [f"arn:aws:iam::{OTHER}:role/x", f"arn:aws:sts::{OTHER}:assumed-role/x/y"]}),
    "a service": allow({"Service": "cloudtrail.amazonaws.com"}),
    "an origin access identity": allow({"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}),
    "an organization": given(StringEquals={"aws:PrincipalOrgID": ORG}),
    "an organization, in any case": given(stringequals={"AWS:principalorgid": [ORG]}),
    "its own organization": given(StringEquals={"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}),
    "a path": given(ForAnyValue__StringLike={"aws:PrincipalOrgPaths": f"{ORG}/r-ab12/ou-ab12-11111111/*"}),
    "an account by condition": given(StringEquals={"aws:PrincipalAccount": OTHER}),
    "its own account by variable": given(StringEquals={"aws:SourceAccount": "${aws:ResourceAccount}"}),
    "a caller of a key": given(StringEquals={"kms:CallerAccount": OWN, "kms:ViaService": "s3.amazonaws.com"}),
    "the owner of a source": given(StringEquals={"AWS:SourceOwner": OWN}),
    "an account's topics": given(ArnLike={"aws:SourceArn": f"arn:aws:sns:*:{OWN}:*"}),
    "an account's principals": given(StringLike={"aws:PrincipalArn": f"arn:aws:iam::{OWN}:*"}),
    "a bucket": given(ArnEquals={"aws:SourceArn": "arn:aws:s3:::logs"}),
    "a VPC endpoint": given(StringEquals={"aws:SourceVpce": ["vpce-0123456789abcdef0"]}),
    "a VPC": given(StringEquals={"aws:sourceVpc": "vpc-12345678"}),
    "an office": given(IpAddress={"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/48"]}),
    "a unique id": given(StringLike={"aws:userid": "AROAEXAMPLE1234567890:*"}),
    "one binding condition beside one that is not": given(
        StringEquals={"aws:PrincipalOrgID": ORG}, Bool={"aws:SecureTransport": "true"}
    ),
    "nobody but by a Deny": {**allow(), "Effect": "Deny"},
    "nothing": [],
}


@pytest.mark.parametrize("statements", OPEN.values(), ids=OPEN)
def test_a_policy_that_does_not_bind_its_callers_is_open(statements: Any) -> None:
    policy = {"Statement": statements}

    assert open_to_all(policy, OWN) is True


@pytest.mark.parametrize("statements", CLOSED.values(), ids=CLOSED)
def test_a_policy_that_names_its_callers_is_not_open(statements: Any) -> None:
    policy = {"Statement": statements}

    assert open_to_all(policy, OWN) is False


def test_no_policy_opens_nothing() -> None:
    assert open_to_all(None, OWN) is False


@pytest.mark.parametrize("policy", ["{}", [], {}, {"Version": "2012-10-17"}], ids=repr)
def test_what_is_no_policy_is_not_judged(policy: Any) -> None:
    with pytest.raises(ValueError, match="not a policy document"):
        open_to_all(policy, OWN)


def test_the_audience_of_a_statement_names_everyone_it_lets_in() -> None:
    statement = allow(
        {"AWS": [OTHER, "*"], "Service": "s3.amazonaws.com"}, {"StringEquals": {"aws:PrincipalOrgID": ORG}}
    )

    assert audience(statement, OWN) == {OTHER, ORG, "service:s3.amazonaws.com"}


@pytest.mark.parametrize(
    ("pattern", "text", "holds"),
    [
        ("*", "iam:PutUserPolicy", True),
        ("*:*", "iam:PutUserPolicy", True),
        ("IAM:put*", "iam:PutUserPolicy", True),
        ("iam:?utUserPolicy", "iam:PutUserPolicy", True),
        ("iam:Put", "iam:PutUserPolicy", False),
        ("iam.*", "iam:PutUserPolicy", False),
        ("iam:[PG]*", "iam:PutUserPolicy", False),
    ],
)
def test_patterns_match_as_iam_matches_them(pattern: str, text: str, holds: bool) -> None:
    assert matches(pattern, text) is holds


# ── power ─────────────────────────────────────────────────────────────────────────────────

MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
# (statements, grants everything, grants control of IAM)
POWER = {
    "star on star": ({"Effect": "Allow", "Action": "*", "Resource": "*"}, True, True),
    "star colon star": ({"Effect": "Allow", "Action": "*:*", "Resource": "*"}, True, True),
    "star in lists": ({"Effect": "Allow", "Action": ["s3:Get*", "*"], "Resource": ["arn:aws:s3:::a", "*"]}, True, True),
    "with MFA": (
        {
            "Effect": "Allow",
            "Action": "*",
            "Resource": "*",
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        },
        True,
        True,
    ),
    "all but one service": ({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}, True, True),
    "all but IAM": ({"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"}, True, False),
    "all but everything": ({"Effect": "Allow", "NotAction": "*", "Resource": "*"}, False, False),
    "on all but one bucket": ({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::a"}, True, True),
    "on all but everything": ({"Effect": "Allow", "Action": "*", "NotResource": "*"}, False, False),
    "on all but IAM": ({"Effect": "Allow", "Action": "iam:*", "NotResource": "arn:aws:iam::*:*"}, False, False),
    "on every ARN": ({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:*:*:*:*"}, True, True),
    "on every ARN of China": ({"Effect": "Allow", "Action": "*", "Resource": "arn:aws-cn:*"}, True, True),
    "letter by letter": (
        [{"Effect": "Allow", "Action": f"{letter}*", "Resource": "*"} for letter in "abcdefghijklmnopqrstuvwxyz"],
        True,
        True,
    ),
    "the services of one letter": ({"Effect": "Allow", "Action": "a*", "Resource": "*"}, False, False),
    "many services by name": ({"Effect": "Allow", "Action": ["s3:*", "ec2:*", "kms:*"], "Resource": "*"}, False, False),
    "on one service's resources": ({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::*"}, False, False),
    "a denial": ({"Effect": "Deny", "Action": "*", "Resource": "*"}, False, False),
    "IAM": ({"Effect": "Allow", "Action": "iam:*", "Resource": "*"}, False, True),
    "IAM in halves": (
        [
            {"Effect": "Allow", "Action": ["iam:A*", "iam:C*", "iam:P*"], "Resource": "*"},
            {"Effect": "Allow", "Action": ["iam:s*", "iam:u*"], "Resource": "*"},
        ],
        False,
        True,
    ),
    "IAM of the account": ({"Effect": "Allow", "Action": "iam:*", "Resource": f"arn:aws:iam::{OWN}:*"}, False, True),
    "IAM kind by kind": (
        {
            "Effect": "Allow",
            "Action": "iam:*",
            "Resource": [f"arn:aws:iam::{OWN}:{kind}/*" for kind in ("user", "role", "group", "policy")],
        },
        False,
        True,
    ),
    "IAM of users alone": ({"Effect": "Allow", "Action": "iam:*", "Resource": "arn:aws:iam::*:user/*"}, False, False),
    "IAM to read": ({"Effect": "Allow", "Action": ["iam:Get*", "iam:List*"], "Resource": "*"}, False, False),
}


@pytest.mark.parametrize(("statements", "everything", "iam"), POWER.values(), ids=POWER)
def test_the_power_of_a_permissions_policy_is_what_its_statements_allow_together(
    statements: Any, everything: bool, iam: bool
) -> None:
    policy = {"Statement": statements}

    assert (grants_everything(policy), grants_iam_control(policy)) == (everything, iam)


# ── trust ─────────────────────────────────────────────────────────────────────────────────


def trust(principal: Any, condition: Any = None, action: Any = "sts:AssumeRole") -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Principal": principal}
    return statement if condition is None else {**statement, "Condition": condition}


THEM = {"AWS": f"arn:aws:iam::{OTHER}:root"}
GUARDED = {"who": OTHER, "external_id": True}
BARE = {"who": OTHER, "external_id": False}

TRUSTS = {
    "with an external id": ([trust(THEM, {"StringEquals": {"sts:ExternalId": "x7k2"}})], [GUARDED]),
    "with one of several": ([trust(THEM, {"StringEquals": {"sts:ExternalId": ["x7k2", "b8"]}})], [GUARDED]),
    "key in another case": ([trust(THEM, {"StringEquals": {"STS:externalid": "x7k2"}})], [GUARDED]),
    "without": ([trust(THEM)], [BARE]),
    "with an empty one": ([trust(THEM, {"StringEquals": {"sts:ExternalId": ""}})], [BARE]),
    "with none in the list": ([trust(THEM, {"StringEquals": {"sts:ExternalId": []}})], [BARE]),
    "with any": ([trust(THEM, {"StringLike": {"sts:ExternalId": "*"}})], [BARE]),
    "with one or any": ([trust(THEM, {"StringEquals": {"sts:ExternalId": ["x7k2", "*"]}})], [BARE]),
    "with all but one": ([trust(THEM, {"StringNotEquals": {"sts:ExternalId": "x7k2"}})], [BARE]),
    "if there is one": ([trust(THEM, {"StringEqualsIfExists": {"sts:ExternalId": "x7k2"}})], [BARE]),
    "as long as there is one": ([trust(THEM, {"Null": {"sts:ExternalId": "false"}})], [BARE]),
    "a second statement without": (
        [trust(THEM, {"StringEquals": {"sts:ExternalId": "x7k2"}}), trust(THEM)],
        [BARE, GUARDED],
    ),
    "every action": ([trust(THEM, action="*")], [BARE]),
    "every action of STS": ([trust(THEM, action=["sts:*"])], [BARE]),
    "all but tagging": ([{"Effect": "Allow", "NotAction": "sts:TagSession", "Principal": THEM}], [BARE]),
    "tagging alone": ([trust(THEM, action="sts:TagSession")], []),
    "its own account": ([trust({"AWS": [OWN, f"arn:aws:iam::{OWN}:role/x"]})], []),
    "a service": ([trust({"Service": "ec2.amazonaws.com"})], []),
    "an identity provider": ([trust({"Federated": f"arn:aws:iam::{OWN}:saml-provider/idp"}, action="sts:*")], []),
    "a deleted principal": ([trust({"AWS": "AROAEXAMPLE1234567890"})], []),
    "everyone": ([trust("*")], [{"who": "*", "external_id": False}]),
    "everyone with an external id": (
        [trust({"AWS": "*"}, {"StringEquals": {"sts:ExternalId": "x7k2"}})],
        [{"who": "*", "external_id": True}],
    ),
    "everyone from a VPC": (
        [trust("*", {"StringEquals": {"aws:SourceVpc": "vpc-12345678"}})],
        [{"who": "*", "external_id": False}],
    ),
    "an organization": (
        [trust("*", {"StringEquals": {"aws:PrincipalOrgID": ORG}})],
        [{"who": ORG, "external_id": False}],
    ),
    "an account of an organization": (
        [trust("*", {"StringEquals": {"aws:PrincipalOrgID": ORG, "aws:PrincipalAccount": OTHER}})],
        [BARE],
    ),
    "its own account by condition": ([trust("*", {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OWN}:role/*"}})], []),
    "a denial": ([{**trust("*"), "Effect": "Deny"}], []),
}


@pytest.mark.parametrize(("statements", "expected"), TRUSTS.values(), ids=TRUSTS)
def test_the_parties_that_a_role_trusts_are_listed_with_and_without_external_id(
    statements: list[dict[str, Any]], expected: list[dict[str, Any]]
) -> None:
    assert external_trusts(document(*statements), OWN) == expected
