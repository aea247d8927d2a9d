"""The custom role that only reads what these calls need."""

from __future__ import annotations

import re
from collections.abc import Iterable

import orjson

from annexlog.collectors import Call
from annexlog.collectors.azure._calls import SIGHT
from annexlog.evidence_store.model import DeclarationError

_READ = re.compile(r"Microsoft\.[A-Za-z.]+(/[A-Za-z0-9]+)+/read")

DISCOVERY = (
    "Microsoft.Management/managementGroups/descendants/read",
    "Microsoft.Management/managementGroups/read",
    "Microsoft.ResourceGraph/resources/read",
    "Microsoft.Resources/subscriptions/read",
    # A proof of sight needs these two.
    *SIGHT,
)


def policy(calls: Iterable[Call]) -> str:
    """A role definition as `az role definition create` takes it. Raises DeclarationError for what is no read.

    Nothing in it lists keys or reads data (`dataActions` is empty). `assignableScopes` has the root management group's
    name to fill in.
    """
    actions = sorted({*DISCOVERY, *(p for call in calls for p in (call.permission, *call.also))})
    for action in actions:
        if not _READ.fullmatch(action):
            raise DeclarationError(f"{action!r} is not an action such as Microsoft.Storage/storageAccounts/read")
    role = {
        "Name": "annexlog reader",
        "IsCustom": True,
        "Description": "Reads what annexlog's enabled tests need. No keys, no data, no changes.",
        "Actions": actions,
        "NotActions": [],
        "DataActions": [],
        "NotDataActions": [],
        "AssignableScopes": ["/providers/Microsoft.Management/managementGroups/MANAGEMENT_GROUP"],
    }
    return orjson.dumps(role, option=orjson.OPT_INDENT_2).decode()
