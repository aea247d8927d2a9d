"""The keys of a `[targets.<name>]` table whose provider is SCIM."""

from __future__ import annotations

from annexlog.collectors.options import Rate, Reach

STATED = "configuration:all_visible_because"
"""The operation that is no request: what the target's owner states about what its token sees."""


class Options(Reach, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Which service is looked at, and who asks.

    `url`: the base below which `/Users` is (`https://api.example.com/scim/v2`).

    Who asks: a bearer token (`token_env` or `token_file`); it is named here, never given.

    `all_visible_because`: why the token sees every account: in SCIM nothing proves it, so somebody has to say so
    (`vendor's admin token, checked by J. Doe, 2026-03-01`). Not given, no list is believed. It is evidence.

    `page`: how many resources to ask for at once; a service may give fewer. `requests_per_second`: to spare it.
    """

    url: str
    token_env: str = ""
    token_file: str = ""
    all_visible_because: str = ""
    page: int = 100
    requests_per_second: Rate = 5.0
