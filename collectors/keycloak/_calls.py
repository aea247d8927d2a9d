"""How calls to Keycloak are declared: paths below a realm, pages, and the proof that all of a list is seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Page, Refused
from annexlog.collectors.declaring import Asks, Fn

REALM = "/admin/realms/{realm}"
MOST: Mapping[str, Any] = {"first": 0, "max": 100}
OWN_ROLES = "access_token:roles"
"""The operation that is no request of its own: which roles over the realm the token names."""

VIEW_REALM, VIEW_USERS, VIEW_CLIENTS = "view-realm", "view-users", "view-clients"
VIEW_EVENTS, VIEW_PROVIDERS = "view-events", "view-identity-providers"

NOT_SHOWN = "NotShown"


def sight(role: str) -> Call:
    """The proof that a list is whole: the token names the role that sees all, or one that includes it.

    Without it Keycloak leaves out of a list what fine-grained permissions do not grant, and does not say so.
    Source: Keycloak, UserPermissions.canView and ClientPermissions.canView.
    """
    enough = {role, role.replace("view-", "manage-"), "realm-admin", "admin"}

    def fn(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
        page = ask(OWN_ROLES, params)
        yield Page([held for held in page.body if held in enough])

    return Call(role, OWN_ROLES, items="", fn=fn)


def shown(operation: str, *members: str) -> Fn:
    """One answer in which these members must be: without the role, Keycloak answers with a few others.

    Raises Refused: denied where it is an object with some of them missing, unreadable where it is none.
    """

    def fn(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
        page = ask(operation, params)
        if not isinstance(page.body, dict) or not page.body:
            raise Refused("unreadable", "OtherAnswer", "the answer is no realm")
        for member in members:
            if page.body.get(member) is None:
                raise Refused("denied", NOT_SHOWN, f"the answer has no {member}", again=False)
        yield page

    return fn
