"""Who may both administer a KMS key and use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.effective import Rights
from annexlog.mappings.derive.policy import ANYONE, acts_on, audience, listed, matches, statements

__all__ = ["administer_and_use"]

_ADMINISTER = ("kms:ScheduleKeyDeletion", "kms:PutKeyPolicy", "kms:CreateGrant")
_USE = ("kms:Decrypt", "kms:ReEncryptFrom")

Statement = Mapping[str, Any]


@derived
def administer_and_use(
    key: str, account: str, policies: JSON, principals: JSON, documents: JSON
) -> list[str] | Unknown:
    """The ARNs of those who may both administer a key (schedule its deletion, write its policy, make grants for others)
    and use it (decrypt, re-encrypt from it), sorted.

    `policies`: [{PolicyName, Policy}] of the key; `principals`: [{id, principal}] of its account; `documents`: [{id,
    policy: {Document}}], all that they hold or are bound by. The rights that a key policy gives by name and those that
    it leaves to IAM (principal: the account) count together, within boundaries, less what either denies without a
    condition. Principals of other accounts, and the account itself where it is another, count by what is given to them
    by name. Grants are left aside: nobody gets more by one than its maker had.
    Unknown(unresolved) if a principal holds a policy that is not there. Source: KMS developer guide, key policies.
    """
    rules = [s for row in policies for s in statements(row["Policy"], "Allow")]
    denied = [s for row in policies for s in statements(row["Policy"], "Deny") if not s.get("Condition")]
    known = {row["id"]: row["policy"]["Document"] for row in documents}
    found = set()
    for row in principals:
        arn, own = row["id"], row["principal"]
        needed = [*own["Policies"], *([own["Boundary"]] if own.get("Boundary") else [])]
        missing = sorted(set(needed) - set(known))
        if missing:
            return Unknown("unresolved", operation="get_account_authorization_details", code=missing[0])
        rights = Rights([known[id] for id in own["Policies"]], known.get(own.get("Boundary")))
        mine = [action for action in (*_ADMINISTER, *_USE) if _may(action, arn, key, account, rules, denied, rights)]
        if _both(mine):
            found.add(arn)
    ours = {row["id"] for row in principals}
    partition = key.split(":")[1]
    for arn in {value for s in rules for value in _named(s)} - ours - {"*"}:
        if arn not in (account, f"arn:{partition}:iam::{account}:root"):
            given = [a for a in (*_ADMINISTER, *_USE) if any(arn in _named(s) and _gives(s, a) for s in rules)]
            if _both(given):
                found.add(arn)
    return sorted(found)


def _both(actions: Sequence[str]) -> bool:
    return any(action in _ADMINISTER for action in actions) and any(action in _USE for action in actions)


def _may(
    action: str, arn: str, key: str, account: str, rules: list[Statement], denied: list[Statement], rights: Rights
) -> bool:
    if any(acts_on(s, action) and (arn in _named(s) or "*" in _named(s)) for s in denied if "NotPrincipal" not in s):
        return False
    if any(arn in _named(s) and _gives(s, action) for s in rules):
        return True
    if not any(_leaves_to_iam(s, account) and _gives(s, action) for s in rules):
        return False  # the key's policy does not leave it to IAM
    return any(matches(pattern, key) for pattern in rights.on(action, lambda s: _gives(s, action)))


def _leaves_to_iam(statement: Statement, account: str) -> bool:
    """Whether a statement is for the account, or for everybody in it, rather than for some that it names."""
    named = _named(statement)
    if account in named or any(one.endswith(f":iam::{account}:root") for one in named):
        return True
    return ("*" in named or "NotPrincipal" in statement) and bool({account, ANYONE} & audience(statement, account))


def _named(statement: Statement) -> list[str]:
    principal = statement.get("Principal", {})
    return listed(principal if isinstance(principal, str) else principal.get("AWS"))


def _gives(statement: Statement, action: str) -> bool:
    if not acts_on(statement, action):
        return False
    if action != "kms:CreateGrant":
        return True
    # For AWS services that work on behalf of the caller: a use of the key.
    bools = {
        name.lower(): [str(v).lower() for v in listed(values)]
        for operator, pairs in (statement.get("Condition") or {}).items()
        if operator.lower() == "bool"
        for name, values in pairs.items()
    }
    return bools.get("kms:grantisforawsresource") != ["true"]
