"""The organization: its accounts and regions, who they are, and everything that is planted in them."""

from __future__ import annotations

import random
from typing import Any

from tests.truth import compute, data, delivery, duties, identity, names, network, services, told, trails
from tests.truth.planting import FAIL, NOW, PASS, Estate, Place, ago
from tests.wire.moto import ACCOUNT

MANAGEMENT, MEMBER, EMPTY = ACCOUNT, "222222222222", "333333333333"
ACCOUNTS = (MANAGEMENT, MEMBER, EMPTY)
ALONE, FOREIGN, BILLED = LONERS = ("666666666666", "777777777777", "888888888888")
"""Accounts looked at by themselves: in no organization, in another, and in one that is for billing alone."""
REGIONS = ("eu-west-1", "eu-central-1")
ORGANIZATION = "o-truth00000"
IN_ORGANIZATION = "aws.organizations.account-in-organization"
"""Whatever is reached through an organization belongs to it: what fails is an account looked at by itself (LONERS)."""

REGISTERS: dict[str, Any] = {
    "production_accounts": list(data.PRODUCTION),
    "dynamodb_tables": data.tables_register(Place(MEMBER, "eu-central-1")),
    "unrotated_secrets": [],
    "lambda_runtimes": services.RUNTIMES,
    "default_certificate_distributions": [],
    "internet_facing": network.KNOWN_FACES,
    "open_api_methods": [],
    "tls_passthrough_listeners": [],
    "approved_regions": network.APPROVED_REGIONS,
    "guardrail_exemptions": [],
    "break_glass_users": [],
    "approved_credentials": [],
    "workload_users": [],
    "privileged_principals": [],
    "supplier_accounts": [identity.SUPPLIER],
    "standby_roles": [],
    "organizations": [ORGANIZATION],
    "key_break_glass_principals": [duties.emergency(MANAGEMENT)],
    "critical_records": names.critical_records(),
    "dnssec_checked_zones": names.checked_zones(),
    "root_mfa_devices": {account: {"inspected": f"{NOW:%Y-%m-%d}"} for account in ACCOUNTS},
}


def planted(seed: int) -> Estate:
    """The organization as this seed draws it."""
    estate = Estate(random.Random(seed))
    _accounts(estate)
    compute.plant(estate, Place(MANAGEMENT, "eu-west-1"))
    here = Place(MEMBER, "eu-central-1")
    data.databases(estate, here, told.alarms(here))
    data.keys(estate, here)
    bare = Place(MANAGEMENT, "eu-west-1")
    archive = data.buckets(estate, Place(MEMBER), here.region, MANAGEMENT, 70)
    owned = data.buckets(estate, Place(MANAGEMENT), bare.region, MEMBER, 2)
    trails.plant(estate, bare, here, archive, owned)
    data.stores(estate, here)
    services.plant(estate, Place(MEMBER, "eu-west-1"))
    good, bad = Place(MANAGEMENT, "eu-central-1"), Place(MEMBER, "eu-west-1")
    services.regions(estate, good, bad, bare, here)
    told.findings(estate, good, bare, bad, here)
    told.events(estate, here, bare)
    told.sessions(estate, here, bare, archive[0]["name"], good, bad)
    duties.plant(estate, bare, here)
    names.plant(estate, Place(MEMBER))
    for account in (MANAGEMENT, MEMBER):
        estate.expect(Place(account), account, {IN_ORGANIZATION: PASS})
    for region in REGIONS:
        estate.say(Place(EMPTY, region), "ec2.get_ebs_encryption_by_default", {"EbsEncryptionByDefault": False})
        services.guarded(estate, Place(EMPTY, region), on=False)
    network.plant(estate, good)
    delivery.plant(estate, good)
    delivery.distributions(estate, Place(MEMBER))
    network.guardrails(estate, ORGANIZATION, MANAGEMENT, MEMBER, EMPTY)
    identity.plant(estate, Place(MEMBER))
    identity.accounts(estate, Place(MANAGEMENT), Place(MEMBER))
    identity.report(estate, Place(MANAGEMENT), [], password_last_used=ago(days=200))
    identity.report(estate, Place(EMPTY), [])
    _loners(estate)
    return estate


def _loners(estate: Estate) -> None:
    estate.refuse(Place(ALONE), "organizations.describe_organization", "AWSOrganizationsNotInUseException", 400)
    for account, id, features in ((FOREIGN, "o-another000", "ALL"), (BILLED, ORGANIZATION, "CONSOLIDATED_BILLING")):
        said = {"Organization": {"Id": id, "MasterAccountId": MANAGEMENT, "FeatureSet": features}}
        estate.say(Place(account), "organizations.describe_organization", said)
    for account in LONERS:
        _reader(estate, account)
        estate.expect(Place(account), account, {IN_ORGANIZATION: FAIL})


def _reader(estate: Estate, account: str) -> None:
    """Who asks, and in which regions."""
    who = {"Account": account, "Arn": f"arn:aws:iam::{account}:user/reader", "UserId": "AIDA"}
    estate.say(Place(account), "sts.get_caller_identity", who)
    regions = [{"RegionName": region, "OptInStatus": "opt-in-not-required"} for region in REGIONS]
    estate.say(Place(account), "ec2.describe_regions", {"Regions": regions})


def _accounts(estate: Estate) -> None:
    own = Place(MANAGEMENT)
    for account in (MEMBER, EMPTY):
        role = f"arn:aws:iam::{account}:role/annexlog-read"
        credentials = {
            "AccessKeyId": f"ASIA{account}", "SecretAccessKey": "secret", "SessionToken": "token",
            "Expiration": "2099-01-01T00:00:00Z",
        }  # fmt: skip
        who = {"Arn": role.replace("iam", "sts").replace("role", "assumed-role") + "/annexlog", "AssumedRoleId": "A:a"}
        estate.say(own, "sts.assume_role", {"Credentials": credentials, "AssumedRoleUser": who}, RoleArn=role)
    organization = {"Id": ORGANIZATION, "MasterAccountId": MANAGEMENT, "FeatureSet": "ALL"}
    rows = [{"Id": account, "Name": f"a{account[0]}", "State": "ACTIVE"} for account in ACCOUNTS]
    estate.say(own, "organizations.list_accounts", {"Accounts": rows})
    kinds = [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]
    estate.say(own, "organizations.list_roots", {"Roots": [{"Id": "r-root", "PolicyTypes": kinds}]})
    estate.say(own, "organizations.list_accounts_for_parent", {"Accounts": rows}, ParentId="r-root")
    for account in ACCOUNTS:
        _reader(estate, account)
        estate.say(Place(account), "organizations.describe_organization", {"Organization": organization})
