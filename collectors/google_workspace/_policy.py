"""The OAuth scopes to delegate to the service account."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from annexlog.collectors import Call
from annexlog.evidence_store.model import DeclarationError

_AUTH = "https://www.googleapis.com/auth/"

NO_READ_ONLY = frozenset({f"{_AUTH}apps.alerts"})
"""Scopes of which Google has no form that only reads: what the administrator's role allows bounds them."""


def policy(calls: Iterable[Call]) -> str:
    """{scopes, without_read_only}: what to delegate, as JSON. Raises DeclarationError for a scope that does not read.

    The console takes the scopes with commas between them.
    """
    scopes = sorted({p for call in calls for p in (call.permission, *call.also)})
    for scope in scopes:
        if not scope.startswith(_AUTH) or not (scope.endswith(".readonly") or scope in NO_READ_ONLY):
            raise DeclarationError(f"{scope!r} is not a scope such as {_AUTH}admin.directory.user.readonly")
    told = {"scopes": scopes, "without_read_only": [scope for scope in scopes if scope in NO_READ_ONLY]}
    return orjson.dumps(told, option=orjson.OPT_INDENT_2).decode()
