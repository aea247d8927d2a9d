"""How workloads of Azure are read: onboarding, indicators, action groups, names, runtimes, requests for access."""

# ruff: noqa: E501 — answers read as a table

from __future__ import annotations

import re
from typing import Any

import pytest

from annexlog.collectors.azure.dns import link
from annexlog.collectors.azure.jit import policy
from annexlog.collectors.azure.monitor import metric_alert
from annexlog.collectors.azure.sentinel import instance
from annexlog.collectors.azure.subscription import subscription
from annexlog.evidence_store.model import Unknown
from tests.collectors.azure.conftest import Connect
from tests.providers import fault, look
from tests.wire.api import Fault, say
from tests.wire.azure import SUBSCRIPTION, Azure, at, row

SCOPE = f"azure/{SUBSCRIPTION}"
SUB = f"/subscriptions/{SUBSCRIPTION}"
WORKSPACE = "Microsoft.OperationalInsights/workspaces"
CENTRAL = at(WORKSPACE, "central")
ONBOARDING = f"{CENTRAL.lower()}/providers/Microsoft.SecurityInsights/onboardingStates"
INDICATORS = f"{CENTRAL}/providers/Microsoft.SecurityInsights/threatIntelligence/main/indicators"
METRIC, OPS = "Microsoft.Insights/metricAlerts", at("Microsoft.Insights/actionGroups", "ops")
ASKED = f"{SUB}/resourceGroups/shop/providers/Microsoft.Insights/actionGroups/ops"


def sentinel(azure: Azure) -> None:
    azure.inventory = {WORKSPACE: [row(WORKSPACE, "central")]}
    azure.answers |= {ONBOARDING: {"value": [{"name": "default"}]}}


def indicator(source: str, at: str, **more: Any) -> dict[str, Any]:
    return {"name": at, "properties": {"source": source, "lastUpdatedTimeUtc": at, **more}}


def refused(azure: Azure, message: str) -> Any:
    return say({"error": {"code": "BadRequest", "message": message}}, 400)


@pytest.mark.parametrize(
    "message",
    [
        "Workspace 'central' is not onboarded to Microsoft Sentinel.",
        "The subscription is not registered to 'Microsoft.SecurityInsights'.",
    ],
)
def test_a_workspace_that_sentinel_does_not_know_has_none(message: str, azure: Azure, connect: Connect) -> None:
    sentinel(azure)
    azure.faults.append(fault(ONBOARDING, refused(azure, message)))

    seen = look(connect(), instance, ["instance"])

    assert seen.status("azure.sentinel.instance", scope=SCOPE) == ("complete", None)
    assert seen.values("azure.sentinel.instance", scope=SCOPE) == {}


def test_another_bad_request_says_nothing_of_sentinel(azure: Azure, connect: Connect) -> None:
    sentinel(azure)
    azure.faults.append(fault(ONBOARDING, refused(azure, "The request is malformed.")))

    seen = look(connect(), instance, ["instance"])

    assert seen.status("azure.sentinel.instance", scope=SCOPE)[0] != "complete"


def test_of_each_source_of_indicators_the_newest_that_is_not_revoked_is_kept(azure: Azure, connect: Connect) -> None:
    sentinel(azure)
    azure.answers[INDICATORS] = {"value": [
        indicator("Feed", "2026-01-03T00:00:00Z", revoked=True), indicator("Feed", "2026-01-02T00:00:00Z", pattern="[x]"), indicator("Feed", "2026-01-01T00:00:00Z"), indicator("Azure Sentinel", "2025-01-01T00:00:00Z"),
    ]}  # fmt: skip

    seen = look(connect(), instance, ["indicators"])

    assert seen.values("azure.sentinel.instance", "indicators", SCOPE)[CENTRAL.lower()] == {
        "whole": True,
        "sources": [{"source": "Azure Sentinel", "updated": "2025-01-01T00:00:00Z"}, {"source": "Feed", "updated": "2026-01-02T00:00:00Z"}],
    }  # fmt: skip


