"""Artifact Registry: where images of containers lie, and whether they are scanned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Page, ResourceType
from annexlog.collectors.declaring import Asks
from annexlog.collectors.gcp._calls import ASSETS, ROW, assets

__all__ = ["repository"]


def repositories(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Repositories, each with what images name it by (`place`): the id of its project, its location and its name."""
    for page in ask.pages(ASSETS, params):
        for row in page.body["assets"]:
            row["place"] = f"projects/{row['project']}/locations/{row['name'].partition('/locations/')[2]}"
        yield page


repository = ResourceType(
    "gcp.artifacts.repository", facet="repository", id="{repository.name}", per="project", scope=ROW % "repository",
    listed=assets("artifactregistry.googleapis.com/Repository", fn=repositories, keep=("name", "format", "mode", "vulnerabilityScanningConfig.enablementConfig", "vulnerabilityScanningConfig.enablementState")),
)
