"""Artifact Registry: where images of containers lie, and whether they are scanned."""

from __future__ import annotations

from annexlog.collectors import ResourceType
from annexlog.collectors.gcp._calls import ROW, assets

__all__ = ["repository"]

repository = ResourceType(
    "gcp.artifacts.repository", facet="repository", id="{repository.name}", per="project", scope=ROW % "repository",
    listed=assets("artifactregistry.googleapis.com/Repository", keep=("name", "format", "mode", "vulnerabilityScanningConfig.enablementConfig", "vulnerabilityScanningConfig.enablementState")),
)
