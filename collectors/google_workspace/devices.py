"""Devices on which people use their accounts: phones, and laptops with endpoint verification. No serial number and no owner is kept."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType
from annexlog.collectors.google_workspace._calls import DEVICE_SIGHT, DEVICES, listing
from annexlog.collectors.google_workspace._devices import MINE, USES, uses

__all__ = ["device"]

_DEVICES = "/v1/devices"

device = ResourceType(
    "google_workspace.device", facet="device", id="{device.name}", per="customer", sight=DEVICE_SIGHT,
    listed=Call(DEVICES, _DEVICES, {**MINE, "pageSize": "100", "view": "USER_ASSIGNED_DEVICES"}, items="devices",
                fn=listing(_DEVICES, "devices", "name", "deviceType", "ownerType", "managementState", "compromisedState", "encryptionState", "lastSyncTime")),
    details=[
        # Each device of this view has a user: one without is not told whole.
        Detail("uses", Call(DEVICES, USES, {**MINE, "pageSize": "20"}, fn=uses, items="rows"), key="device", match="{device.name}"),
    ],
)
