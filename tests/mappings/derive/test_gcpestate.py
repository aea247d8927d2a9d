"""Google Cloud: perimeters that are hollow, upgrades put off, backups that never run, names that are answered."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.mappings.derive.gcpclusters import newest_cluster_backup, upgrade_gaps, upgrade_pauses
from annexlog.mappings.derive.gcpdns import unfiltered_names
from annexlog.mappings.derive.gcpfront import proxied_outside
from annexlog.mappings.derive.gcpperimeter import service_perimeter_gaps

STORAGE = "storage.googleapis.com"
ONE = {"operations": [{"serviceName": STORAGE}]}
ALL = {"operations": [{"serviceName": "*"}]}
OTHER = {"operations": [{"serviceName": "pubsub.googleapis.com"}]}
ANYWHERE = {"sources": [{"accessLevel": "*"}]}
IN, OUT = "a rule lets in more than anybody needs", "a rule lets out more than anybody needs"


def gaps(rules: dict[str, Any], type: str = "PERIMETER_TYPE_REGULAR") -> Any:
    status = {"resources": ["projects/7"], "restrictedServices": [STORAGE], **rules}
    perimeters = [{"perimeter": {"name": "a", "type": type, "status": status}}]
    return service_perimeter_gaps({"nodes": ["projects/7", "folders/5"]}, perimeters, [STORAGE], [])


@pytest.mark.parametrize(
    ("source", "to", "told"),
    [
        ({"identityType": "ANY_IDENTITY", **ANYWHERE}, ONE, [IN]),
        ({"identityType": "ANY_SERVICE_ACCOUNT", **ANYWHERE}, ONE, [IN]),
        ({"identityType": "ANY_USER_ACCOUNT"}, ALL, [IN]),
        ({"identityType": "ANY_AGENT"}, ALL, [IN]),
        ({"identityType": "ANY_IDENTITY", **ANYWHERE}, {"roles": ["roles/storage.objectViewer"]}, [IN]),
        ({"identityType": "ANY_IDENTITY", **ANYWHERE}, {}, [IN]),
        ({"identityType": "ANY_IDENTITY"}, {"roles": ["roles/editor"]}, [IN]),
        ({"identityType": "ANY_IDENTITY"}, {"roles": ["roles/storage.objectViewer"]}, []),
        ({"identityType": "IDENTITY_TYPE_UNSPECIFIED"}, ALL, []),
        ({"identities": ["user:a@acme.example"], **ANYWHERE}, ALL, [IN]),
        ({"identities": ["user:a@acme.example"], **ANYWHERE}, ONE, []),
        ({"identityType": "ANY_IDENTITY", "sources": [{"resource": "projects/8"}]}, ONE, []),
        ({"identityType": "ANY_IDENTITY", **ANYWHERE}, OTHER, []),
    ],
)
def test_a_perimeter_is_hollow_where_a_rule_lets_anybody_in(source: Any, to: Any, told: list[str]) -> None:
    assert gaps({"ingressPolicies": [{"ingressFrom": source, "ingressTo": to}]}) == told


@pytest.mark.parametrize(
    ("source", "to", "told"),
    [
        ({"identityType": "ANY_IDENTITY"}, {"resources": ["*"], **ONE}, [OUT]),
        ({"identityType": "ANY_IDENTITY"}, {"externalResources": ["*"], **ONE}, [OUT]),
        ({"identityType": "ANY_IDENTITY"}, {"resources": ["projects/8"], **ALL}, [OUT]),
        ({"identityType": "ANY_IDENTITY"}, {"resources": ["projects/8"], **ONE}, []),
        ({"identities": ["user:a@acme.example"]}, {"resources": ["*"], **ONE}, []),
    ],
)
def test_a_perimeter_is_hollow_where_a_rule_lets_anybody_out(source: Any, to: Any, told: list[str]) -> None:
    assert gaps({"egressPolicies": [{"egressFrom": source, "egressTo": to}]}) == told


def test_a_bridge_keeps_nothing_in() -> None:
    assert gaps({}, "PERIMETER_TYPE_BRIDGE") == ["it is in no perimeter that is enforced"]
    assert gaps({}) == []


def test_exclusions_that_touch_or_lie_in_one_another_are_one() -> None:
    spans = [("05-01", "05-30"), ("05-05", "05-10"), ("05-30", "06-20"), ("08-01", "08-03")]
    exclusions = {
        str(number): {"startTime": f"2026-{start}T12:00:00Z", "endTime": f"2026-{end}T12:00:00Z"}
        for number, (start, end) in enumerate(spans)
    }

    found = upgrade_pauses({"data": {"maintenancePolicy": {"window": {"maintenanceExclusions": exclusions}}}})

    assert found == [
        {"end": "2026-06-20T12:00:00+00:00", "days": 50},
        {"end": "2026-08-03T12:00:00+00:00", "days": 2},
    ]


def test_autopilot_upgrades_pools_that_do_not_say_so() -> None:
    data = {
        "releaseChannel": {"channel": "REGULAR"},
        "currentMasterVersion": "1.33.4-gke.100",
        "nodePools": [{"name": "a", "version": "1.33.4-gke.100"}],
    }

    assert upgrade_gaps({"data": data}) == ["a is not upgraded"]
    assert upgrade_gaps({"data": {**data, "autopilot": {"enabled": True}}}) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, "2026-06-01T00:00:00Z"),
        ({"state": "FAILED"}, ""),
        ({"backupSchedule": {}}, ""),
        ({"backupSchedule": {"rpoConfig": {"targetRpoMinutes": 60}}}, "2026-06-01T00:00:00Z"),
        ({"backupSchedule": {"cronSchedule": "0 3 * * *", "paused": True}}, ""),
    ],
)
def test_a_plan_counts_if_it_is_ready_and_due(change: dict[str, Any], told: str) -> None:
    data = {
        "state": "READY",
        "backupSchedule": {"cronSchedule": "0 3 * * *"},
        "backupConfig": {"allNamespaces": True, "includeVolumeData": True},
        **change,
    }

    plans = [{"backup_plan": {"name": "b", "backup": "2026-06-01T00:00:00Z", "data": data}}]

    assert newest_cluster_backup(plans, []) == told


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ([("evil.example.", ["0.0.0.0"])], []),
        ([("EVIL.example", ["0.0.0.0"])], []),
        ([("*.example.", ["0.0.0.0"])], []),
        ([("*.example.", ["0.0.0.0"]), ("evil.example.", ["192.0.2.7"])], ["evil.example"]),
        ([("*.evil.example.", ["0.0.0.0"])], ["evil.example"]),
        ([("evil.example.", [])], ["evil.example"]),
        ([("notevil.example.", ["0.0.0.0"])], ["evil.example"]),
        ([("*.", ["0.0.0.0"])], []),
        ([("*.", ["0.0.0.0"]), ("*.example.", [])], ["evil.example"]),
    ],
)
def test_a_name_is_kept_where_the_rule_that_fits_best_leads_nowhere(
    rules: list[tuple[str, list[str]]], told: list[str]
) -> None:
    policies = [
        {"response_policy": {"rules": [{"dnsName": name, "behavior": None, "answers": list(a)} for name, a in rules]}}
    ]

    assert unfiltered_names(policies, [], ["evil.example"], ["0.0.0.0"]) == told


@pytest.mark.parametrize(
    ("data", "outside"),
    [
        ({}, True),
        ({"loadBalancingScheme": "EXTERNAL_MANAGED", "protocol": "HTTPS", "region": "r"}, True),
        ({"loadBalancingScheme": "EXTERNAL", "protocol": "TCP", "region": "r"}, False),
        ({"loadBalancingScheme": "EXTERNAL", "protocol": "UDP"}, False),
        ({"loadBalancingScheme": "INTERNAL_SELF_MANAGED", "protocol": "HTTP"}, False),
    ],
)
def test_what_a_proxy_on_the_internet_leads_to(data: dict[str, Any], outside: bool) -> None:
    assert proxied_outside({"data": data}) is outside