def test_of_very_many_indicators_the_rest_is_not_read_and_said_to_be_missing(azure: Azure, connect: Connect) -> None:
    sentinel(azure)
    azure.page = 1
    azure.answers[INDICATORS] = {"value": [indicator(f"s{n:02}", "2026-01-01T00:00:00Z") for n in range(13)]}

    found: Any = look(connect(), instance, ["indicators"]).values("azure.sentinel.instance", "indicators", SCOPE)[
        CENTRAL.lower()
    ]

    assert (found["whole"], len(found["sources"])) == (False, 10)


def test_indicators_that_the_service_does_not_sort_are_read_as_they_come(azure: Azure, connect: Connect) -> None:
    sentinel(azure)
    azure.answers[INDICATORS] = {"value": [indicator("Feed", "2026-01-01T00:00:00Z")]}
    path = re.escape(INDICATORS.replace(CENTRAL, CENTRAL.lower()))
    azure.faults.append(Fault(path, refused(azure, "Invalid $orderby"), containing="orderby"))

    found: Any = look(connect(), instance, ["indicators"]).values("azure.sentinel.instance", "indicators", SCOPE)

    assert found[CENTRAL.lower()] == {"whole": True, "sources": [{"source": "Feed", "updated": "2026-01-01T00:00:00Z"}]}


@pytest.mark.parametrize(
    ("group", "told"),
    [
        (
            {
                "enabled": True,
                "emailReceivers": [{"status": "Enabled"}, {"status": "Disabled"}],
                "webhookReceivers": [{"serviceUri": "https://x"}],
            },
            {"enabled": True, "receivers": 2},
        ),
        ({"enabled": False, "smsReceivers": [{}]}, {"enabled": False, "receivers": 1}),
    ],
)
def test_of_an_alert_s_groups_it_is_kept_how_many_they_tell(
    group: dict[str, Any], told: dict[str, Any], azure: Azure, connect: Connect
) -> None:
    azure.inventory = {METRIC: [row(METRIC, "load", {"actions": [{"actionGroupId": OPS}]})]}
    azure.answers[OPS] = {"properties": group}

    seen = look(connect(), metric_alert, ["groups"])

    assert seen.values("azure.monitor.metric_alert", "groups", SCOPE)[at(METRIC, "load").lower()] == [
        {"id": OPS.lower(), **told}
    ]


def test_a_group_that_is_gone_tells_nobody_and_one_that_is_hidden_is_unknown(azure: Azure, connect: Connect) -> None:
    azure.inventory = {METRIC: [row(METRIC, "load", {"actions": [{"actionGroupId": OPS}]})]}
    azure.faults.append(fault(ASKED, say({"error": {"code": "ResourceNotFound", "message": "gone"}}, 404)))
    gone = look(connect(), metric_alert, ["groups"])
    azure.faults[:] = [fault(ASKED, azure.refuse(403))]
    hidden = look(connect(), metric_alert, ["groups"])

    id = at(METRIC, "load").lower()
    assert gone.values("azure.monitor.metric_alert", "groups", SCOPE)[id] == [
        {"id": OPS.lower(), "enabled": False, "receivers": 0}
    ]
    value = hidden.values("azure.monitor.metric_alert", "groups", SCOPE)[id]
    assert isinstance(value, Unknown)
    assert value.reason == "denied"


