"""With whom something is shared: each row is a principal, and whether it is outside."""

from __future__ import annotations

import pytest

from annexlog.mappings.derive.sharing import shared_outside

ACCOUNTS = [{"account": {"Id": "111122223333"}}]
ORGANIZATIONS = [{"organization": {"organization": "o-abcdefghij"}}]


@pytest.mark.parametrize(
    ("principal", "outside"),
    [
        ("111122223333", False),
        ("999988887777", True),
        ("arn:aws:organizations::111122223333:organization/o-abcdefghij", False),
        ("arn:aws:organizations::111122223333:ou/o-abcdefghij/ou-ab12-11111111", False),
        ("arn:aws:organizations::999988887777:organization/o-zzzzzzzzzz", True),
        ("arn:aws:iam::111122223333:role/app", False),
        ("arn:aws:iam::999988887777:role/app", True),
        ("pca-connector-ad.amazonaws.com", True),
    ],
)
def test_a_principal_is_inside_or_outside(principal: str, outside: bool) -> None:
    principals = [{"associatedEntity": principal, "status": "ASSOCIATED"}]

    assert shared_outside(principals, ACCOUNTS, ORGANIZATIONS, []) == ([principal] if outside else [])


def test_what_is_no_longer_shared_and_what_was_approved_does_not_count() -> None:
    principals = [
        {"associatedEntity": "999988887777", "status": "DISASSOCIATED"},
        {"associatedEntity": "888877776666", "status": "SUSPENDED"},
        {"associatedEntity": "777766665555", "status": "ASSOCIATED"},
    ]

    assert shared_outside(principals, ACCOUNTS, ORGANIZATIONS, ["777766665555"]) == ["888877776666"]
