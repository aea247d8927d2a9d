"""What Azure's rules, roles and logs come to, compared with how the provider documents them."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annexlog.evidence_store.model import Unknown
from annexlog.mappings.derive.azurealerts import unnoticed_operations
from annexlog.mappings.derive.azuredefender import baseline_state, oldest_patch, paid_plans, plan_gaps
from annexlog.mappings.derive.azuremonitor import export_gaps, sql_audit_gaps
from annexlog.mappings.derive.azureranges import firewall_openings, merged, network_openings, span, too_wide
from annexlog.mappings.derive.azureroles import escalating_actions, inherited_owners, standing_holders
from annexlog.mappings.derive.azurerules import admin_openings, let_in, open_ports, unguarded_subnets

# ── ranges ──


@pytest.mark.parametrize(
    ("texts", "wide"),
    [
        (["192.0.2.0/24"], []),
        (["192.0.2.0/23"], ["192.0.2.0-192.0.3.255"]),
        (["192.0.2.0/24", "192.0.3.0"], ["192.0.2.0-192.0.3.0"]),
        (["192.0.2.0-192.0.2.200", "192.0.2.201-192.0.3.9"], ["192.0.2.0-192.0.3.9"]),
        (["192.0.2.0/25", "198.51.100.0/25", "203.0.113.0/25"], []),
        (["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fd00::/8"], []),
        (["9.0.0.0-10.255.255.255"], ["9.0.0.0-10.255.255.255"]),
        (["2001:db8::/48"], []),
        (["2001:db8::/47"], ["2001:db8::-2001:db8:1:ffff:ffff:ffff:ffff:ffff"]),
    ],
)
def test_ranges_are_as_wide_as_they_are_together(texts: list[str], wide: list[str]) -> None:
    assert too_wide([span(text) for text in texts], 24, 48) == wide


@pytest.mark.parametrize("text", ["999.0.0.0", "192.0.2.9-192.0.2.1", "192.0.2.1-::1", "", "VirtualNetwork"])
def test_a_text_that_is_no_range_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 — of ipaddress
        span(text)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.just(4), st.integers(0, 60), st.integers(0, 20)), max_size=8))
def test_merging_keeps_every_address_and_no_other(parts: list[tuple[int, int, int]]) -> None:
    spans = [(version, low, low + more) for version, low, more in parts]

    found = merged(spans)

    assert {n for _, low, high in found for n in range(low, high + 1)} == {
        n for _, low, high in spans for n in range(low, high + 1)
    }
    assert all(one[2] + 1 < other[1] for one, other in pairwise(found))


def test_the_rule_from_zero_to_zero_is_all_of_azure() -> None:
    rule = {"properties": {"startIpAddress": "0.0.0.0", "endIpAddress": "0.0.0.0"}}

    assert firewall_openings([rule], 24, 48) == ["all of Azure"]
    assert network_openings([{"ipAddressOrRange": "0.0.0.0"}], 24, 48) == ["all of Azure"]


def test_a_rule_that_denies_lets_nothing_in_and_no_list_is_none() -> None:
    assert network_openings([{"value": "0.0.0.0/0", "action": "Deny"}], 24, 48) == []
    assert network_openings(None, 24, 48) == []


# ── security groups ──

BLOCKS = ("*", "Internet", "0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "64.0.0.0/2", "192.0.2.0/24", "VirtualNetwork")
PROBES = ("1.1.1.1", "65.0.0.1", "130.0.0.1", "192.0.2.7", "223.0.0.1")


def rule(priority: int, access: str, source: str, port: str = "22", protocol: str = "Tcp") -> dict[str, Any]:
    return {
        "priority": priority,
        "access": access,
        "direction": "Inbound",
        "protocol": protocol,
        "sourceAddressPrefix": source,
        "destinationPortRange": port,
        "destinationAddressPrefix": "*",
    }


def first_match(rules: list[dict[str, Any]], address: str) -> bool:
    """Whether Azure lets it in: the first rule that meets it decides, and what none meets is denied."""
    for one in rules:
        source = one["sourceAddressPrefix"]
        meets = source in ("*", "Internet") or (
            source[0].isdigit() and ip_address(address) in ip_network(source, strict=False)
        )
        if meets and one["destinationPortRange"] in ("*", "22"):
            return bool(one["access"] == "Allow")
    return False


@settings(max_examples=120)
@given(
    st.lists(
        st.tuples(st.sampled_from(["Allow", "Deny"]), st.sampled_from(BLOCKS), st.sampled_from(["22", "*", "80"])),
        max_size=6,
    )
)
def test_a_group_lets_in_what_the_first_rule_that_meets_it_allows(parts: list[tuple[str, str, str]]) -> None:
    rules = [rule(100 + n, *part) for n, part in enumerate(parts)]

    spans = merged(let_in(rules, "tcp", 22))

    reached = {p for p in PROBES if any(v == 4 and low <= int(ip_address(p)) <= high for v, low, high in spans)}
    assert reached == {probe for probe in PROBES if first_match(rules, probe)}


def test_rules_are_read_by_priority_whatever_their_order() -> None:
    allow, deny = rule(200, "Allow", "*"), rule(100, "Deny", "Internet", "*", "*")
    group = {"properties": {"securityRules": [{"properties": allow}, {"properties": deny}]}}

    assert open_ports(group, [22], 24, 48) == []


def test_a_rule_above_all_groups_is_read_too() -> None:
    value = {"direction": "Inbound", "access": "AlwaysAllow", "protocol": "Tcp", "destinationPortRanges": ["3380-3390"]}
    rules = [{"name": "r", "properties": {**value, "sources": [{"addressPrefix": "0.0.0.0/0"}]}}]

    assert (admin_openings(rules, [3389], 24, 48), admin_openings(rules, [22], 24, 48)) == (["r"], [])


def test_a_subnet_that_nobody_knows_counts_as_one_without_a_group() -> None:
    part = {"properties": {"publicIPAddress": {"id": "p"}, "subnet": {"id": "s"}}}

    assert unguarded_subnets({"properties": {"ipConfigurations": [part]}}, []) == ["s"]


# ── roles ──


@pytest.mark.parametrize(
    ("permissions", "powers"),
    [
        ([{"actions": ["*"], "notActions": ["Microsoft.Authorization/*"]}], 0),
        ([{"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Delete"]}], 3),
        ([{"actions": ["Microsoft.Authorization/roleAssignments/*"]}], 1),
        ([{"actions": ["Microsoft.Authorization/*/read"]}], 0),
        ([{"dataActions": ["*"]}], 1),
        ([{"dataActions": ["Microsoft.Storage/*"]}], 0),
    ],
)
def test_a_role_is_as_strong_as_what_it_can_give_itself(permissions: list[Any], powers: int) -> None:
    assert len(escalating_actions(permissions)) == powers


def held(
    scope: str, role: str = "8E3AF657-a8ff-443c-a75c-2fe8c4bcb635", who: str = "P1", **more: Any
) -> dict[str, Any]:
    return {"properties": {"scope": scope, "roleDefinitionId": f"/x/{role}", "principalId": who, **more}}


def test_owners_are_those_at_the_subscription_and_above_it() -> None:
    assignments = [
        held("/subscriptions/S"),
        held("/", who="p2"),
        held("/providers/Microsoft.Management/managementGroups/g", who="p3"),
        held("/subscriptions/s/resourceGroups/g", who="p4"),
        held("/subscriptions/s2", who="p5"),
        held("/subscriptions/s", role="acdd72a7-3385-48ef-bd42-f606fba81ae7", who="p6"),
    ]

    assert inherited_owners(assignments, "/subscriptions/s") == ["p1", "p2", "p3"]


def test_who_activated_a_role_or_holds_it_with_an_end_does_not_stand() -> None:
    instances = [
        held("/", assignmentType="Activated"),
        held("/", assignmentType="Assigned", endDateTime="2027-01-01T00:00:00Z"),
        held("/subscriptions/s", assignmentType="Assigned", who="p2"),
        held("/subscriptions/s", assignmentType="Assigned", who="p3", endDateTime="2027-01-02T00:00:00Z"),
    ]
    now = 1_798_675_200_000  # 2026-12-31

    assert standing_holders(instances, [], [], now, 1) == ["p2 Owner /subscriptions/s", "p3 Owner /subscriptions/s"]


# ── logs, plans, baselines ──


def test_an_export_that_is_only_elsewhere_is_unresolved_and_one_that_is_short_is_not() -> None:
    elsewhere = {"properties": {"workspaceId": "w9", "logs": [{"categoryGroup": "allLogs", "enabled": True}]}}
    short = {"properties": {"workspaceId": "w9", "logs": [{"category": "Alert", "enabled": True}]}}

    assert isinstance(export_gaps([elsewhere], [], [], 365), Unknown)
    assert export_gaps([short], [], [], 365) == ["Administrative", "Alert", "Policy", "Security"]


def test_an_audit_that_one_place_keeps_is_kept() -> None:
    auditing = {
        "state": "Enabled",
        "storageEndpoint": "https://gone.blob.core.windows.net",
        "isAzureMonitorTargetEnabled": True,
    }
    sink = {"properties": {"workspaceId": "W1", "logs": [{"categoryGroup": "audit", "enabled": True}]}}
    workspaces = [{"id": "w1", "diagnostics": {"totalRetentionInDays": 90}}]

    assert sql_audit_gaps(auditing, [sink], workspaces, [], 90) == []
    assert isinstance(sql_audit_gaps(auditing, [sink], workspaces, [], 91), Unknown)


def test_without_a_plan_there_are_no_alerts_to_believe() -> None:
    free = [{"name": "CloudPosture", "properties": {"pricingTier": "Standard"}}]

    assert isinstance(paid_plans(free), Unknown)
    assert paid_plans([*free, {"name": "Arm", "properties": {"pricingTier": "Standard"}}]) == ["Arm"]


def test_a_plan_is_wanted_for_what_is_used() -> None:
    used = [{"type": "Microsoft.Web/sites", "resources": 1}, {"type": "microsoft.keyvault/vaults", "resources": 0}]

    assert plan_gaps([], used, ["AppServices", "KeyVaults", "Arm"], {}) == [
        "AppServices: there is no such plan",
        "Arm: there is no such plan",
    ]


def test_a_patch_without_a_date_has_no_age() -> None:
    assert isinstance(oldest_patch({"undated": 1, "oldest": "2026-01-01T00:00:00Z"}), Unknown)
    assert oldest_patch({"undated": 0, "oldest": "2026-01-01T00:00:00Z"}) == "2026-01-01T00:00:00Z"


def test_of_several_assignments_of_a_baseline_the_one_with_the_fewest_gaps_counts() -> None:
    policies = [
        {"id": "a", "properties": {"policyDefinitionId": "Set", "enforcementMode": "DoNotEnforce"}},
        {"id": "b", "properties": {"policyDefinitionId": "set"}},
    ]
    compliance = [{"id": "B", "resources": 10, "deviating": 0, "latest": "2026-01-01T00:00:00Z"}]

    assert baseline_state(policies, compliance, ["SET"], [], [], 5) == {"gaps": [], "latest": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("conditions", "told"),
    [
        ([{"field": "operationName", "equals": "A/write"}], []),
        ([{"field": "category", "equals": "Administrative"}, {"field": "operationName", "equals": "a/WRITE"}], []),
        ([{"field": "category", "equals": "Security"}, {"field": "operationName", "equals": "A/write"}], ["A/write"]),
        # Of everything that is done; of everything else; of nothing that is named.
        ([{"field": "category", "equals": "Administrative"}], []),
        ([{"field": "category", "equals": "Policy"}], ["A/write"]),
        ([], ["A/write"]),
        ([{"field": "operationName", "equals": "A/write"}, {"field": "status", "equals": "Failed"}], ["A/write"]),
        (
            [{"anyOf": [{"field": "operationName", "equals": "A/write"}, {"field": "caller", "equals": "x"}]}],
            ["A/write"],
        ),
    ],
)
def test_an_alert_tells_of_what_nothing_else_narrows(conditions: list[Any], told: list[str]) -> None:
    value = {"enabled": True, "scopes": ["/subscriptions/S/"], "condition": {"allOf": conditions}}
    alert = {"alert": {"properties": {**value, "actions": {"actionGroups": [{"actionGroupId": "G"}]}}}}
    groups = [{"id": "g", "group": {"properties": {"enabled": True, "smsReceivers": [{"status": "Enabled"}]}}}]

    assert unnoticed_operations([alert], groups, [], [], "/subscriptions/s", ["A/write"], 0) == told
