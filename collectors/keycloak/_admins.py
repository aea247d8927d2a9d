"""Who may change a realm: users who hold a role that does, by themselves, by a group, or by a role that includes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from annexlog.collectors import Call, Page, Refused
from annexlog.collectors.declaring import Asks, keep, rows
from annexlog.collectors.keycloak._calls import MOST, NOT_SHOWN, REALM, VIEW_CLIENTS, VIEW_REALM, VIEW_USERS

POWERFUL = frozenset({
    "realm-admin", "manage-realm", "manage-users", "manage-clients", "manage-identity-providers",
    "manage-authorization", "impersonation",
})  # fmt: skip
"""Roles of the client `realm-management` (in master: `<realm>-realm`) by which one can get at any account."""

_ROLE = keep("id", "name", "composite")
_ID = keep("id")

ROLES = f"{REALM}/roles"
_CLIENT_ROLES = f"{REALM}/clients/{{client}}/roles"
_COMPOSITES = f"{REALM}/roles-by-id/{{role}}/composites"


def admins(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{users: [id]} who hold a powerful role. Raises Refused (denied) where the roles themselves are not shown.

    Every composite role of the realm and of its clients is opened; subgroups inherit the roles of their groups.
    Source: admin REST API, Roles, Roles (by ID), Clients, Groups.
    """
    yield Page({"users": sorted(_holders(ask, params["realm"]))})


def powers(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{rows: [{of: id, roles: [name]}]}: the same, with the roles by which they hold it, as they are assigned."""
    held = _holders(ask, params["realm"])
    yield Page({"rows": [{"of": user, "roles": sorted(roles)} for user, roles in sorted(held.items())]})


def _holders(ask: Asks, realm: str) -> dict[str, set[str]]:
    roles = _roles(ask, realm)
    powerful = {id for id, role in roles.items() if role.powerful}
    if not powerful:
        raise Refused("denied", NOT_SHOWN, "the realm's own administrative roles are not shown", again=False)
    held: dict[str, set[str]] = {}
    for id in sorted(_including(ask, roles, powerful)):
        role = roles[id]
        where = {"client": role.client, "role": role.name} if role.client else {"role": role.name}
        base = (_CLIENT_ROLES if role.client else ROLES) + "/{role}"
        users = _ids(rows(ask, Call(VIEW_USERS, f"{base}/users"), {**where, **MOST, **_ID}))
        for group in _ids(rows(ask, Call(VIEW_USERS, f"{base}/groups"), {**where, **MOST, **_ID})):
            users |= _members(ask, group)
        for user in users:
            held.setdefault(user, set()).add(role.name)
    return held


@dataclass(frozen=True, slots=True)
class _Role:
    """`client`: the id of the client it belongs to; "" of the realm's own. `powerful`: by itself."""

    client: str
    name: str
    composite: bool
    powerful: bool


def _roles(ask: Asks, realm: str) -> dict[str, _Role]:
    """All roles of the realm and of its clients, by id."""
    master = realm == "master"
    found = {
        str(one["id"]): _Role("", str(one["name"]), bool(one["composite"]), master and one["name"] == "admin")
        for one in rows(ask, Call(VIEW_REALM, ROLES), {**MOST, **_ROLE})
    }
    for client in rows(ask, Call(VIEW_CLIENTS, f"{REALM}/clients"), {**MOST, **keep("id", "clientId")}):
        # The client whose roles are rights over a realm: the realm's own; in master those of every realm.
        manages = client["clientId"] == "realm-management" or (master and str(client["clientId"]).endswith("-realm"))
        for one in rows(ask, Call(VIEW_CLIENTS, _CLIENT_ROLES), {"client": client["id"], **MOST, **_ROLE}):
            powerful = manages and one["name"] in POWERFUL
            found[str(one["id"])] = _Role(str(client["id"]), str(one["name"]), bool(one["composite"]), powerful)
    return found


def _including(ask: Asks, roles: Mapping[str, _Role], powerful: set[str]) -> set[str]:
    """These roles and all that include them, however deep."""
    parts = {
        id: _ids(rows(ask, Call(VIEW_REALM, _COMPOSITES), {"role": id, **_ID}))
        for id, role in sorted(roles.items())
        if role.composite
    }
    found = set(powerful)
    while more := {id for id, inside in parts.items() if inside & found} - found:
        found |= more
    return found


def _members(ask: Asks, group: str) -> set[str]:
    """Members of a group and of all below it."""
    users, todo, seen = set[str](), [group], set[str]()
    while todo:
        one = todo.pop()
        if one in seen:
            continue
        seen.add(one)
        asked = {"group": one, **MOST, **_ID}
        users |= _ids(rows(ask, Call(VIEW_USERS, f"{REALM}/groups/{{group}}/members"), asked))
        todo += _ids(rows(ask, Call(VIEW_USERS, f"{REALM}/groups/{{group}}/children"), asked))
    return users


def _ids(found: Iterable[Any]) -> set[str]:
    return {str(one["id"]) for one in found}
