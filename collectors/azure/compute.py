"""Machines, disks and snapshots: how they are encrypted, patched and guarded."""

from __future__ import annotations

from annexlog.collectors import Detail, ResourceType
from annexlog.collectors.azure._calls import graph, sees, shown

__all__ = ["disk", "machine", "snapshot"]

MACHINE, DISK, SNAPSHOT = "Microsoft.Compute/virtualMachines", "Microsoft.Compute/disks", "Microsoft.Compute/snapshots"
ASSESSMENTS = "Microsoft.Security/assessments/read"
EDR = "06e3a6db-6c0c-4ad9-943f-31d9d73ecf6c"
"""Key of the assessment "EDR solution should be installed on virtual machines"."""
_ENCRYPTION = ("managedBy", "properties.encryption.type", "properties.encryption.diskEncryptionSetId", "properties.diskState")


def _machine(end: str) -> str:
    return f"id = tolower(tostring(split(tolower(id), '{end}')[0]))"


# One row for each machine. Resource Graph keeps patch assessments for 7 days.
_ASSESSED = f"patchassessmentresources | where type =~ '{MACHINE}/patchAssessmentResults' | extend {_machine('/patchassessmentresults/')} | project id, status = tostring(properties.status), at = tostring(properties.lastModifiedDateTime), critical = toint(properties.availablePatchCountByClassification.critical), security = toint(properties.availablePatchCountByClassification.security), reboot = tobool(properties.rebootPending) | order by id asc"
_PATCHES = f"patchassessmentresources | where type =~ '{MACHINE}/patchAssessmentResults/softwarePatches' | extend classes = tostring(properties.classifications) | where classes has 'Critical' or classes has 'Security' | extend published = todatetime(properties.publishedDateTime) | summarize oldest = min(published), undated = countif(isnull(published)), patches = count() by {_machine('/patchassessmentresults/')} | order by id asc"
_EDR = f"securityresources | where type =~ 'microsoft.security/assessments' and id contains '/providers/{MACHINE}/' | where name =~ '{EDR}' or tostring(properties.displayName) startswith 'EDR configuration issues' | extend code = strcat(iff(name =~ '{EDR}', '', 'configuration: '), tostring(properties.status.code)) | summarize codes = make_set(code) by {_machine('/providers/microsoft.security/assessments/')} | order by id asc"
_SCANNED = "securityresources | where type =~ 'microsoft.security/assessments' and name =~ 'ffff0522-1e88-47fc-8382-2a80ba848f5d' | project id = tolower(tostring(split(tolower(id), '/providers/microsoft.security/assessments/')[0])), code = tostring(properties.status.code) | order by id asc"

machine = ResourceType(
    "azure.compute.machine", facet="machine", id="{machine.id}", per="subscription", fold=True, tags="machine.tags", sight=sees(f"{MACHINE}/read"),
    listed=graph(MACHINE, "power", "properties.storageProfile.osDisk.osType", "properties.securityProfile.securityType", "properties.securityProfile.uefiSettings.secureBootEnabled", "properties.securityProfile.uefiSettings.vTpmEnabled", extend="extend power = tostring(properties.extended.instanceView.powerState.code)"),
    details=[
        Detail("assessed", shown(_ASSESSED, f"{MACHINE}/patchAssessmentResults/read"), key="id", match="{machine.id}", otherwise=None),
        Detail("patches", shown(_PATCHES, f"{MACHINE}/patchAssessmentResults/softwarePatches/read"), key="id", match="{machine.id}"),
        Detail("protection", shown(_EDR, ASSESSMENTS), key="id", match="{machine.id}", otherwise=None),
        Detail("scanned", shown(_SCANNED, ASSESSMENTS), key="id", match="{machine.id}", otherwise=None),
    ],
)

disk = ResourceType(
    "azure.compute.disk", facet="disk", id="{disk.id}", per="subscription", fold=True, tags="disk.tags", sight=sees(f"{DISK}/read"),
    listed=graph(DISK, *_ENCRYPTION),
)

snapshot = ResourceType(
    "azure.compute.snapshot", facet="snapshot", id="{snapshot.id}", per="subscription", fold=True, tags="snapshot.tags", sight=sees(f"{SNAPSHOT}/read"),
    listed=graph(SNAPSHOT, *_ENCRYPTION),
)
