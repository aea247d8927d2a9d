"""How calls to Google Workspace are declared: lists that Google leaves out where they are empty, and proof of sight."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from annexlog.collectors import Call, Page, Refused
from annexlog.collectors.declaring import Asks, Fn, one
from annexlog.collectors.paths import kept

_AUTH = "https://www.googleapis.com/auth/"
USERS, ROLES, MEMBERS, UNITS = (
    f"{_AUTH}admin.directory.{one}.readonly" for one in ("user", "rolemanagement", "group.member", "orgunit")
)
POLICIES, ALERTS = f"{_AUTH}cloud-identity.policies.readonly", f"{_AUTH}apps.alerts"
DEVICES = f"{_AUTH}cloud-identity.devices.readonly"

DIRECTORY = "/admin/directory/v1"
_EMPTY = frozenset({"kind", "etag", "nextPageToken"})


def whole_list(ask: Asks, operation: str | Call, params: Mapping[str, Any], member: str, *keep: str) -> list[Any]:
    """A list to its end, with these members of each item.

    Google leaves the list out of an answer where it is empty. Raises Refused (unreadable) for an answer that holds
    anything else instead.
    """
    found: list[Any] = []
    for page in ask.pages(operation, params):
        found += _part(page, member, keep)
    return found


def listing(operation: str, member: str, *keep: str) -> Fn:
    """A declaration's list, page by page (see whole_list)."""

    def fn(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
        for page in ask.pages(operation, params):
            yield Page({member: _part(page, member, keep)}, page.request_id, page.date)

    return fn


def _part(page: Page, member: str, keep: tuple[str, ...]) -> list[Any]:
    body = page.body
    if not isinstance(body, dict) or (member not in body and not _EMPTY.issuperset(body)):
        raise Refused("unreadable", "OtherAnswer", f"the answer has no {member}")
    rows = body.get(member, [])
    if not isinstance(rows, list):
        raise Refused("unreadable", "NotAList", f"{member} is no list")
    return [kept(row, keep) for row in rows]


_SEES = frozenset({"USERS_RETRIEVE", "USERS_ALL"})
"""Privileges by which an administrator reads all users."""


def own_sight(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Why the administrator in whose name we ask sees every user: [] if nothing says so.

    A super administrator does; else someone with a role over the whole customer that retrieves users.
    """
    assigned = _own_roles(ask, params)
    if assigned is None:
        yield Page(["isAdmin"])
        return
    held = {row.get("roleId") for row in assigned if row.get("scopeType") == "CUSTOMER"}
    found = whole_list(
        ask,
        Call(ROLES, f"{DIRECTORY}/customer/{{customer}}/roles"),
        {"customer": params["customer"]},
        "items",
        "roleId",
        "rolePrivileges.privilegeName",
    )
    yield Page(
        [
            one["privilegeName"]
            for role in found
            if role.get("roleId") in held
            for one in role.get("rolePrivileges") or ()
            if one.get("privilegeName") in _SEES
        ]
    )


def sight_of_devices(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Why this administrator sees every device: [] if nothing says so.

    A super administrator does; else someone all of whose roles are over the whole customer: whichever of them lets him
    list devices, it leaves out no organizational unit.
    """
    assigned = _own_roles(ask, params)
    if assigned is None:
        yield Page(["isAdmin"])
        return
    kinds = {str(row.get("scopeType")) for row in assigned}
    yield Page(["CUSTOMER"] if kinds == {"CUSTOMER"} else [])


def _own_roles(ask: Asks, params: Mapping[str, Any]) -> list[Any] | None:
    """The roles of the administrator in whose name we ask, also by a group; None of a super administrator."""
    customer, subject = params["customer"], params["subject"]
    me = one(ask, Call(USERS, f"{DIRECTORY}/users/{{user}}"), {"user": subject}, "isAdmin")
    if me["isAdmin"] is True:
        return None
    return whole_list(
        ask,
        Call(ROLES, f"{DIRECTORY}/customer/{{customer}}/roleassignments"),
        {"customer": customer, "userKey": subject, "includeIndirectRoleAssignments": "true"},
        "items",
        "roleId",
        "scopeType",
    )


SIGHT = Call(
    USERS,
    f"{DIRECTORY}/users/{{user}}",
    {"customer": "{customer}", "subject": "{subject}"},
    items="",
    fn=own_sight,
    also=(ROLES,),
)

DEVICE_SIGHT = replace(SIGHT, fn=sight_of_devices)
