"""Whether Google's own staff gets at data of a project only if somebody here agrees."""

from __future__ import annotations

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived

__all__ = ["access_without_approval"]

_UNSET = ("", "JUSTIFICATION_BASED_APPROVAL_POLICY_UNSPECIFIED", "JUSTIFICATION_BASED_APPROVAL_INHERITED")
_ASKED = "JUSTIFICATION_BASED_APPROVAL_NOT_ENABLED"


@derived
def access_without_approval(nodes: JSON, settings: JSON, agreed: JSON) -> JSON:
    """Why accesses to a project need no approval: one text for each; [] if all do.

    `nodes`: the project and what is above it, lowest first; `settings`: joined, theirs. Products that are enrolled, and
    who is told, add up over all nodes. The lowest node that sets a policy decides whether accesses are approved by
    themselves: none set, or JUSTIFICATION_BASED_APPROVAL_NOT_ENABLED, means that each waits for somebody (its name says
    that approval by justification is off). `agreed`: other policies that will do.
    Source: Access Approval API v1, AccessApprovalSettings.
    """
    rows = {one["access_approval"]["node"]: one["access_approval"] for one in settings}
    held = [rows[node] for node in nodes if node in rows]
    enrolled = any(
        one.get("cloudProduct") == "all" and one.get("enrollmentLevel") == "BLOCK_ALL"
        for row in held
        for one in row["data"].get("enrolledServices") or ()
    )
    policies = [(row["data"].get("approvalPolicy") or {}).get("justificationBasedApprovalPolicy") or "" for row in held]
    policy = next((one for one in policies if one not in _UNSET), _ASKED)
    told = any(row["notified"] or row["data"].get("notificationPubsubTopic") for row in held)
    found = [] if enrolled else ["not all products are enrolled"]
    found += [] if policy in (_ASKED, *agreed) else [f"accesses are approved by themselves: {policy}"]
    return found if told else [*found, "nobody is told of a request"]
