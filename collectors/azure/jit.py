"""Just-in-time access to machines: which ports open on request, for how long, and what is open now."""

from __future__ import annotations

from annexlog.collectors import Call, ResourceType
from annexlog.collectors.azure._calls import SIGHT, SUBSCRIPTION
from annexlog.collectors.azure._jitpolicies import AT, MACHINES, POLICY, policies

__all__ = ["policy"]

policy = ResourceType(
    "azure.security.jit_policy", facet="policy", id="{policy.id}", per="subscription", fold=True,
    listed=Call(f"{POLICY}/read", AT, SUBSCRIPTION, items="value", fn=policies, also=(MACHINES, *SIGHT)),
)
