"""Just-in-time access to machines: which ports open on request, for how long, and what is open now."""

from __future__ import annotations

from annexlog.collectors import ResourceType
from annexlog.collectors.azure._calls import SUBSCRIPTION, arm

__all__ = ["policy"]

POLICY = "Microsoft.Security/locations/jitNetworkAccessPolicies"
_MACHINES, _REQUESTS = "properties.virtualMachines", "properties.requests"

# Who asked, and why, goes no further: only what was opened, and until when.
policy = ResourceType(
    "azure.security.jit_policy", facet="policy", id="{policy.id}", per="subscription", fold=True,
    listed=arm(POLICY, "/subscriptions/{subscription}/providers/Microsoft.Security/jitNetworkAccessPolicies", SUBSCRIPTION, "id", "name", "properties.provisioningState", f"{_MACHINES}.id",
               *(f"{_MACHINES}.ports.{name}" for name in ("number", "protocol", "maxRequestAccessDuration")), f"{_REQUESTS}.virtualMachines.id",
               *(f"{_REQUESTS}.virtualMachines.ports.{name}" for name in ("number", "status", "endTimeUtc")), items="value"),
)
