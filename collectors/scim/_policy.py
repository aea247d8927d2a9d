"""What a SCIM token must be allowed: the standard has no names for rights."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from annexlog.collectors import Call
from annexlog.evidence_store.model import DeclarationError


def policy(calls: Iterable[Call]) -> str:
    """{requests: what the token must be allowed, and nothing else}, as JSON. Raises DeclarationError for a write."""
    asked = sorted({permission for call in calls for permission in (call.permission, *call.also)})
    for one in asked:
        if not one.startswith("GET /"):
            raise DeclarationError(f"{one!r} is no request such as GET /Users")
    return orjson.dumps({"requests": asked}, option=orjson.OPT_INDENT_2).decode()
