"""Amazon Inspector: what it scans, what it suppresses, and its open findings of critical and high severity."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType

__all__ = ["coverage", "finding", "region", "suppression"]


def _is(*values: str) -> list[dict[str, str]]:
    return [{"comparison": "EQUALS", "value": value} for value in values]


# A delegated administrator is shown its members' too: each account is asked for its own.
OWN = {"accountId": _is("{account}")}
OPEN = {"awsAccountId": _is("{account}"), "findingStatus": _is("ACTIVE"), "severity": _is("CRITICAL", "HIGH", "UNTRIAGED")}

region = ResourceType(
    "aws.inspector.region", facet="inspector_region", id="{region}", listed=None, per="region",
    details=[
        Detail("status", Call("inspector2:BatchGetAccountStatus", "batch_get_account_status", {"accountIds": ["{account}"]})),
    ],
)

coverage = ResourceType(
    "aws.inspector.coverage", facet="coverage", id="{coverage.resourceId}/{coverage.scanType}",
    listed=Call("inspector2:ListCoverage", "list_coverage", {"filterCriteria": OWN}, items="coveredResources"),
    ignore=("coverage.lastScannedAt", "coverage.resourceMetadata"),
)

finding = ResourceType(
    "aws.inspector.finding", facet="finding", id="{finding.findingArn}",
    listed=Call("inspector2:ListFindings", "list_findings", {"filterCriteria": OPEN}, items="findings"),
    # What the advisory says, the same for everyone; and what moves at every scan.
    ignore=("finding.description", "finding.remediation", "finding.packageVulnerabilityDetails.referenceUrls",
            "finding.packageVulnerabilityDetails.cvss", "finding.packageVulnerabilityDetails.relatedVulnerabilities",
            "finding.inspectorScoreDetails", "finding.epss", "finding.exploitabilityDetails", "finding.resources[].details",
            "finding.codeVulnerabilityDetails", "finding.lastObservedAt", "finding.updatedAt"),
)

suppression = ResourceType(
    "aws.inspector.filter", facet="suppression", id="{suppression.arn}", tags="suppression.tags",
    listed=Call("inspector2:ListFilters", "list_filters", {"action": "SUPPRESS"}, items="filters"),
)
