"""Which rules of a web ACL stop anything."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.mappings.derive.waf import blocking_rules

CORE = {"VendorName": "AWS", "Name": "Core"}
CORE_RULES = {
    "Key": "AWS/Core/",
    "Rules": [{"Name": "a", "Action": {"Block": {}}}, {"Name": "b", "Action": {"Count": {}}}],
}


def acl(*rules: Any, default: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"WebACL": {"DefaultAction": {default: {}}, "Rules": list(rules), **more}, "Groups": [CORE_RULES]}


def group(override: str = "None", **more: Any) -> dict[str, Any]:
    return {
        "Name": "core",
        "Statement": {"ManagedRuleGroupStatement": {**CORE, **more}},
        "OverrideAction": {override: {}},
    }


@pytest.mark.parametrize(
    ("protection", "blocking"),
    [
        (None, []),
        ({"WebACL": None, "Groups": []}, []),
        (acl(), []),
        (acl(default="Block"), ["default action"]),
        (acl({"Name": "geo", "Statement": {"GeoMatchStatement": {}}, "Action": {"Block": {}}}), ["geo"]),
        (acl({"Name": "geo", "Statement": {"GeoMatchStatement": {}}, "Action": {"Count": {}}}), []),
        (acl(group()), ["core"]),
        (acl(group("Count")), []),
        (acl(group(RuleActionOverrides=[{"Name": "a", "ActionToUse": {"Count": {}}}])), []),
        (acl(group(ExcludedRules=[{"Name": "a"}])), []),
        (acl(group(RuleActionOverrides=[{"Name": "b", "ActionToUse": {"Block": {}}}])), ["core"]),
    ],
)
def test_a_rule_blocks_if_nothing_turns_it_to_counting(protection: Any, blocking: list[str]) -> None:
    assert blocking_rules(protection) == blocking


def test_groups_of_firewall_manager_count_as_well() -> None:
    managed = {
        "Name": "org",
        "FirewallManagerStatement": {"ManagedRuleGroupStatement": CORE},
        "OverrideAction": {"None": {}},
    }

    assert blocking_rules(acl(PostProcessFirewallManagerRuleGroups=[managed])) == ["org"]


def test_a_group_whose_rules_are_not_known_is_no_answer() -> None:
    with pytest.raises(KeyError):
        blocking_rules({**acl(group()), "Groups": []})
