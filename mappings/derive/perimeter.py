"""Whether resource policies keep callers, and endpoints data too, inside trusted accounts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.policy import OWN_ORGANIZATION, audience, listed, statements

__all__ = ["parties_beyond", "perimeter_gaps"]

_CALLER = ("aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths")
_RESOURCE = ("aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths")
# The resource is of whoever calls: as good as the bound on the caller.
_LIKE_CALLER = ("${aws:PrincipalAccount}", "${aws:PrincipalOrgID}")


@derived
def parties_beyond(policy: JSON, account: JSON, accounts: JSON, organizations: JSON) -> JSON:
    """Whom a resource policy lets in beyond the trusted, sorted: account numbers, organization ids, `*`, `service:…`.

    Trusted: `account`, `accounts`, and the `organizations` (o-…). No policy (null) lets nobody in.
    """
    trusted = {account, *accounts, *organizations, OWN_ORGANIZATION}
    who = (audience(statement, account) for statement in statements(policy, "Allow"))
    return sorted(frozenset[str]().union(*who) - trusted)


@derived
def perimeter_gaps(document: JSON, account: JSON, accounts: JSON, organizations: JSON, buckets: JSON) -> JSON:
    """What an endpoint's policy (a JSON text) leaves open: `callers` or `resources` of a statement, by its number.

    A statement that allows is closed on both sides. Callers: principals of trusted accounts are named, or a condition
    binds aws:PrincipalAccount, PrincipalArn, PrincipalOrgID or PrincipalOrgPaths to them. Resources: a condition binds
    aws:ResourceAccount, ResourceOrgID or ResourceOrgPaths, or every Resource is an ARN of a trusted account, or of a
    bucket in `buckets`. Conditions that also hold without their key (…IfExists, ForAllValues) bind nothing; Deny
    statements are left aside. Trusted: `account`, `accounts`, and the `organizations` (o-…).
    Source: IAM user guide, global condition keys; VPC guide, endpoint policies.
    """
    if not document:
        return ["no policy"]
    trusted = {account, *accounts, *organizations, OWN_ORGANIZATION}
    found: list[JSON] = []
    for number, statement in enumerate(statements(json.loads(document), "Allow"), 1):
        callers = audience(statement, account, _CALLER)
        inside = bool(callers) and callers <= trusted
        found += [] if inside else [f"{number}: callers"]
        if not (_bound(statement, trusted, inside) or _named(statement, trusted, buckets)):
            found.append(f"{number}: resources")
    return found


def _bound(statement: Mapping[str, Any], trusted: set[str], inside: bool) -> bool:
    return any(values and all(_is_trusted(value, trusted, inside) for value in values) for values in _bounds(statement))


def _bounds(statement: Mapping[str, Any]) -> Iterator[list[str]]:
    for operator, pairs in (statement.get("Condition") or {}).items():
        name = operator.lower().removeprefix("foranyvalue:")
        if name in ("stringequals", "stringequalsignorecase", "stringlike"):
            yield from (list(map(str, listed(values))) for key, values in pairs.items() if key.lower() in _RESOURCE)


def _is_trusted(value: str, trusted: set[str], inside: bool) -> bool:
    return value.partition("/")[0] in trusted or (inside and value in _LIKE_CALLER)


def _named(statement: Mapping[str, Any], trusted: set[str], buckets: Sequence[str]) -> bool:
    resources = listed(statement.get("Resource"))
    return (
        bool(resources) and "NotResource" not in statement and all(_is_own(arn, trusted, buckets) for arn in resources)
    )


def _is_own(arn: str, trusted: set[str], buckets: Sequence[str]) -> bool:
    fields = arn.split(":", 5)
    if len(fields) < 6:
        return False
    return fields[4] in trusted or (fields[2] == "s3" and fields[4] == "" and fields[5].partition("/")[0] in buckets)
