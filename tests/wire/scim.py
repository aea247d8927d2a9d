"""A SCIM service over HTTPS, as far as a reader sees it, and one whose every test passes. Shapes: RFC 7643, RFC 7644."""

# ruff: noqa: E501 — answers read as a table

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.wire.api import Api, say
from tests.wire.http import Reply

EMAIL = "planted.person@example.com"
PLANTED = "planted-value-0123456789"
"""What must never get into a store: personal data that a service's answers hold."""


def user(id: str, **more: Any) -> dict[str, Any]:
    personal = {
        "userName": EMAIL,
        "name": {"formatted": PLANTED},
        "emails": [{"value": EMAIL, "primary": True}],
        "phoneNumbers": [{"value": PLANTED}],
    }
    meta = {"resourceType": "User", "created": "2026-01-01T00:00:00Z", "location": f"https://x/Users/{PLANTED}"}
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": id,
        "active": True,
        **personal,
        "meta": meta,
        **more,
    }


def group(id: str, name: str, *members: str) -> dict[str, Any]:
    return {
        "id": id,
        "displayName": name,
        "members": [{"value": one, "type": "User", "display": EMAIL} for one in members],
    }


def healthy() -> dict[str, Any]:
    return {
        "/ServiceProviderConfig": {"authenticationSchemes": [{"type": "oauthbearertoken", "name": "OAuth", "description": PLANTED}], "filter": {"supported": True, "maxResults": 200}},
        "/Users": [user("u1", roles=[{"value": "owner", "display": PLANTED}]), user("u2"), user("u3", active=False)],
        "/Groups": [group("g1", "Admins", "u1")],
    }  # fmt: skip


REGISTERS: Mapping[str, Any] = {
    "scim_privileged_roles": ["owner"],
    "scim_privileged_groups": ["g1"],
    "scim_privileged_accounts": ["u1"],
}


class Scim(Api):
    """A running service. `page`: the most that it gives at once, whatever it is asked for."""

    def _found(self, path: str, query: dict[str, str]) -> Reply:
        answer = self.choose(path, query)
        if answer is None:
            return self.refuse(404, "no such endpoint")
        if not isinstance(answer, list):
            return answer if isinstance(answer, Reply) else say(answer)
        at = int(query.get("startIndex", 1)) - 1
        part = answer[at : at + min(int(query.get("count", self.page)), self.page)]
        listed = {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": len(answer),
            "startIndex": at + 1,
            "itemsPerPage": len(part),
        }
        return say({**listed, **({"Resources": part} if part else {})})

    def refuse(self, status: int, message: str = "", **headers: str) -> Reply:
        said = {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": str(status),
            "detail": message or "on purpose",
        }
        return say(said, status, headers)
