"""What Defender for Cloud and Azure Policy looked at, and whether that is enough to believe what they found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = [
    "baseline_state",
    "evaluated_at_all",
    "oldest_patch",
    "paid_plans",
    "plan_gaps",
    "unconnected_organizations",
]

_FOR: Mapping[str, Sequence[str]] = {
    "VirtualMachines": (
        "microsoft.compute/virtualmachines",
        "microsoft.compute/virtualmachinescalesets",
        "microsoft.hybridcompute/machines",
    ),
    "SqlServers": ("microsoft.sql/servers", "microsoft.sql/managedinstances"),
    "SqlServerVirtualMachines": ("microsoft.sqlvirtualmachine/sqlvirtualmachines",),
    "OpenSourceRelationalDatabases": (
        "microsoft.dbforpostgresql/flexibleservers",
        "microsoft.dbformysql/flexibleservers",
    ),
    "CosmosDbs": ("microsoft.documentdb/databaseaccounts",),
    "StorageAccounts": ("microsoft.storage/storageaccounts",),
    "KeyVaults": ("microsoft.keyvault/vaults",),
    "AppServices": ("microsoft.web/sites",),
    "Containers": ("microsoft.containerservice/managedclusters", "microsoft.containerregistry/registries"),
}
"""Plans by what they are for; one that is not here is for every subscription. Source: REST API, Pricings."""

_FREE = frozenset({"cloudposture", "foundationalcspm", "discovery"})


@derived
def plan_gaps(plans: JSON, used: JSON, wanted: JSON, subplans: JSON) -> JSON:
    """Which of the wanted plans do not guard what is used, each with why, sorted.

    `plans`: [{name, properties}] of Microsoft.Security/pricings; `used`: [{type, resources}]; `subplans`: {plan: those
    that will do}. A plan that is deprecated has another in its place and is not looked at.
    """
    here = {str(one["type"]).lower() for one in used if one["resources"]}
    known = {str(one["name"]): one["properties"] for one in plans}
    found = []
    for name in wanted:
        if name in _FOR and not here.intersection(_FOR[name]):
            continue
        why = _lacks(known.get(name), subplans.get(name))
        found += [f"{name}: {why}"] if why else []
    return sorted(found)


def _lacks(plan: Mapping[str, Any] | None, subplans: Sequence[str] | None) -> str:
    if plan is None:
        return "there is no such plan"
    if plan.get("deprecated") is True:
        return ""
    if plan["pricingTier"] != "Standard":
        return "off"
    if plan.get("resourcesCoverageStatus") not in (None, "FullyCovered"):
        return "some resources are left out"
    if subplans and plan.get("subPlan") not in subplans:
        return f"subplan {plan.get('subPlan')}"
    broken = [
        str(one["name"])
        for one in plan.get("extensions") or ()
        if str(one.get("isEnabled")).lower() == "true" and (one.get("operationStatus") or {}).get("code") == "Failed"
    ]
    return f"{', '.join(sorted(broken))} failed" if broken else ""


@derived
def paid_plans(plans: JSON) -> JSON | Unknown:
    """Names of the plans that raise alerts and are on. Unknown(unsupported) without any: then there are no alerts."""
    found = sorted(
        str(one["name"])
        for one in plans
        if one["properties"]["pricingTier"] == "Standard" and str(one["name"]).lower() not in _FREE
    )
    return found or Unknown("unsupported", operation="Microsoft.Security/pricings", code="no plan is on")


@derived
def evaluated_at_all(assessments: JSON) -> JSON | Unknown:
    """How many assessments there are. Unknown(unsupported) where there is none: then nobody looked."""
    found = int(assessments["evaluated"])
    return found or Unknown("unsupported", operation="Microsoft.Security/assessments", code="none is evaluated")


@derived
def oldest_patch(patches: JSON) -> JSON | Unknown:
    """When the oldest missing patch was published. Unknown(unresolved) where one has no date, as most of Linux have."""
    if patches["undated"] or not patches.get("oldest"):
        return Unknown("unresolved", operation="softwarePatches", code="no publishedDateTime")
    return patches["oldest"]


@derived
def baseline_state(
    policies: JSON, compliance: JSON, baseline: JSON, spared: JSON, off: JSON, percent: JSON
) -> JSON | Unknown:
    """{gaps, latest}: what hollows out the assignment of a baseline, and when it was last evaluated ("" if it is not).

    `baseline`: ids of definitions or initiatives that will do; `spared`: scopes that may be left out; `off`: names of
    parameters that may say Disabled, whose policies call everything compliant. Of several
    assignments the one with the fewest gaps counts. Unknown(unresolved) where one is whole and nothing was evaluated.
    Source: REST API, Policy Assignments (enforcementMode, notScopes, resourceSelectors, overrides); Resource Graph,
    policyResources.
    """
    ids, allowed = {str(id).lower() for id in baseline}, {str(scope).lower() for scope in spared}
    states = {str(one["id"]).lower(): one for one in compliance}
    found = []
    for one in policies:
        value = one["properties"]
        if str(value["policyDefinitionId"]).lower() not in ids:
            continue
        gaps = [f"{name} is set" for name in ("resourceSelectors", "overrides") if value.get(name)]
        gaps += ["it is not enforced"] if value.get("enforcementMode", "Default") != "Default" else []
        gaps += [f"it leaves out {s}" for s in value.get("notScopes") or () if str(s).lower() not in allowed]
        gaps += [f"{name} is Disabled" for name in value.get("disabled") or () if name not in off]
        state = states.get(str(one["id"]).lower())
        if state and state["deviating"] * 100 > percent * state["resources"]:
            gaps.append(f"{state['deviating']} of {state['resources']} resources deviate")
        found.append((len(gaps), gaps, str((state or {}).get("latest") or "")))
    if not found:
        return {"gaps": ["no baseline is assigned"], "latest": ""}
    _, gaps, latest = min(found, key=lambda one: (one[0], one[2] == ""))
    if not gaps and not latest:
        return Unknown("unresolved", operation="Microsoft.PolicyInsights/policyStates", code="nothing is evaluated")
    return {"gaps": gaps, "latest": latest}


@derived
def unconnected_organizations(connectors: JSON, organizations: JSON, subscription: JSON) -> JSON:
    """Those of a subscription's organizations of code that no working connector takes in, sorted.

    `connectors`: see collectors/azure/_code.py; `organizations`: {subscription id: [names]}, in any case. One that
    another connector has, or that none has, is shown by this one all the same. Source: REST API, OnboardingState.
    """
    taken = {
        str(one["name"]).lower()
        for connector in connectors
        if connector["state"] == "Succeeded"
        for one in connector["organizations"]
        if one["properties"].get("provisioningState") == "Succeeded"
        and one["properties"].get("onboardingState") in (None, "Onboarded", "NotApplicable")
    }
    wanted = {name for id, names in organizations.items() if str(id).lower() == subscription for name in names}
    return sorted(name for name in wanted if str(name).lower() not in taken)
