"""The roles of a service account that only reads what these calls need."""

from __future__ import annotations

import re
from collections.abc import Iterable

import orjson

from annexlog.collectors import Call
from annexlog.evidence_store.model import DeclarationError

_ROLE = re.compile(r"(view|query)-[a-z-]+")


def policy(calls: Iterable[Call]) -> str:
    """{client, roles}: whose roles to give the service account, as JSON. Raises DeclarationError for one that writes.

    The client is `realm-management` in a realm of its own, and `<realm>-realm` of each realm in `master`.
    """
    roles = sorted({p for call in calls for p in (call.permission, *call.also)})
    for role in roles:
        if not _ROLE.fullmatch(role):
            raise DeclarationError(f"{role!r} is not a role such as view-users, or does not read")
    told = {"client": "realm-management; in master: <realm>-realm", "roles": roles}
    return orjson.dumps(told, option=orjson.OPT_INDENT_2).decode()
