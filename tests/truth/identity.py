"""People, roles and what they may do: IAM's users, keys, roles, policies, and the account's own rules."""

# ruff: noqa: E501 — one trait a line
# fmt: off

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from tests.truth.data import document, put
from tests.truth.planting import FAIL, PASS, SPARED, Estate, Parts, Place, Population, Trait, ago

Change = Callable[[Parts], object]

IAM = "aws.iam."
MFA, ROTATED, UNUSED, LONG_LIVED, DIRECT = (
    IAM + name
    for name in (
        "console-users-mfa", "access-keys-rotated", "unused-credentials-disabled", "no-long-lived-user-keys",
        "policies-via-groups-or-roles",
    )
)
FOREIGN, IDLE = "aws.iam.cross-account-trust-externalid", "aws.iam.roles-unused"
ADMINS, ESCALATES = "aws.iam.admin-principals-approved", "aws.iam.no-privilege-escalation-paths"
ADMIN, CERTIFICATE = "aws.iam.no-full-admin-customer-policies", "aws.iam.server-certificates-not-expired"
SUPPLIER, STRANGER = "444444444444", "555555555555"

_COLUMNS = ["user", "arn", "user_creation_time", "password_enabled", "password_last_used", "password_last_changed", "password_next_rotation", "mfa_active", "access_key_1_active", "access_key_1_last_rotated", "access_key_1_last_used_date", "access_key_1_last_used_region", "access_key_1_last_used_service", "access_key_2_active", "access_key_2_last_rotated", "access_key_2_last_used_date", "access_key_2_last_used_region", "access_key_2_last_used_service", "cert_1_active", "cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated"]


def plant(estate: Estate, place: Place) -> None:
    users, roles = estate.grow(place, _users(100)), estate.grow(place, _roles(120))
    policies = estate.grow(place, _policies(60))
    extra, aws = _powerful(estate, place), _of_aws(estate, place)
    said: Any = {
        "UserDetailList": [user["user"] for user in users],
        "RoleDetailList": [*(role["role"] for role in roles), *extra],
        "GroupDetailList": [_holders(place, policies)],
        "Policies": [*(policy["policy"] for policy in policies), *aws],
        "IsTruncated": False,
    }
    estate.say(place, "iam.get_account_authorization_details", said)
    for user in users:
        works = any(key["Status"] == "Active" for key in user["keys"])
        user["row"].setdefault("access_key_1_active", "true" if works else "false")
    report(estate, place, [user["row"] for user in users], password_last_used=ago(days=3))
    listed = [{name: user["user"][name] for name in ("UserName", "Arn", "UserId", "Path", "CreateDate")} for user in users]
    estate.say(place, "iam.list_users", {"Users": listed, "IsTruncated": False})
    for user in users:
        if "UserPolicyList" in user["user"]:  # a policy of its own, and a harmless one
            estate.expect(place, f"{user['user']['Arn']}/inline/own", {ADMIN: PASS})
        name = {"UserName": user["user"]["UserName"]}
        estate.say(place, "iam.list_access_keys", {"AccessKeyMetadata": user["keys"]}, **name)
        for key in user["keys"]:
            used = {"Region": "N/A", "ServiceName": "N/A", **({"LastUsedDate": user["used"]} if user["used"] else {})}
            said = {"UserName": name["UserName"], "AccessKeyLastUsed": used}
            estate.say(place, "iam.get_access_key_last_used", said, AccessKeyId=key["AccessKeyId"])
    certificates = estate.grow(place, _certificates(20))
    rows = {"ServerCertificateMetadataList": [one["certificate"] for one in certificates]}
    estate.say(place, "iam.list_server_certificates", rows)


def report(estate: Estate, place: Place, rows: list[dict[str, str]], **root: str) -> None:
    """The credential report, with the row of the root user."""
    usual = dict.fromkeys(_COLUMNS, "N/A") | {name: "false" for name in _COLUMNS if name.endswith(("1_active", "2_active"))}
    first = {
        **usual, "user": "<root_account>", "arn": f"arn:aws:iam::{place.account}:root", "password_last_used": "no_information",
        **root,
    }
    lines = [_COLUMNS, *([{**usual, **row}[column] for column in _COLUMNS] for row in (first, *rows))]
    text = "\n".join(",".join(line) for line in lines) + "\n"
    said = {"Content": text, "ReportFormat": "text/csv", "GeneratedTime": ago(hours=0.5)}
    estate.say(place, "iam.generate_credential_report", {"State": "COMPLETE"})
    estate.say(place, "iam.get_credential_report", said)


# ── users ──


