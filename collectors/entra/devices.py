"""Devices that Intune manages and what it asks of them and of apps, and incidents that Microsoft Defender made of what it saw."""

from __future__ import annotations

from annexlog.collectors import Call, ResourceType
from annexlog.collectors.entra._calls import MOST, seen, select
from annexlog.collectors.entra._governance import incidents
from annexlog.collectors.entra._intune import COMPLIANCE, CONFIGURATIONS, IOS, configurations, policies, protections

__all__ = ["app_protection", "compliance_policy", "device_configuration", "incident", "managed_device"]

DEVICES = "DeviceManagementManagedDevices.Read.All"
RULES = "DeviceManagementConfiguration.Read.All"
APPS = "DeviceManagementApps.Read.All"
INCIDENTS = "SecurityIncident.Read.All"

managed_device = ResourceType(
    "entra.managed_device", facet="device", id="{device.id}", per="tenant", sight=seen(DEVICES),
    listed=Call(DEVICES, "/deviceManagement/managedDevices",
                {**MOST, **select("id", "userId", "operatingSystem", "managementAgent", "complianceState", "complianceGracePeriodExpirationDateTime", "isEncrypted", "lastSyncDateTime", "osVersion", "androidSecurityPatchLevel")}, items="value"),
)

# What is not expanded is left out.
compliance_policy = ResourceType(
    "entra.compliance_policy", facet="policy", id="{policy.id}", per="tenant", sight=seen(RULES),
    listed=Call(RULES, COMPLIANCE, {"$expand": "assignments,scheduledActionsForRule($expand=scheduledActionConfigurations)"}, fn=policies, items="value"),
)

device_configuration = ResourceType(
    "entra.device_configuration", facet="configuration", id="{configuration.id}", per="tenant", sight=seen(RULES),
    listed=Call(RULES, CONFIGURATIONS, {"$expand": "assignments"}, fn=configurations, items="value"),
)

app_protection = ResourceType(
    "entra.app_protection", facet="protection", id="{protection.id}", per="tenant", sight=seen(APPS),
    listed=Call(APPS, IOS, {"$expand": "assignments,apps"}, fn=protections, items="value"),
)

incident = ResourceType(
    "entra.incident", facet="incident", id="{incident.id}", per="tenant", sight=seen(INCIDENTS),
    listed=Call(INCIDENTS, "/security/incidents", {"$top": "50", "$filter": "severity eq 'high'"}, fn=incidents, items="value"),
)
