"""Where logs go, and what Security Command Center found."""

from __future__ import annotations

from annexlog.collectors import Call, ResourceType
from annexlog.collectors.gcp._calls import assets, listing

__all__ = ["finding", "log_sink"]

FINDINGS = "/v2/organizations/{organization}/sources/-/findings"

log_sink = ResourceType(
    "gcp.logging.sink", facet="log_sink", id="{log_sink.name}", per="organization",
    listed=assets("logging.googleapis.com/LogSink", keep=("name", "destination", "filter", "includeChildren", "disabled", "exclusions.name", "exclusions.disabled", "exclusions.filter")),
)

finding = ResourceType(
    "gcp.scc.finding", facet="finding", id="{finding.finding.name}", per="organization",
    listed=Call("securitycenter.findings.list", FINDINGS, {"organization": "{number}", "filter": 'state="ACTIVE"', "pageSize": 1000}, items="listFindingsResults",
                fn=listing(FINDINGS, "listFindingsResults", *(f"finding.{name}" for name in ("name", "category", "severity", "createTime", "state", "mute", "findingClass", "resourceName")))),
)
