"""Resources of all types, exemptions, and the regions that policies allow."""

# ruff: noqa: E501 — answers read as a table

from __future__ import annotations

from typing import Any

import pytest

from annexlog.collectors.azure.policy import exemption
from annexlog.collectors.azure.resources import resource
from annexlog.collectors.azure.subscription import subscription
from tests.collectors.azure.conftest import Connect
from tests.providers import look
from tests.wire.azure import READER, SUBSCRIPTION, Azure

SCOPE = f"azure/{SUBSCRIPTION}"
SUB = f"/subscriptions/{SUBSCRIPTION}"
AUTHORIZATION = f"{SUB}/providers/Microsoft.Authorization"
CONTRIBUTOR = {
    "actions": ["*"],
    "notActions": [
        "Microsoft.Authorization/*/Delete",
        "Microsoft.Authorization/*/Write",
        "Microsoft.Authorization/elevateAccess/Action",
    ],
}
BUILT_IN = "/providers/Microsoft.Authorization/policyDefinitions"


@pytest.mark.parametrize(
    ("grants", "status"),
    [
        ([READER], "complete"),
        ([CONTRIBUTOR], "complete"),
        ([{"actions": ["Microsoft.Resources/subscriptions/resources/read", "Microsoft.Web/*/read"]}], "denied"),
        ([{"actions": ["*/read"], "notActions": ["Microsoft.Storage/*"]}], "denied"),
        ([{"actions": ["*"], "notActions": ["Microsoft.KeyVault/vaults/read"]}], "denied"),
        ([{"actions": ["*"], "notActions": ["Microsoft.KeyVault/*ad"]}], "denied"),
        ([], "denied"),
    ],
)
def test_a_list_of_everything_is_believed_only_where_everything_may_be_read(
    grants: list[Any], status: str, azure: Azure, connect: Connect
) -> None:
    row = {
        "id": f"{SUB}/resourceGroups/Shop/providers/Microsoft.Web/sites/a",
        "name": "a",
        "type": "microsoft.web/sites",
        "group": f"{SUB}/resourcegroups/shop",
    }
    azure.views = {"everything": ("resources | extend group", "Microsoft.Web/sites", [row])}
    azure.grants_at = grants

    assert look(connect(), resource).status("azure.resources.resource", scope=SCOPE)[0] == status


@pytest.mark.parametrize(
    ("denial", "status"),
    [
        ({"actions": ["Microsoft.Web/*"], "notActions": []}, "denied"),
        ({"actions": ["*"], "notActions": ["*/read"]}, "complete"),
        ({"actions": ["*/write"], "notActions": []}, "complete"),
    ],
)
def test_whatever_is_denied_to_somebody_may_be_missing_among_everything(
    denial: dict[str, Any], status: str, azure: Azure, connect: Connect
) -> None:
    azure.answers[f"{AUTHORIZATION}/denyAssignments"] = {
        "value": [{"id": "/d", "properties": {"permissions": [denial]}}]
    }
    azure.views = {"everything": ("resources | extend group", "Microsoft.Web/sites", [])}

    assert look(connect(), resource).status("azure.resources.resource", scope=SCOPE)[0] == status


def test_regions_are_read_of_assignments_and_of_initiatives_of_both_kinds(azure: Azure, connect: Connect) -> None:
    resources, groups = (
        f"{BUILT_IN}/e56962a6-4747-49cd-b67b-bf8b01975c4c",
        f"{BUILT_IN}/E765B5DE-1225-4ba3-bd56-1ac6695af988",
    )
    own, given = (
        f"{AUTHORIZATION}/policySetDefinitions/Own",
        "/providers/Microsoft.Authorization/policySetDefinitions/given",
    )
    azure.answers[f"{AUTHORIZATION}/policyAssignments"] = {"value": [
        {"id": "/a/1", "properties": {"policyDefinitionId": resources, "notScopes": [f"{SUB}/resourceGroups/Lab"], "parameters": {"listOfAllowedLocations": {"value": ["westeurope"]}, "effect": {"value": "Audit"}}}},
        {"id": "/a/2", "properties": {"policyDefinitionId": own, "enforcementMode": "DoNotEnforce", "parameters": {"WHERE": {"value": ["northeurope"]}}}},
        {"id": "/a/3", "properties": {"policyDefinitionId": given, "overrides": [{"kind": "policyEffect"}]}},
        {"id": "/a/4", "properties": {"policyDefinitionId": f"{BUILT_IN}/another", "parameters": {"mail": {"value": "planted"}}}},
    ]}  # fmt: skip
    part = {"policyDefinitionId": groups, "policyDefinitionReferenceId": "r"}
    azure.answers[f"{AUTHORIZATION}/policySetDefinitions"] = {
        "value": [
            {
                "id": own,
                "properties": {
                    "policyDefinitions": [
                        {**part, "parameters": {"listOfAllowedLocations": {"value": "[parameters('where')]"}}},
                        {"policyDefinitionId": f"{BUILT_IN}/another"},
                    ]
                },
            }
        ]
    }
    azure.answers[given] = {"id": given, "properties": {"parameters": {"where": {"defaultValue": ["uksouth"]}}, "policyDefinitions": [
        {**part, "parameters": {"listOfAllowedLocations": {"value": "[parameters('where')]"}, "effect": {"value": "Deny"}}},
        {**part, "policyDefinitionId": resources, "parameters": {"listOfAllowedLocations": {"value": "[concat(parameters('where'))]"}}},
    ]}}  # fmt: skip

    seen = look(connect(), subscription, ["location_policies"])

    (found,) = seen.values("azure.subscription", "location_policies", SCOPE).values()
    assert found == [
        {
            "assignment": "/a/1",
            "of": "resources",
            "reference": "",
            "locations": ["westeurope"],
            "effect": "Audit",
            "notScopes": [f"{SUB}/resourcegroups/lab"],
        },
        {
            "assignment": "/a/2",
            "of": "groups",
            "reference": "r",
            "locations": ["northeurope"],
            "effect": "",
            "enforcementMode": "DoNotEnforce",
        },
        {
            "assignment": "/a/3",
            "of": "groups",
            "reference": "r",
            "locations": ["uksouth"],
            "effect": "Deny",
            "overrides": [{"kind": "policyEffect"}],
        },
        {
            "assignment": "/a/3",
            "of": "resources",
            "reference": "r",
            "locations": None,
            "effect": "",
            "overrides": [{"kind": "policyEffect"}],
        },
    ]


def test_of_an_exemption_s_words_only_that_there_are_some_is_kept(azure: Azure, connect: Connect) -> None:
    id = f"{SUB}/providers/Microsoft.Authorization/policyExemptions/E1"
    azure.answers[f"{AUTHORIZATION}/policyExemptions"] = {
        "value": [
            {
                "id": id,
                "name": "E1",
                "properties": {
                    "policyAssignmentId": "/a/1",
                    "description": " ",
                    "metadata": {"Ticket": "INC1", "empty": "", "change": " ", "approval": False},
                },
            }
        ]
    }

    seen = look(connect(), exemption)

    kept = {
        "id": id.lower(),
        "name": "E1",
        "properties": {"policyAssignmentId": "/a/1"},
        "described": False,
        "noted": ["ticket"],
    }
    assert seen.values("azure.policy.exemption", scope=SCOPE) == {id.lower(): kept}
