"""Security admin rules of a network manager: they lie three lists deep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Page
from annexlog.collectors.azure._calls import VERSION
from annexlog.collectors.azure._versions import version
from annexlog.collectors.declaring import Asks, keep, rows

MANAGER = "Microsoft.Network/networkManagers"
_KEPT = (
    "name",
    *(
        f"properties.{name}"
        for name in ("access", "direction", "protocol", "priority", "sources", "destinationPortRanges")
    ),
)


def admin_rules(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """The rules of every collection of every configuration, deployed or not: [{name, properties}].

    Source: REST API, Security Admin Configurations, Admin Rule Collections and Admin Rules - List.
    """
    at = {VERSION: version(MANAGER)}
    below = f"{MANAGER}/securityAdminConfigurations"
    found: list[Any] = []
    for one in rows(ask, "{id}/securityAdminConfigurations", {"id": params["id"], **at, **keep("value.id")}, "value"):
        collections = Call(f"{below}/ruleCollections/read", "{id}/ruleCollections")
        for part in rows(ask, collections, {"id": one["id"], **at, **keep("value.id")}, "value"):
            rules = Call(f"{below}/ruleCollections/rules/read", "{id}/rules")
            found += rows(ask, rules, {"id": part["id"], **at, **keep(*(f"value.{name}" for name in _KEPT))}, "value")
    yield Page(found)
