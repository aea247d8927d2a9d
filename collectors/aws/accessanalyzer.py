"""AWS IAM Access Analyzer: analyzers, and what they found open to the outside."""

from __future__ import annotations

from annexlog.collectors import Call, ResourceType

__all__ = ["analyzer", "finding"]

analyzer = ResourceType(
    "aws.accessanalyzer.analyzer", facet="analyzer", id="{analyzer.arn}", tags="analyzer.tags",
    listed=Call("access-analyzer:ListAnalyzers", "list_analyzers", items="analyzers"),
    ignore=("analyzer.lastResourceAnalyzed", "analyzer.lastResourceAnalyzedAt"),
)

finding = ResourceType(
    "aws.accessanalyzer.finding", facet="finding", id="{analyzer.arn}/{finding.id}", under="aws.accessanalyzer.analyzer",
    gone=("ResourceNotFoundException",),
    # By status alone: external access cannot be filtered for by findingType, which only knows kinds of unused access.
    listed=Call("access-analyzer:ListFindings", "list_findings_v2",
                {"analyzerArn": "{analyzer.arn}", "filter": {"status": {"eq": ["ACTIVE"]}}}, items="findings"),
    ignore=("finding.analyzedAt", "finding.updatedAt"),
)