def test_of_lists_of_names_it_is_kept_how_many_they_hold_and_whether_every_name(azure: Azure, connect: Connect) -> None:
    dns, lists = at("Microsoft.Network/dnsResolverPolicies", "Dns"), "Microsoft.Network/dnsResolverDomainLists"
    kind, every, far = (
        f"{'Microsoft.Network/dnsResolverPolicies'}/virtualNetworkLinks",
        at(lists, "all"),
        at(lists, "far"),
    )
    azure.inventory = {kind: [row(kind, "Dns/net", policy=dns.lower())]}
    azure.answers |= {
        f"{dns}/dnsSecurityRules": {"value": [{"id": f"{dns}/dnsSecurityRules/r", "name": "r", "properties": {"priority": 1, "dnsResolverDomainLists": [{"id": far}, {"id": every}]}}]},
        every: {"properties": {"domains": [".", "bad.example."]}},
        far: {"properties": {"domainsUrl": "https://x/y?sig=secret"}},
    }  # fmt: skip

    seen = look(connect(), link, ["rules"])

    found: Any = seen.values("azure.dns.policy_link", "rules", SCOPE)[at(kind, "Dns/net").lower()]
    assert found[0]["lists"] == [
        {"id": every.lower(), "names": 2, "every_name": True},
        {"id": far.lower(), "names": -1, "every_name": False},
    ]


def test_a_catalogue_says_when_each_runtime_on_linux_ends(azure: Azure, connect: Connect) -> None:
    def stack(settings: dict[str, Any]) -> dict[str, Any]:
        return {
            "value": [
                {"name": "x", "properties": {"majorVersions": [{"minorVersions": [{"stackSettings": settings}]}]}}
            ]
        }

    azure.answers |= {
        "/providers/Microsoft.Web/webAppStacks": stack({"linuxContainerSettings": {"java21Runtime": "JAVA|21-java21", "runtimes": [{"runtime": "JAVA|25-java25", "runtimeVersion": "25"}]}, "windowsRuntimeSettings": {"runtimeVersion": "v4.0"}}),
        "/providers/Microsoft.Web/functionAppStacks": stack({"linuxRuntimeSettings": {"runtimeVersion": "Python|3.8", "endOfLifeDate": "2024-10-31T00:00:00Z", "isDeprecated": True}}),
    }  # fmt: skip

    seen = look(connect(), subscription, ["stacks"])

    assert seen.values("azure.subscription", "stacks", SCOPE)[SUB] == [
        {"app": "function", "runtime": "Python|3.8", "ends": "2024-10-31T00:00:00Z", "deprecated": True},
        {"app": "web", "runtime": "JAVA|21-java21", "ends": None, "deprecated": False},
        {"app": "web", "runtime": "JAVA|25-java25", "ends": None, "deprecated": False},
    ]


def test_policies_of_just_in_time_access_are_asked_for_in_every_region_with_machines(
    azure: Azure, connect: Connect
) -> None:
    places = [{"location": "westeurope", "machines": 1}, {"location": "newregion", "machines": 1}]
    azure.views = {"regions": ("summarize machines = count() by location", "Microsoft.Compute/virtualMachines", places)}
    id = f"{SUB}/resourceGroups/g/providers/Microsoft.Security/locations/westeurope/jitNetworkAccessPolicies/default"
    path = f"{SUB}/providers/Microsoft.Security/locations/{{}}/jitNetworkAccessPolicies"
    request = {
        "requestor": "planted@example.com",
        "virtualMachines": [
            {"id": "m", "ports": [{"number": 22, "status": "Initiated", "endTimeUtc": "2026-01-01T00:00:00Z"}]}
        ],
    }
    azure.answers[path.format("westeurope")] = {
        "value": [{"id": id, "name": "default", "properties": {"virtualMachines": [], "requests": [request]}}]
    }
    azure.faults.append(
        fault(
            path.format("newregion"), say({"error": {"code": "NoRegisteredProviderFound", "message": "not here"}}, 400)
        )
    )

    seen = look(connect(), policy, ["policy"])

    assert seen.status("azure.security.jit_policy", scope=SCOPE) == ("complete", None)
    kept: Any = seen.values("azure.security.jit_policy", scope=SCOPE)[id.lower()]
    assert kept["properties"]["requests"] == [{"virtualMachines": request["virtualMachines"]}]
