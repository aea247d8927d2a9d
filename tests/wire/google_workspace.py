"""Google Workspace's APIs over HTTPS, as far as a reader sees them, and a customer whose every test passes.

Shapes: Admin SDK Directory API v1, Cloud Identity API v1, Alert Center API v1beta1; lists have `nextPageToken`, and lack
the list where it is empty.
"""

# ruff: noqa: E501 — answers read as a table

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode

from cryptography.hazmat.primitives.asymmetric import rsa

from tests.wire.api import Api, say
from tests.wire.http import Reply, Request
from tests.wire.jwt import claims, pem

PLANTED = "planted-value-0123456789"
EMAIL = "planted.person@acme.example"
"""What must never get into a store: personal data that the answers hold."""

SUBJECT, CUSTOMER, ACCOUNT = "auditor@acme.example", "C01abc", "annexlog@tools.iam.gserviceaccount.com"
D = "/admin/directory/v1"


def user(id: str, **more: Any) -> dict[str, Any]:
    now = time.strftime("%Y-%m-%dT00:00:00.000Z", time.gmtime())
    states = {
        "isAdmin": False,
        "isDelegatedAdmin": False,
        "suspended": False,
        "archived": False,
        "isEnrolledIn2Sv": True,
        "isEnforcedIn2Sv": True,
    }
    return {
        "kind": "admin#directory#user",
        "id": id,
        "primaryEmail": EMAIL,
        "name": {"fullName": PLANTED},
        "recoveryPhone": PLANTED,
        "externalIds": [{"type": "organization", "value": PLANTED}],
        "creationTime": "2020-01-01T00:00:00.000Z",
        "lastLoginTime": now,
        **states,
        **more,
    }


def policies(setting: str) -> str:
    """The path and query that ask for the policies of one setting."""
    return "/v1/policies?" + urlencode({"filter": f"setting.type.matches('^settings/{setting}$')"})


ROOT = "entity.org_units.exists(org_unit, org_unit.org_unit_id == orgUnitId('root'))"
LICENCE = f"{ROOT} && entity.licenses.exists(license, license in ['{PLANTED}'])"


def policy(name: str, value: Any, setting: str, query: str = ROOT) -> dict[str, Any]:
    where = {"orgUnit": "orgUnits/root", "sortOrder": 101, "query": query}
    return {"name": f"policies/{name}", "customer": f"customers/{CUSTOMER}", "type": "ADMIN", "policyQuery": where, "setting": {"type": f"settings/{setting}", "value": value}}  # fmt: skip


CARDS = "all_content.matches_dlp_detector('CREDIT_CARD_NUMBER', google.privacy.dlp.v2.Likelihood.LIKELY, {minimum_match_count: 1, minimum_unique_match_count: 1})"


def healthy() -> dict[str, Any]:
    """A customer in which every test passes. An `Many` list is cut into pages."""
    root = {"externalSharingMode": "ALLOWLISTED_DOMAINS", "allowPublishingFiles": False, "warnForExternalSharing": True}
    admins = [user("1", isAdmin=True), user("2", isAdmin=True)]
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {
        f"{D}/users/{SUBJECT}": user("9", isDelegatedAdmin=True, lastLoginTime="1970-01-01T00:00:00.000Z"),
        f"{D}/users": {"kind": "admin#directory#users", "users": [*admins, user("3"), user("4", suspended=True, isEnforcedIn2Sv=False), user("9", isDelegatedAdmin=True)]},
        f"{D}/users?query=isAdmin=true": {"kind": "admin#directory#users", "users": admins},
        f"{D}/customer/{CUSTOMER}/roles": {"kind": "admin#directory#roles", "items": [
            {"roleId": "10", "roleName": "_SEED_ADMIN_ROLE", "isSuperAdminRole": True, "rolePrivileges": [{"privilegeName": "SUPER_ADMIN"}]},
            {"roleId": "11", "roleName": "Auditors", "rolePrivileges": [{"privilegeName": "USERS_RETRIEVE", "serviceId": "x"}, {"privilegeName": "ORGANIZATION_UNITS_RETRIEVE"}]},
        ]},
        f"{D}/customer/{CUSTOMER}/roleassignments": {"items": [{"roleId": "10", "assignedTo": "1", "assigneeType": "user", "scopeType": "CUSTOMER"}, {"roleId": "10", "assignedTo": "g1", "assigneeType": "group", "scopeType": "CUSTOMER"}, {"roleId": "11", "assignedTo": "9", "assigneeType": "user", "scopeType": "CUSTOMER"}]},
        f"{D}/customer/{CUSTOMER}/roleassignments?roleId=10": {"items": [{"roleId": "10", "assignedTo": "1", "assigneeType": "user", "scopeType": "CUSTOMER"}, {"roleId": "10", "assignedTo": "g1", "assigneeType": "group", "scopeType": "CUSTOMER"}]},
        f"{D}/customer/{CUSTOMER}/roleassignments?userKey={SUBJECT}": {"items": [{"roleId": "11", "assignedTo": "9", "assigneeType": "user", "scopeType": "CUSTOMER"}]},
        f"{D}/groups/g1/members": {"kind": "admin#directory#members", "members": [{"id": "2", "email": EMAIL, "type": "USER"}, {"id": "g2", "email": EMAIL, "type": "GROUP"}]},
        f"{D}/customer/{CUSTOMER}/orgunits": {"kind": "admin#directory#orgUnits", "organizationUnits": [{"orgUnitId": "id:root", "orgUnitPath": "/", "name": PLANTED}, {"orgUnitId": "id:sales", "orgUnitPath": "/sales", "parentOrgUnitId": "id:root"}]},
        "/v1/policies": {"policies": [policy("a", root, "drive_and_docs.external_sharing"), policy("z", root, "drive_and_docs.external_sharing", LICENCE)]},
        policies(r"api_controls\.unconfigured_third_party_apps"): {"policies": [policy("b", {"accessLevel": "BLOCK_ALL_SCOPES"}, "api_controls.unconfigured_third_party_apps")]},
        policies(r"rule\.dlp"): {"policies": [policy("c", {"displayName": PLANTED, "state": "ACTIVE", "triggers": ["google.workspace.drive.file.v1.share"], "condition": {"contentCondition": CARDS},
            "action": {"driveAction": {"blockAccess": {}}, "alertCenterAction": {"recipients": [{"email": EMAIL}]}}}, "rule.dlp")]},
        "/v1/devices": {"devices": [{"name": "devices/d1", "deviceType": "ANDROID", "ownerType": "BYOD", "managementState": "APPROVED", "compromisedState": "UNCOMPROMISED", "encryptionState": "ENCRYPTED",
                                     "lastSyncTime": now, "serialNumber": PLANTED, "otherAccounts": [EMAIL]}]},
        "/v1/devices/-/deviceUsers": {"deviceUsers": [{"name": "devices/d1/deviceUsers/u1", "userEmail": EMAIL, "managementState": "APPROVED", "passwordState": "PASSWORD_SET", "compromisedState": "NOT_COMPROMISED", "userAgent": PLANTED}]},
        "/v1beta1/alerts": {"alerts": [{"alertId": "a1", "customerId": CUSTOMER, "createTime": now, "type": "Suspicious login", "source": "Google identity", "data": {"email": EMAIL, "loginDetails": PLANTED}, "metadata": {"status": "NOT_STARTED", "severity": "MEDIUM", "assignee": EMAIL}}]},
    }  # fmt: skip


