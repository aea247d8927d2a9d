"""The keys of a `[targets.<name>]` table whose provider is Entra ID."""

from __future__ import annotations

from annexlog.collectors.microsoft import Login
from annexlog.collectors.options import Rate


class Options(Login, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Which tenant is looked at, and who asks: an app registration with application permissions of Microsoft Graph.

    `graph_url`, `arm_url`: where Graph and Azure Resource Manager are, if not where the cloud has them.
    `requests_per_second`: Graph limits each of its services by app and tenant. The rest is as for Azure.
    """

    graph_url: str = ""
    arm_url: str = ""
    requests_per_second: Rate = 10.0
