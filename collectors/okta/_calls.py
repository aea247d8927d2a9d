"""How calls to Okta are declared: sizes of lists, and the proof that all of them is seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Page
from annexlog.collectors.declaring import Asks, keep, one, rows

MOST: Mapping[str, Any] = {"limit": "200"}
ROLES = "okta.roles.read"

SEES_ALL = frozenset({"SUPER_ADMIN", "READ_ONLY_ADMIN"})
"""Standard roles whose holders see everything; others see what they were given, and Okta leaves out the rest."""


def own_roles(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Our own active roles that see everything: of the service app, or of the account that the API token belongs to."""
    kept = keep("type", "status")
    if params["client"]:
        found = rows(ask, "/oauth2/v1/clients/{client}/roles", {"client": params["client"], **kept})
    else:
        me = one(ask, Call("okta.users.read", "/api/v1/users/me"), keep("id"), "id")["id"]
        found = rows(ask, "/api/v1/users/{user}/roles", {"user": me, **kept})
    yield Page([role for role in found if role.get("type") in SEES_ALL and role.get("status") == "ACTIVE"])


SIGHT = Call(
    ROLES,
    "/oauth2/v1/clients/{client}/roles",
    {"client": "{client}"},
    items="",
    fn=own_roles,
    also=("okta.users.read",),
)
