"""The action groups of an alert, wherever they are: whether each is on, and how many it tells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Page, Refused
from annexlog.collectors.azure._calls import GONE, VERSION
from annexlog.collectors.azure._versions import version
from annexlog.collectors.declaring import Asks, keep

GROUP = "Microsoft.Insights/actionGroups"
AT = f"/subscriptions/{{in}}/resourceGroups/{{group}}/providers/{GROUP}/{{name}}"
_ID = re.compile(
    r"/subscriptions/([^/]+)/resourcegroups/([^/]+)/providers/microsoft\.insights/actiongroups/([^/]+)", re.IGNORECASE
)
OTHERS = (
    "webhookReceivers", "itsmReceivers", "azureAppPushReceivers", "automationRunbookReceivers", "voiceReceivers",
    "logicAppReceivers", "azureFunctionReceivers", "armRoleReceivers", "eventHubReceivers",
)  # fmt: skip
"""Lists of receivers that cannot unsubscribe, as persons can."""


def groups(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """[{id, enabled, receivers}], sorted: `actions` of a metric alert; a group that is gone tells nobody.

    Addresses, numbers and URIs of receivers go no further. Source: REST API, Action Groups - Get.
    """
    ids = sorted({str(one.get("actionGroupId") or "").lower() for one in params["actions"]} - {""})
    yield Page([_group(ask, id) for id in ids])


def _group(ask: Asks, id: str) -> dict[str, Any]:
    parts = _ID.fullmatch(id)
    if parts is None:
        raise Refused("unreadable", "BadId", "no id of an action group")
    place = dict(zip(("in", "group", "name"), parts.groups(), strict=True))
    try:
        body = ask(Call(f"{GROUP}/read", AT), {**place, VERSION: version(GROUP), **keep("properties")}).body
    except Refused as refused:
        if refused.code not in GONE:
            raise
        return {"id": id, "enabled": False, "receivers": 0}
    value = body.get("properties") if isinstance(body, dict) else None
    if not isinstance(value, dict) or "enabled" not in value:
        raise Refused("unreadable", "no properties")
    persons = [*(value.get("emailReceivers") or ()), *(value.get("smsReceivers") or ())]
    heard = sum(str(one.get("status") or "").lower() != "disabled" for one in persons)
    return {
        "id": id,
        "enabled": value["enabled"] is True,
        "receivers": heard + sum(len(value.get(n) or ()) for n in OTHERS),
    }
