"""Machines, scale sets, disks and snapshots: what they are made from, how they are encrypted, patched and guarded."""

from __future__ import annotations

from annexlog.collectors import Detail, ResourceType
from annexlog.collectors.azure._calls import COVERS, graph, sees, shown
from annexlog.collectors.azure._machines import ASSESSMENTS, assessed, patches, protection, scanned

__all__ = ["disk", "machine", "scale_set", "snapshot"]

MACHINE, DISK, SNAPSHOT = "Microsoft.Compute/virtualMachines", "Microsoft.Compute/disks", "Microsoft.Compute/snapshots"
_ENCRYPTION = ("managedBy", "properties.encryption.type", "properties.encryption.diskEncryptionSetId", "properties.diskState")
_IMAGE = tuple(f"storageProfile.imageReference.{name}" for name in ("id", "publisher", "offer", "sku", "version", "sharedGalleryImageId", "communityGalleryImageId"))
_BOOT = ("securityProfile.securityType", "securityProfile.uefiSettings.secureBootEnabled", "securityProfile.uefiSettings.vTpmEnabled")

machine = ResourceType(
    "azure.compute.machine", facet="machine", id="{machine.id}", per="subscription", fold=True, tags="machine.tags", sight=sees(f"{MACHINE}/read"),
    listed=graph(MACHINE, "power", "zones", "properties.storageProfile.osDisk.osType", "properties.virtualMachineScaleSet.id", "properties.networkProfile.networkInterfaces.id", *(f"properties.{name}" for name in (*_BOOT, *_IMAGE)), extend="extend power = tostring(properties.extended.instanceView.powerState.code)"),
    details=[
        Detail("assessed", shown(assessed(MACHINE), f"{MACHINE}/patchAssessmentResults/read"), key="id", match="{machine.id}", otherwise=None),
        Detail("patches", shown(patches(MACHINE), f"{MACHINE}/patchAssessmentResults/softwarePatches/read"), key="id", match="{machine.id}"),
        Detail("protection", shown(protection(MACHINE), ASSESSMENTS), key="id", match="{machine.id}", otherwise=None),
        Detail("scanned", shown(scanned(MACHINE), ASSESSMENTS), key="id", match="{machine.id}", otherwise=None),
    ],
)

SET = "Microsoft.Compute/virtualMachineScaleSets"
_ADDRESSES = "properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations.properties.ipConfigurations.properties"

# Instances of a flexible set are machines as well; those of a uniform one are no resources, and are made by its model.
scale_set = ResourceType(
    "azure.compute.scale_set", facet="scale_set", id="{scale_set.id}", per="subscription", fold=True, tags="scale_set.tags", sight=sees(f"{SET}/read"),
    listed=graph(SET, "covers", "zones", "sku.capacity", "properties.orchestrationMode", *(f"properties.upgradePolicy.{name}" for name in ("mode", "automaticOSUpgradePolicy.enableAutomaticOSUpgrade")),
                 *(f"properties.virtualMachineProfile.{name}" for name in (*_BOOT, *_IMAGE, "networkProfile.networkInterfaceConfigurations.properties.networkSecurityGroup.id")),
                 *(f"{_ADDRESSES}.{name}" for name in ("subnet.id", "publicIPAddressConfiguration.name", "loadBalancerInboundNatPools.id")), extend=f"extend {COVERS}"),
)

disk = ResourceType(
    "azure.compute.disk", facet="disk", id="{disk.id}", per="subscription", fold=True, tags="disk.tags", sight=sees(f"{DISK}/read"),
    listed=graph(DISK, *_ENCRYPTION),
)

snapshot = ResourceType(
    "azure.compute.snapshot", facet="snapshot", id="{snapshot.id}", per="subscription", fold=True, tags="snapshot.tags", sight=sees(f"{SNAPSHOT}/read"),
    listed=graph(SNAPSHOT, *_ENCRYPTION),
)