REGISTERS: Mapping[str, Any] = {"gws_super_admins": ["1", "2", "g1"], "gws_dlp_detectors": ["CREDIT_CARD_NUMBER"]}

SCOPES = frozenset(
    f"https://www.googleapis.com/auth/{one}"
    for one in (
        "admin.directory.user.readonly", "admin.directory.rolemanagement.readonly", "admin.directory.group.member.readonly",
        "admin.directory.orgunit.readonly", "cloud-identity.policies.readonly", "cloud-identity.devices.readonly", "apps.alerts",
    )
)  # fmt: skip


@dataclass
class Workspace(Api):
    """Running APIs and the token endpoint, at one address. `key` signs what asks for a token; `delegated`: the scopes.

    `tokens`: {token: scope} that were given.
    """

    wrapped: ClassVar[tuple[str, ...]] = (
        "users",
        "items",
        "members",
        "organizationUnits",
        "policies",
        "alerts",
        "devices",
        "deviceUsers",
    )
    key: rsa.RSAPrivateKey | None = None
    delegated: set[str] = field(default_factory=lambda: set(SCOPES))
    tokens: dict[str, str] = field(default_factory=dict)

    def special(self, request: Request, path: str) -> Reply | None:
        if path == "/token":
            return self._token(dict(parse_qsl(request.body.decode())))
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        return self._paged(path, dict(parse_qsl(request.target.partition("?")[2]))) if bearer in self.tokens else None

    def _token(self, form: Mapping[str, str]) -> Reply:
        told = claims(form.get("assertion", ""), self.key) if self.key else None
        if told is None or told["iss"] != ACCOUNT or told["sub"] != SUBJECT or told["aud"] != f"{self.url}/token":
            return say({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, 400)
        if told["scope"] not in self.delegated:
            return say(
                {
                    "error": "unauthorized_client",
                    "error_description": "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.",
                },
                401,
            )
        token = f"s3cret-token-{len(self.tokens)}"
        self.tokens[token] = told["scope"]
        return say({"access_token": token, "expires_in": 3599, "token_type": "Bearer"})

    def _paged(self, path: str, query: Mapping[str, str]) -> Reply:
        answer = self.choose(path, query)
        if answer is None or isinstance(answer, Reply):
            return answer or self.refuse(404)
        listed = next((name for name in self.wrapped if isinstance(answer.get(name), list)), "")
        if not listed:
            return say(answer)
        at, items = int(query.get("pageToken", "0")), answer[listed]
        more = {"nextPageToken": str(at + self.page)} if len(items) > at + self.page else {}
        part = items[at : at + self.page]
        rest = {name: value for name, value in answer.items() if name != listed}
        return say({**rest, **({listed: part} if part else {}), **more})

    def refuse(self, status: int, message: str = "", **headers: str) -> Reply:
        names = {
            401: "UNAUTHENTICATED",
            403: "PERMISSION_DENIED",
            404: "NOT_FOUND",
            429: "RESOURCE_EXHAUSTED",
            500: "INTERNAL",
        }
        return say(
            {"error": {"code": status, "message": message or "on purpose", "status": names[status]}}, status, headers
        )


def key_file(key: rsa.RSAPrivateKey, url: str) -> str:
    """A service account's key as Google gives it, whose tokens come from here."""
    return json.dumps(
        {
            "type": "service_account",
            "client_email": ACCOUNT,
            "private_key_id": "k1",
            "private_key": pem(key),
            "token_uri": f"{url}/token",
        }
    )
