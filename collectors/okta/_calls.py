"""How calls to Okta are declared: paths, what is kept, lists to their end, and the proof that all of them is seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from annexlog.collectors import Call, Page, Refused
from annexlog.collectors.paths import KEEP

MOST: Mapping[str, Any] = {"limit": "200"}
ROLES = "okta.roles.read"

SEES_ALL = frozenset({"SUPER_ADMIN", "READ_ONLY_ADMIN"})
"""Standard roles whose holders see everything; others see what they were given, and Okta leaves out the rest."""


class Asks(Protocol):
    """What a function of a declaration asks with."""

    def __call__(self, operation: str | Call, params: Mapping[str, Any]) -> Page: ...

    def pages(self, operation: str | Call, params: Mapping[str, Any]) -> Iterable[Page]: ...


def keep(*members: str) -> dict[str, Any]:
    """The parameter that says which members of the answer are kept."""
    return {KEEP: list(members)}


def rows(ask: Asks, operation: str | Call, params: Mapping[str, Any], member: str = "") -> list[Any]:
    """A list to its end. Raises Refused (unreadable) for an answer that is none."""
    found: list[Any] = []
    for page in ask.pages(operation, params):
        part = page.body.get(member) if member and isinstance(page.body, dict) else page.body
        if not isinstance(part, list):
            raise Refused("unreadable", "NotAList", f"{operation} answers no list")
        found += part
    return found


def one(ask: Asks, operation: str | Call, params: Mapping[str, Any], always: str) -> Any:
    """One object, in which this member must be. Raises Refused (unreadable)."""
    body = ask(operation, params).body
    if not isinstance(body, dict) or always not in body:
        raise Refused("unreadable", "OtherAnswer", f"the answer has no {always}")
    return body


def whole(operation: str, always: str) -> Any:
    """A declaration's one answer, in which this member must be: an object without it is something else."""

    def fn(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
        page = ask(operation, params)
        if not isinstance(page.body, dict) or always not in page.body:
            raise Refused("unreadable", "OtherAnswer", f"the answer has no {always}")
        yield page

    return fn


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
