"""Whether environments are apart, and who holds a role of Identity Center."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.evidence_store.model import Unknown
from annexlog.mappings.derive.assigned import assigned_users
from annexlog.mappings.derive.separation import other_environment

KEYS, PRODUCTION = ["environment", "env"], ["production", "prod"]


def tag(key: str, value: str) -> dict[str, str]:
    return {"Key": key, "Value": value}


def resource(*tags: dict[str, str]) -> dict[str, Any]:
    return {"candidate": {"ResourceARN": "r1", "Tags": list(tags)}}


@pytest.mark.parametrize(
    ("account", "given", "found"),
    [
        ([tag("Env", "PROD")], [resource(tag("environment", "production"))], []),
        ([tag("Env", "PROD")], [resource(tag("environment", "test"))], ["r1"]),
        ([tag("env", "dev")], [resource(tag("environment", "test"))], []),
        ([tag("env", "dev")], [resource(tag("environment", "Prod"))], ["r1"]),
        ([tag("env", "dev")], [resource(tag("owner", "prod")), resource()], []),
    ],
)
def test_what_is_marked_as_of_the_other_environment_is_found(account: Any, given: Any, found: list[str]) -> None:
    assert other_environment(account, given, KEYS, PRODUCTION) == found


@pytest.mark.parametrize("account", [[], [tag("env", "dev"), tag("environment", "prod")]])
def test_an_account_of_no_one_environment_is_no_answer(account: Any) -> None:
    with pytest.raises(ValueError, match="no one environment"):
        other_environment(account, [], KEYS, PRODUCTION)


ROLE = "arn:aws:iam::1:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_Ops_0123456789abcdef"


def test_a_role_leads_to_those_who_have_its_permission_set_in_its_account() -> None:
    assignments = [{"AccountId": "1", "UserIds": ["b", "a"]}, {"AccountId": "2", "UserIds": ["c"]}]
    sets = [{"described": {"Name": "Dev_Ops"}, "assignments": assignments}]

    assert assigned_users(ROLE, "1", sets) == ["Dev_Ops 1 a", "Dev_Ops 1 b"]


def test_a_permission_set_that_is_not_there_leaves_it_unresolved() -> None:
    unresolved = assigned_users(ROLE, "1", [])

    assert unresolved == Unknown("unresolved", "list_account_assignments", "sso:ListAccountAssignments", "Dev_Ops")
