"""What a web ACL of AWS WAF stops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived

__all__ = ["blocking_rules"]


@derived
def blocking_rules(protection: JSON) -> list[str]:
    """The names of a web ACL's rules that block, sorted; `default action` where all is blocked that no rule allows.

    `protection`: {WebACL: … or null, Groups: [{Key, Rules: [{Name, Action}]}]}, null: none. A group blocks if one of
    its rules does, after the web ACL's overrides: of the group (Count), of single rules, and of those excluded.
    Raises KeyError for a group that is not there.
    Source: WAF developer guide, Overriding rule group actions.
    """
    acl = (protection or {}).get("WebACL")
    if acl is None:
        return []
    groups = {group["Key"]: group["Rules"] for group in protection["Groups"]}
    found = {"default action"} if "Block" in acl["DefaultAction"] else set()
    found |= {rule["Name"] for rule in _rules(acl) if _blocks(rule, groups)}
    return sorted(found)


def _rules(acl: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for member in ("PreProcessFirewallManagerRuleGroups", "Rules", "PostProcessFirewallManagerRuleGroups"):
        yield from acl.get(member, ())


def _blocks(rule: Mapping[str, Any], groups: Mapping[str, list[Any]]) -> bool:
    statement = rule.get("Statement") or rule["FirewallManagerStatement"]
    managed, reference = statement.get("ManagedRuleGroupStatement"), statement.get("RuleGroupReferenceStatement")
    if managed is None and reference is None:
        return "Block" in rule.get("Action", {})
    if "Count" in rule.get("OverrideAction", {}):
        return False
    if managed is not None:
        used, key = managed, f"{managed['VendorName']}/{managed['Name']}/{managed.get('Version', '')}"
    else:
        used, key = reference, reference["ARN"]
    actions = {one["Name"]: one.get("Action", {}) for one in groups[key]}
    actions |= {one["Name"]: {"Count": {}} for one in used.get("ExcludedRules", ())}
    actions |= {one["Name"]: one["ActionToUse"] for one in used.get("RuleActionOverrides", ())}
    return any("Block" in action for action in actions.values())
