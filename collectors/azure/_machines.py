"""Queries of what Update Manager and Defender for Cloud say of machines, in Azure or of Azure Arc: one row for each."""

from __future__ import annotations

ASSESSMENTS = "Microsoft.Security/assessments/read"
EDR = "06e3a6db-6c0c-4ad9-943f-31d9d73ecf6c"
"""Key of the assessment "EDR solution should be installed on virtual machines"."""
SCANNER = "ffff0522-1e88-47fc-8382-2a80ba848f5d"
"""Key of the assessment "Machines should have a vulnerability assessment solution"."""


def _machine(end: str) -> str:
    return f"id = tolower(tostring(split(tolower(id), '{end}')[0]))"


def assessed(type: str) -> str:
    """The last patch assessment; Resource Graph keeps them for 7 days."""
    return f"patchassessmentresources | where type =~ '{type}/patchAssessmentResults' | extend {_machine('/patchassessmentresults/')} | project id, status = tostring(properties.status), at = tostring(properties.lastModifiedDateTime), critical = toint(properties.availablePatchCountByClassification.critical), security = toint(properties.availablePatchCountByClassification.security), reboot = tobool(properties.rebootPending) | order by id asc"


def patches(type: str) -> str:
    """The oldest missing patch of weight, and how many have no date."""
    return f"patchassessmentresources | where type =~ '{type}/patchAssessmentResults/softwarePatches' | extend classes = tostring(properties.classifications) | where classes has 'Critical' or classes has 'Security' | extend published = todatetime(properties.publishedDateTime) | summarize oldest = min(published), undated = countif(isnull(published)), patches = count() by {_machine('/patchassessmentresults/')} | order by id asc"


def protection(type: str) -> str:
    """What the assessments of endpoint protection come to."""
    return f"securityresources | where type =~ 'microsoft.security/assessments' and id contains '/providers/{type}/' | where name =~ '{EDR}' or tostring(properties.displayName) startswith 'EDR configuration issues' | extend code = strcat(iff(name =~ '{EDR}', '', 'configuration: '), tostring(properties.status.code)) | summarize codes = make_set(code) by {_machine('/providers/microsoft.security/assessments/')} | order by id asc"


def scanned(type: str) -> str:
    """What the assessment of vulnerability scanning comes to."""
    return f"securityresources | where type =~ 'microsoft.security/assessments' and name =~ '{SCANNER}' and id contains '/providers/{type}/' | project id = tolower(tostring(split(tolower(id), '/providers/microsoft.security/assessments/')[0])), code = tostring(properties.status.code) | order by id asc"
