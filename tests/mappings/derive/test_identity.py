"""Who holds an administrator's power, and who may take on a role."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.evidence_store.model import Unknown
from annexlog.mappings.derive.identity import admin_policies, ids_of, roles_of_people, those_who_hold

AWS, OWN = "arn:aws:iam::aws:policy", "arn:aws:iam::111111111111"


def held(id: str, action: Any = "s3:Get*") -> dict[str, Any]:
    return {"id": id, "policy": {"Document": {"Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}}}}


READ, ALL, IAM = (
    held(f"{OWN}:policy/read"),
    held(f"{OWN}:group/staff/inline/all", "*"),
    held(f"{OWN}:policy/iam", "iam:*"),
)


def test_policies_that_allow_everything_or_all_of_iam_make_an_administrator() -> None:
    ids = [row["id"] for row in (READ, ALL, IAM)]

    assert admin_policies(ids, [READ, ALL, IAM]) == [ALL["id"], IAM["id"]]


def test_policies_that_come_to_it_together_make_an_administrator() -> None:
    halves = [held("one", ["iam:A*", "iam:C*", "iam:P*"]), held("two", ["iam:S*", "iam:U*"])]

    assert admin_policies(["one", "two"], halves) == ["one", "two"]
    assert admin_policies(["one"], halves[:1]) == []


def test_power_over_everything_but_iam_makes_no_administrator() -> None:
    statement = {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"}
    power = {"id": "power", "policy": {"Document": {"Statement": [statement]}}}

    assert admin_policies(["power"], [power]) == []


@pytest.mark.parametrize("name", ["AdministratorAccess", "IAMFullAccess"])
def test_the_administrator_policies_of_aws_are_known_by_name(name: str) -> None:
    assert admin_policies([f"{AWS}/{name}", "gone"], []) == [f"{AWS}/{name}"]


def test_a_policy_of_our_own_by_such_a_name_is_judged_by_what_it_says() -> None:
    ours = held(f"{OWN}:policy/AdministratorAccess")

    assert admin_policies([ours["id"]], [ours]) == []


def test_a_policy_that_was_not_found_could_be_one_of_them() -> None:
    found = admin_policies([READ["id"], "group ghosts"], [READ])

    assert found == Unknown("unresolved", "get_account_authorization_details", code="group ghosts")


def test_a_document_that_is_no_policy_is_not_judged() -> None:
    with pytest.raises(ValueError, match="not a policy document"):
        admin_policies(["x"], [{"id": "x", "policy": {"Document": "{"}}])


def test_a_user_or_role_acts_for_itself() -> None:
    assert those_who_hold(f"{OWN}:role/app", {"Path": "/"}) == [f"{OWN}:role/app"]


def test_who_acts_as_a_role_of_identity_center_is_not_seen() -> None:
    found = those_who_hold(f"{OWN}:role/x", {"Path": "/aws-reserved/sso.amazonaws.com/eu-west-1/"})

    assert found == Unknown("unobserved", "list_account_assignments", "sso:ListAccountAssignments")


def role(id: str, principal: Any, action: str = "sts:AssumeRole", effect: str = "Allow") -> dict[str, Any]:
    statement = {"Effect": effect, "Action": action, "Principal": principal}
    return {"id": id, "role": {"AssumeRolePolicyDocument": {"Statement": [statement]}}}


def test_roles_of_people_are_those_that_more_than_services_may_assume() -> None:
    roles = [
        role("saml", {"Federated": "arn:aws:iam::111111111111:saml-provider/idp"}, "sts:AssumeRoleWithSAML"),
        role("oidc", {"Federated": "accounts.google.com"}, "sts:AssumeRoleWithWebIdentity"),
        role("account", {"AWS": "111111111111", "Service": "ec2.amazonaws.com"}),
        role("service", {"Service": "lambda.amazonaws.com"}),
        role("tagging", {"AWS": "111111111111"}, "sts:TagSession"),
        role("denied", "*", effect="Deny"),
    ]

    assert roles_of_people(roles) == ["account", "oidc", "saml"]


def test_ids_are_sorted() -> None:
    assert ids_of([{"id": "b"}, {"id": "a"}]) == ["a", "b"]
