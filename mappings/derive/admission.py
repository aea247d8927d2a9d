"""Which admission policies are really in force: not only there, and for all namespaces but the system's."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived

__all__ = ["enforced_policies"]


@derived
def enforced_policies(policies: JSON, bindings: JSON, spared: JSON) -> JSON:
    """The names of the ValidatingAdmissionPolicies that refuse what they do not allow, sorted.

    `policies`: [{admission_policy}], `bindings`: [{admission_policy_binding}]. Such a policy fails closed, has no
    matchConditions, and is bound with the action Deny; neither it nor that binding leaves out other namespaces than
    `spared`, or any object. Source: Kubernetes API, ValidatingAdmissionPolicySpec, ValidatingAdmissionPolicyBinding.
    """
    bound = set()
    for one in bindings:
        spec = one["admission_policy_binding"]["spec"]
        if "Deny" in (spec.get("validationActions") or ()) and _whole(spec.get("matchResources") or {}, spared):
            bound.add(spec["policyName"])
    closed = set()
    for one in policies:
        spec = one["admission_policy"]["spec"]
        fails = (spec.get("failurePolicy") or "Fail") == "Fail" and not spec.get("matchConditions")
        if fails and _whole(spec.get("matchConstraints") or {}, spared):
            closed.add(one["id"])
    return sorted(bound & closed)


def _whole(match: Mapping[str, Any], spared: Collection[str]) -> bool:
    """Whether a MatchResources leaves out nothing but these namespaces."""
    if match.get("excludeResourceRules") or any((match.get("objectSelector") or {}).values()):
        return False
    namespaces = match.get("namespaceSelector") or {}
    return not namespaces.get("matchLabels") and all(
        one["key"] == "kubernetes.io/metadata.name" and one["operator"] == "NotIn" and set(one["values"]) <= set(spared)
        for one in namespaces.get("matchExpressions") or ()
    )
