"""What the `[targets.<name>]` tables of several providers have in common."""

from __future__ import annotations

from typing import Annotated

import msgspec

Seconds = Annotated[float, msgspec.Meta(gt=0, le=600)]
Rate = Annotated[float, msgspec.Meta(gt=0, le=1000)]
"""Requests per second."""


class Reach(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """How a server is reached, and how hard: the base of the Options of every provider that is asked over HTTPS.

    `ca_file`: certificates to trust instead of the system's. Timeouts in seconds. A provider gives
    `requests_per_second` its own default, and says what it counts.
    """

    ca_file: str | None = None
    proxy: str | None = None
    requests_per_second: Rate = 5.0
    connect_timeout: Seconds = 5
    read_timeout: Seconds = 60


USUAL = Reach()
