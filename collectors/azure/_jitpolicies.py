"""Policies of just-in-time access, by the regions that machines are in: a list of all has no action of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Page, Refused
from annexlog.collectors.azure._calls import VERSION, shown_rows
from annexlog.collectors.azure._versions import version
from annexlog.collectors.declaring import Asks, keep, rows

POLICY = "Microsoft.Security/locations/jitNetworkAccessPolicies"
MACHINES = "Microsoft.Compute/virtualMachines/read"
AT = "/subscriptions/{subscription}/providers/Microsoft.Security/locations/{location}/jitNetworkAccessPolicies"
_WHERE = (
    "resources | where type =~ 'microsoft.compute/virtualmachines'"
    " | summarize machines = count() by location | order by location asc"
)
_MACHINES, _REQUESTS = "value.properties.virtualMachines", "value.properties.requests"
_KEPT = (
    "value.id", "value.name", "value.properties.provisioningState", f"{_MACHINES}.id",
    *(f"{_MACHINES}.ports.{name}" for name in ("number", "protocol", "maxRequestAccessDuration")),
    f"{_REQUESTS}.virtualMachines.id",
    *(f"{_REQUESTS}.virtualMachines.ports.{name}" for name in ("number", "status", "endTimeUtc")),
)  # fmt: skip


def policies(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """All policies where there are machines. Who asked for access, and why, goes no further.

    A policy is for machines of its own region; a region that has no such policies has none. Source: REST API, Jit
    Network Access Policies - List By Region; "Azure permissions for Security" (the action of the region's list).
    """
    subscription = params["subscription"]
    for one in shown_rows(ask, subscription, _WHERE, (MACHINES,)):
        asked = {"subscription": subscription, "location": str(one["location"]), VERSION: version(POLICY)}
        try:
            found = rows(ask, Call(f"{POLICY}/read", AT), {**asked, **keep("nextLink", *_KEPT)}, "value")
        except Refused as refused:
            if refused.code != "NoRegisteredProviderFound":
                raise
            continue
        yield Page({"value": found})
    yield Page({"value": []})
