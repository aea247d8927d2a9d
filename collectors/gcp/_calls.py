"""How calls to Google Cloud are declared: lists of assets by type and content, with the members that are kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Page, Refused
from annexlog.collectors.declaring import Asks, Fn
from annexlog.collectors.paths import KEEP, kept

ASSETS = "ListAssets"
RESOURCES, POLICIES, INVENTORIES, ACCESS = (
    f"cloudasset.assets.{one}" for one in ("listResource", "listIamPolicy", "listOSInventories", "listAccessPolicy")
)
ROW = "gcp/{%s.project}"
"""The scope of a row: the project it belongs to."""


def assets(*types: str, keep: tuple[str | tuple[str, ...], ...], fn: Fn | None = None) -> Call:
    """The list of all resources of these types, with these members of each (`a.b`, or the steps where one has a dot).

    `fn`: makes something else of its pages, before anything is kept.

    A type is a pattern (RE2) that must fit whole; one that fits no type that Google knows refuses the list, so a variant
    that may not be there stands in a pattern with one that is.
    """
    params = {"content": "RESOURCE", "asset_types": list(types), KEEP: list(keep)}
    return Call(RESOURCES, ASSETS, params, items="assets", observed="readTime", fn=fn)


def access_policies(fn: Fn) -> Call:
    """The list of everything of Access Context Manager (policies, access levels, service perimeters), as `fn` makes it."""
    return Call(ACCESS, ASSETS, {"content": "ACCESS_POLICY"}, items="assets", observed="readTime", fn=fn)


def policies(*types: str) -> Call:
    """The list of all IAM policies set on resources of these types; none: of every type."""
    params = {"content": "IAM_POLICY", **({"asset_types": list(types)} if types else {})}
    return Call(POLICIES, ASSETS, params, items="assets", observed="readTime")


def parts(collection: str, *types: str, keep: tuple[str, ...]) -> Call:
    """The list of resources that lie in others: `of` of each is the name of the one that it lies in (tables, versions)."""

    def fn(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
        for page in ask.pages(ASSETS, params):
            rows = [row | {"of": row["name"].partition(f"/{collection}/")[0]} for row in page.body["assets"]]
            yield Page({**page.body, "assets": rows})

    return assets(*types, keep=keep, fn=fn)


def ancestors(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:  # noqa: ARG001 — the target's
    """The organization and its folders, each with its IAM policy: {assets: [{node, name, ancestors, policy}]}.

    Raises Refused (denied) where the organization itself has no policy: somebody always has a role on it.
    """
    types = ["cloudresourcemanager.googleapis.com/Organization", "cloudresourcemanager.googleapis.com/Folder"]
    listed = Call(RESOURCES, ASSETS, items="assets")
    bound = Call(POLICIES, ASSETS, items="assets")
    nodes, times = dict[str, dict[str, Any]](), list[str]()
    for page in ask.pages(listed, {"content": "RESOURCE", "asset_types": types, KEEP: ["name"]}):
        times.append(page.body["readTime"])
        for row in page.body["assets"]:
            nothing: dict[str, Any] = {"bindings": [], "audit_configs": []}
            node = row["name"].removeprefix("//cloudresourcemanager.googleapis.com/")
            above = [one for one in row["ancestors"] if one != node]
            nodes[row["name"]] = {"node": node, "ancestors": above, "policy": nothing, "accounts": []}
    for page in ask.pages(bound, {"content": "IAM_POLICY", "asset_types": types}):
        times.append(page.body["readTime"])
        for row in page.body["assets"]:
            if row["name"] in nodes and "policy" in row:
                nodes[row["name"]] |= {"policy": row["policy"], "accounts": row["accounts"]}
    held = [one for one in nodes.values() if one["node"].startswith("organizations/") and one["policy"]["bindings"]]
    if not held:
        raise Refused(
            "denied", "NotShown", "no role on the organization is shown, and somebody always has one", again=False
        )
    yield Page({"assets": list(nodes.values()), "readTime": min(times)})


_EMPTY = frozenset({"nextPageToken", "totalSize", "readTime"})


def listing(operation: str, member: str, *keep: str) -> Fn:
    """A list of a REST API, with these members of each item. Google leaves the list out of an answer where it is empty.

    Raises Refused (unreadable) for an answer that holds anything else instead.
    """

    def fn(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
        for page in ask.pages(operation, params):
            body = page.body
            if not isinstance(body, dict) or (member not in body and not _EMPTY.issuperset(body)):
                raise Refused("unreadable", "OtherAnswer", f"the answer has no {member}")
            yield Page({member: kept(body.get(member, []), keep)}, page.request_id, page.date)

    return fn
