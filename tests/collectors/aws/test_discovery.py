"""Every account and region is found, or it is said why not; one closed door hides nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.collectors import Call, Caller, Discovery, Scope
from annexlog.evidence_store.model import ConfigError, Coverage, ProviderError, Unknown
from tests.collectors.aws.conftest import Connect, bodies, refused
from tests.wire import Fault, Reply, Wire
from tests.wire.moto import ACCOUNT

LIST_ROLES = Call("iam:ListRoles", "list_roles", items="Roles")


@pytest.fixture
def organization(wire: Wire, client: Any) -> dict[str, str]:
    """Ids of the organization and of two members."""
    organizations = client("organizations")
    id = organizations.create_organization(FeatureSet="ALL")["Organization"]["Id"]
    made = [
        organizations.create_account(AccountName=name, Email=f"{name}@example.com")["CreateAccountStatus"]["AccountId"]
        for name in ("payments", "research")
    ]
    return {"id": id, "payments": made[0], "research": made[1]}


def regions(*rows: tuple[str, str]) -> Reply:
    items = "".join(f"<item><regionName>{n}</regionName><optInStatus>{s}</optInStatus></item>" for n, s in rows)
    body = f"<DescribeRegionsResponse><regionInfo>{items}</regionInfo></DescribeRegionsResponse>"
    return Reply(200, {"Content-Type": "text/xml"}, body.encode())


def names(discovery: Discovery, level: str) -> list[str]:
    return [scope.name for scope in discovery.scopes if scope.level == level]


def test_without_an_organization_the_account_and_its_regions_are_the_scopes(wire: Wire, connect: Connect) -> None:
    discovery = connect(regions=("eu-west-1", "us-east-1")).discover()

    looked_at = [scope for scope in discovery.scopes if scope.name not in discovery.skipped]
    assert looked_at == [
        Scope(f"aws/{ACCOUNT}", "account", {"partition": "aws", "account": ACCOUNT}),
        Scope(f"aws/{ACCOUNT}/eu-west-1", "region", {"partition": "aws", "account": ACCOUNT, "region": "eu-west-1"}),
        Scope(f"aws/{ACCOUNT}/us-east-1", "region", {"partition": "aws", "account": ACCOUNT, "region": "us-east-1"}),
    ]
    assert (discovery.status, discovery.refusals) == (Coverage.COMPLETE, [])


def test_a_region_that_is_not_opted_in_is_a_scope_that_says_why_it_is_not_looked_at(
    wire: Wire, connect: Connect
) -> None:
    discovery = connect().discover()

    assert discovery.skipped[f"aws/{ACCOUNT}/me-south-1"] == "not opted in"
    assert f"aws/{ACCOUNT}/me-south-1" in names(discovery, "region")


def test_regions_that_the_configuration_leaves_out_say_so(wire: Wire, connect: Connect) -> None:
    discovery = connect(regions=("eu-west-1",)).discover()

    assert discovery.skipped[f"aws/{ACCOUNT}/us-east-1"] == "excluded by configuration"


def test_a_region_that_does_not_exist_is_an_error_of_the_configuration(wire: Wire, connect: Connect) -> None:
    with pytest.raises(ConfigError, match=r"targets\.test\.regions: there is no region eu-wost-1"):
        connect(regions=("eu-wost-1",)).discover()


def test_an_organization_is_a_scope_and_so_is_each_of_its_accounts(
    organization: dict[str, str], connect: Connect
) -> None:
    discovery = connect(organization=True, regions=("eu-west-1",)).discover()

    accounts = [scope for scope in discovery.scopes if scope.level != "region"]
    assert accounts == [
        Scope(
            f"aws/{organization['id']}",
            "organization",
            {"partition": "aws", "account": ACCOUNT, "organization": organization["id"]},
        ),
        Scope(f"aws/{ACCOUNT}", "account", {"partition": "aws", "account": ACCOUNT, "name": "master"}),
        *sorted(
            (
                Scope(f"aws/{id}", "account", {"partition": "aws", "account": id, "name": name})
                for name, id in organization.items()
                if name != "id"
            ),
            key=lambda scope: scope.name,
        ),
    ]
    assert discovery.status == Coverage.COMPLETE


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("SUSPENDED", "the account is suspended"),
        ("PENDING_CLOSURE", "the account is being closed"),
        ("PENDING_ACTIVATION", "the account is not active yet"),
        ("CLOSED", "the account is closed"),
    ],
)
def test_an_account_that_is_not_active_is_skipped_with_its_state(
    wire: Wire, connect: Connect, state: str, why: str
) -> None:
    listing = (
        f'{{"Accounts": [{{"Id": "{ACCOUNT}", "State": "ACTIVE"}}, {{"Id": "210987654321", "State": "{state}"}}]}}'
    )
    wire.inject(Fault("reply", "organizations.list_accounts", reply=Reply(200, {}, listing.encode())))

    discovery = connect(organization=True, regions=("eu-west-1",)).discover()

    assert discovery.skipped["aws/210987654321"] == why
    assert names(discovery, "account") == [f"aws/{ACCOUNT}", "aws/210987654321"]
    assert "aws/210987654321/eu-west-1" not in names(discovery, "region")


def test_accounts_that_the_configuration_leaves_out_say_so(organization: dict[str, str], connect: Connect) -> None:
    research = organization["research"]

    discovery = connect(organization=True, accounts={"exclude": (research,)}, regions=("eu-west-1",)).discover()

    assert discovery.skipped[f"aws/{research}"] == "excluded by configuration"
    assert not [name for name in names(discovery, "region") if name.startswith(f"aws/{research}/")]


def test_accounts_can_be_named_without_an_organization(wire: Wire, connect: Connect) -> None:
    discovery = connect(accounts={"include": (ACCOUNT, "210987654321")}, regions=("eu-west-1",)).discover()

    assert names(discovery, "account") == [f"aws/{ACCOUNT}", "aws/210987654321"]
    assert "aws/210987654321" not in discovery.skipped


def test_a_refused_list_of_accounts_leaves_our_own_and_says_so(
    organization: dict[str, str], connect: Connect, wire: Wire
) -> None:
    wire.inject(Fault("refused", "organizations.list_accounts"))

    discovery = connect(organization=True, regions=("eu-west-1",)).discover()

    assert names(discovery, "account") == [f"aws/{ACCOUNT}"]
    assert (discovery.status, discovery.refusals) == (
        Coverage.PARTIAL,
        [Unknown("denied", "list_accounts", "organizations:ListAccounts", "AccessDeniedException")],
    )


def test_a_list_of_accounts_whose_second_page_fails_gives_those_of_the_first_and_says_so(
    organization: dict[str, str], connect: Connect, wire: Wire
) -> None:
    wire.inject(Fault("second_page", "organizations.list_accounts"))

    discovery = connect(organization=True, regions=("eu-west-1",)).discover()

    first_page = [f"aws/{id}" for id in sorted((ACCOUNT, organization["payments"], organization["research"]))]
    assert sorted(names(discovery, "account")) == first_page
    assert discovery.status == Coverage.PARTIAL
    assert discovery.refusals == [
        Unknown("denied", "list_accounts", "organizations:ListAccounts", "AccessDeniedException")
    ]


def test_a_role_that_cannot_be_assumed_hurts_only_its_own_account(
    organization: dict[str, str], connect: Connect, wire: Wire
) -> None:
    payments, research = organization["payments"], organization["research"]
    wire.inject(Fault("refused", "sts.assume_role", containing=payments))
    adapter = connect(organization=True, regions=("eu-west-1",))

    discovery = adapter.discover()

    scopes = {scope.name: scope for scope in discovery.scopes if scope.name not in discovery.skipped}
    assert {f"aws/{payments}", f"aws/{payments}/eu-west-1", f"aws/{research}/eu-west-1"} <= scopes.keys()
    assert (discovery.status, discovery.refusals) == (
        Coverage.PARTIAL,
        [Unknown("denied", "sts.assume_role", "sts:AssumeRole", "AssumeRole.AccessDenied")],
    )
    assert refused(adapter, LIST_ROLES, scopes[f"aws/{payments}"]) == ("denied", "AssumeRole.AccessDenied")
    roles = bodies(adapter, LIST_ROLES, scopes[f"aws/{research}"])[0]["Roles"]
    assert [role["Arn"] for role in roles] == [f"arn:aws:iam::{research}:role/OrganizationAccountAccessRole"]


def test_regions_that_an_account_does_not_say_are_supposed_to_be_those_that_all_have(
    organization: dict[str, str], connect: Connect, wire: Wire
) -> None:
    payments = organization["payments"]
    wire.inject(
        Fault("refused", "sts.assume_role", containing=payments),
        Fault(
            "reply",
            "ec2.describe_regions",
            reply=regions(("eu-west-1", "opt-in-not-required"), ("af-south-1", "opted-in")),
        ),
    )

    discovery = connect(organization=True).discover()

    found = {name for name in names(discovery, "region") if organization["research"] not in name}
    assert found == {f"aws/{ACCOUNT}/af-south-1", f"aws/{ACCOUNT}/eu-west-1", f"aws/{payments}/eu-west-1"}


def test_refused_regions_are_a_partial_discovery(connect: Connect, wire: Wire) -> None:
    wire.inject(Fault("refused", "ec2.describe_regions"))

    discovery = connect(regions=("eu-west-1", "eu-west-2")).discover()

    assert names(discovery, "region") == [f"aws/{ACCOUNT}/eu-west-1", f"aws/{ACCOUNT}/eu-west-2"]
    assert (discovery.status, discovery.refusals) == (
        Coverage.PARTIAL,
        [Unknown("denied", "describe_regions", "ec2:DescribeRegions", "UnauthorizedOperation")],
    )


def test_discovery_asks_again_when_it_is_told_to_slow_down(connect: Connect, wire: Wire) -> None:
    wire.inject(Fault("throttled", times=3))

    discovery = connect(regions=("eu-west-1",)).discover()

    assert discovery.status == Coverage.COMPLETE


def test_nobody_to_ask_at_all_is_an_error_with_a_next_step(connect: Connect, wire: Wire) -> None:
    wire.inject(Fault("expired"))

    with pytest.raises(ProviderError, match=r"targets\.test: AWS does not answer .*\(ExpiredToken\).*Check the cred"):
        connect().discover()


def test_who_asks_is_known_by_scope(organization: dict[str, str], connect: Connect, wire: Wire) -> None:
    adapter = connect(organization=True, regions=("eu-west-1",))
    scopes = {scope.name: scope for scope in adapter.discover().scopes}
    payments, host = organization["payments"], wire.url.removeprefix("http://")

    callers = [adapter.caller(scopes[f"aws/{account}/eu-west-1"]) for account in (ACCOUNT, payments)]

    assert callers == [
        Caller(f"arn:aws:sts::{ACCOUNT}:user/moto", host),
        Caller(f"arn:aws:sts::{payments}:assumed-role/annexlog-read/annexlog", host),
    ]


def test_discovery_says_what_was_refused_and_where(organization: dict[str, str], connect: Connect, wire: Wire) -> None:
    wire.inject(Fault("refused", "sts.assume_role", containing=organization["payments"]))

    discovery = connect(organization=True, regions=("eu-west-1",)).discover()

    assert discovery.provenance == {
        "caller": f"arn:aws:sts::{ACCOUNT}:user/moto",
        "endpoint": wire.url.removeprefix("http://"),
        "refusals": [
            {
                "scope": f"aws/{organization['payments']}",
                "reason": "denied",
                "operation": "sts.assume_role",
                "permission": "sts:AssumeRole",
                "code": "AssumeRole.AccessDenied",
                "message": "refused on purpose",
            }
        ],
    }
