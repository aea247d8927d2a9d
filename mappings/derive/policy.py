"""What IAM policies mean: who may, what is allowed, and which conditions really bind.

Where AWS would need more than the policy to decide (the policies of others, Deny statements that take back), the
answer is the wider one: more open, more powerful. No answer depends on the order of statements, lists or keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_network
from string import ascii_lowercase
from typing import Any

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.network import covers_internet

__all__ = [
    "ANYONE",
    "acts_on",
    "audience",
    "covers",
    "external_trusts",
    "grants_everything",
    "grants_iam_control",
    "listed",
    "matches",
    "open_to_all",
    "statements",
]

Statement = Mapping[str, Any]

ANYONE = "*"

# ── the grammar: one or many, wildcards, case ─────────────────────────────────────────────


def listed(value: JSON) -> list[Any]:
    """The list, where IAM may write a list of one without its brackets, or leave it out."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def statements(policy: JSON, effect: str) -> list[Statement]:
    """The policy's statements of one effect (null: there is no policy). Raises ValueError on what is no policy."""
    if policy is None:
        return []
    if not isinstance(policy, Mapping) or "Statement" not in policy:
        raise ValueError("not a policy document")
    return [statement for statement in listed(policy["Statement"]) if statement["Effect"] == effect]


def matches(pattern: str, text: str) -> bool:
    """Whether an IAM pattern (`*` any text, `?` any one character; case aside) matches a text."""
    return _pattern(pattern.lower()).fullmatch(text.lower()) is not None


@lru_cache(maxsize=4096)
def _pattern(pattern: str) -> re.Pattern[str]:
    parts = ({"*": ".*", "?": "."}.get(char) or re.escape(char) for char in re.sub(r"\*+", "*", pattern))
    return re.compile("".join(parts), re.DOTALL)


def acts_on(statement: Statement, action: str) -> bool:
    """Whether a statement is about an action (`iam:PutUserPolicy`), by its Action or its NotAction."""
    if "NotAction" in statement:
        return not any(matches(pattern, action) for pattern in listed(statement["NotAction"]))
    return any(matches(pattern, action) for pattern in listed(statement.get("Action")))


def covers(statement: Statement, resources: Sequence[str]) -> bool:
    """Whether a statement is about every one of these resources, by its Resource or its NotResource."""
    if "NotResource" in statement:
        spared = listed(statement["NotResource"])
        return not any(matches(pattern, resource) for pattern in spared for resource in resources)
    patterns = listed(statement.get("Resource"))
    return all(any(matches(pattern, resource) for pattern in patterns) for resource in resources)


# ── power: what a permissions policy lets its holder do ───────────────────────────────────

# Actions of services that do not exist: only a grant that leaves no service out allows them all. So `*`, `*:*`,
# NotAction, and one pattern for each letter are all seen, and a list of real services is not taken for it.
_ANY_SERVICE = tuple(f"{letter}0annexlog:Probe" for letter in ascii_lowercase)
_ANY_RESOURCE = ("s3:::annexlog-probe", "z0annexlog:xx-none-1:000000000000:probe/annexlog-probe")

# Whoever may do all of these, on any user, role, group and policy, can give himself the rest.
_IAM_CONTROL = (
    "iam:AddUserToGroup", "iam:AttachGroupPolicy", "iam:AttachRolePolicy", "iam:AttachUserPolicy",
    "iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:CreatePolicyVersion", "iam:CreateRole", "iam:CreateUser",
    "iam:PutGroupPolicy", "iam:PutRolePolicy", "iam:PutUserPolicy", "iam:SetDefaultPolicyVersion",
    "iam:UpdateAssumeRolePolicy",
)  # fmt: skip
_IAM_RESOURCES = ("group/annexlog", "policy/annexlog", "role/annexlog", "user/annexlog")


def _everywhere(statement: Statement, resources: Sequence[str]) -> bool:
    """Whether a statement is about all resources, in whichever partition (and account) its patterns name."""
    patterns = [*listed(statement.get("Resource")), *listed(statement.get("NotResource"))]
    partitions = {"aws"} | {p.split(":")[1] for p in patterns if p.startswith("arn:") and "*" not in p.split(":")[1]}
    return any(covers(statement, [f"arn:{partition}:{tail}" for tail in resources]) for partition in sorted(partitions))


