"""AWS Artifact: the reports and certificates that AWS and its vendors publish."""

from __future__ import annotations

from annexlog.collectors import Call, ResourceType

__all__ = ["report"]

report = ResourceType(
    "aws.artifact.report", facet="report", id="{report.arn}", per="account",
    listed=Call("artifact:ListReports", "list_reports", items="reports"),
    ignore=("report.description",),
)
