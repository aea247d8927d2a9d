"""Who may both administer a KMS key and use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    says = {action: _Says.of(action, account, rules, denied) for action in (*_ADMINISTER, *_USE)}
    found = set()
    for row in principals:
        arn, own = row["id"], row["principal"]
        needed = [*own["Policies"], *([own["Boundary"]] if own.get("Boundary") else [])]
        missing = sorted(set(needed) - set(known))
        if missing:
            return Unknown("unresolved", operation="get_account_authorization_details", code=missing[0])
        rights = Rights([known[id] for id in own["Policies"]], known.get(own.get("Boundary")))
        mine = [action for action, said in says.items() if said.lets(arn, key, rights)]
        if _both(mine):
            found.add(arn)
    ours = {row["id"] for row in principals}
    partition = key.split(":")[1]
    for arn in {value for s in rules for value in _named(s)} - ours - {"*"}:
        if arn not in (account, f"arn:{partition}:iam::{account}:root"):
            given = [action for action, said in says.items() if arn in said.given]
            if _both(given):
                found.add(arn)
    return sorted(found)


def _both(actions: Sequence[str]) -> bool:
    return any(action in _ADMINISTER for action in actions) and any(action in _USE for action in actions)


@dataclass(frozen=True, slots=True)
class _Says:
    """What a key's policy says of an action: to whom it is `given` or `denied` by name, and whether IAM decides too."""

    action: str
    given: frozenset[str]
    denied: frozenset[str]
    left_to_iam: bool

    @classmethod
    def of(cls, action: str, account: str, rules: list[Statement], denied: list[Statement]) -> _Says:
        giving = [s for s in rules if _gives(s, action)]
        denying = [s for s in denied if "NotPrincipal" not in s and acts_on(s, action)]
        return cls(
            action,
            frozenset(name for s in giving for name in _named(s)),
            frozenset(name for s in denying for name in _named(s)),
            any(_leaves_to_iam(s, account) for s in giving),
        )

    def lets(self, arn: str, key: str, rights: Rights) -> bool:
        """Whether somebody of the account may do it."""
        if arn in self.denied or "*" in self.denied:
            return False
        if arn in self.given:
            return True
        if not self.left_to_iam:
            return False
        return any(matches(pattern, key) for pattern in rights.on(self.action, lambda s: _gives(s, self.action)))


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
