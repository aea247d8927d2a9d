"""Who uses a device, as far as tests ask: the state of each account on it, not whose it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Page, Refused
from annexlog.collectors.declaring import Asks
from annexlog.collectors.google_workspace._calls import whole_list

MINE: Mapping[str, Any] = {"customer": "customers/my_customer"}
"""How the customer that the administrator belongs to is called. Source: Cloud Identity API, devices.list."""

USES = "/v1/devices/-/deviceUsers"


def uses(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{rows: [{device, users: [{state, password, compromised}]}]}: the accounts on each device, sorted.

    Source: Cloud Identity API, devices.deviceUsers.list (managementState, passwordState, compromisedState).
    """
    found: dict[str, list[dict[str, Any]]] = {}
    members = ("name", "managementState", "passwordState", "compromisedState")
    for row in whole_list(ask, USES, params, "deviceUsers", *members):
        device, inside, _ = str(row["name"]).partition("/deviceUsers/")
        if not inside:
            raise Refused("unreadable", "OtherAnswer", "an account is on no device")
        use = {
            "state": row.get("managementState"),
            "password": row.get("passwordState"),
            "compromised": row.get("compromisedState"),
        }
        found.setdefault(device, []).append(use)
    rows = [{"device": name, "users": sorted(found[name], key=repr)} for name in sorted(found)]
    yield Page({"rows": rows})
