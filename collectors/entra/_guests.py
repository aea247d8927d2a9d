"""People from outside, and who inside answers for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Page, Refused
from annexlog.collectors.declaring import Asks
from annexlog.collectors.entra._calls import items, kind, members, values

MANY = 5_000


def guests(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Of all users those from outside: whoever is called a guest, or was invited, whatever he is called now.

    Source: List users (userType, externalUserState, which is null of those who were not invited).
    """
    seen = total = 0
    for page in ask.pages("/users", params):
        users = items(page)
        seen, total = seen + len(users), max(total, page.total or 0)
        outside = [one for one in users if one.get("userType") != "Member" or one.get("externalUserState") is not None]
        yield Page({"value": outside}, page.request_id, page.date)
    if seen < total:
        raise Refused("incomplete", "total", f"{seen} of {total}")


def sponsors(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{people, groups}: ids of a guest's sponsors; of groups those in them, up to MANY, are among the people.

    Source: List sponsors, which are users and groups.
    """
    found = values(ask, "/users/{user}/sponsors", {"user": params["user"], "$select": "id"})
    people = {one["id"] for one in found if kind(one) == "user"}
    groups = sorted(one["id"] for one in found if kind(one) == "group")
    for group in groups:
        people.update(one["id"] for one in members(ask, group, most=MANY) or () if one["kind"] == "user")
    yield Page({"people": sorted(people), "groups": groups})
