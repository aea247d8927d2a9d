"""The OAuth scopes of a service app that only reads what these calls need."""

from __future__ import annotations

import re
from collections.abc import Iterable

import orjson

from annexlog.collectors import Call
from annexlog.evidence_store.model import DeclarationError

_SCOPE = re.compile(r"okta\.[A-Za-z]+\.read")


def policy(calls: Iterable[Call]) -> str:
    """{scopes, role}: what to grant the app, as JSON. Raises DeclarationError for a scope that does not read.

    The role is what makes the app see everything: a scope alone allows the request, and the role the answer.
    """
    scopes = sorted({p for call in calls for p in (call.permission, *call.also)})
    for scope in scopes:
        if not _SCOPE.fullmatch(scope):
            raise DeclarationError(f"{scope!r} is not a scope such as okta.users.read, or does not read")
    return orjson.dumps({"role": "READ_ONLY_ADMIN", "scopes": scopes}, option=orjson.OPT_INDENT_2).decode()
