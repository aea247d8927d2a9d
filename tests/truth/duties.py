"""Who administers keys and who decrypts with them, in an account that people come to by Identity Center alone."""

# ruff: noqa: E501 — one trait a line
# fmt: off

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from tests.truth import data
from tests.truth.data import document, put
from tests.truth.identity import ADMIN, ADMINS, ESCALATES, FOREIGN, IDLE
from tests.truth.planting import FAIL, PASS, SPARED, Estate, Parts, Place, Population, Trait, ago

SEPARATED, IN_USE = data.SEPARATED, "aws.identitycenter.in-use"
DELEGATED = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}


def emergency(account: str) -> str:
    """The role that the register of key_break_glass_principals names."""
    return f"arn:aws:iam::{account}:role/emergency"


def plant(estate: Estate, place: Place, with_passwords: Place) -> None:
    """`place`: where the keys are. The other account has users with passwords, though the organization has an instance."""
    keys = estate.grow(place, _keys(24))
    data.tell_keys(estate, place, keys)
    whole = Place(place.account)
    said: Any = {"UserDetailList": [], "GroupDetailList": [], "Policies": [], "RoleDetailList": _roles(estate, whole), "IsTruncated": False}
    estate.say(whole, "iam.get_account_authorization_details", said)
    instance = {"InstanceArn": "arn:aws:sso:::instance/ssoins-1", "IdentityStoreId": "d-1", "OwnerAccountId": place.account, "Status": "ACTIVE"}
    for account, status in ((whole, PASS), (Place(with_passwords.account), FAIL)):
        estate.say(account, "sso-admin.list_instances", {"Instances": [instance]})
        estate.expect(account, account.account, {IN_USE: status})


def _roles(estate: Estate, place: Place) -> list[dict[str, Any]]:
    """By IAM only one of them may do anything, and that with every key whose policy leaves it to IAM."""
    ec2 = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    saml = {"Federated": f"arn:aws:iam::{place.account}:saml-provider/AWSSSO_1_DO_NOT_DELETE"}
    reserved = {"Effect": "Allow", "Principal": saml, "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"]}
    found = []
    for n, (name, path, trust, inline) in enumerate((
        ("keeper", "/", ec2, False), ("app", "/", ec2, False), ("operator", "/", ec2, True), ("emergency", "/", ec2, False),
        ("AWSReservedSSO_Reader_1", "/aws-reserved/sso.amazonaws.com/", reserved, False),
    )):
        arn = f"arn:aws:iam::{place.account}:role{path}{name}"
        estate.expect(place, arn, dict.fromkeys((FOREIGN, ADMINS, ESCALATES), PASS))
        estate.expect(place, arn, {IDLE: SPARED if trust is reserved else PASS})  # Identity Center keeps its own
        if inline:
            estate.expect(place, f"{arn}/inline/keys", {ADMIN: PASS})
        found.append({
            "RoleName": name, "Arn": arn, "RoleId": f"AROAD{n:015}", "Path": path, "CreateDate": ago(days=400), "AttachedManagedPolicies": [],
            "AssumeRolePolicyDocument": quote(document(trust)), "InstanceProfileList": [], "Tags": [], "RoleLastUsed": {"LastUsedDate": ago(days=5)},
            "RolePolicyList": [{"PolicyName": "keys", "PolicyDocument": quote(document(DELEGATED))}] if inline else [],
        })
    return found


def _keys(count: int) -> Population:
    def make(n: int, place: Place) -> Parts:
        parts = data.key(n, place)
        parts["own"] = f"arn:aws:iam::{place.account}:"
        parts["policy"] = [
            _allow(parts, "role/keeper", "kms:ScheduleKeyDeletion", "kms:PutKeyPolicy", "kms:Describe*"),
            _allow(parts, "role/app", "kms:Decrypt", "kms:GenerateDataKey"),
        ]
        return parts

    def allows(who: str, *actions: str, **more: Any) -> Callable[[Parts], object]:
        return lambda parts: parts["policy"].append({**_allow(parts, who, *actions), **more})

    def denied(parts: Parts) -> None:
        parts["policy"].append(_allow(parts, "role/keeper", "kms:*"))
        parts["policy"].append({**_allow(parts, "role/keeper", "kms:Decrypt", "kms:ReEncrypt*"), "Effect": "Deny"})

    services_only = {"Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}}}
    usual = (SEPARATED, data.ROTATED, data.DELETION, data.KEY_PUBLIC)
    return Population(
        count, make, lambda parts, _: parts["metadata"]["Arn"], dict.fromkeys(usual, PASS),
        [
            Trait(allows("role/keeper", "kms:Decrypt"), fails=(SEPARATED,)),
            Trait(allows("role/app", "kms:PutKeyPolicy"), fails=(SEPARATED,)),
            Trait(allows("role/app", "kms:CreateGrant"), fails=(SEPARATED,), slot="grant"),
            Trait(allows("role/app", "kms:CreateGrant", **services_only), slot="grant"),
            Trait(allows("role/emergency", "kms:*")),
            Trait(denied, slot="denied"),
            # What the account's own principal is allowed, IAM may give on: all of it, or only the use of the key.
            Trait(allows("root", "kms:*"), fails=(SEPARATED,), slot="account"),
            Trait(allows("root", "kms:Decrypt"), slot="account"),
            Trait(put("metadata", KeyManager="AWS"), spares=usual),
        ],
    )


def _allow(parts: Parts, who: str, *actions: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"AWS": parts["own"] + who}, "Action": list(actions), "Resource": "*"}
