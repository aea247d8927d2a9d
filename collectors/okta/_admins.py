"""Who has all of Okta in hand: super administrators, directly, by a group, or as an app."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Page, Refused
from annexlog.collectors.declaring import Asks, keep, rows
from annexlog.collectors.okta._calls import MOST, ROLES

USERS, GROUPS, APPS = "okta.users.read", "okta.groups.read", "okta.apps.read"

_ROLE = keep("type", "status", "role")


def super_admins(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:  # noqa: ARG001 — the organization's
    """{users: [id], groups: [{id, name, members: [id]}], apps: [client id]} with an active role SUPER_ADMIN.

    `users` are those who have the role themselves. Raises Refused (denied) where nobody has it: somebody always has.
    Source: List all users with role assignments; List all groups (expand=stats: hasAdminPrivilege); roles of each.
    """
    users = [
        one["id"]
        for one in rows(
            ask, "/api/v1/iam/assignees/users", {"limit": "100", **keep("value.id", "_links.next.href")}, "value"
        )
        if _super(rows(ask, "/api/v1/users/{user}/roles", {"user": one["id"], **_ROLE}))
    ]
    groups = []
    for group in _administering(ask):
        if _super(rows(ask, "/api/v1/groups/{group}/roles", {"group": group["id"], **_ROLE})):
            members = rows(
                ask, Call(GROUPS, "/api/v1/groups/{group}/users"), {"group": group["id"], **MOST, **keep("id")}
            )
            groups.append(
                {"id": group["id"], "name": group["profile"]["name"], "members": sorted(m["id"] for m in members)}
            )
    asked = {**MOST, **keep("status", "credentials.oauthClient.client_id", "settings.oauthClient.application_type")}
    apps = []
    for app in rows(ask, Call(APPS, "/api/v1/apps"), asked):
        kind = ((app.get("settings") or {}).get("oauthClient") or {}).get("application_type")
        client = ((app.get("credentials") or {}).get("oauthClient") or {}).get("client_id")
        if (
            kind == "service"
            and client
            and _super(rows(ask, "/oauth2/v1/clients/{client}/roles", {"client": client, **_ROLE}))
        ):
            apps.append(client)
    if not users and not any(group["members"] for group in groups):
        raise Refused("denied", "NotShown", "no super administrator is shown", again=False)
    yield Page({"users": sorted(users), "groups": sorted(groups, key=lambda g: str(g["id"])), "apps": sorted(apps)})


def role_holders(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:  # noqa: ARG001 — the organization's
    """{rows: [{user, roles: [type]}]} of every user with an active administrator's role, his groups' included.

    Raises Refused (denied) where nobody has one: somebody always has. Sources: as of super_admins.
    """
    found: dict[str, set[str]] = {}
    asked = {"limit": "100", **keep("value.id", "_links.next.href")}
    for one in rows(ask, "/api/v1/iam/assignees/users", asked, "value"):
        roles = rows(ask, "/api/v1/users/{user}/roles", {"user": one["id"], **_ROLE})
        found.setdefault(one["id"], set()).update(_active(roles))
    for group in _administering(ask):
        roles = rows(ask, "/api/v1/groups/{group}/roles", {"group": group["id"], **_ROLE})
        asked = {"group": group["id"], **MOST, **keep("id")}
        for member in rows(ask, Call(GROUPS, "/api/v1/groups/{group}/users"), asked) if _active(roles) else ():
            found.setdefault(member["id"], set()).update(_active(roles))
    held = {user: roles for user, roles in found.items() if roles}
    if not held:
        raise Refused("denied", "NotShown", "no administrator is shown", again=False)
    yield Page({"rows": [{"user": user, "roles": sorted(roles)} for user, roles in sorted(held.items())]})


def _administering(ask: Asks) -> list[Any]:
    """The groups that may have an administrator's role."""
    asked = {"expand": "stats", **MOST, **keep("id", "profile.name", "_embedded.stats.hasAdminPrivilege")}
    found = rows(ask, Call(GROUPS, "/api/v1/groups"), asked)
    return [g for g in found if (g.get("_embedded") or {}).get("stats", {}).get("hasAdminPrivilege") is not False]


def token_owner(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """The types of the active roles of a token's owner, his groups' included."""
    found = rows(ask, "/api/v1/users/{user}/roles", {"user": params["user"], **_ROLE})
    for group in rows(ask, Call(USERS, "/api/v1/users/{user}/groups"), {"user": params["user"], **MOST, **keep("id")}):
        found += rows(ask, Call(ROLES, "/api/v1/groups/{group}/roles"), {"group": group["id"], **_ROLE})
    yield Page({"roles": sorted(_active(found))})


def _super(roles: list[Any]) -> bool:
    return "SUPER_ADMIN" in _active(roles)


def _active(roles: list[Any]) -> set[str]:
    """The types of active roles; with its id where a role is the organization's own, since all such have one type."""
    active = [role for role in roles if role.get("status") == "ACTIVE"]
    return {f"CUSTOM:{role['role']}" if role["type"] == "CUSTOM" else str(role["type"]) for role in active}
