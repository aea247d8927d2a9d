"""The permissions of a GitHub App that only reads what these calls need."""

from __future__ import annotations

import re
from collections.abc import Iterable

import orjson

from annexlog.collectors import Call
from annexlog.evidence_store.model import DeclarationError

_PERMISSION = re.compile(r"([a-z_]+):read")


def policy(calls: Iterable[Call]) -> str:
    """The part of an App's manifest that says its permissions, as JSON. Raises DeclarationError for one that writes."""
    given = {}
    for permission in sorted({p for call in calls for p in (call.permission, *call.also)} | {"metadata:read"}):
        match = _PERMISSION.fullmatch(permission)
        if match is None:
            raise DeclarationError(f"{permission!r} is not a permission such as members:read, or does not read")
        given[match[1]] = "read"
    manifest = {"public": False, "default_permissions": given, "default_events": []}
    return orjson.dumps(manifest, option=orjson.OPT_INDENT_2).decode()
