"""Whether a principal can do nothing but read configuration."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.evidence_store.model import Unknown
from annexlog.mappings.derive.readonly import more_than_reading


def allow(*actions: str, on: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on}


def deny(*actions: str) -> dict[str, Any]:
    return {**allow(*actions), "Effect": "Deny"}


def judged(*statements: Any) -> Any:
    policies = [{"id": "p1", "policy": {"Document": {"Statement": list(statements)}}}]
    return more_than_reading({"Policies": ["p1"]}, policies)


@pytest.mark.parametrize(
    ("statements", "more"),
    [
        ([allow("s3:GetBucketPolicy", "ec2:Describe*", "iam:List*", "iam:GenerateCredentialReport")], []),
        ([allow("apigateway:GET")], []),
        ([allow("s3:PutObject", on="arn:aws:s3:::x/*")], ["s3:PutObject"]),
        ([allow("sts:AssumeRole", on="arn:aws:iam::*:role/annexlog-read")], []),
        ([allow("sts:AssumeRole")], ["sts:AssumeRole"]),
        ([allow("secretsmanager:Get*")], ["secretsmanager:GetSecretValue"]),
        ([allow("secretsmanager:Get*"), deny("secretsmanager:GetSecretValue")], []),
    ],
)
def test_whatever_is_more_than_reading_is_named(statements: list[Any], more: list[str]) -> None:
    assert judged(*statements) == more


@pytest.mark.parametrize(
    ("statement", "more"),
    [
        (allow("*"), "*"),
        (allow("ec2:*"), "ec2:*"),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, "NotAction ['iam:*']"),
    ],
)
def test_what_is_not_spelt_out_is_more_with_all_that_it_covers(statement: Any, more: str) -> None:
    found = judged(statement)

    assert more in found
    assert "ec2:GetPasswordData" in found


def test_a_policy_that_is_not_there_leaves_it_unresolved() -> None:
    gone = Unknown("unresolved", "get_account_authorization_details", "", "gone")

    assert more_than_reading({"Policies": ["gone"]}, []) == gone
