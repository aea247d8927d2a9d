"""The service, its users and its groups. Of users what tests read, and keys to compare other directories by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from annexlog.collectors import Call, Detail, Page, Refused, ResourceType
from annexlog.collectors.declaring import Asks, Fn
from annexlog.collectors.scim._options import STATED

__all__ = ["group", "service", "user"]

_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_USER = ("id", "active", "userType", "roles", "entitlements", "meta.created", "meta.lastModified", "userName", "emails", f"{_ENTERPRISE}:employeeNumber")
_GROUP = ("id", "displayName", "members", "meta.lastModified")


def _listed(endpoint: str, take: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Fn:
    """The resources of a list, each cut down by `take`. Raises Refused (unreadable) for one without an id."""

    def fn(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
        for page in ask.pages(endpoint, params):
            found = page.body.get("Resources") or []
            if not all(isinstance(one, dict) and one.get("id") for one in found):
                raise Refused("unreadable", "OtherAnswer", "a resource without an id")
            yield replace(page, body=[take(one) for one in found])

    return fn


def _user(one: Mapping[str, Any]) -> dict[str, Any]:
    """{id, active, userType, roles, entitlements, created, lastModified, userName, emails, employeeNumber}; null: not told.

    Source: RFC 7643, 4.1 and 4.3. A role is its `value`, or what else it has.
    """
    meta = one.get("meta") or {}
    return {
        "id": str(one["id"]), "active": one.get("active"), "userType": one.get("userType"),
        "roles": _values(one.get("roles")), "entitlements": _values(one.get("entitlements")),
        "created": meta.get("created"), "lastModified": meta.get("lastModified"),
        "userName": one.get("userName"), "emails": _values(one.get("emails")),
        "employeeNumber": (one.get(_ENTERPRISE) or {}).get("employeeNumber"),
    }  # fmt: skip


def _group(one: Mapping[str, Any]) -> dict[str, Any]:
    """{id, displayName, members: [{value, type}]}; members null: none told, which may be none there."""
    members = one.get("members")
    kept = [{"value": m.get("value"), "type": m.get("type") or _kind(m)} for m in members] if members else None
    return {"id": str(one["id"]), "displayName": one.get("displayName"), "members": kept}


def _kind(member: Mapping[str, Any]) -> str | None:
    """What a member is, by its address, where the service does not say so."""
    return "Group" if "/Groups/" in str(member.get("$ref") or "") else None


def _values(found: Any) -> list[str]:
    rows = found if isinstance(found, list) else []
    return sorted({str(row.get("value") or row.get("display") or "") if isinstance(row, dict) else str(row) for row in rows})


def _sight(permission: str) -> Call:
    """A list holds what the token may see, and SCIM has no way to ask whether that is all: somebody must state it."""
    return Call(permission, STATED, items="")


def configuration(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{authenticationSchemes: [type]}. Raises Refused (unreadable) for another answer. Source: RFC 7643, 5."""
    page = ask("/ServiceProviderConfig", params)
    schemes = page.body.get("authenticationSchemes") if isinstance(page.body, dict) else None
    if not isinstance(schemes, list) or not all(isinstance(one, dict) and one.get("type") for one in schemes):
        raise Refused("unreadable", "OtherAnswer", "the answer has no authenticationSchemes, or one without its type")
    yield replace(page, body={"authenticationSchemes": sorted({str(one["type"]) for one in schemes})})


service = ResourceType(
    "scim.service", facet="service", id="{service}", listed=None, per="service",
    details=[Detail("configuration", Call("GET /ServiceProviderConfig", "/ServiceProviderConfig", fn=configuration))],
)

user = ResourceType(
    "scim.user", facet="user", id="{user.id}", per="service", sight=_sight("GET /Users"),
    listed=Call("GET /Users", "/Users", {"startIndex": 1, "attributes": ",".join(_USER)}, items="", fn=_listed("/Users", _user)),
    redact={"user.userName": "key:scim", "user.emails": "key:email", "user.employeeNumber": "key:employee"},
)

group = ResourceType(
    "scim.group", facet="group", id="{group.id}", per="service", sight=_sight("GET /Groups"),
    listed=Call("GET /Groups", "/Groups", {"startIndex": 1, "attributes": ",".join(_GROUP)}, items="", fn=_listed("/Groups", _group)),
    sets=("group.members",),
)
