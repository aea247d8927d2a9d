"""Who in Google Cloud both administers something and uses it: keys, service accounts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.gcpiam import ACTING, AGENT, BASIC, CUSTOM, PUBLIC, agents, grants, permissions, unseen

__all__ = ["account_duties", "key_duties"]

_OVER_POLICIES = frozenset({
    *BASIC,
    "roles/iam.securityAdmin",
    "roles/resourcemanager.folderAdmin",
    "roles/resourcemanager.folderIamAdmin",
    "roles/resourcemanager.organizationAdmin",
    "roles/resourcemanager.projectIamAdmin",
})  # fmt: skip
"""Roles that decide who may do what; basic ones that write change the resource itself."""

_POLICIES = r"resourcemanager\.(organizations|folders|projects)\.setIamPolicy"
_KEY_ADMIN = re.compile(
    rf"{_POLICIES}|cloudkms\.(cryptoKeys|keyRings)\.(setIamPolicy|update|delete)|cloudkms\.cryptoKeyVersions\.(destroy|update)"
)
_KEY_USE = re.compile(r"cloudkms\.cryptoKeyVersions\.(useTo\w+|manageRawAesC\w+|manageRawPKCS1\w*)")
_KEY_ROLES = re.compile(
    r"roles/cloudkms\.(cryptoKey(Encrypter|Decrypter)\w*|cryptoOperator|signer\w*|decapsulator|expertRaw\w+)"
    r"|roles/iam\.(dataScientist|devOps)|roles/dlp\.serviceAgent"
)
_ACCOUNT_ADMIN = re.compile(
    rf"{_POLICIES}|iam\.serviceAccounts\.(setIamPolicy|create|update|delete)|iam\.serviceAccountKeys\.(create|upload)"
)
_ACCOUNT_USE = re.compile(
    r"iam\.serviceAccounts\.(actAs|getAccessToken|getOpenIdToken|implicitDelegation|signBlob|signJwt)"
)
_ACCOUNT_ADMINS = frozenset({
    *_OVER_POLICIES,
    "roles/earthengine.appsPublisher",
    "roles/iam.devOps",
    "roles/iam.serviceAccountAdmin",
    "roles/iam.serviceAccountCreator",
    "roles/iam.serviceAccountDeleter",
    "roles/iam.serviceAccountKeyAdmin",
})  # fmt: skip


@derived
def key_duties(key: JSON, policies: JSON, above: JSON, roles: JSON, apart: JSON) -> JSON | Unknown:
    """Who may both administer a key (change or destroy it, or say who uses it) and use it (encrypt, decrypt, sign).

    `policies`: joined, of the key, its ring and project; `above`: joined ancestors; all of them together. `roles`:
    custom ones. `apart`: groups of which it was checked that nobody in them has the other duty. Basic roles that write
    are both: whoever may act as the accounts of a project uses what they use.
    Unknown(unresolved) where a group has one duty and others the other: who is in it is not seen; or where a custom
    role, or something above, could not be seen. Source: Cloud KMS, roles and permissions; separation of duties.
    """

    def duties(role: str) -> tuple[bool, bool]:
        uses = role in BASIC or bool(_KEY_ROLES.fullmatch(role))
        return role in _OVER_POLICIES or role == "roles/cloudkms.admin", uses

    return _both(key, policies, above, roles, apart, duties, (_KEY_ADMIN, _KEY_USE))


@derived
def account_duties(account: JSON, policies: JSON, above: JSON, roles: JSON, apart: JSON) -> JSON | Unknown:
    """Who may both administer a service account (or make keys of it, or say who uses it) and act as it.

    As key_duties; a role of Google's own agents, with somebody else, acts as it.
    Source: IAM, roles for service accounts; permissions of basic roles (an editor makes keys of accounts).
    """

    def duties(role: str) -> tuple[bool, bool]:
        return role in _ACCOUNT_ADMINS, role in BASIC | ACTING or bool(AGENT.fullmatch(role))

    return _both(account, policies, above, roles, apart, duties, (_ACCOUNT_ADMIN, _ACCOUNT_USE))


def _both(
    row: Mapping[str, Any],
    policies: JSON,
    above: JSON,
    roles: JSON,
    apart: JSON,
    duties: Any,
    patterns: tuple[re.Pattern[str], re.Pattern[str]],
) -> JSON | Unknown:
    custom, open_ = permissions(roles), unseen(row, above)
    sides: tuple[set[str], set[str]] = (set(), set())
    for held in (*(one["iam_policy"] for one in policies), *(one["ancestor"] for one in above)):
        spared = agents(held)
        for role, who in grants(held["policy"]):
            if who in spared:
                continue
            if CUSTOM.match(role):
                open_ = open_ or role not in custom
                has = tuple(any(one.fullmatch(p) for p in custom.get(role, ())) for one in patterns)
            else:
                has = duties(role)
            known = who.lower() if _person(who) else who  # addresses are the same however they are written
            for side, holds in zip(sides, has, strict=True):
                side.update([known] if holds else ())
    found = _meeting(*sides) | _meeting(*reversed(sides))
    if found:
        return sorted(found)
    return Unknown("unresolved", operation="groups") if open_ or _undecided(*sides, set(apart)) else []


def _meeting(one: set[str], other: set[str]) -> set[str]:
    """Those of the one side who are on the other as well, by name, by their domain, or because everybody is."""
    domains = {who.removeprefix("domain:").lower() for who in other if who.startswith("domain:")}
    if PUBLIC & other:
        return set(one)
    return {who for who in one if who in other or (_person(who) and who.rpartition("@")[2] in domains)}


def _person(who: str) -> bool:
    return who.startswith(("user:", "group:"))


def _undecided(one: set[str], other: set[str], apart: Iterable[str]) -> bool:
    """Whether some group has one duty, and somebody who may be in it the other."""
    crowds = {who for who in one | other if not who.startswith(("user:", "serviceAccount:", "principal:"))}
    crowds -= {str(group).lower() for group in apart} | set(apart)
    return bool((crowds & one and other) or (crowds & other and one))
