"""Which subscriptions there are: those that are named, those below management groups, or all of the tenant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from annexlog.collectors import Discovery, Refused, Scope
from annexlog.collectors.azure._calls import VERSION
from annexlog.collectors.azure._options import Options
from annexlog.collectors.azure._versions import version
from annexlog.collectors.paths import path_and_query
from annexlog.collectors.provenance import coverage, unknown_of
from annexlog.collectors.rest import Pages, Session, member
from annexlog.evidence_store.model import Coverage, Unknown

DESCENDANTS = "/providers/Microsoft.Management/managementGroups/{group}/descendants"
SUBSCRIPTIONS = "/subscriptions"

_OFF = {"Disabled": "the subscription is disabled", "Deleted": "the subscription is deleted"}


def discover(session: Session, options: Options) -> Discovery:
    """A scope for each subscription.

    `/subscriptions` shows only what the caller may see, and says so to nobody. A management group lists all below it:
    without one, or a list in the configuration, the population is partial. A subscription of another tenant, which
    Azure Lighthouse delegates to us, is skipped unless it is named.
    """
    refusals: list[Unknown] = []
    shown = {str(one["subscriptionId"]).lower(): one for one in _listed(session, SUBSCRIPTIONS, {}, refusals)}
    named = {id.lower() for id in options.subscriptions}
    explicit = bool(named or options.management_groups)
    root = (options.tenant_id,) if options.tenant_id and not explicit else ()
    below = {
        str(one["name"]).lower()
        for group in (*options.management_groups, *root)
        for one in _listed(session, DESCENDANTS, {"group": group}, refusals)
        if str(one.get("type", "")).lower().rpartition("/")[2] == "subscriptions"
    }
    scopes = [_scope(id, shown.get(id, {})) for id in sorted(named | below if explicit else {*below, *shown})]
    skipped = {scope.name: why for scope in scopes if (why := _skipped(scope, "" if explicit else options.tenant_id))}
    ours = {scope.values["subscription"] for scope in scopes if scope.name not in skipped}
    if not explicit and not refusals and not ours <= below:
        refusals.append(Unknown("incomplete", DESCENDANTS, _permission(DESCENDANTS), "not below the root group"))
    status = Coverage.COMPLETE
    if refusals:
        status = Coverage.PARTIAL if scopes else coverage(refusals[0])
    return Discovery(scopes, skipped, status, refusals, {"shown": len(shown), "below_groups": len(below)})


def _skipped(scope: Scope, tenant: str) -> str:
    """Why a subscription is not looked at; "" if it is. `tenant`: the one it must be of, "" for any."""
    if tenant and scope.values["tenant"] not in ("", tenant.lower()):
        return "it is of another tenant"
    return _OFF.get(scope.values["state"], "")


def _scope(id: str, shown: Mapping[str, Any]) -> Scope:
    """Its state is "unknown" where it is not shown: it is looked at, and will be refused."""
    state, name = str(shown.get("state") or "unknown"), str(shown.get("displayName") or "")
    tenant = str(shown.get("tenantId") or "").lower()
    return Scope(
        f"azure/{id}", "subscription", {"subscription": id, "tenant": tenant, "state": state, "display_name": name}
    )


def _permission(operation: str) -> str:
    group = operation == DESCENDANTS
    return (
        "Microsoft.Management/managementGroups/descendants/read" if group else "Microsoft.Resources/subscriptions/read"
    )


def _listed(
    session: Session, operation: str, params: Mapping[str, Any], refusals: list[Unknown]
) -> Iterable[Mapping[str, Any]]:
    """The rows of a list, to where it was refused, which is added to `refusals`."""
    type = "Microsoft.Management/managementGroups" if operation == DESCENDANTS else "Microsoft.Resources/subscriptions"
    path, query = path_and_query(operation, {**params, VERSION: version(type)})
    found: list[Mapping[str, Any]] = []
    key = "name" if operation == DESCENDANTS else "subscriptionId"
    try:
        for page in Pages(session, path, query, member("nextLink")):
            found += _rows(page.body, key)
    except Refused as refused:
        refusals.append(unknown_of(refused, operation, _permission(operation)))
    return found


def _rows(body: Any, key: str) -> list[Mapping[str, Any]]:
    rows = body.get("value") if isinstance(body, dict) else None
    if not isinstance(rows, list) or not all(isinstance(one, dict) and key in one for one in rows):
        raise Refused("unreadable", "no value")
    return rows
