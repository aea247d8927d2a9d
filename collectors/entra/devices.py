"""Devices that Intune manages, and incidents that Microsoft Defender made of what it saw."""

from __future__ import annotations

from annexlog.collectors import Call, ResourceType
from annexlog.collectors.entra._calls import MOST, seen, select
from annexlog.collectors.entra._governance import incidents

__all__ = ["incident", "managed_device"]

DEVICES = "DeviceManagementManagedDevices.Read.All"
INCIDENTS = "SecurityIncident.Read.All"

managed_device = ResourceType(
    "entra.managed_device", facet="device", id="{device.id}", per="tenant", sight=seen(DEVICES),
    listed=Call(DEVICES, "/deviceManagement/managedDevices",
                {**MOST, **select("id", "userId", "operatingSystem", "managementAgent", "complianceState", "complianceGracePeriodExpirationDateTime", "isEncrypted", "lastSyncDateTime")}, items="value"),
)

incident = ResourceType(
    "entra.incident", facet="incident", id="{incident.id}", per="tenant", sight=seen(INCIDENTS),
    listed=Call(INCIDENTS, "/security/incidents", {"$top": "50", "$filter": "severity eq 'high'"}, fn=incidents, items="value"),
)
