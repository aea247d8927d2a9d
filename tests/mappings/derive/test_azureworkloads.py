"""What Azure's alerts, ways in, web firewalls and workloads come to, at the edges that examples leave out."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.evidence_store.model import Unknown
from annexlog.mappings.derive.azureaccess import exposed_machines, long_requests, standing_ports, ways_in
from annexlog.mappings.derive.azurealerts import measured, unnoticed_operations
from annexlog.mappings.derive.azuredns import dns_filter_gap
from annexlog.mappings.derive.azuremonitor import brief_tables, fed_by, unlogged_subnets
from annexlog.mappings.derive.azurewaf import front_door_gaps
from annexlog.mappings.derive.azureworkloads import app_runtime, image_approved, places, scales

NOW = 1_767_225_600_000  # 2026-01-01
SUB = "/subscriptions/s"


# ── alerts ──


def unnoticed(rule: dict[str, Any]) -> object:
    """What nobody is told of where an alert of one operation meets a processing rule."""
    value = {
        "enabled": True,
        "scopes": [SUB],
        "condition": {"allOf": [{"field": "operationName", "equals": "A/write"}]},
        "actions": {"actionGroups": [{"actionGroupId": "g"}]},
    }
    return unnoticed_operations(
        [{"id": f"{SUB}/a", "alert": {"name": "Telephone", "properties": value}}],
        [{"id": "g", "group": {"properties": {"enabled": True}, "others": 1}}],
        [{"id": "r", "processing": {"properties": rule}}],
        [],
        SUB,
        ["A/write"],
        NOW,
    )


@pytest.mark.parametrize(
    ("conditions", "silenced"),
    [
        ([], True),
        ([{"field": "Severity", "operator": "Equals", "values": ["Sev3", "Sev4"]}], True),
        ([{"field": "Severity", "operator": "NotEquals", "values": ["Sev4"]}], False),
        ([{"field": "AlertRuleName", "operator": "Contains", "values": ["tele"]}], True),
        ([{"field": "AlertRuleName", "operator": "DoesNotContain", "values": ["TELE"]}], False),
        ([{"field": "AlertRuleId", "operator": "NotEquals", "values": [f"{SUB}/A"]}], False),
        ([{"field": "MonitorCondition", "operator": "Equals", "values": ["Resolved"]}], False),
        ([{"field": "MonitorService", "operator": "Equals", "values": ["Platform", "Application Insights"]}], False),
        ([{"field": "MonitorService", "operator": "NotEquals", "values": ["Platform"]}], True),
        ([{"field": "SignalType", "operator": "Equals", "values": ["Metric"]}], False),
        ([{"field": "TargetResourceType", "operator": "Equals", "values": ["microsoft.compute/disks"]}], True),
        ([{"field": "SomethingNew", "operator": "Equals", "values": ["x"]}], True),
    ],
)
def test_a_processing_rule_silences_an_alert_unless_a_condition_certainly_says_no(
    conditions: list[dict[str, Any]], silenced: bool
) -> None:
    rule = {
        "enabled": True,
        "scopes": [SUB],
        "actions": [{"actionType": "RemoveAllActionGroups"}],
        "conditions": conditions,
    }

    assert unnoticed(rule) == (["A/write"] if silenced else [])


@pytest.mark.parametrize(
    ("until", "silenced"),
    [(None, True), ("2025-12-31T08:00:00", False), ("2025-12-31T12:00:00", True), ("2026-02-01T00:00:00", True)],
)
def test_a_schedule_is_over_when_it_is_over_in_every_time_zone(until: str | None, silenced: bool) -> None:
    rule = {
        "enabled": True,
        "actions": [{"actionType": "RemoveAllActionGroups"}],
        "schedule": {"effectiveUntil": until},
    }

    assert unnoticed(rule) == (["A/write"] if silenced else [])


@pytest.mark.parametrize(
    ("conditions", "told"),
    [
        ([], False),
        ([{"field": "AlertRuleName", "operator": "Equals", "values": ["night job"]}], True),
        ([{"field": "AlertRuleName", "operator": "Equals", "values": ["LOAD"]}], False),
        ([{"field": "TargetResourceType", "operator": "Equals", "values": ["Microsoft.Compute/disks"]}], True),
        ([{"field": "TargetResource", "operator": "NotEquals", "values": [f"{SUB}/P"]}], True),
        ([{"field": "SignalType", "operator": "Equals", "values": ["Log"]}], True),
        ([{"field": "SignalType", "operator": "Equals", "values": ["Log", "Metric"]}], False),
        ([{"field": "Severity", "operator": "Equals", "values": ["Sev4"]}], False),
        ([{"field": "MonitorService", "operator": "Equals", "values": ["Log Analytics"]}], False),
    ],
)
def test_a_processing_rule_for_something_else_leaves_a_metric_alert_alone(
    conditions: list[dict[str, Any]], told: bool
) -> None:
    plan = {"id": f"{SUB}/p", "type": "microsoft.web/serverfarms", "location": "West Europe"}
    region = {"targetResourceRegion": "westeurope", "targetResourceType": "Microsoft.Web/serverFarms"}
    alert = {"name": "load", "properties": {"enabled": True, **region}}
    rule = {"actions": [{"actionType": "RemoveAllActionGroups"}], "conditions": conditions}
    alerts = [{"id": f"{SUB}/a", "alert": alert, "groups": [{"enabled": True, "receivers": 1}]}]

    assert measured(alerts, [{"id": "r", "processing": {"properties": rule}}], [], plan, NOW) is told


# ── ways in ──


def inbound(access: str, source: str, priority: int, **more: Any) -> dict[str, Any]:
    return {
        "name": "x",
        "properties": {
            "direction": "Inbound",
            "access": access,
            "protocol": "*",
            "priority": priority,
            "sourceAddressPrefix": source,
            "destinationPortRange": "22",
            "destinationAddressPrefix": "*",
            **more,
        },
    }


def group(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"security_group": {"properties": {"securityRules": list(rules)}}}


NIC = {
    "properties": {
        "virtualMachine": {"id": f"{SUB}/m"},
        "ipConfigurations": [
            {"properties": {"privateIPAddress": "10.0.0.4"}},
            {"properties": {"privateIPAddress": "10.0.0.5"}},
        ],
    }
}


@pytest.mark.parametrize(
    ("rules", "standing"),
    [
        ([inbound("Deny", "*", 100)], []),
        ([], [22]),
        # Only some are denied; one of two addresses; one source port; UDP alone; by a tag, which leaves the network.
        ([inbound("Deny", "10.0.0.0/8", 100)], [22]),
        ([inbound("Deny", "*", 100, destinationAddressPrefix="10.0.0.4")], [22]),
        (
            [
                inbound(
                    "Deny", "*", 100, destinationAddressPrefix="", destinationAddressPrefixes=["10.0.0.4", "10.0.0.5"]
                )
            ],
            [],
        ),
        ([inbound("Deny", "*", 100, sourcePortRange="4242")], [22]),
        ([inbound("Deny", "*", 100, protocol="Udp")], [22]),
        ([inbound("Deny", "Internet", 100)], [22]),
        # Before the denial; after it; from an application security group; probes; from a range that was agreed to.
        ([inbound("Allow", "10.1.0.0/16", 50), inbound("Deny", "*", 100)], [22]),
        ([inbound("Allow", "*", 150), inbound("Deny", "*", 100)], []),
        ([inbound("Allow", "", 50, sourceApplicationSecurityGroups=[{"id": "a"}]), inbound("Deny", "*", 100)], [22]),
        ([inbound("Allow", "AzureLoadBalancer", 50), inbound("Deny", "*", 100)], []),
        ([inbound("Allow", "192.0.2.0/28", 50), inbound("Deny", "*", 100)], []),
        ([inbound("Allow", "192.0.2.0/23", 50), inbound("Deny", "*", 100)], [22]),
        # To another machine of the subnet; to a range that this one is in, or to what cannot be read.
        ([inbound("Allow", "*", 50, destinationAddressPrefix="10.0.0.9"), inbound("Deny", "*", 100)], []),
        ([inbound("Allow", "*", 50, destinationAddressPrefix="10.0.0.0/24"), inbound("Deny", "*", 100)], [22]),
        ([inbound("Allow", "*", 50, destinationAddressPrefix="VirtualNetwork"), inbound("Deny", "*", 100)], [22]),
        ([inbound("Allow", "*", 50, destinationAddressPrefix=""), inbound("Deny", "*", 100)], [22]),
    ],
)
def test_a_port_stands_open_where_anybody_may_come_in_who_was_not_agreed_to(
    rules: list[dict[str, Any]], standing: list[int]
) -> None:
    assert standing_ports(NIC, [group(*rules)], [], [], [22], ["192.0.2.0/24"], NOW) == standing


@pytest.mark.parametrize(("length", "long"), [("PT3H", []), ("PT180M", []), ("PT3H0M1S", [22]), ("P1D", [22])])
def test_a_request_may_last_as_long_as_was_agreed(length: str, long: list[int]) -> None:
    jit = [
        {
            "policy": {
                "properties": {
                    "virtualMachines": [
                        {
                            "id": f"{SUB}/M",
                            "ports": [
                                {"number": 22, "maxRequestAccessDuration": length},
                                {"number": 8080, "maxRequestAccessDuration": "P1D"},
                            ],
                        }
                    ]
                }
            }
        }
    ]

    assert long_requests(jit, f"{SUB}/m", [22], 3) == long


def test_of_two_entries_of_a_port_the_longer_counts() -> None:
    ports = [{"number": 22, "maxRequestAccessDuration": length} for length in ("P1D", "PT1H")]

    assert long_requests(
        [{"policy": {"properties": {"virtualMachines": [{"id": "m", "ports": ports}]}}}], "m", [22], 3
    ) == [22]


@pytest.mark.parametrize("length", ["", "3 hours", "PT", "P"])
def test_a_length_that_is_none_is_not_read_as_short(length: str) -> None:
    jit = [
        {
            "policy": {
                "properties": {
                    "virtualMachines": [{"id": "m", "ports": [{"number": 22, "maxRequestAccessDuration": length}]}]
                }
            }
        }
    ]

    with pytest.raises(ValueError, match=length or "^$"):
        long_requests(jit, "m", [22], 3)


def test_behind_a_load_balancer_a_machine_without_a_group_is_not_reached_and_with_an_open_one_it_may_be() -> None:
    net = {
        "properties": {
            "subnets": [{"id": f"{SUB}/v/subnets/a", "properties": {"networkSecurityGroup": {"id": f"{SUB}/G"}}}]
        }
    }
    bare = {"properties": {"subnets": [{"id": f"{SUB}/v/subnets/a"}]}}
    nic = [
        {
            "id": "n",
            "interface": {
                "properties": {
                    "virtualMachine": {"id": "m"},
                    "ipConfigurations": [
                        {
                            "properties": {
                                "subnet": {"id": f"{SUB}/v/subnets/a"},
                                "loadBalancerBackendAddressPools": [{"id": "p"}],
                            }
                        }
                    ],
                }
            },
        }
    ]
    groups = [{"id": f"{SUB}/g", **group(inbound("Allow", "Internet", 100))}]

    assert (
        exposed_machines(net, nic, [], groups, [22], 24, 48),
        exposed_machines(bare, nic, [], groups, [22], 24, 48),
    ) == (["n"], [])


def test_a_bastion_of_a_network_that_is_not_a_connected_peer_is_no_way_in() -> None:
    bastion = [{"id": "b", "bastion": {"network": f"{SUB}/hub", "properties": {"provisioningState": "Succeeded"}}}]
    peers = [{"properties": {"remoteVirtualNetwork": {"id": f"{SUB}/Hub"}, "peeringState": "Initiated"}}]
    connected = [{"properties": {**peers[0]["properties"], "peeringState": "Connected"}}]

    assert (ways_in(bastion, [], peers, f"{SUB}/v"), ways_in(bastion, [], connected, f"{SUB}/v")) == ([], ["b"])


# ── what is inspected, resolved and recorded ──


def test_a_domain_needs_a_policy_for_every_path_and_no_policy_that_lets_past() -> None:
    def security(policy: str, *paths: str) -> dict[str, Any]:
        return {
            "properties": {
                "provisioningState": "Succeeded",
                "parameters": {
                    "wafPolicy": {"id": policy},
                    "associations": [{"domains": [{"id": "E"}], "patternsToMatch": list(paths)}],
                },
            }
        }

    def policy(id: str, mode: str) -> dict[str, Any]:
        return {
            "id": id,
            "policy": {
                "properties": {
                    "policySettings": {"enabledState": "Enabled", "mode": mode},
                    "managedRules": {"managedRuleSets": [{"ruleSetType": "Microsoft_DefaultRuleSet"}]},
                }
            },
        }

    known = [policy("p", "Prevention"), policy("q", "Detection")]
    endpoints = [{"id": "e", "name": "e", "properties": {"enabledState": "Enabled"}}]

    assert front_door_gaps(endpoints, [], [security("p", "/*")], known, []) == []
    assert front_door_gaps(endpoints, [], [security("p", "/*"), security("Q", "/api/*")], known, []) == [
        "e: it only detects"
    ]
    assert front_door_gaps(endpoints, [], [security("p", "/", "/api/*")], known, []) == ["e: no firewall"]
    assert isinstance(front_door_gaps(endpoints, [], [security("r", "/*")], known, []), Unknown)


def test_names_are_blocked_by_the_first_rules_and_not_by_those_after_all_names_passed() -> None:
    def rule(priority: int, action: str, names: int, *, every: bool = False) -> dict[str, Any]:
        return {
            "properties": {"priority": priority, "action": {"actionType": action}, "dnsSecurityRuleState": "Enabled"},
            "lists": [{"id": "l", "names": names, "every_name": every}],
        }

    def gap(*rules: dict[str, Any]) -> Any:
        return dns_filter_gap(
            {"properties": {}}, [{"link": {"properties": {"provisioningState": "Succeeded"}}, "rules": list(rules)}]
        )

    assert gap(rule(200, "Allow", 1, every=True), rule(100, "Block", -1)) == ""
    assert gap(rule(100, "Alert", 1, every=True), rule(200, "Block", 5)) == "nothing is blocked"
    assert gap(rule(100, "Allow", 3), rule(200, "Block", 5)) == ""


def test_a_flow_log_of_the_network_or_of_each_subnet_records_it() -> None:
    def log(target: str, **more: Any) -> dict[str, Any]:
        return {"flow_log": {"properties": {"targetResourceId": target, "enabled": True, **more}}}

    network = {
        "properties": {"subnets": [{"id": "a", "properties": {"networkSecurityGroup": {"id": "g"}}}, {"id": "b"}]}
    }

    nic = {"networkSecurityGroup": {"id": "H"}, "ipConfigurations": [{"properties": {"subnet": {"id": "A"}}}]}
    inside = [{"interface": {"properties": nic}}]

    assert unlogged_subnets(network, [log("v", recordTypes="B,C,E,D")], [], [], inside, []) == []
    assert unlogged_subnets(network, [log("v", recordTypes="B")], [], [], [], []) == ["a", "b"]
    assert unlogged_subnets(network, [], [log("b")], [log("g")], [], []) == []
    assert unlogged_subnets(network, [], [], [log("g")], [], []) == ["b"]
    assert unlogged_subnets(network, [], [log("b")], [log("g")], inside, []) == ["a"]
    assert unlogged_subnets(network, [], [log("b")], [log("g"), log("h")], inside, []) == []


def test_a_table_without_a_number_is_kept_as_long_as_the_workspace_keeps_it() -> None:
    tables = [
        {"name": "Syslog"},
        {"name": "Perf"},
        {"name": "securityevent", "properties": {"totalRetentionInDays": 30}},
    ]

    assert brief_tables({"properties": {"retentionInDays": 90}}, tables, ["Syslog", "SecurityEvent"], 90) == [
        "securityevent: 30 days"
    ]
    assert brief_tables({"properties": {}}, tables[:1], ["Syslog"], 90) == ["Syslog: 0 days"]


def test_what_was_not_read_to_the_end_may_still_be_fed() -> None:
    def seen(*, whole: bool) -> Any:
        return fed_by(
            {"whole": whole, "sources": [{"source": "Azure Sentinel", "updated": "2025-12-31T00:00:00.1234567Z"}]},
            ["azure sentinel"],
            7,
            NOW,
        )

    assert (seen(whole=True), isinstance(seen(whole=False), Unknown)) == ([], True)


# ── workloads ──


@pytest.mark.parametrize(
    ("reference", "approved", "fits"),
    [
        ({"publisher": "Canonical", "offer": "ubuntu"}, ["CANONICAL"], True),
        ({"publisher": "Canonical", "offer": "ubuntu"}, ["canonical/ubuntu/server"], False),
        ({"publisher": "Canonical-x"}, ["canonical"], False),
        ({"id": f"{SUB}/galleries/own/images/a/versions/1"}, [f"{SUB}/galleries/own/images/a/"], True),
        ({"id": f"{SUB}/galleries/own/images/ab"}, [f"{SUB}/galleries/own/images/a"], False),
        ({"id": f"{SUB}/x", "publisher": "canonical"}, ["canonical"], False),
        ({"sharedGalleryImageId": "/SharedGalleries/abc/Images/i/Versions/latest"}, ["sharedgalleries/abc"], True),
        ({"publisher": "canonical"}, ["", "/"], False),
        (None, ["canonical"], False),
    ],
)
def test_an_image_is_approved_by_what_it_is_below(reference: Any, approved: list[str], fits: bool) -> None:
    assert image_approved(reference, approved) is fits


def test_zones_of_two_regions_are_two_places_and_machines_without_one_are_one_for_their_region() -> None:
    def machine(region: str, zone: str = "", power: str = "PowerState/running") -> dict[str, Any]:
        return {"location": region, "power": power, **({"zones": [zone]} if zone else {})}

    def count(own: dict[str, Any], *others: dict[str, Any]) -> Any:
        return places(own, [{"machine": one} for one in others])

    assert count(machine("a"), machine("a"), machine("a", "1")) == 1
    assert count(machine("a", "1"), machine("b", "1")) == 2
    assert count(machine("a"), machine("b")) == 2
    assert count(machine("a", "1", "PowerState/deallocated"), machine("a", "2")) == 1
    assert count(machine("a", "1"), machine("a", "2"), machine("a", "3", "")) == 3
    assert count(machine("a", "1"), machine("a", "1", "")) == 1
    assert isinstance(count(machine("a", "1"), machine("a", "2", "")), Unknown)


def test_a_profile_for_days_that_are_over_stops_nothing() -> None:
    rules = [{"scaleAction": {"direction": way, "value": "1"}} for way in ("Increase", "Decrease")]
    good = {"capacity": {"minimum": "1", "maximum": "3"}, "rules": rules}
    fixed = {"capacity": {"minimum": "2", "maximum": "2"}, "rules": [], "fixedDate": {"end": "2025-12-24T00:00:00Z"}}

    def grows(*profiles: Any) -> Any:
        return scales([{"autoscale": {"properties": {"enabled": True, "profiles": list(profiles)}}}], {}, NOW)

    assert (grows(good, fixed), grows(good, {**fixed, "fixedDate": {"end": "2026-12-24T00:00:00Z"}}), grows(fixed)) == (
        True,
        False,
        False,
    )


def test_of_several_entries_of_a_runtime_the_one_that_ends_first_counts() -> None:
    stacks = [
        {"app": "web", "runtime": "NODE|20-lts", "ends": ends, "deprecated": False}
        for ends in ("2027-01-01T00:00:00Z", "2026-05-01T00:00:00Z", None)
    ]

    found = app_runtime("app,linux", {}, {"linuxFxVersion": "NODE|20-lts"}, [{"stacks": stacks}])

    assert found == {"runtime": "NODE|20-lts", "ends": "2026-05-01T00:00:00Z", "deprecated": False}
