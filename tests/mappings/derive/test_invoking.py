"""Who may invoke a function."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.mappings.derive.invoking import public_invokers

OWN = "111122223333"


def invokers(principal: Any, condition: Any = None, *, qualifier: str = "") -> Any:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "lambda:InvokeFunction"}
    policy = {"Statement": [statement | ({"Condition": condition} if condition else {})]}
    return public_invokers([{"Qualifier": qualifier, "Policy": policy}], OWN, ["444455556666"])


SERVICE = {"Service": "sns.amazonaws.com"}


@pytest.mark.parametrize(
    ("found", "who"),
    [
        (invokers("*"), ["function: *"]),
        (invokers("*", qualifier="live"), ["live: *"]),
        (invokers({"AWS": "999988887777"}), []),
        (invokers(SERVICE), ["function: sns.amazonaws.com"]),
        (invokers(SERVICE, {"StringEquals": {"AWS:SourceAccount": OWN}}), []),
        (invokers(SERVICE, {"StringEquals": {"AWS:SourceAccount": "444455556666"}}), []),
        (invokers(SERVICE, {"StringEquals": {"AWS:SourceAccount": "999988887777"}}), ["function: sns.amazonaws.com"]),
        (invokers(SERVICE, {"ArnLike": {"AWS:SourceArn": f"arn:aws:sns:eu-west-1:{OWN}:*"}}), []),
        (invokers(SERVICE, {"ArnLike": {"AWS:SourceArn": "arn:aws:sns:*:*:topic"}}), ["function: sns.amazonaws.com"]),
        (invokers(SERVICE, {"StringEqualsIfExists": {"AWS:SourceAccount": OWN}}), ["function: sns.amazonaws.com"]),
        (invokers(SERVICE, {"StringEquals": {"aws:SourceOrgID": "o-a1b2c3d4e5"}}), []),
        (invokers({"Service": "alexa-appkit.amazon.com"}, {"StringEquals": {"lambda:EventSourceToken": "skill"}}), []),
        (invokers({"Service": "alexa-appkit.amazon.com"}), ["function: alexa-appkit.amazon.com"]),
    ],
)
def test_whom_no_account_binds_is_named(found: Any, who: list[str]) -> None:
    assert found == who
