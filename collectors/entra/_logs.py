"""Where the tenant's own logs go, and how long they stay there: Azure Resource Manager knows, not Graph."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Page, Refused
from annexlog.collectors.declaring import Asks, keep
from annexlog.collectors.entra._calls import ARM

SETTINGS = "microsoft.aadiam/diagnosticSettings/read"
TABLES = "Microsoft.OperationalInsights/workspaces/tables/read"

_TABLE_OF: Mapping[str, str] = {
    "AuditLogs": "AuditLogs",
    "SignInLogs": "SigninLogs",
    "NonInteractiveUserSignInLogs": "AADNonInteractiveUserSignInLogs",
    "ServicePrincipalSignInLogs": "AADServicePrincipalSignInLogs",
    "ManagedIdentitySignInLogs": "AADManagedIdentitySignInLogs",
}
_WORKSPACE = re.compile(
    r"/subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/Microsoft\.OperationalInsights/workspaces/([^/]+)",
    re.IGNORECASE,
)
_TABLE = (
    f"{ARM}/subscriptions/{{subscription}}/resourceGroups/{{resource_group}}/providers"
    "/Microsoft.OperationalInsights/workspaces/{workspace}/tables/{table}"
)


def exports(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:  # noqa: ARG001 — the tenant's
    """[{name, categories, workspace, storage, days}]: each diagnostic setting, with the categories that it sends.

    `days`: {category: days that the workspace's table keeps it}, of the categories that tests ask for. Source: REST API
    of Microsoft.aadiam diagnosticSettings (2017-04-01) and of Log Analytics tables (2022-10-01, totalRetentionInDays).
    """
    operation = f"{ARM}/providers/microsoft.aadiam/diagnosticSettings"
    asked = {"api-version": "2017-04-01", **keep("value.name", *(f"value.properties.{m}" for m in _KEPT))}
    body = ask(operation, asked).body
    if not isinstance(body, dict) or not isinstance(body.get("value"), list):
        raise Refused("unreadable", "NotAList", "the diagnostic settings are no list")
    found = []
    for one in body["value"]:
        properties = one["properties"]
        sent = sorted(
            log["category"]
            for log in properties.get("logs") or []
            if log.get("enabled") is True and log.get("category")
        )
        workspace = properties.get("workspaceId")
        days = {c: _days(ask, workspace, _TABLE_OF[c]) for c in sent if c in _TABLE_OF} if workspace else {}
        found.append(
            {
                "name": one["name"],
                "categories": sent,
                "workspace": workspace,
                "storage": properties.get("storageAccountId"),
                "days": days,
            }
        )
    yield Page({"settings": sorted(found, key=lambda s: str(s["name"]))})


_KEPT = ("logs.category", "logs.enabled", "workspaceId", "storageAccountId")


def _days(ask: Asks, workspace: str, table: str) -> int:
    parts = _WORKSPACE.fullmatch(workspace)
    if parts is None:
        raise Refused("unreadable", "Workspace", f"{workspace} is no workspace")
    asked = {"subscription": parts[1], "resource_group": parts[2], "workspace": parts[3], "table": table,
             "api-version": "2022-10-01", **keep("properties.totalRetentionInDays")}  # fmt: skip
    body = ask(Call(TABLES, _TABLE), asked).body
    days = ((body.get("properties") or {}) if isinstance(body, dict) else {}).get("totalRetentionInDays")
    if not isinstance(days, int):
        raise Refused("unreadable", "OtherAnswer", "the table does not say for how long it keeps")
    return days
