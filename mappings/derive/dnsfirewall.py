"""What Route 53 Resolver DNS Firewall stops for a network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["blocks_threats"]

_THREAT_TYPES = ("DnsThreatProtection", "FirewallAdvancedThreatCategory", "PartnerThreatProtection")


@derived
def blocks_threats(associations: JSON, profiles: JSON, resources: JSON, lists: JSON) -> bool | Unknown:
    """Whether a network's DNS queries for names that are known as threats are blocked.

    `associations`: [{association, rules}], the network's own; `profiles`: [{profile_association}], likewise;
    `resources`: [{resource, rules}], of all profiles; `lists`: [{id, domain_list, domains}]. Rules are taken in the
    order in which they are evaluated: groups by priority, then their rules; one that allows every name ends it.
    Unknown(unresolved) if it would rest on a list that is not there.
    Source: Route 53 API, FirewallRule, FirewallDomainListMetadata; developer guide, DNS Firewall rule evaluation.
    """
    known = {row["id"]: row for row in lists}
    missing = ""
    for _, rules in sorted(_groups(associations, profiles, resources), key=lambda group: group[0]):
        for rule in sorted(rules, key=lambda rule: rule["Priority"]):
            if rule.get("Status", "COMPLETE") != "COMPLETE" or rule.get("Qtype"):
                continue
            of = rule.get("FirewallDomainListId")
            if of and of not in known:
                missing = of
            elif rule["Action"] == "BLOCK" and _is_threat(rule, known.get(of)):
                return Unknown("unresolved", operation="list_firewall_domain_lists", code=missing) if missing else True
            elif rule["Action"] == "ALLOW" and of and (known[of]["domains"] or {}).get("All"):
                return False
    return Unknown("unresolved", operation="list_firewall_domain_lists", code=missing) if missing else False


def _groups(associations: JSON, profiles: JSON, resources: JSON) -> Iterator[tuple[int, list[Any]]]:
    for row in associations:
        if row["association"]["Status"] == "COMPLETE":
            yield row["association"]["Priority"], row["rules"]
    used = {row["profile_association"]["ProfileId"] for row in profiles if _complete(row["profile_association"])}
    for row in resources:
        if row["resource"]["ProfileId"] in used and _complete(row["resource"]):
            yield orjson.loads(row["resource"].get("ResourceProperties") or "{}").get("priority", 0), row["rules"]


def _complete(row: Mapping[str, Any]) -> bool:
    return bool(row["Status"] == "COMPLETE")


def _is_threat(rule: Mapping[str, Any], of: Mapping[str, Any] | None) -> bool:
    if rule.get("DnsThreatProtection") or any(kind in rule.get("FirewallRuleType", {}) for kind in _THREAT_TYPES):
        return True
    if of is None:
        return False
    found = of["domain_list"]
    # Lists made before AWS told threats from content are all of threats, and named so.
    older = found.get("ManagedOwnerName") and found["Name"].startswith("AWSManagedDomains")
    return bool(found.get("ManagedListType") == "THREAT" or ("ManagedListType" not in found and older))
