"""The keys of a `[targets.<name>]` table whose provider is Google Workspace."""

from __future__ import annotations

from typing import Annotated

import msgspec

from annexlog.collectors.options import Reach


class Options(Reach, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Whose Workspace is looked at, and who asks.

    `customer`: the customer id (`C01abc`; in the admin console under Account, Account settings). `subject`: the e-mail
    address of the administrator in whose name the service account asks. `key_file`: the service account's key, as JSON.

    `endpoint`: another address than those of Google's APIs, for all of them. `requests_per_second`: of each API.
    """

    customer: Annotated[str, msgspec.Meta(pattern=r"^C[A-Za-z0-9]+$")]
    subject: Annotated[str, msgspec.Meta(pattern=r"^[^@\s]+@[^@\s]+$")]
    key_file: str
    endpoint: str = ""
