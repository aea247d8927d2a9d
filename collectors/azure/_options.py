"""The keys of a `[targets.<name>]` table whose provider is Azure."""

from __future__ import annotations

from typing import Annotated

import msgspec

from annexlog.collectors.microsoft import Login
from annexlog.collectors.options import Rate

Id = Annotated[str, msgspec.Meta(pattern="^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$")]
Group = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_().-]{1,90}$")]


class Options(Login, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Which subscriptions are looked at, and who asks (see Login).

    `subscriptions`: their ids. `management_groups`: the names (ids) of groups, of which all subscriptions below are
    looked at. Neither: all of the tenant, by its root management group, which `tenant_id` names.

    `url`: another address of Azure Resource Manager than the cloud's. `requests_per_second`: for each subscription;
    Azure gives a caller 25 reads a second there.
    """

    subscriptions: tuple[Id, ...] = ()
    management_groups: tuple[Group, ...] = ()
    url: str = ""
    requests_per_second: Rate = 15.0
