"""Policies with their rules: Okta keeps rules apart from the policy that they belong to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Page, Refused
from annexlog.collectors.declaring import Asks, keep, one, rows

POLICIES = "okta.policies.read"

_POLICY = keep("id", "name", "status", "system", "settings.password.complexity", "settings.password.lockout")
_RULE = keep("id", "name", "status", "system", "priority", "actions.signon", "actions.appSignOn")


def of_type(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """The policies of a type, each with its rules: [{id, name, status, rules}]. There is always one, Okta's own."""
    found = rows(ask, "/api/v1/policies", {"type": params["type"], **_POLICY})
    if not found:
        raise Refused("denied", "NotShown", "there is always a policy, and none is shown", again=False)
    for policy in found:
        policy["rules"] = rows(ask, "/api/v1/policies/{policy}/rules", {"policy": policy["id"], **_RULE})
    yield Page({"policies": found})


def of_app(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """The rules of an app's access policy; null: it has none. Raises Refused (unsupported) of a Classic organization."""
    asked = {"app": params["app"], **keep("id", "_links.accessPolicy.href")}
    yield Page({"rules": _rules(ask, one(ask, Call("okta.apps.read", "/api/v1/apps/{app}"), asked, "id"))})


def of_console(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:  # noqa: ARG001 — the organization has one
    """The rules of the admin console's access policy; the console is the app called saasure."""
    asked = {"filter": 'name eq "saasure"', **keep("id", "name", "_links.accessPolicy.href")}
    found = rows(ask, Call("okta.apps.read", "/api/v1/apps"), asked)
    if len(found) != 1 or found[0].get("name") != "saasure":
        raise Refused("denied", "NotShown", "the admin console is not among the apps that are shown", again=False)
    yield Page({"rules": _rules(ask, found[0])})


def _rules(ask: Asks, app: Mapping[str, Any]) -> list[Any] | None:
    href = str(((app.get("_links") or {}).get("accessPolicy") or {}).get("href") or "")
    if not href:
        about = one(ask, "/.well-known/okta-organization", keep("pipeline"), "pipeline")
        if about["pipeline"] != "idx":
            raise Refused("unsupported", "ClassicEngine", "access policies are of Identity Engine", again=False)
        return None
    return rows(ask, "/api/v1/policies/{policy}/rules", {"policy": href.rstrip("/").rpartition("/")[2], **_RULE})