@derived
def grants_everything(document: JSON) -> bool:
    """Whether a permissions policy allows every action, or every action but some, on every resource.

    Statements count together. Conditions and Deny statements are left aside: with MFA, an administrator is still
    one. `Allow` with NotAction counts; with NotResource too, unless that spares everything.
    Source: IAM user guide, policy elements.
    """
    wide = [s for s in statements(document, "Allow") if _everywhere(s, _ANY_RESOURCE)]
    return all(any(acts_on(statement, action) for statement in wide) for action in _ANY_SERVICE)


@derived
def grants_iam_control(document: JSON) -> bool:
    """Whether a permissions policy lets its holder become an administrator through IAM itself.

    True for `*` and `iam:*` on everything, for a list that comes to the same, and for NotAction that spares IAM not
    at all. Resource patterns may name the account: an account is all that a principal of it can change.
    """
    wide = []
    for statement in statements(document, "Allow"):
        patterns = [*listed(statement.get("Resource")), *listed(statement.get("NotResource"))]
        accounts = {"000000000000"} | {found for p in patterns for found in re.findall(r":iam::(\d{12}):", p)}
        if any(_everywhere(statement, [f"iam::{account}:{tail}" for tail in _IAM_RESOURCES]) for account in accounts):
            wide.append(statement)
    return all(any(acts_on(statement, action) for statement in wide) for action in _IAM_CONTROL)


# ── audience: whom a resource policy or a trust policy lets in ────────────────────────────

OWN_ORGANIZATION = "own organization"
_UNIQUE_ID = re.compile(r"((?:AROA|AIDA)[A-Z0-9]{12,}(?::.*)?)")

# Condition keys that say who calls or from where, and what form their values must have to bind. Others (Referer,
# UserAgent, SecureTransport, ViaService, PrincipalTag, VpcSourceIp …) anyone can satisfy from an account of his own.
_KEYS = {
    "aws:principalaccount": "account", "kms:calleraccount": "account", "aws:sourceaccount": "account",
    "aws:sourceowner": "account", "aws:vpceaccount": "account", "s3:dataaccesspointaccount": "account",
    "aws:principalorgid": "organization", "aws:sourceorgid": "organization", "aws:vpceorgid": "organization",
    "aws:principalorgpaths": "path", "aws:sourceorgpaths": "path", "aws:vpceorgpaths": "path",
    "aws:principalarn": "arn", "aws:sourcearn": "arn", "aws:sourcevpcarn": "arn", "s3:dataaccesspointarn": "arn",
    "aws:sourcevpc": "vpc", "aws:sourcevpce": "vpc", "aws:sourceip": "address", "aws:userid": "unique",
}  # fmt: skip
_CALLER = ("aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths")
"""Those of them that say who the caller is, the strictest first."""


def audience(statement: Statement, account: str, keys: Sequence[str] = tuple(_KEYS)) -> frozenset[str]:
    """Whom a statement of a resource policy is for: account numbers, organization ids, `service:…`, `federated:…`.

    ANYONE stands for everybody, where no condition on one of `keys` binds the caller. `account` is the resource's
    own: what `${aws:ResourceAccount}` stands for. Other bounds (a VPC, an address range) are given as they stand.
    """
    named = frozenset(_principals(statement))
    if ANYONE not in named:
        return named
    bounds = dict(_bounds(statement.get("Condition") or {}, account))
    return next((bounds[key] | (named - {ANYONE}) for key in keys if key in bounds), named)


def _principals(statement: Statement) -> Iterator[str]:
    if "NotPrincipal" in statement:  # all but those named
        yield ANYONE
        return
    principal = statement.get("Principal", {})
    if isinstance(principal, str):
        principal = {"AWS": principal}
    for kind, values in principal.items():
        for value in listed(values):
            yield _principal(kind, value)


def _principal(kind: str, value: str) -> str:
    if value == ANYONE:
        return ANYONE
    if kind != "AWS":
        return f"{kind.lower()}:{value}"
    owner = value.split(":")[4] if value.startswith("arn:") and value.count(":") >= 5 else value
    return ANYONE if _wild(owner) else owner


def _wild(text: str) -> bool:
    return "*" in text or "?" in text or "${" in text


