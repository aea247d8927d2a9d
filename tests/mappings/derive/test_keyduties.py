"""Who may both administer a key and use it."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.evidence_store.model import Unknown
from annexlog.mappings.derive.keyduties import administer_and_use

ACCOUNT = "111122223333"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"
ROOT, ADA, OTHER = f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{ACCOUNT}:role/ada", "arn:aws:iam::999988887777:root"
ADMIN, USE = ["kms:Put*", "kms:ScheduleKeyDeletion"], ["kms:Decrypt"]
TO_IAM = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}


def named(who: str, *actions: str, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Principal": {"AWS": [who]}, "Action": list(actions), "Resource": "*", **more}


def own(*actions: str, on: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on}


def without(statement: dict[str, Any], member: str) -> dict[str, Any]:
    return {name: value for name, value in statement.items() if name != member}


def judged(policy: list[Any], *held: Any) -> Any:
    principal = {"id": ADA, "principal": {"Policies": ["p1"]}}
    documents = [{"id": "p1", "policy": {"Document": {"Statement": list(held)}}}]
    return administer_and_use(
        KEY, ACCOUNT, [{"PolicyName": "default", "Policy": {"Statement": policy}}], [principal], documents
    )


FOR_AWS: Any = {"Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}}}


@pytest.mark.parametrize(
    ("policy", "held", "both"),
    [
        ([TO_IAM], [], []),
        ([TO_IAM], [own("kms:*")], [ADA]),
        ([TO_IAM], [own("*", on=KEY)], [ADA]),
        ([TO_IAM], [own("kms:*", on="arn:aws:kms:*:*:key/2")], []),
        ([TO_IAM], [own(*ADMIN)], []),
        ([TO_IAM], [own(*USE)], []),
        # One half by the key, the other by IAM.
        ([TO_IAM, named(ADA, *USE)], [own(*ADMIN)], [ADA]),
        # The key's policy leaves nothing to IAM.
        ([named(OTHER, "kms:DescribeKey")], [own("kms:*")], []),
        ([named(ADA, *ADMIN, *USE)], [], [ADA]),
        ([named(ADA, "kms:Decrypt", "kms:CreateGrant")], [], [ADA]),
        ([named(ADA, "kms:Decrypt"), named(ADA, "kms:CreateGrant", **FOR_AWS)], [], []),
        ([TO_IAM, named("*", *ADMIN, effect="Deny"), named("*", "kms:CreateGrant", effect="Deny")], [own("*")], []),
        ([named(OTHER, "kms:*")], [], [OTHER]),
        ([{**without(TO_IAM, "Action"), "NotAction": "kms:Decrypt"}], [own("*")], [ADA]),
        # Another is named, which leaves nothing to IAM; everybody in the account is.
        ([named(f"arn:aws:iam::{ACCOUNT}:role/bob", "kms:*")], [own("kms:*")], [f"arn:aws:iam::{ACCOUNT}:role/bob"]),
        ([named("*", "kms:*", Condition={"StringEquals": {"kms:CallerAccount": ACCOUNT}})], [own("kms:*")], [ADA]),
    ],
)  # fmt: skip
def test_both_duties_count_whoever_gives_them(policy: list[Any], held: list[Any], both: list[str]) -> None:
    assert judged(policy, *held) == both


def test_the_account_itself_is_known_in_every_partition() -> None:
    root = {**TO_IAM, "Principal": {"AWS": ROOT.replace("arn:aws:", "arn:aws-us-gov:")}}
    key = KEY.replace("arn:aws:", "arn:aws-us-gov:")

    assert administer_and_use(key, ACCOUNT, [{"PolicyName": "default", "Policy": {"Statement": [root]}}], [], []) == []


def test_a_policy_that_is_not_there_leaves_it_unresolved() -> None:
    default = [{"PolicyName": "default", "Policy": {"Statement": [TO_IAM]}}]
    unresolved = administer_and_use(KEY, ACCOUNT, default, [{"id": ADA, "principal": {"Policies": ["gone"]}}], [])

    assert unresolved == Unknown("unresolved", "get_account_authorization_details", "", "gone")
