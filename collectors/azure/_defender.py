"""What Defender for Cloud says of a subscription: open alerts, and recommendations that are not followed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Page, Refused
from annexlog.collectors.azure._calls import VERSION, shown_rows
from annexlog.collectors.azure._versions import version
from annexlog.collectors.declaring import Asks, keep, rows

USED = (
    "Microsoft.Compute/virtualMachines", "Microsoft.Compute/virtualMachineScaleSets",
    "Microsoft.ContainerRegistry/registries", "Microsoft.ContainerService/managedClusters", "Microsoft.DBforMySQL/flexibleServers", "Microsoft.DBforPostgreSQL/flexibleServers",
    "Microsoft.DocumentDB/databaseAccounts", "Microsoft.HybridCompute/machines", "Microsoft.KeyVault/vaults", "Microsoft.Sql/managedInstances", "Microsoft.Sql/servers",
    "Microsoft.SqlVirtualMachine/sqlVirtualMachines", "Microsoft.Storage/storageAccounts", "Microsoft.Web/sites",
)  # fmt: skip
"""Types of resources that a plan of Defender for Cloud is for."""

ASSIGNMENTS = "/subscriptions/{subscription}/providers/Microsoft.Authorization/policyAssignments"
_ASSIGNED = ("policyDefinitionId", "scope", "notScopes", "enforcementMode", "resourceSelectors", "overrides")
_OPEN = frozenset({"active", "inprogress"})
_ALERT = ("name", "properties.severity", "properties.status", "properties.timeGeneratedUtc")
_IN = "securityresources | where type =~ 'microsoft.security/assessments'"
_WEIGHTY = f"{_IN} | extend code = tostring(properties.status.code), cause = tostring(properties.status.cause), severity = tostring(properties.metadata.severity), since = tostring(properties.status.firstEvaluationDate), risk = tostring(properties.risk.level) | where severity in~ ('High', 'Critical') or risk in~ ('High', 'Critical') | where code =~ 'Unhealthy' or (code =~ 'NotApplicable' and cause in~ ('Exempt', 'OffByPolicy')) | project id = tolower(id), name, code, cause, since | order by id asc"


def alerts(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Alerts of severity High that nobody has closed; the others are kept for 90 days and read for nothing.

    Source: REST API, Alerts - List (2022-01-01: severity, status).
    """
    kept = keep(*(f"value.{member}" for member in _ALERT))
    operation = "/subscriptions/{subscription}/providers/Microsoft.Security/alerts"
    asked = {"subscription": params["subscription"], VERSION: version("Microsoft.Security/alerts"), **kept}
    found = []
    for one in rows(ask, operation, asked, "value"):
        value = one["properties"]
        if value["severity"].lower() == "high" and value["status"].lower() in _OPEN:
            found.append(one)
    yield Page(sorted(found, key=lambda one: str(one["name"])))


def policies(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Policies assigned to the subscription or above it, each with `disabled`: names of parameters that say Disabled.

    What else parameters say goes no further: addresses of people are among it. A policy whose effect is Disabled calls
    every resource compliant. Source: learn.microsoft.com, "Azure Policy definitions disabled effect".
    """
    kept = keep("value.id", "value.name", "value.properties.parameters", *(f"value.properties.{m}" for m in _ASSIGNED))
    found = []
    for one in rows(ask, ASSIGNMENTS, {**params, **kept}, "value"):
        given = one["properties"].pop("parameters", None) or {}
        off = [name for name, said in given.items() if str((said or {}).get("value")).lower() == "disabled"]
        found.append({**one, "properties": {**one["properties"], "disabled": sorted(off)}})
    yield Page(found)


def assessments(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{evaluated, open: [{id, name, since}], spared: [{id, name, cause}]} of severity or risk High or Critical.

    `evaluated`: how many assessments there are at all. `spared`: those that an exemption or a switched-off policy hides.
    """
    subscription, read = params["subscription"], ("Microsoft.Security/assessments/read",)
    counted = shown_rows(ask, subscription, f"{_IN} | summarize evaluated = count()", read)
    if len(counted) != 1 or type(counted[0].get("evaluated")) is not int:
        raise Refused("unreadable", "no count")
    found = shown_rows(ask, subscription, _WEIGHTY, read)
    unhealthy = [
        {name: one[name] for name in ("id", "name", "since")} for one in found if one["code"].lower() == "unhealthy"
    ]
    spared = [
        {name: one[name] for name in ("id", "name", "cause")} for one in found if one["code"].lower() != "unhealthy"
    ]
    yield Page({"evaluated": counted[0]["evaluated"], "open": unhealthy, "spared": spared})
