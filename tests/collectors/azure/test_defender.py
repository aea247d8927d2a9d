"""Queries that are no list of a type, and what is kept of alerts, recommendations and rules that lie deep."""

# ruff: noqa: E501 — answers read as a table

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from annexlog.collectors.azure.compute import machine
from annexlog.collectors.azure.network import manager
from annexlog.collectors.azure.subscription import subscription
from annexlog.evidence_store.model import Unknown
from tests.collectors.azure.conftest import Connect
from tests.providers import fault, look
from tests.wire.api import Fault, say
from tests.wire.azure import GRAPH, READER, SUBSCRIPTION, Azure, at, row

SCOPE = f"azure/{SUBSCRIPTION}"
AT = f"/subscriptions/{SUBSCRIPTION}/providers"
MACHINE, MANAGER = "Microsoft.Compute/virtualMachines", "Microsoft.Network/networkManagers"
COUNTED = ("summarize evaluated", "Microsoft.Security/assessments", [{"evaluated": 3}])
WEIGHTY = ("since = tostring", "Microsoft.Security/assessments", [
    {"id": "/a", "name": "k1", "code": "Unhealthy", "cause": "", "since": "2026-01-01T00:00:00Z"},
    {"id": "/b", "name": "k2", "code": "NotApplicable", "cause": "Exempt", "since": ""},
])  # fmt: skip


def one(azure: Azure, connect: Connect, facet: str) -> Any:
    """The subscription's facet."""
    (found,) = look(connect(), subscription, [facet]).values("azure.subscription", facet, SCOPE).values()
    return found


def test_recommendations_are_counted_and_those_that_weigh_are_kept(azure: Azure, connect: Connect) -> None:
    azure.views = {"count": COUNTED, "weighty": WEIGHTY}

    assert one(azure, connect, "assessments") == {
        "evaluated": 3,
        "open": [{"id": "/a", "name": "k1", "since": "2026-01-01T00:00:00Z"}],
        "spared": [{"id": "/b", "name": "k2", "cause": "Exempt"}],
    }


@pytest.mark.parametrize("grants", [[], [{**READER, "notActions": ["Microsoft.Security/*"]}]])
def test_a_query_is_not_believed_without_a_proof_of_sight(grants: list[Any], azure: Azure, connect: Connect) -> None:
    azure.views = {"count": ("summarize evaluated", "x", [{"evaluated": 0}]), "weighty": ("since = tostring", "x", [])}
    azure.grants_at = grants

    told = Unknown("denied", GRAPH, "Microsoft.Security/assessments/read", "no proof of sight")
    assert one(azure, connect, "assessments") == told


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"totalRecords": 5, "count": 1, "resultTruncated": "true", "data": [{"evaluated": 1}]}, "incomplete"),
        ({"totalRecords": 5, "count": 1, "data": [{"evaluated": 1}]}, "incomplete"),
        ({"totalRecords": 0, "count": 0, "data": []}, "unreadable"),
        ({"totalRecords": 1, "count": 1, "data": [{"evaluated": None}]}, "unreadable"),
    ],
)
def test_a_count_that_is_none_or_was_cut_is_not_believed(
    body: Any, reason: str, azure: Azure, connect: Connect
) -> None:
    azure.faults.append(Fault(GRAPH, say(body)))

    found = one(azure, connect, "assessments")

    assert isinstance(found, Unknown)
    assert found.reason == reason


def test_of_alerts_those_are_kept_that_weigh_and_are_open(azure: Azure, connect: Connect) -> None:
    def alert(name: str, severity: str, status: str) -> dict[str, Any]:
        told = {
            "severity": severity,
            "status": status,
            "timeGeneratedUtc": "2026-01-01T00:00:00Z",
            "alertDisplayName": "planted",
        }
        return {"name": name, "properties": told}

    azure.page = 2
    azure.answers[f"{AT}/Microsoft.Security/alerts"] = {"value": [
        alert("z", "High", "Active"), alert("a", "high", "InProgress"), alert("b", "High", "Resolved"), alert("c", "High", "Dismissed"), alert("d", "Medium", "Active"),
    ]}  # fmt: skip

    found = one(azure, connect, "alerts")

    assert [(a["name"], sorted(a["properties"])) for a in found] == [
        (name, ["severity", "status", "timeGeneratedUtc"]) for name in ("a", "z")
    ]


