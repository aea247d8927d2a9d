"""How calls to Azure are declared: Resource Graph queries, ARM reads, and the proof that all of a type is seen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from annexlog.collectors import UNREADABLE, Call, Page, Refused
from annexlog.collectors.azure._versions import version
from annexlog.collectors.declaring import Asks, keep, rows

GRAPH = "/providers/Microsoft.ResourceGraph/resources"
VERSION = "api-version"
SUBSCRIPTION: Mapping[str, Any] = {"subscription": "{subscription}"}
GONE = ("ResourceNotFound", "ResourceGroupNotFound", "ParentResourceNotFound")

PERMISSIONS = "/subscriptions/{subscription}/providers/Microsoft.Authorization/permissions"
DENIALS = "/subscriptions/{subscription}/providers/Microsoft.Authorization/denyAssignments"
SIGHT = ("Microsoft.Authorization/permissions/read", "Microsoft.Authorization/denyAssignments/read")

_ALWAYS = ("id", "name", "type", "location", "resourceGroup", "tags")

COVERS = "covers = pack_array(tolower(id), strcat('/subscriptions/', subscriptionId, '/resourcegroups/', tolower(resourceGroup)), strcat('/subscriptions/', subscriptionId))"
"""A column with what a scope must be to hold a resource: itself, its group, its subscription."""


def graph(type: str, *members: str, table: str = "resources", extend: str = "", permission: str = "") -> Call:
    """All resources of a type, as Resource Graph has them, with these members beside id, name, location and tags.

    `extend`: KQL between the filter and the order. Pages are only possible where the id is a column, and of the same
    moment only in an order.
    """
    query = f"{table} | where type =~ '{type}'{extend and f' | {extend}'} | order by id asc"
    kept = keep(*(f"data.{member}" for member in (*_ALWAYS, *members)))
    return Call(permission or f"{type}/read", GRAPH, {**SUBSCRIPTION, "query": query, **kept}, items="data")


def arm(
    type: str,
    operation: str,
    params: Mapping[str, Any],
    *members: str,
    items: str | None = None,
    take: str | None = None,
    absent: tuple[str, ...] = (),
    missing: Any = UNREADABLE,
    also: tuple[str, ...] = (),
) -> Call:
    """One read of Azure Resource Manager; `{id}` in the operation is a whole resource id. Permission: to read the type.

    `members`: what is kept, below `items` or `take`.
    """
    below = items or take or ""
    kept = keep(*(f"{below}.{member}" if below else member for member in members)) if members else {}
    given = {**params, VERSION: version(type), **kept}
    return Call(f"{type}/read", operation, given, items=items, take=take, absent=absent, missing=missing, also=also)


# ── sight ─────────────────────────────────────────────────────────────────────────────────


def sees(*actions: str) -> Call:
    """The proof that these reads are allowed in all of the subscription: Resource Graph leaves out what is not.

    Source: learn.microsoft.com, "Permissions in Azure Resource Graph" (no error, no result), "Understand Azure role
    definitions" (Actions less NotActions of each assignment, added up), "Understand Azure deny assignments".
    """
    return Call(
        SIGHT[0], PERMISSIONS,
        {**SUBSCRIPTION, VERSION: version("Microsoft.Authorization/permissions"), "actions": list(actions)},
        items="", fn=_proof, also=SIGHT[1:],
    )  # fmt: skip


def _proof(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """The grants at the subscription by which each of the actions is allowed; none where one of them is not.

    Raises Refused (denied) where something in the subscription is denied to somebody: it may be us.
    """
    yield Page(_grants(ask, params["subscription"], params["actions"]))


def sees_all() -> Call:
    """The proof that everything in the subscription may be read, as the built-in role Reader may: of no type alone."""
    params = {**SUBSCRIPTION, VERSION: version("Microsoft.Authorization/permissions")}
    return Call(SIGHT[0], PERMISSIONS, params, items="", fn=_proof_of_all, also=SIGHT[1:])


def _proof_of_all(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """The grant that allows all reads; none where there is none. Raises Refused (denied) as `_proof`."""
    grants = _granted(ask, params["subscription"])
    _undenied(ask, params["subscription"], _denies_some)
    yield Page([{"actions": grant["actions"]} for grant in grants if _reads_all(grant)][:1])


def _reads_all(grant: Mapping[str, Any]) -> bool:
    given = {str(pattern).lower() for pattern in grant.get("actions") or ()}
    return bool(given & {"*", "*/read"}) and not any(map(_meets_reads, grant.get("notActions") or ()))


def _denies_some(entry: Mapping[str, Any]) -> bool:
    spared = {str(pattern).lower() for pattern in entry.get("notActions") or ()}
    return any(map(_meets_reads, entry.get("actions") or ())) and not spared & {"*", "*/read"}


def _meets_reads(pattern: str) -> bool:
    """Whether a pattern of actions has any that reads."""
    end = pattern.lower().rpartition("*")[2]
    return end.endswith("/read") or "/read".endswith(end)


def _grants(ask: Asks, subscription: str, actions: Iterable[str]) -> list[Any]:
    grants = _granted(ask, subscription)
    proof = [next((grant for grant in grants if allows(grant, action)), None) for action in actions]
    _undenied(ask, subscription, lambda entry: any(allows(entry, action) for action in actions))
    return [] if None in proof else [{"actions": grant["actions"]} for grant in proof if grant]


def _granted(ask: Asks, subscription: str) -> list[Any]:
    asked = {"subscription": subscription, VERSION: version("Microsoft.Authorization/permissions")}
    return rows(ask, Call(SIGHT[0], PERMISSIONS), asked, "value")


def _undenied(ask: Asks, subscription: str, denies: Callable[[Mapping[str, Any]], bool]) -> None:
    asked = {"subscription": subscription, VERSION: version("Microsoft.Authorization/denyAssignments")}
    for one in rows(ask, Call(SIGHT[1], DENIALS), asked, "value"):
        if any(denies(entry) for entry in one["properties"]["permissions"]):
            raise Refused("denied", "DenyAssignment", f"{one.get('id', '')} denies to read", again=False)


def shown(query: str, *actions: str) -> Call:
    """The rows of a Resource Graph query, believed only with a proof of sight: for what is no list of a type.

    The first of the actions is its permission. A query that is not to be cut at 1,000 rows has a column `id`.
    """
    params = {**SUBSCRIPTION, "query": query, "actions": list(actions)}
    return Call(actions[0], GRAPH, params, items="data", fn=_believed, also=(*actions[1:], *SIGHT))


def _believed(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    yield Page({"data": shown_rows(ask, params["subscription"], params["query"], params["actions"])})


def shown_rows(ask: Asks, subscription: str, query: str, actions: Iterable[str]) -> list[Any]:
    """All rows of a query. Raises Refused (denied) without a proof of sight, (incomplete) where some are missing."""
    if not _grants(ask, subscription, tuple(actions)):
        raise Refused("denied", "no proof of sight", "the role does not read all of the subscription", again=False)
    found: list[Any] = []
    total = 0
    for page in ask.pages(GRAPH, {"subscription": subscription, "query": query}):
        found += page.body["data"]
        total = max(total, page.total or 0)
    if len(found) < total:
        raise Refused("incomplete", "total", f"{len(found)} of {total}", again=False)
    return found


def allows(entry: Mapping[str, Any], action: str) -> bool:
    """Whether an entry of actions and notActions has an action; case means nothing, `*` is any text."""
    return _any(entry.get("actions"), action) and not _any(entry.get("notActions"), action)


def _any(patterns: Iterable[str] | None, action: str) -> bool:
    return any(re.fullmatch(".*".join(map(re.escape, p.split("*"))), action, re.IGNORECASE) for p in patterns or ())
