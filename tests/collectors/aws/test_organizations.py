"""The organization, its accounts and its policies as AWS Organizations shows them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from annexlog.collectors import Scope
from annexlog.collectors.aws.organizations import (
    account,
    organization,
    resource_control_policy,
    service_control_policy,
)
from annexlog.evidence_store.model import Coverage, Unknown
from tests.collectors.aws.conftest import Connect
from tests.collectors.aws.looking import look
from tests.wire import Fault, Moto, Reply, Wire
from tests.wire.moto import ACCOUNT

GUARD = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": ["cloudtrail:StopLogging"], "Resource": "*"}],
}
SCP = "SERVICE_CONTROL_POLICY"


@dataclass
class Planted:
    scope: Scope
    root: str
    unit: str
    below: str
    member: str
    deep: str
    guard: str


def plant(client: Any) -> Planted:
    """A member under the root, one two units below it, and a policy on the upper unit. SCPs are on."""
    organizations = client("organizations")
    id = organizations.create_organization(FeatureSet="ALL")["Organization"]["Id"]
    root = organizations.list_roots()["Roots"][0]["Id"]
    organizations.enable_policy_type(RootId=root, PolicyType=SCP)
    unit = organizations.create_organizational_unit(ParentId=root, Name="work")["OrganizationalUnit"]["Id"]
    below = organizations.create_organizational_unit(ParentId=unit, Name="live")["OrganizationalUnit"]["Id"]
    member, deep = (
        organizations.create_account(AccountName=name, Email=f"{name}@example.com")["CreateAccountStatus"]["AccountId"]
        for name in ("member", "deep")
    )
    organizations.move_account(AccountId=deep, SourceParentId=root, DestinationParentId=below)
    made = organizations.create_policy(Name="guard", Description="", Type=SCP, Content=json.dumps(GUARD))
    guard = made["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=guard, TargetId=unit)
    scope = Scope(f"aws/{id}", "organization", {"partition": "aws", "organization": id, "account": ACCOUNT})
    return Planted(scope, root, unit, below, member, deep, guard)


def features(*names: str) -> Reply:
    members = "".join(f"<member>{name}</member>" for name in names)
    result = f"<OrganizationId>o-a1b2c3d4e5</OrganizationId><EnabledFeatures>{members}</EnabledFeatures>"
    operation = "ListOrganizationsFeatures"
    inner = f"<{operation}Result>{result}</{operation}Result>"
    body = f'<{operation}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/">{inner}</{operation}Response>'
    return Reply(200, {"Content-Type": "text/xml"}, body.encode())


def test_each_account_shows_what_it_hangs_under(moto: Moto, client: Any, connect: Connect) -> None:
    there = plant(client)

    seen = look(connect(), account, "ancestry", scope=there.scope)

    assert {id: (body["Name"], body["State"]) for id, body in seen.of("").items()} == {
        ACCOUNT: ("master", "ACTIVE"),
        there.member: ("member", "ACTIVE"),
        there.deep: ("deep", "ACTIVE"),
    }
    assert seen.of("ancestry") == {
        ACCOUNT: {"Id": ACCOUNT, "Ancestors": [ACCOUNT, there.root], "PolicyTypes": [SCP]},
        there.member: {"Id": there.member, "Ancestors": [there.member, there.root], "PolicyTypes": [SCP]},
        there.deep: {
            "Id": there.deep,
            "Ancestors": [there.deep, there.below, there.unit, there.root],
            "PolicyTypes": [SCP],
        },
    }


def test_a_policy_shows_what_it_says_and_whom_it_is_attached_to(moto: Moto, client: Any, connect: Connect) -> None:
    there = plant(client)

    seen = look(connect(), service_control_policy, "content", "targets", scope=there.scope)

    assert seen.facets[there.guard]["content"] == GUARD
    assert [target["TargetId"] for target in seen.facets[there.guard]["targets"]] == [there.unit]
    assert sorted(seen.facets) == sorted([there.guard, "p-FullAWSAccess"])


def test_policies_of_the_other_kind_are_a_population_of_their_own(moto: Moto, client: Any, connect: Connect) -> None:
    there = plant(client)

    seen = look(connect(), resource_control_policy, "content", scope=there.scope)

    assert there.guard not in seen.facets
    assert seen.status == {"": Coverage.COMPLETE, "content": Coverage.COMPLETE}


def test_the_organization_shows_how_root_is_managed(wire: Wire, client: Any, connect: Connect) -> None:
    there = plant(client)
    wire.inject(Fault("reply", "iam.list_organizations_features", reply=features("RootCredentialsManagement")))

    seen = look(connect(), organization, "root_features", scope=there.scope)

    assert seen.facets == {
        there.scope.values["organization"]: {"": there.scope.values, "root_features": ["RootCredentialsManagement"]}
    }


def test_an_organization_without_trusted_access_for_iam_does_not_manage_root(
    wire: Wire, client: Any, connect: Connect
) -> None:
    there = plant(client)
    wire.inject(
        Fault("refused", "iam.list_organizations_features", code="ServiceAccessNotEnabledException"),
    )

    seen = look(connect(), organization, "root_features", scope=there.scope)

    assert seen.facets[there.scope.values["organization"]]["root_features"] is None
    assert seen.status["root_features"] is Coverage.COMPLETE


def test_a_caller_that_is_no_delegate_learns_nothing_of_how_root_is_managed(
    wire: Wire, client: Any, connect: Connect
) -> None:
    there = plant(client)
    code = "AccountNotManagementOrDelegatedAdministratorException"
    wire.inject(Fault("refused", "iam.list_organizations_features", code=code))

    seen = look(connect(), organization, "root_features", scope=there.scope)

    assert seen.of("root_features") == {
        there.scope.values["organization"]: Unknown(
            "denied", "list_organizations_features", "iam:ListOrganizationsFeatures", code
        )
    }


def test_a_refused_look_into_one_unit_leaves_every_ancestry_unknown(wire: Wire, client: Any, connect: Connect) -> None:
    there = plant(client)
    wire.inject(Fault("refused", "organizations.list_accounts_for_parent", containing=there.below))

    seen = look(connect(), account, "ancestry", scope=there.scope)

    denied = Unknown(
        "denied", "list_accounts_for_parent", "organizations:ListAccountsForParent", "AccessDeniedException"
    )
    assert seen.of("ancestry") == dict.fromkeys((ACCOUNT, there.member, there.deep), denied)
    assert seen.status["ancestry"] is Coverage.DENIED
