"""What machine configuration found inside of machines, in Azure or of Azure Arc: one row for each assignment."""

from __future__ import annotations

from annexlog.collectors import ResourceType
from annexlog.collectors.azure._calls import graph, sees

__all__ = ["assignment"]

ASSIGNMENT = "Microsoft.GuestConfiguration/guestConfigurationAssignments"

assignment = ResourceType(
    "azure.guestconfiguration.assignment", facet="assignment", id="{assignment.id}", per="subscription", fold=True, sight=sees(f"{ASSIGNMENT}/read"),
    listed=graph(ASSIGNMENT, *(f"properties.{name}" for name in ("targetResourceId", "complianceStatus", "lastComplianceStatusChecked", "guestConfiguration.name", "guestConfiguration.version", "guestConfiguration.contentHash")), table="guestconfigurationresources"),
)
