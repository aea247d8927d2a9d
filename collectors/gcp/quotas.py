"""How much of the quotas of Compute Engine is used, by project and by region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Detail, Page, ResourceType
from annexlog.collectors.declaring import Asks, whole
from annexlog.collectors.gcp._calls import ROW, assets, listing

__all__ = ["compute_project", "region"]

PROJECT = "//compute.googleapis.com/compute/v1/projects/{project}"
REGIONS = f"{PROJECT}/regions"


def in_use(one: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Quotas that anything is used of, by metric: the others, some hundred for each region, say nothing.

    None where Google does not know them, which it says by a warning instead of an error.
    """
    if "quotas" not in one or "quotaStatusWarning" in one:
        return None
    found = [{name: quota.get(name) for name in ("metric", "limit", "usage")} for quota in one["quotas"]]
    return sorted((quota for quota in found if quota["usage"]), key=lambda quota: str(quota["metric"]))


def of_project(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{quotas: those in use} of a project as a whole."""
    for page in whole(PROJECT, "quotas")(ask, params):
        yield Page({"quotas": in_use(page.body)}, page.request_id, page.date)


def of_regions(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Regions: {items: [{name, quotas: those in use, or null}]}."""
    for page in listing(REGIONS, "items", "name", "quotas", "quotaStatusWarning")(ask, params):
        rows = [{"name": one["name"], "quotas": in_use(one)} for one in page.body["items"]]
        yield Page({"items": rows}, page.request_id, page.date)


# Projects in which Compute Engine is switched on: of others its API would only say that it is not.
compute_project = ResourceType(
    "gcp.compute.project", facet="compute_project", id="{compute_project.name}", per="project", scope=ROW % "compute_project",
    listed=assets("compute.googleapis.com/Project", keep=("name",)),
    details=[
        Detail("quotas", Call("compute.projects.get", PROJECT, {"project": "{compute_project.project}", "fields": "quotas"}, take="quotas", fn=of_project)),
    ],
)

region = ResourceType(
    "gcp.compute.region", facet="region", id="{compute_project.project}/{region.name}", per="project", under="gcp.compute.project",
    listed=Call("compute.regions.list", REGIONS, {"project": "{compute_project.project}", "maxResults": 500, "fields": "items(name,quotas,quotaStatusWarning),nextPageToken"}, items="items", fn=of_regions),
)
