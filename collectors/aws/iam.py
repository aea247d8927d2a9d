"""AWS IAM: users and their credentials, roles, permissions policies and who holds them, server certificates."""

from __future__ import annotations

import csv
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from io import StringIO
from typing import Any

from annexlog.collectors import Call, Detail, Page, Refused, ResourceType

__all__ = ["credential_report", "policy", "principal", "role", "server_certificate", "user"]

Ask = Callable[[str, Mapping[str, Any]], Page]
Row = Mapping[str, Any]

NAMED = {"UserName": "{user.UserName}"}
HELD = {**NAMED, "Held": "{held}"}
EVERYBODY = {"MaxItems": 1000}

# ── answers that take more than one call ──────────────────────────────────────────────────


def report(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """The credential report as `{"GeneratedTime", "Rows": [{column: text}]}`, made anew if the last is over 4 hours old."""
    ask("generate_credential_report", params)
    try:
        page = ask("get_credential_report", params)
    except Refused as refused:
        if refused.code in ("ReportInProgress", "ReportNotPresent", "ReportExpired"):
            raise Refused("throttled", refused.code, refused.message) from None  # it is being written: ask again later
        raise
    text = b64decode(page.body["Content"]).decode()
    rows = list(csv.DictReader(StringIO(text), strict=True))
    if not rows or any(None in row or None in row.values() for row in rows):
        raise Refused("unreadable", "CredentialReport", "a row has not as many fields as the header")
    yield replace(page, body={"GeneratedTime": page.body["GeneratedTime"], "Rows": rows})


def newcomers(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """What the report would say of users that it does not list yet: `{"Rows": [{arn, LoginProfile, MFADevices}]}`."""
    listed = {row["arn"] for page in report(ask, params) for row in page.body["Rows"]}
    rows = []
    for user in _all(ask, "list_users", params, "Users"):
        if user["Arn"] in listed:
            continue
        named = {"UserName": user["UserName"]}
        try:
            devices = list(_all(ask, "list_mfa_devices", named, "MFADevices"))
        except Refused as refused:
            if refused.code == "NoSuchEntity":  # deleted meanwhile
                continue
            raise
        rows.append({"arn": user["Arn"], "LoginProfile": _login_profile(ask, named), "MFADevices": devices})
    yield Page({"Rows": rows})


def _login_profile(ask: Ask, named: Mapping[str, Any]) -> Row | None:
    try:
        profile: Row = ask("get_login_profile", named).body["LoginProfile"]
    except Refused as refused:
        if refused.code == "NoSuchEntity":  # no password
            return None
        raise
    return profile


def held(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """What each user may hold that is active: `{"Rows": [{UserName, GeneratedTime, AccessKeys, Certificates}]}`.

    False only where the credential report says so of this very user: it has two of each kind, and IAM lets a user have
    no more. Sources: IAM User Guide, "Getting credential reports"; IAM API, GetAccountSummary.
    """
    quotas = ask("get_account_summary", params).body["SummaryMap"]
    (page,) = report(ask, params)
    reported = {row["arn"]: row for row in page.body["Rows"]}
    rows = []
    for user in _all(ask, "list_users", EVERYBODY, "Users"):
        row = reported.get(user["Arn"])
        if row is not None and not _same(row, user):
            row = None
        may = {
            kind: row is None or quotas.get(quota) not in (1, 2) or not _inactive(row, column)
            for kind, quota, column in _REPORTED
        }
        rows.append({"UserName": user["UserName"], "GeneratedTime": page.body["GeneratedTime"], **may})
    yield replace(page, body={"GeneratedTime": page.body["GeneratedTime"], "Rows": rows})


_REPORTED = (
    ("AccessKeys", "AccessKeysPerUserQuota", "access_key"),
    ("Certificates", "SigningCertificatesPerUserQuota", "cert"),
)


def active(kind: str, operation: str, member: str, ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """A user's credentials of one kind that are active: `{"GeneratedTime", "Active"}`; asked for if he may hold any."""
    known = params["Held"]
    found = _all(ask, operation, {"UserName": params["UserName"]}, member) if known[kind] else ()
    left = [one for one in found if one["Status"] not in ("Inactive", "Expired")]
    yield Page({"GeneratedTime": known["GeneratedTime"], "Active": left})


def _same(row: Row, user: Row) -> bool:
    """Whether a row of the report is of this very user."""
    made = (datetime.fromisoformat(said) for said in (row["user_creation_time"], user["CreateDate"]))
    return len({at.replace(microsecond=0) for at in made}) == 1


def _inactive(row: Row, column: str) -> bool:
    """Whether a row of the report says that no such credential is active. What it does not say is no."""
    said = all(str(row.get(f"{column}_{n}_active")).lower() == "false" for n in (1, 2))
    return said and row.get("additional_credentials_info", "N/A") in ("", "N/A")


def service_credentials(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """The service-specific credentials of each user: `{"Rows": [{UserName, Credentials}]}`.

    One answer has those of all users and services where IAM knows the parameter `AllUsers`. It does if it refuses it
    beside a user's name, as documented; if it answers that, it has not read it, and each user is asked for.
    Source: IAM API, ListServiceSpecificCredentials.
    """
    operation, member = "list_service_specific_credentials", "ServiceSpecificCredentials"
    users = list(_all(ask, "list_users", {**params, **EVERYBODY}, "Users"))
    found: dict[str, list[Row]] | None = None
    if len(users) > _FEW and _refuses(ask, operation, {"UserName": users[0]["UserName"], "AllUsers": True}):
        try:
            found = {user["UserName"]: [] for user in users}
            for one in _all(ask, operation, {"AllUsers": True}, member):
                found.setdefault(one["UserName"], []).append(one)
        except Refused as refused:
            if refused.code not in _INVALID:
                raise
            found = None  # it wants a service's name, and who knows them all
    if found is None:
        each = {user["UserName"]: _of(ask, operation, user, member) for user in users}
        found = {name: credentials for name, credentials in each.items() if credentials is not None}
    yield Page({"Rows": [{"UserName": name, "Credentials": credentials} for name, credentials in found.items()]})


_FEW = 2  # so many users are asked for sooner than whether all can be
_INVALID = frozenset({"InvalidInput", "InvalidParameterCombination", "InvalidParameterValue", "ValidationError"})


def _refuses(ask: Ask, operation: str, params: Mapping[str, Any]) -> bool:
    """Whether parameters are refused for what they are. Raises Refused for any other reason."""
    try:
        ask(operation, params)
    except Refused as refused:
        if refused.code in _INVALID:
            return True
        if refused.code != "NoSuchEntity":
            raise
    return False


def _of(ask: Ask, operation: str, user: Row, member: str) -> list[Row] | None:
    """What a user has; None if he was deleted meanwhile."""
    try:
        return list(_all(ask, operation, {"UserName": user["UserName"]}, member))
    except Refused as refused:
        if refused.code == "NoSuchEntity":
            return None
        raise


def key_use(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """A user's access keys (`params["Keys"]`), each with its `LastUsedDate` (null: never used)."""
    keys = []
    for key in params["Keys"]:
        used = ask("get_access_key_last_used", {"AccessKeyId": key["AccessKeyId"]}).body["AccessKeyLastUsed"]
        keys.append({**key, "LastUsedDate": used.get("LastUsedDate")})
    yield Page({"Keys": keys})


def role_use(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """When each role was last used: `{"Rows": [{Arn, RoleLastUsed}]}`. ListRoles leaves it out."""
    details = _authorization(ask, params, "RoleDetailList")
    yield Page({"Rows": [{"Arn": row["Arn"], "RoleLastUsed": row.get("RoleLastUsed")} for row in details["RoleDetailList"]]})


def policies(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """Every policy: customer-managed ones, those of AWS that someone holds or is bound by, inline ones.

    `{"Policies": [{Arn, Kind: customer | aws | inline, PolicyName, Document, Holders: [principals' ARNs]}]}`: the
    document of the version in force; an inline policy, which has no ARN, gets its holder's and its name.
    """
    details = _authorization(ask, params, *_HOLDERS, "Policies")
    rows = {row["Arn"]: _managed(row) for row in details["Policies"]}
    for holder in _holders(details):
        for attached in holder["AttachedManagedPolicies"]:
            if row := rows.get(attached["PolicyArn"]):
                row["Holders"].append(holder["Arn"])
        for inline in _inline(holder):
            rows[inline["Arn"]] = inline
    bounds = {_boundary(holder) for holder in _holders(details)}
    yield Page({"Policies": [r for r in rows.values() if r["Holders"] or r["Kind"] == "customer" or r["Arn"] in bounds]})


def principals(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """Users and roles, and whence their permissions: `{"Principals": [{Arn, Kind: user | role, …, Policies: [ids]}]}`.

    `Policies` are the ids of `aws.iam.policy`: attached, inline, and those of the user's groups; `Boundary` that of the
    permissions boundary, where there is one. A group that is not
    in the answer stands there by its name: nothing is found under it, and so it is not overlooked.
    """
    details = _authorization(ask, params, *_HOLDERS)
    groups = {row["GroupName"]: _policy_ids(row) for row in details["GroupDetailList"]}
    rows = []
    for kind, found in (("user", details["UserDetailList"]), ("role", details["RoleDetailList"])):
        for row in found:
            member_of = row.get("GroupList", [])
            ids = _policy_ids(row).union(*(groups.get(name, {f"group {name}"}) for name in member_of))
            rows.append({
                "Arn": row["Arn"], "Kind": kind, "Id": row.get("UserId") or row["RoleId"], "Path": row["Path"],
                "CreateDate": row["CreateDate"], "Groups": sorted(member_of), "Policies": sorted(ids),
                **({"Boundary": bound} if (bound := _boundary(row)) else {}),
            })  # fmt: skip
    yield Page({"Principals": rows})


_HOLDERS = ("UserDetailList", "GroupDetailList", "RoleDetailList")
_FILTERS = {
    "UserDetailList": ("User",), "GroupDetailList": ("Group",), "RoleDetailList": ("Role",),
    "Policies": ("LocalManagedPolicy", "AWSManagedPolicy"),
}  # fmt: skip


def _authorization(ask: Ask, params: Mapping[str, Any], *members: str) -> dict[str, list[Row]]:
    """All pages of GetAccountAuthorizationDetails, by the members asked for."""
    filters = [name for member in members for name in _FILTERS[member]]
    found: dict[str, list[Row]] = {member: [] for member in members}
    for page in _pages(ask, "get_account_authorization_details", {**params, "Filter": filters, "MaxItems": 1000}):
        for member in members:
            found[member] += page[member]
    return found


def _all(ask: Ask, operation: str, params: Mapping[str, Any], member: str) -> Iterator[Row]:
    for page in _pages(ask, operation, params):
        yield from page[member]


def _pages(ask: Ask, operation: str, params: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    marker: dict[str, Any] = {}
    while True:
        body = ask(operation, {**params, **marker}).body
        yield body
        if not body.get("IsTruncated", "Marker" in body):
            return
        if marker == (marker := {"Marker": body["Marker"]}):
            raise Refused("unreadable", "RepeatedToken", "the same continuation was given twice")


def _holders(details: Mapping[str, Iterable[Row]]) -> Iterator[Row]:
    for member in _HOLDERS:
        yield from details[member]


def _boundary(holder: Row) -> str:
    """The policy that bounds a user or role; "" where none does."""
    return str(holder.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""))


def _managed(row: Row) -> dict[str, Any]:
    document = next(v["Document"] for v in row["PolicyVersionList"] if v["IsDefaultVersion"])
    kind = "aws" if row["Arn"].split(":")[4] == "aws" else "customer"
    name = row["Arn"].rpartition("/")[2]
    return {"Arn": row["Arn"], "Kind": kind, "PolicyName": name, "Document": document, "Holders": []}


def _inline(holder: Row) -> Iterator[dict[str, Any]]:
    for member in ("UserPolicyList", "GroupPolicyList", "RolePolicyList"):
        for row in holder.get(member, []):  # IAM leaves the list out where there are none
            yield {
                "Arn": f"{holder['Arn']}/inline/{row['PolicyName']}", "Kind": "inline", "PolicyName": row["PolicyName"],
                "Document": row["PolicyDocument"], "Holders": [holder["Arn"]],
            }  # fmt: skip


def _policy_ids(holder: Row) -> frozenset[str]:
    attached = (row["PolicyArn"] for row in holder["AttachedManagedPolicies"])
    return frozenset((*attached, *(row["Arn"] for row in _inline(holder))))


# ── declarations ──────────────────────────────────────────────────────────────────────────

DETAILS = "iam:GetAccountAuthorizationDetails"

credential_report = Call("iam:GetCredentialReport", "get_credential_report", items="Rows", fn=report,
                         observed="GeneratedTime", also=("iam:GenerateCredentialReport",))

user = ResourceType(
    "aws.iam.user", facet="user", id="{user.Arn}", per="account", gone=("NoSuchEntity",),
    listed=Call(DETAILS, "get_account_authorization_details", {"Filter": ["User"], "MaxItems": 1000}, items="UserDetailList"),
    details=[
        Detail("credential_report", credential_report, key="arn", match="{user.Arn}"),
        # Of users made since the report was; null where the report has them.
        Detail("newcomer", Call("iam:GetCredentialReport", "get_credential_report", items="Rows", fn=newcomers,
               also=("iam:GenerateCredentialReport", "iam:ListUsers", "iam:ListMFADevices", "iam:GetLoginProfile")),
               key="arn", match="{user.Arn}", otherwise=None),
        Detail("held", Call("iam:GetCredentialReport", "get_credential_report", items="Rows", fn=held,
               observed="GeneratedTime", also=("iam:GenerateCredentialReport", "iam:GetAccountSummary", "iam:ListUsers")),
               key="UserName", match="{user.UserName}"),
        # Those that are active.
        Detail("access_keys", Call("iam:ListAccessKeys", "list_access_keys", HELD, items="Active", observed="GeneratedTime",
               fn=partial(active, "AccessKeys", "list_access_keys", "AccessKeyMetadata"))),
        Detail("key_use", Call("iam:GetAccessKeyLastUsed", "get_access_key_last_used", {"Keys": "{access_keys}"},
               items="Keys", fn=key_use)),
        Detail("ssh_keys", Call("iam:ListSSHPublicKeys", "list_ssh_public_keys", NAMED, items="SSHPublicKeys")),
        Detail("service_credentials", Call("iam:ListServiceSpecificCredentials", "list_service_specific_credentials",
               items="Rows", fn=service_credentials, also=("iam:ListUsers",)),
               key="UserName", match="{user.UserName}", value="Credentials"),
        Detail("signing_certificates", Call("iam:ListSigningCertificates", "list_signing_certificates", HELD, items="Active",
               observed="GeneratedTime", fn=partial(active, "Certificates", "list_signing_certificates", "Certificates"))),
    ],
    tags="user.Tags", incarnation="user.UserId",
    ignore=("held.GeneratedTime", "credential_report.access_key_1_last_used_region", "credential_report.access_key_1_last_used_service",
            "credential_report.access_key_2_last_used_region", "credential_report.access_key_2_last_used_service"),
    sets=("user.GroupList", "user.AttachedManagedPolicies", "user.UserPolicyList", "user.Tags", "access_keys", "key_use",
          "newcomer.MFADevices", "service_credentials", "ssh_keys", "signing_certificates"),
)

role = ResourceType(
    "aws.iam.role", facet="role", id="{role.Arn}", per="account", gone=("NoSuchEntity",),
    listed=Call(DETAILS, "get_account_authorization_details", {"Filter": ["Role"], "MaxItems": 1000}, items="RoleDetailList"),
    details=[
        Detail("last_used", Call(DETAILS, "get_account_authorization_details", items="Rows", fn=role_use),
               key="Arn", match="{role.Arn}"),
    ],
    tags="role.Tags", incarnation="role.RoleId",
    # Every use would make a version of the role; `last_used` has it for those who want to know.
    ignore=("role.RoleLastUsed", "role.InstanceProfileList[].Roles", "last_used.RoleLastUsed.Region"),
    sets=("role.AttachedManagedPolicies", "role.RolePolicyList", "role.InstanceProfileList", "role.Tags"),
)

policy = ResourceType(
    "aws.iam.policy", facet="policy", id="{policy.Arn}", per="account",
    listed=Call(DETAILS, "get_account_authorization_details", items="Policies", fn=policies),
    sets=("policy.Holders",),
)

principal = ResourceType(
    "aws.iam.principal", facet="principal", id="{principal.Arn}", per="account",
    listed=Call(DETAILS, "get_account_authorization_details", items="Principals", fn=principals),
    incarnation="principal.Id",
)

server_certificate = ResourceType(
    "aws.iam.server_certificate", facet="server_certificate", id="{server_certificate.Arn}", per="account",
    listed=Call("iam:ListServerCertificates", "list_server_certificates", items="ServerCertificateMetadataList"),
    incarnation="server_certificate.ServerCertificateId",
)
