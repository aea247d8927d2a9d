"""Machines elsewhere that Azure Arc manages: whether they answer, and how they are patched and guarded."""

from __future__ import annotations

from annexlog.collectors import Detail, ResourceType
from annexlog.collectors.azure._calls import graph, sees, shown
from annexlog.collectors.azure._machines import ASSESSMENTS, assessed, patches, protection, scanned

__all__ = ["machine"]

MACHINE = "Microsoft.HybridCompute/machines"

machine = ResourceType(
    "azure.hybrid.machine", facet="machine", id="{machine.id}", per="subscription", fold=True, tags="machine.tags", sight=sees(f"{MACHINE}/read"),
    listed=graph(MACHINE, "properties.status", "properties.osType"),
    details=[
        Detail("assessed", shown(assessed(MACHINE), f"{MACHINE}/patchAssessmentResults/read"), key="id", match="{machine.id}", otherwise=None),
        Detail("patches", shown(patches(MACHINE), f"{MACHINE}/patchAssessmentResults/softwarePatches/read"), key="id", match="{machine.id}"),
        Detail("protection", shown(protection(MACHINE), ASSESSMENTS), key="id", match="{machine.id}", otherwise=None),
        Detail("scanned", shown(scanned(MACHINE), ASSESSMENTS), key="id", match="{machine.id}", otherwise=None),
    ],
)
