"""Who can reach a serverless collection of Amazon OpenSearch."""

from __future__ import annotations

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.policy import listed, matches

__all__ = ["public_policies"]


@derived
def public_policies(name: str, policies: JSON) -> list[str]:
    """The network policies that open a collection, or its dashboards, to the public, sorted by name.

    `policies`: [{id, policy: [{Rules: [{ResourceType, Resource}], AllowFromPublic}]}], all of the region's. A
    collection that no policy names is closed.
    Source: OpenSearch developer guide, Network access for Amazon OpenSearch Serverless.
    """
    targets = (f"collection/{name}", f"dashboards/{name}")
    return sorted(
        row["id"]
        for row in policies
        if any(
            block.get("AllowFromPublic") and any(matches(pattern, target) for target in targets)
            for block in listed(row["policy"])
            for rule in block["Rules"]
            for pattern in listed(rule.get("Resource"))
        )
    )
