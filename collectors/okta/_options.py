"""The keys of a `[targets.<name>]` table whose provider is Okta."""

from __future__ import annotations

from annexlog.collectors.options import Reach


class Options(Reach, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Which organization is looked at, and who asks.

    `url`: of the organization (`https://acme.okta.com`), not of its admin console.

    Who asks: a service app (`client_id`, and `private_key_file` or `private_key_env`: RSA, in PEM form; `key_id`, where
    the app has several keys), or an API token (`token_env` or `token_file`). Secrets are named here, never given.

    `requests_per_second`: Okta limits each kind of request by the minute.
    """

    url: str
    client_id: str = ""
    key_id: str = ""
    private_key_file: str = ""
    private_key_env: str = ""
    token_env: str = ""
    token_file: str = ""
