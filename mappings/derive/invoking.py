"""Who may invoke a Lambda function, by the policies on it, its aliases and its versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.policy import ANYONE, OWN_ORGANIZATION, audience, listed, statements

__all__ = ["public_invokers"]

_SOURCES = ("aws:sourceaccount", "aws:sourcearn", "aws:sourceowner", "aws:sourceorgid", "aws:sourceorgpaths")


@derived
def public_invokers(policies: JSON, account: JSON, accounts: JSON) -> JSON:
    """Whom no account binds: `*`, or a service that acts for any account, as `QUALIFIER: who`, sorted.

    `policies`: [{Qualifier, Policy}]. A service's principal must be bound to `account`, to `accounts` or to an
    organization by the source's account, ARN or organization; the ARN of a bucket names no account, so it does not
    bind (who deletes a bucket leaves its name to others). A skill of Alexa is bound by its id (EventSourceToken).
    lambda:FunctionUrlAuthType says how a caller signs, not who it is.
    Source: Lambda guide, resource-based policies; IAM guide, the confused deputy problem.
    """
    found = set()
    for row in policies:
        for statement in statements(row["Policy"], "Allow"):
            name = row["Qualifier"] or "function"
            for who in audience(statement, account):
                service = who.startswith("service:")
                if who == ANYONE or (service and not _bound(statement, account, {account, *accounts})):
                    found.add(f"{name}: {who.removeprefix('service:')}")
    return sorted(found)


def _bound(statement: Mapping[str, Any], account: str, trusted: set[str]) -> bool:
    """Whether the source that a service acts for is of trusted accounts, or of an organization."""
    by_source = audience({**statement, "Principal": ANYONE}, account, _SOURCES)
    if by_source and all(who in trusted or who == OWN_ORGANIZATION or who.startswith("o-") for who in by_source):
        return True
    equals = (statement.get("Condition") or {}).get("StringEquals") or {}
    return any(key.lower() == "lambda:eventsourcetoken" and all(listed(value)) for key, value in equals.items())
