"""The keys of a `[targets.<name>]` table whose provider is GitHub."""

from __future__ import annotations

from typing import Annotated

import msgspec

from annexlog.collectors.options import Rate, Reach

Login = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]+$", max_length=100)]


class Options(Reach, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Which organizations are looked at, and who asks.

    `organizations`: their logins; left out, all where the App is installed. A token needs them named.
    `url`: of the API; of GitHub Enterprise Server `https://HOST/api/v3`.

    Who asks: a GitHub App (`app_id`, or its client id, and `private_key_file` or `private_key_env`), or a token
    (`token_env` or `token_file`). Secrets are named here, never given.

    `requests_per_second`: for each organization. GitHub allows 5,000 to 15,000 requests an hour.
    """

    organizations: tuple[Login, ...] = ()
    url: str = "https://api.github.com"
    app_id: str = ""
    private_key_file: str = ""
    private_key_env: str = ""
    token_env: str = ""
    token_file: str = ""
    requests_per_second: Rate = 10.0