def _users(count: int) -> Population:
    def make(n: int, place: Place) -> Parts:
        name = f"user-{n:03}"
        arn = f"arn:aws:iam::{place.account}:user/{name}"
        row = {
            "user": name, "arn": arn, "user_creation_time": ago(days=300), "password_enabled": "true",
            "password_last_used": ago(days=2), "password_last_changed": ago(days=30), "mfa_active": "true",
        }
        user = {
            "UserName": name, "Arn": arn, "UserId": f"AIDA{n:016}", "Path": "/", "CreateDate": ago(days=300), "GroupList": [],
            "AttachedManagedPolicies": [], "Tags": [],
        }
        return {"user": user, "row": row, "keys": [], "used": ""}

    def key(*, age: int, used: int | None, status: str = "Active") -> Change:
        def change(parts: Parts) -> None:
            name = parts["user"]["UserName"]
            created = {"UserName": name, "AccessKeyId": f"AKIA{name.upper()}KEY0", "CreateDate": ago(days=age)}
            parts.update(keys=[{**created, "Status": status}], used="" if used is None else ago(days=used))

        return change

    def machine(parts: Parts) -> None:
        key(age=10, used=1)(parts)
        parts["row"].update(password_enabled="false", mfa_active="false", password_last_used="N/A", password_last_changed="N/A")
        parts["user"]["Tags"].append({"Key": "identity", "Value": "workload"})

    def anew(parts: Parts) -> None:
        key(age=20, used=1)(parts)
        parts["row"].update(user_creation_time=ago(days=400), access_key_1_active="false")

    policy = {"PolicyName": "p", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
    inline = {"PolicyName": "own", "PolicyDocument": quote(document())}
    return Population(
        count, make, lambda parts, _: parts["user"]["Arn"], dict.fromkeys((MFA, ROTATED, UNUSED, LONG_LIVED, DIRECT, ADMINS, ESCALATES), PASS),
        [
            Trait(put("row", mfa_active="false"), fails=(MFA,), slot="password"),
            Trait(put("row", password_enabled="false", mfa_active="false", password_last_used="N/A"), spares=(MFA,), slot="password"),
            Trait(put("row", password_last_used=ago(days=60)), fails=(UNUSED,), slot="password"),
            # Never used: then it counts since when it was set.
            Trait(put("row", password_last_used="no_information"), slot="password"),
            Trait(put("row", password_last_used="no_information", password_last_changed=ago(days=60)), fails=(UNUSED,), slot="password"),
            Trait(key(age=20, used=1), fails=(LONG_LIVED,), slot="key"),
            Trait(key(age=120, used=1), fails=(LONG_LIVED, ROTATED), slot="key"),
            Trait(key(age=80, used=None), fails=(LONG_LIVED, UNUSED), slot="key"),
            Trait(key(age=500, used=400, status="Inactive"), slot="key"),
            Trait(machine, spares=(MFA,), slot="key password"),
            # Another of the same name, made since the report, which knows nothing of her key.
            Trait(anew, fails=(LONG_LIVED,), slot="key"),
            Trait(lambda parts: parts["user"].update(AttachedManagedPolicies=[policy]), fails=(DIRECT,)),
            Trait(lambda parts: parts["user"].update(UserPolicyList=[inline]), fails=(DIRECT,)),
        ],
    )


# ── roles and policies ──


def _trust(principal: Any, condition: Any = None) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return quote(document({**statement, **({"Condition": condition} if condition else {})}))


def _roles(count: int) -> Population:
    def make(n: int, place: Place) -> Parts:
        arn = f"arn:aws:iam::{place.account}:role/role-{n:03}"
        return {
            "role": {
                "RoleName": f"role-{n:03}", "Arn": arn, "RoleId": f"AROA{n:016}", "Path": "/", "CreateDate": ago(days=400),
                "AssumeRolePolicyDocument": _trust({"Service": "ec2.amazonaws.com"}), "AttachedManagedPolicies": [],
                "RolePolicyList": [], "InstanceProfileList": [], "Tags": [], "RoleLastUsed": {"LastUsedDate": ago(days=5)},
            }
        }

    def trusts(principal: Any, condition: Any = None) -> Change:
        return put("role", AssumeRolePolicyDocument=_trust(principal, condition))

    def of(account: str) -> dict[str, str]:
        return {"AWS": f"arn:aws:iam::{account}:root"}

    external, maybe = {"StringEquals": {"sts:ExternalId": "x1"}}, {"StringEqualsIfExists": {"sts:ExternalId": "x1"}}
    return Population(
        count, make, lambda parts, _: parts["role"]["Arn"], {FOREIGN: PASS, IDLE: PASS, ADMINS: PASS, ESCALATES: PASS},
        [
            Trait(trusts(of(STRANGER)), fails=(FOREIGN,), slot="trust"),
            Trait(trusts(of(STRANGER), external), fails=(FOREIGN,), slot="trust"),
            Trait(trusts(of(SUPPLIER), external), slot="trust"),
            Trait(trusts(of(SUPPLIER)), fails=(FOREIGN,), slot="trust"),
            Trait(trusts(of(SUPPLIER), maybe), fails=(FOREIGN,), slot="trust"),
            Trait(trusts("*"), fails=(FOREIGN,), slot="trust"),
            Trait(trusts(of("222222222222")), slot="trust"),  # of the organization
            Trait(put("role", RoleLastUsed={"LastUsedDate": ago(days=120)}), fails=(IDLE,), slot="used"),
            Trait(put("role", RoleLastUsed={}), fails=(IDLE,), slot="used"),
            Trait(put("role", RoleLastUsed={}, CreateDate=ago(days=10)), slot="used"),
            Trait(put("role", Path="/aws-service-role/x.amazonaws.com/"), spares=(IDLE, ESCALATES)),
        ],
    )


def _powerful(estate: Estate, place: Place) -> list[dict[str, Any]]:
    """A role for AWS's support, one that may do everything, and one that gets there by a function with another role."""
    administrator = {"PolicyName": "policy-000", "PolicyArn": f"arn:aws:iam::{place.account}:policy/policy-000"}
    support = {"PolicyName": "AWSSupportAccess", "PolicyArn": "arn:aws:iam::aws:policy/AWSSupportAccess"}
    way = {"Effect": "Allow", "Action": ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"], "Resource": "*"}
    found = []
    for n, (name, attached, inline, admins, escalates) in enumerate((
        ("support", [support], [], PASS, PASS), ("administrator", [administrator], [], FAIL, FAIL), ("builder", [], [way], PASS, FAIL),
    )):
        arn = f"arn:aws:iam::{place.account}:role/{name}"
        estate.expect(place, arn, {FOREIGN: PASS, IDLE: PASS, ADMINS: admins, ESCALATES: escalates})
        if inline:
            estate.expect(place, f"{arn}/inline/way", {ADMIN: PASS})
        found.append({
            "RoleName": name, "Arn": arn, "RoleId": f"AROAX{n:015}", "Path": "/", "CreateDate": ago(days=400),
            "AssumeRolePolicyDocument": _trust({"AWS": f"arn:aws:iam::{place.account}:root"}), "AttachedManagedPolicies": attached,
            "RolePolicyList": [{"PolicyName": "way", "PolicyDocument": quote(document(*inline))}] if inline else [],
            "InstanceProfileList": [], "Tags": [], "RoleLastUsed": {"LastUsedDate": ago(days=5)},
        })
    return found


def _of_aws(estate: Estate, place: Place) -> list[dict[str, Any]]:
    """What AWS itself keeps is not judged as a policy of one's own."""
    text = quote(document({"Effect": "Allow", "Action": ["s3:Get*", "ec2:Describe*"], "Resource": "*"}))
    versions = [{"VersionId": "v1", "IsDefaultVersion": True, "Document": text}]
    found = []
    for n, name in enumerate(("ReadOnlyAccess", "AWSSupportAccess")):
        arn = f"arn:aws:iam::aws:policy/{name}"
        estate.expect(place, arn, {ADMIN: SPARED})
        own = {"PolicyName": name, "PolicyId": f"ANPAX{n:015}", "DefaultVersionId": "v1", "Path": "/"}
        found.append({**own, "Arn": arn, "PolicyVersionList": versions})
    return found


def _policies(count: int) -> Population:
    def make(n: int, place: Place) -> Parts:
        arn = f"arn:aws:iam::{place.account}:policy/policy-{n:03}"
        return {
            "policy": {"PolicyName": f"policy-{n:03}", "Arn": arn, "PolicyId": f"ANPA{n:016}", "DefaultVersionId": "v1", "Path": "/"},
            "statement": {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "*"}, "held": True, "old": [],
        }

    def says(**statement: Any) -> Change:
        return lambda parts: parts.update(statement={"Effect": "Allow", "Resource": "*", **statement})

    return Population(
        count, _finished(make), lambda parts, _: parts["policy"]["Arn"], {ADMIN: PASS},
        [
            Trait(_kept(says(Action="*")), fails=(ADMIN,), slot="says"),
            Trait(_kept(says(Action=["s3:*", "*:*"])), fails=(ADMIN,), slot="says"),
            Trait(_kept(says(NotAction="nothing:AtAll")), fails=(ADMIN,), slot="says"),
            Trait(_kept(says(NotAction="iam:*")), fails=(ADMIN,), slot="says"),  # everything but a little
            Trait(_kept(says(Action="*", Effect="Deny")), slot="says"),
            Trait(_kept(says(Action="*", Resource="arn:aws:s3:::one/*")), slot="says"),
            # Only the version in force counts.
            Trait(_kept(lambda parts: parts["old"].append({"Effect": "Allow", "Action": "*", "Resource": "*"}))),
            Trait(lambda parts: parts.update(held=False), spares=(ADMIN,)),
        ],
    )


def _finished(make: Callable[[int, Place], Parts]) -> Callable[[int, Place], Parts]:
    def made(n: int, place: Place) -> Parts:
        parts = make(n, place)
        _write(parts)
        return parts

    return made


def _kept(change: Change) -> Change:
    def changed(parts: Parts) -> None:
        change(parts)
        _write(parts)

    return changed


def _write(parts: Parts) -> None:
    versions = [{"VersionId": "v1", "IsDefaultVersion": True, "Document": quote(document(parts["statement"]))}]
    versions += [{"VersionId": "v0", "IsDefaultVersion": False, "Document": quote(document(old))} for old in parts["old"]]
    parts["policy"]["PolicyVersionList"] = versions


def _holders(place: Place, policies: list[Parts]) -> dict[str, Any]:
    """A group that holds every policy that is to be held."""
    held = [{"PolicyName": p["policy"]["PolicyName"], "PolicyArn": p["policy"]["Arn"]} for p in policies if p["held"]]
    arn = f"arn:aws:iam::{place.account}:group/all"
    return {"GroupName": "all", "GroupId": "AGPA0000000000000001", "Arn": arn, "Path": "/", "AttachedManagedPolicies": held, "GroupPolicyList": []}


def _certificates(count: int) -> Population:
    def make(n: int, place: Place) -> Parts:
        arn = f"arn:aws:iam::{place.account}:server-certificate/c-{n}"
        own = {"Path": "/", "ServerCertificateName": f"c-{n}", "ServerCertificateId": f"ASCA{n:013}", "Arn": arn}
        return {"certificate": {**own, "Expiration": ago(days=-40)}}

    expired = Trait(put("certificate", Expiration=ago(days=1)), fails=(CERTIFICATE,))
    return Population(count, make, lambda parts, _: parts["certificate"]["Arn"], {CERTIFICATE: PASS}, [expired])


# ── the account itself ──


QUOTAS = {"AccessKeysPerUserQuota": 2, "SigningCertificatesPerUserQuota": 2}


def accounts(estate: Estate, good: Place, bad: Place) -> None:
    """One account that keeps every rule about root and passwords, and one that keeps none; only the latter has roles."""
    support = "aws.iam.support-role-exists"
    estate.expect(good, good.account, {support: FAIL})
    estate.expect(bad, bad.account, {support: PASS})
    _account(estate, good, PASS, {**QUOTAS, "AccountMFAEnabled": 1, "AccountAccessKeysPresent": 0, "AccountPasswordPresent": 1}, [])
    virtual = [{"SerialNumber": f"arn:aws:iam::{bad.account}:mfa/root-account-mfa-device"}]
    _account(estate, bad, FAIL, {**QUOTAS, "AccountMFAEnabled": 0, "AccountAccessKeysPresent": 1, "AccountPasswordPresent": 1}, virtual)
    policy = {"MinimumPasswordLength": 14, "PasswordReusePrevention": 24, "ExpirePasswords": False}
    estate.say(good, "iam.get_account_password_policy", {"PasswordPolicy": policy})
    weak = {"PasswordPolicy": {**policy, "MinimumPasswordLength": 8}}
    estate.say(bad, "iam.get_account_password_policy", weak)
    contact = {"AlternateContactType": "SECURITY", "EmailAddress": "s@example.com", "PhoneNumber": "+31 20 1", "Name": "S", "Title": "S"}
    estate.say(good, "account.get_alternate_contact", {"AlternateContact": contact})
    estate.refuse(bad, "account.get_alternate_contact", "ResourceNotFoundException")
    blocks = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
    estate.say(good, "s3control.get_public_access_block", {"PublicAccessBlockConfiguration": blocks})
    partly = {"PublicAccessBlockConfiguration": {**blocks, "RestrictPublicBuckets": False, "IgnorePublicAcls": False}}
    estate.say(bad, "s3control.get_public_access_block", partly)


_ROOT = ("root-mfa-enabled", "root-hardware-mfa", "root-no-access-keys", "root-not-used-recently", "password-policy-strength")


def _account(estate: Estate, place: Place, status: str, summary: dict[str, int], devices: list[dict[str, str]]) -> None:
    tests = [f"aws.iam.{name}" for name in _ROOT]
    tests += ["aws.account.security-contact-registered", "aws.s3.account-public-access-blocked"]
    estate.expect(place, place.account, dict.fromkeys(tests, status))
    estate.say(place, "iam.get_account_summary", {"SummaryMap": summary})
    estate.say(place, "iam.list_virtual_mfa_devices", {"VirtualMFADevices": devices})
