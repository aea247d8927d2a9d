"""The policies of a key, taken together."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.mappings.derive.kms import any_open_to_all

OWN = "111111111111"


def named(name: str, principal: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"}
    return {"PolicyName": name, "Policy": {"Statement": [statement]}}


CLOSED, OPEN = {"AWS": f"arn:aws:iam::{OWN}:root"}, "*"


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ([named("default", CLOSED)], False),
        ([named("default", CLOSED), named("AWS_RAM", {"AWS": "222222222222"})], False),
        ([named("default", OPEN)], True),
        ([named("default", CLOSED), named("AWS_RAM", OPEN)], True),
    ],
)
def test_one_open_policy_opens_the_key(policies: Any, expected: bool) -> None:
    assert any_open_to_all(policies, OWN) is expected


@pytest.mark.parametrize("policies", [[], [{"PolicyName": "default", "Policy": {}}]])
def test_a_key_without_a_policy_is_no_answer(policies: Any) -> None:
    with pytest.raises(ValueError, match="policy"):
        any_open_to_all(policies, OWN)