def _bounds(condition: Mapping[str, Any], account: str) -> Iterator[tuple[str, frozenset[str]]]:
    """(key, whom it leaves) of each condition that binds by itself: all its values must."""
    for operator, pairs in condition.items():
        # True without the key (…IfExists, ForAllValues), or for all but some (…Not…): these bind nobody. Null and
        # Bool say that there is a key, not what it says.
        name = operator.lower().removeprefix("foranyvalue:")
        if name not in ("stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress"):
            continue
        for key, values in pairs.items():
            kind = _KEYS.get(key.lower())
            texts = [str(value) for value in listed(values)]
            if kind == "address":
                who = [f"ip:{text}" for text in texts] if name == "ipaddress" and _narrow(texts) else []
            else:
                who = [_whom(kind, name, text.replace("${aws:ResourceAccount}", account)) for text in texts]
            if who and all(who):
                yield key.lower(), frozenset(who)


def _narrow(ranges: Sequence[str]) -> bool:
    """Whether address ranges are few enough to mean someone: as Amazon S3 draws the line, /8 and /32."""
    networks = [ip_network(text, strict=False) for text in ranges]
    return all(n.prefixlen >= (8 if n.version == 4 else 32) for n in networks) and not covers_internet(ranges)


_FORMS = {
    "account": re.compile(r"(\d{12})"),
    "organization": re.compile(r"(o-[a-z0-9]{10,32})"),
    "path": re.compile(r"(o-[a-z0-9]{10,32})/.*", re.DOTALL),
    "vpc": re.compile(r"(vpce?-[0-9a-f]{8,17})"),
    "unique": _UNIQUE_ID,
}


def _whom(kind: str | None, operator: str, value: str) -> str:
    """Whom a condition's value leaves; "" if it leaves anyone."""
    if kind == "arn":
        return _owner(operator, value)
    if kind == "organization" and value == "${aws:ResourceOrgID}":
        return OWN_ORGANIZATION
    form = _FORMS[kind].fullmatch(value) if kind else None
    return form[1] if form else ""


def _owner(operator: str, arn: str) -> str:
    """The account that an ARN pattern can only mean, the bucket of an ARN without one; "" if it may mean any."""
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return ""
    # ArnLike compares part by part. To StringLike a colon is a character as any other: an earlier * may run over it.
    ahead = "" if operator.startswith("arn") else "".join(parts[:4])
    if _FORMS["account"].fullmatch(parts[4]) and not _wild(ahead):
        return parts[4]
    return arn if not _wild(arn) and parts[4] == "" else ""


@derived
def open_to_all(policy: JSON, account: str) -> bool:
    """Whether a resource policy allows anything to everybody, whatever their account.

    A principal `*` (alone, in a list, as NotPrincipal, or in an ARN's account) counts, unless a condition binds the
    caller to accounts, organizations, VPCs or endpoints, source ARNs, addresses or unique ids that are spelt out.
    Conditions that anyone can satisfy do not bind: …IfExists, …Not…, ForAllValues, wildcards, Null, Bool, referer.
    Deny statements are left aside. `account` is the resource's own. No policy (null) opens nothing.
    Source: IAM user guide, Principal and global condition keys; Amazon S3 user guide, the meaning of "public".
    """
    return any(ANYONE in audience(statement, account) for statement in statements(policy, "Allow"))


@derived
def external_trusts(policy: JSON, account: str) -> list[dict[str, JSON]]:
    """Who outside the account may take on a role by sts:AssumeRole: [{who, external_id}], sorted.

    `who`: an account number, an organization id, or `*`. `external_id`: whether the statement demands one of
    external ids that are spelt out (StringEquals, no wildcard, not empty). One line for each statement's party, so
    that a second statement without the condition shows. AWS services, identity providers, and the unique ids that
    stand for deleted principals are not parties.
    Source: IAM user guide, access to accounts owned by third parties.
    """
    found = set()
    for statement in statements(policy, "Allow"):
        if not acts_on(statement, "sts:AssumeRole"):
            continue
        guarded = _demands_external_id(statement.get("Condition") or {})
        found |= {(who, guarded) for who in audience(statement, account, _CALLER)}
    own = {account, OWN_ORGANIZATION}
    parties = ((who, guarded) for who, guarded in found if who not in own and ":" not in who)
    return [{"who": who, "external_id": by} for who, by in sorted(parties) if not _UNIQUE_ID.fullmatch(who)]


def _demands_external_id(condition: Mapping[str, Any]) -> bool:
    for operator, pairs in condition.items():
        if operator.lower() != "stringequals":
            continue
        for key, values in pairs.items():
            texts = [str(value) for value in listed(values)]
            if key.lower() == "sts:externalid" and texts and all(t.strip() and not _wild(t) for t in texts):
                return True
    return False