def test_of_an_assignments_parameters_the_names_of_those_that_say_disabled_are_kept(
    azure: Azure, connect: Connect
) -> None:
    given = {"effect": {"value": "disabled"}, "mail": {"value": "ann@example.com"}, "none": None}
    assigned = {"id": "/a", "name": "a", "properties": {"policyDefinitionId": "/set", "parameters": given}}
    azure.answers[f"{AT}/Microsoft.Authorization/policyAssignments"] = {"value": [assigned]}

    assert one(azure, connect, "policies") == [
        {"id": "/a", "name": "a", "properties": {"policyDefinitionId": "/set", "disabled": ["effect"]}}
    ]


def test_a_machine_that_no_row_speaks_of_has_no_assessment_and_its_patches_are_unknown(
    azure: Azure, connect: Connect
) -> None:
    azure.inventory = {MACHINE: [row(MACHINE, "Vm1", power="PowerState/running"), row(MACHINE, "vm2", power="")]}
    told = {"id": at(MACHINE, "vm1").lower(), "status": "Succeeded"}
    azure.views = {
        "patches": ("softwarePatches", f"{MACHINE}/patchAssessmentResults/softwarePatches", []),
        "assessed": ("patchAssessmentResults", f"{MACHINE}/patchAssessmentResults", [told]),
    }

    seen = look(connect(), machine, ["assessed", "patches"])

    one, two = (at(MACHINE, name).lower() for name in ("vm1", "vm2"))
    assert seen.values("azure.compute.machine", "assessed", SCOPE) == {one: told, two: None}
    assert {v.reason for v in seen.values("azure.compute.machine", "patches", SCOPE).values()} == {"unlisted"}


def test_the_rules_of_every_collection_of_every_configuration_are_one_list(azure: Azure, connect: Connect) -> None:
    azure.inventory = {MANAGER: [row(MANAGER, "avnm")]}
    below = f"{at(MANAGER, 'avnm')}/securityAdminConfigurations"
    listed = {"": ["c1", "c2"], "/c1/ruleCollections": ["r1"], "/c2/ruleCollections": ["r2", "r3"]}
    for path, names in listed.items():
        azure.answers[f"{below}{path}"] = {"value": [{"id": f"{below}{path}/{name}", "name": name} for name in names]}
    for number, path in enumerate(("c1/ruleCollections/r1", "c2/ruleCollections/r2", "c2/ruleCollections/r3")):
        azure.answers[f"{below}/{path}/rules"] = {
            "value": [{"name": f"rule{number}", "properties": {"access": "Deny"}}]
        }

    seen = look(connect(), manager, ["admin_rules"])

    rules: Any
    (rules,) = seen.values("azure.network.manager", "admin_rules", SCOPE).values()
    assert [rule["name"] for rule in rules] == ["rule0", "rule1", "rule2"]


def test_a_proof_of_sight_is_asked_for_once_for_all_lists_and_again_later(azure: Azure, connect: Connect) -> None:
    adapter = connect()
    proof = f"{AT}/Microsoft.Authorization/permissions"

    look(adapter, manager, ["manager"])
    look(adapter, machine, ["machine"])
    before = azure.asked.count(proof)
    adapter._proofs = {path: (since - 120, pages) for path, (since, pages) in adapter._proofs.items()}
    look(adapter, machine, ["machine"])

    assert (before, azure.asked.count(proof)) == (1, 2)


def test_a_proof_that_was_refused_is_not_remembered(azure: Azure, connect: Connect) -> None:
    proof = f"{AT}/Microsoft.Authorization/permissions"
    azure.faults.append(replace(fault(proof, azure.refuse(403)), times=1))
    adapter = connect()

    first = look(adapter, manager, ["manager"]).status("azure.network.manager", scope=SCOPE)
    then = look(adapter, manager, ["manager"]).status("azure.network.manager", scope=SCOPE)

    assert (first[0], then) == ("denied", ("complete", None))
