"""AWS Resource Explorer: the inventory's index in each region, the view that searches use, and what it counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Detail, Page, Refused, ResourceType
from annexlog.collectors.aws._counting import EXPLORED

__all__ = ["region", "resource_count"]

region = ResourceType(
    "aws.resourceexplorer.region", facet="explorer_region", id="{region}", listed=None, per="region",
    details=[
        Detail("index", Call("resource-explorer-2:GetIndex", "get_index", absent=("ResourceNotFoundException",))),
        # Without a default view the answer holds no ARN.
        Detail("default_view", Call("resource-explorer-2:GetDefaultView", "get_default_view", take="ViewArn", missing="",
               absent=("ResourceNotFoundException",)), only="index.Type != ''"),
        Detail("view", Call("resource-explorer-2:GetView", "get_view", {"ViewArn": "{default_view}"}, take="View",
               absent=("ResourceNotFoundException",)), only="default_view != ''"),
    ],
    ignore=("index.LastUpdatedAt", "index.ReplicatingFrom", "index.ReplicatingTo", "view.LastUpdatedAt"),
)


def counted(ask: Any, params: Mapping[str, Any]) -> Iterator[Page]:
    """`{"Counts": [{ResourceType, Count, AtLeast}]}` of the kinds that it supports, in the region that is asked.

    Nothing where the region has no index of the account's own: AWS's index there knows but a part, and a first search
    may make an index, which would be a change. Nothing either where the default view filters, or speaks of other
    accounts. `AtLeast`: it stops counting at 1,000. Source: API GetIndex, GetView, Search (ResourceCount).
    """
    index, view = _own(ask, "get_index"), None
    if index and index.get("State") == "ACTIVE":
        view = (_own(ask, "get_default_view") or {}).get("ViewArn")
    if not view or not _is_whole(ask("get_view", {"ViewArn": view}).body["View"], params["Account"]):
        yield Page({"Counts": []})
        return
    pages = ask.pages("list_supported_resource_types", {})
    supported = {row["ResourceType"] for page in pages for row in page.body["ResourceTypes"]}
    rows = []
    for kind in sorted(supported & set(EXPLORED.values())):
        query = f"resourcetype:{kind} region:{params['Region']}"
        count = ask("search", {"QueryString": query, "ViewArn": view, "MaxResults": 1}).body["Count"]
        rows.append({"ResourceType": kind, "Count": count["TotalResources"], "AtLeast": count["Complete"] is not True})
    yield Page({"Counts": rows})


def _own(ask: Any, operation: str) -> Mapping[str, Any] | None:
    """The answer; None where there is no such thing."""
    try:
        body: Mapping[str, Any] = ask(operation, {}).body
    except Refused as refused:
        if refused.code == "ResourceNotFoundException":
            return None
        raise
    return body


def _is_whole(view: Mapping[str, Any], account: str) -> bool:
    """Whether a view shows all of the account, and nothing of others (an organization's view does)."""
    filtered = view.get("Filters", {}).get("FilterString", "") != ""
    return not filtered and str(view["Scope"]).endswith(f"::{account}:root")


# What the index knows of, which lags behind (it is built from what services tell it, and from looks now and then).
resource_count = ResourceType(
    "aws.resourceexplorer.resource_count", facet="resource_count", id="{resource_count.ResourceType}",
    listed=Call("resource-explorer-2:Search", "search", {"Region": "{region}", "Account": "{account}"}, items="Counts", fn=counted,
                also=tuple(f"resource-explorer-2:{name}" for name in ("GetIndex", "GetDefaultView", "GetView", "ListSupportedResourceTypes"))),
)
