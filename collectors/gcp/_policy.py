"""The custom role that only allows what these calls need."""

from __future__ import annotations

import re
from collections.abc import Iterable

from annexlog.collectors import Call
from annexlog.evidence_store.model import DeclarationError

DISCOVERY = "cloudasset.assets.listResource"
_READ = re.compile(r"[a-z]+\.[A-Za-z]+\.(list|get|search|query)([A-Z][A-Za-z]*)?")


def policy(calls: Iterable[Call]) -> str:
    """The role as `gcloud iam roles create --file` takes it (YAML). Raises DeclarationError for what does not read."""
    wanted = sorted({DISCOVERY, *(p for call in calls for p in (call.permission, *call.also))})
    for permission in wanted:
        if not _READ.fullmatch(permission):
            raise DeclarationError(f"{permission!r} is not a permission such as {DISCOVERY}, or does not read")
    lines = ("title: annexlog", "description: Reads what annexlog's control tests need.", "stage: GA")
    return "\n".join((*lines, "includedPermissions:", *(f"- {one}" for one in wanted)))
