"""Whether DNS queries for known threats are blocked."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.evidence_store.model import Unknown
from annexlog.mappings.derive.dnsfirewall import blocks_threats

LISTS = [
    {"id": "threats", "domain_list": {"Name": "x", "ManagedListType": "THREAT"}, "domains": None},
    {
        "id": "older",
        "domain_list": {"Name": "AWSManagedDomainsMalwareDomainList", "ManagedOwnerName": "Route 53"},
        "domains": None,
    },
    {
        "id": "content",
        "domain_list": {"Name": "AWSManagedDomainsGames", "ManagedOwnerName": "R", "ManagedListType": "CONTENT"},
        "domains": None,
    },
    {"id": "own", "domain_list": {"Name": "own"}, "domains": {"All": False, "Count": 3}},
    {"id": "all", "domain_list": {"Name": "all"}, "domains": {"All": True, "Count": 1}},
]


def rule(action: str, of: str = "", priority: int = 1, **more: Any) -> dict[str, Any]:
    return {"Action": action, "Priority": priority, **({"FirewallDomainListId": of} if of else {}), **more}


def group(*rules: Any, status: str = "COMPLETE", priority: int = 101) -> dict[str, Any]:
    return {"association": {"Status": status, "Priority": priority}, "rules": list(rules)}


@pytest.mark.parametrize(
    ("groups", "blocked"),
    [
        ([], False),
        ([group(rule("BLOCK", "threats"))], True),
        ([group(rule("BLOCK", "older"))], True),
        ([group(rule("BLOCK", "content"))], False),
        ([group(rule("BLOCK", "own"))], False),
        ([group(rule("ALERT", "threats"))], False),
        ([group(rule("BLOCK", DnsThreatProtection="DGA"))], True),
        ([group(rule("BLOCK", FirewallRuleType={"FirewallAdvancedThreatCategory": {"Category": "MALWARE"}}))], True),
        ([group(rule("BLOCK", FirewallRuleType={"FirewallAdvancedContentCategory": {"Category": "GAMES"}}))], False),
        ([group(rule("BLOCK", "threats"), status="UPDATING")], False),
        ([group(rule("BLOCK", "threats", Status="CREATION_FAILED"))], False),
        ([group(rule("BLOCK", "threats", Qtype="TXT"))], False),
        ([group(rule("ALLOW", "all", 1), rule("BLOCK", "threats", 2))], False),
        ([group(rule("ALLOW", "own", 1), rule("BLOCK", "threats", 2))], True),
        ([group(rule("BLOCK", "threats"), priority=300), group(rule("ALLOW", "all"), priority=200)], False),
        ([group(rule("ALLOW", "all"), priority=300), group(rule("BLOCK", "threats"), priority=200)], True),
    ],
)
def test_a_threat_is_blocked_unless_everything_was_allowed_before(groups: list[Any], blocked: bool) -> None:
    assert blocks_threats(groups, [], [], LISTS) is blocked


def test_groups_of_a_profile_count_if_the_network_uses_it() -> None:
    resource = {
        "resource": {"ProfileId": "p1", "Status": "COMPLETE", "ResourceProperties": '{"priority":102}'},
        "rules": [rule("BLOCK", "threats")],
    }
    used = {"profile_association": {"ProfileId": "p1", "Status": "COMPLETE"}}
    failed = {"profile_association": {"ProfileId": "p1", "Status": "FAILED"}}

    assert blocks_threats([], [used], [resource], LISTS) is True
    assert blocks_threats([], [failed], [resource], LISTS) is False


def test_a_list_that_is_not_there_leaves_it_unresolved() -> None:
    missing = Unknown("unresolved", "list_firewall_domain_lists", "", "gone")

    assert blocks_threats([group(rule("BLOCK", "gone"))], [], [], LISTS) == missing
    assert blocks_threats([group(rule("ALLOW", "gone", 1), rule("BLOCK", "threats", 2))], [], [], LISTS) == missing
