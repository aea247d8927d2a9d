"""Organization policies of Google Cloud: whether a constraint holds at the top, and is undone nowhere below."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived

__all__ = ["loose_images", "loose_locations", "open_sharing", "prevented_on", "unenforced"]


def _specs(policies: JSON, constraint: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(node, spec) of each policy for a constraint; what is only tried out (dryRunSpec) is none."""
    for one in policies:
        data = one["org_policy"]["data"]
        node, _, name = data["name"].partition("/policies/")
        if name == constraint and data.get("spec"):
            yield node, data["spec"]


def _enforced(spec: Mapping[str, Any]) -> bool:
    """Whether a boolean constraint is on without a condition, and off under none."""
    rules = spec.get("rules") or []
    always = any(rule.get("enforce") is True and not rule.get("condition") for rule in rules)
    return always and all(rule.get("enforce") is True for rule in rules)


def _undone(spec: Mapping[str, Any]) -> bool:
    """Whether a lower policy takes a boolean constraint back, be it under a condition, or by saying nothing."""
    rules = spec.get("rules") or []
    silent = not rules and spec.get("inheritFromParent") is not True
    return spec.get("reset") is True or silent or any(rule.get("enforce") is not True for rule in rules)


@derived
def unenforced(policies: JSON, node: JSON, constraints: JSON, exempt: JSON) -> JSON:
    """Constraints that are not enforced on the organization, or undone below it: `constraint` or `constraint on node`.

    `policies`: joined org policies. `constraints`: names; alternatives (an older and a managed one) apart by `|`.
    `exempt`: nodes (`projects/123`) whose own policies were agreed to.
    Source: orgpolicy.v2, PolicySpec (rules.enforce, rules.condition, reset).
    """
    found: list[str] = []
    for names in constraints:
        faults = [_faults(policies, node, name, exempt) for name in str(names).split("|")]
        if all(faults):
            fewest: list[str] = min(faults, key=len)
            found += fewest
    return found


def _faults(policies: JSON, node: str, name: str, exempt: Iterable[str]) -> list[str]:
    specs = dict(_specs(policies, name))
    if node not in specs or not _enforced(specs[node]):
        return [name]
    return sorted(f"{name} on {at}" for at, spec in specs.items() if at != node and at not in exempt and _undone(spec))


@derived
def prevented_on(policies: JSON, nodes: JSON) -> JSON:
    """Whether public access to a bucket is prevented by organization policy.

    Of its project and what is above it (`nodes`, lowest first) the lowest with a policy decides: boolean ones are
    not merged. One that resets to Google's default, which is off, undoes it.
    """
    specs = dict(_specs(policies, "storage.publicAccessPrevention"))
    spec = next((specs[node] for node in nodes if node in specs), None)
    return spec is not None and spec.get("reset") is not True and _enforced(spec)


LEGACY, MANAGED = "iam.allowedPolicyMemberDomains", "iam.managed.allowedPolicyMembers"


@derived
def open_sharing(policies: JSON, node: JSON, own: JSON) -> JSON:
    """Why members of other organizations can be given roles: one text for each fault; [] if they cannot.

    `own`: customer ids (`C01abc`) and principal sets that are the organization's own, or agreed to. Either of the two
    constraints is enough. Source: Resource Manager, restricting identities by domain; orgpolicy.v2 PolicySpec.
    """
    legacy = _list_faults(policies, node, {*own, *(f"is:{one}" for one in own)})
    managed = _managed_faults(policies, node, set(own))
    return min(legacy, managed, key=len)


@derived
def loose_locations(policies: JSON, node: JSON, approved: JSON) -> JSON:
    """Why resources can be made in places that were not approved: one text for each fault; [] if they cannot.

    Source: Resource Manager, restricting resource locations; orgpolicy.v2, PolicySpec.
    """
    return _list_faults(policies, node, set(approved), LOCATIONS)


@derived
def loose_images(policies: JSON, node: JSON, approved: JSON) -> JSON:
    """Why machines can be made from images of projects that were not approved: one text for each fault; [] if not.

    `approved`: `projects/debian-cloud`. Source: Compute Engine, trusted image policies; orgpolicy.v2, PolicySpec.
    """
    return _list_faults(policies, node, {*approved, *(f"is:{one}" for one in approved)}, IMAGES)


IMAGES = "compute.trustedImageProjects"
LOCATIONS = "gcp.resourceLocations"


def _list_faults(policies: JSON, node: str, own: set[str], constraint: str = LEGACY) -> list[str]:
    specs = dict(_specs(policies, constraint))
    top = specs.get(node) or {}
    restricted = any(
        (rule.get("values") or {}).get("allowedValues") and not rule.get("condition") for rule in top.get("rules") or []
    )
    found = [] if restricted else [f"{constraint} is not set"]
    for at, spec in sorted(specs.items()):
        rules = spec.get("rules") or []
        values = {value for rule in rules for value in (rule.get("values") or {}).get("allowedValues") or []}
        inherits = at != node and spec.get("inheritFromParent") is True
        wide = any(rule.get("allowAll") is True or (_denies_only(rule) and not inherits) for rule in rules)
        wide = wide or not (rules or inherits)  # says nothing, and inherits nothing
        if spec.get("reset") is True or wide or values - own:
            found.append(f"{constraint} allows others on {at}")
    return found


def _denies_only(rule: Mapping[str, Any]) -> bool:
    """Whether a rule lets in everyone whom it does not name, unless what is inherited is narrower."""
    values = rule.get("values") or {}
    return bool(values.get("deniedValues")) and not values.get("allowedValues")


def _managed_faults(policies: JSON, node: str, own: set[str]) -> list[str]:
    specs = dict(_specs(policies, MANAGED))
    found = [] if node in specs and _enforced(specs[node]) else [f"{MANAGED} is not enforced"]
    for at, spec in sorted(specs.items()):
        parameters = [rule.get("parameters") or {} for rule in spec.get("rules") or []]
        values = {
            v
            for one in parameters
            for name in ("allowedMemberSubjects", "allowedPrincipalSets")
            for v in one.get(name) or []
        }
        if _undone(spec) or values - own:
            found.append(f"{MANAGED} allows others on {at}")
    return found
