"""Vulnerabilities that Defender for Cloud found: each is a finding of its own, so that its age is how long we know it."""

from __future__ import annotations

from annexlog.collectors import ResourceType
from annexlog.collectors.azure._calls import graph, sees

__all__ = ["vulnerability"]

# Of the sub-assessments those that weigh most. timeGenerated is of the last scan and makes nothing old: it is not kept.
vulnerability = ResourceType(
    "azure.security.vulnerability", facet="finding", id="{finding.id}", per="subscription", fold=True, sight=sees("Microsoft.Security/assessments/subAssessments/read"),
    listed=graph("Microsoft.Security/assessments/subAssessments", "code", "severity", "cause", "finding", table="securityresources",
                 extend="extend code = tostring(properties.status.code), severity = tostring(properties.status.severity), cause = tostring(properties.status.cause), finding = tostring(properties.id) | where severity in~ ('High', 'Critical') and code !~ 'Healthy'"),
)
