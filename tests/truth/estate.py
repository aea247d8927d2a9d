"""The organization: its accounts and regions, who they are, and everything that is planted in them."""

from __future__ import annotations

import random
from typing import Any

from tests.truth import compute, data, delivery, identity, network, services, trails
from tests.truth.planting import NOW, Estate, Place, ago
from tests.wire.moto import ACCOUNT

MANAGEMENT, MEMBER, EMPTY = ACCOUNT, "222222222222", "333333333333"
ACCOUNTS = (MANAGEMENT, MEMBER, EMPTY)
REGIONS = ("eu-west-1", "eu-central-1")
ORGANIZATION = "o-truth00000"

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
    "root_mfa_devices": {account: {"inspected": f"{NOW:%Y-%m-%d}"} for account in ACCOUNTS},
}


def planted(seed: int) -> Estate:
    """The organization as this seed draws it."""
    estate = Estate(random.Random(seed))
    _accounts(estate)
    compute.plant(estate, Place(MANAGEMENT, "eu-west-1"))
    here = Place(MEMBER, "eu-central-1")
    data.databases(estate, here)
    data.keys(estate, here)
    archive = data.buckets(estate, Place(MEMBER), here.region)
    trails.plant(estate, Place(MANAGEMENT, "eu-west-1"), here, archive)
    data.stores(estate, here)
    services.plant(estate, Place(MEMBER, "eu-west-1"))
    good, bad, bare = Place(MANAGEMENT, "eu-central-1"), Place(MEMBER, "eu-west-1"), Place(MANAGEMENT, "eu-west-1")
    services.regions(estate, good, bad, bare, here)
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
    return estate


def _accounts(estate: Estate) -> None:
    own = Place(MANAGEMENT)
    caller = {"Account": MANAGEMENT, "Arn": f"arn:aws:iam::{MANAGEMENT}:user/reader", "UserId": "AIDA"}
    estate.say(own, "sts.get_caller_identity", caller)
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
    alone = {"Account": EMPTY, "Arn": f"arn:aws:iam::{EMPTY}:user/reader", "UserId": "AIDA"}
    estate.say(Place(EMPTY), "sts.get_caller_identity", alone)
    for account in ACCOUNTS:
        place = Place(account)
        estate.say(place, "organizations.describe_organization", {"Organization": organization})
        regions = [{"RegionName": region, "OptInStatus": "opt-in-not-required"} for region in REGIONS]
        estate.say(place, "ec2.describe_regions", {"Regions": regions})
