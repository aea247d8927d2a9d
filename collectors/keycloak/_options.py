"""The keys of a `[targets.<name>]` table whose provider is Keycloak."""

from __future__ import annotations

from annexlog.collectors.options import Rate, Reach


class Options(Reach, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Which server is looked at, and who asks.

    `url`: of the server, up to where `/realms` follows (`https://sso.example.com`, or with `/auth` where it is older).

    Who asks: a client with a service account (`client_id` in the realm `realm`), which shows a secret
    (`client_secret_env` or `client_secret_file`) or signs (`private_key_env` or `private_key_file`: RSA, in PEM form;
    `key_id`, where the client has several keys). Secrets are named here, never given.

    `realms`: those to look at. Not given: of a client in `master` all that it is shown, else its own realm.

    `requests_per_second`: Keycloak has no limit of its own; this is to spare it.
    """

    url: str
    client_id: str
    realm: str = "master"
    realms: tuple[str, ...] = ()
    client_secret_env: str = ""
    client_secret_file: str = ""
    key_id: str = ""
    private_key_env: str = ""
    private_key_file: str = ""
    requests_per_second: Rate = 20.0
