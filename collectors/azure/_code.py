"""Platforms of code that Defender for Cloud is connected with, and which of their organizations it takes in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Page
from annexlog.collectors.azure._calls import VERSION
from annexlog.collectors.azure._versions import version
from annexlog.collectors.declaring import Asks, keep, one, rows

CONNECTOR = "Microsoft.Security/securityConnectors"
CONNECTORS = "/subscriptions/{subscription}/providers/Microsoft.Security/securityConnectors"
HOLDERS: Mapping[str, str] = {"github": "gitHubOwners", "azuredevops": "azureDevOpsOrgs", "gitlab": "gitLabGroups"}
"""What holds an organization's repositories, by the environment of a connector; the others are clouds and registries."""

_STATE = ("name", "properties.provisioningState", "properties.onboardingState")


def code_connectors(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """[{connector, state, organizations: [{name, properties}]}] of the subscription's connectors to platforms of code.

    `state`: how its configuration went (Succeeded). Source: REST API, Security Connectors - List, DevOps Configurations -
    Get, Git Hub Owners, Azure Dev Ops Orgs and Git Lab Groups - List (2024-04-01).
    """
    kept = keep("value.id", "value.properties.environmentName")
    asked = {"subscription": params["subscription"], VERSION: version(CONNECTOR), **kept}
    dated = {VERSION: version(f"{CONNECTOR}/devops")}
    found = []
    for connector in rows(ask, CONNECTORS, asked, "value"):
        holder = HOLDERS.get(str(connector["properties"]["environmentName"]).lower())
        if holder is None:
            continue
        at = {"id": connector["id"], **dated}
        state = keep("properties.provisioningState")
        value = one(ask, Call(f"{CONNECTOR}/devops/read", "{id}/devops/default"), {**at, **state}, "properties")
        listed = Call(f"{CONNECTOR}/devops/{holder}/read", f"{{id}}/devops/default/{holder}")
        held = rows(ask, listed, {**at, **keep(*(f"value.{name}" for name in _STATE))}, "value")
        told = str(value["properties"].get("provisioningState") or "")
        found.append({"connector": connector["id"], "state": told, "organizations": held})
    yield Page(sorted(found, key=lambda row: str(row["connector"])))
