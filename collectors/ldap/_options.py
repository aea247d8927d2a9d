"""The keys of a `[targets.<name>]` table whose provider is LDAP."""

from __future__ import annotations

from typing import Annotated

import msgspec

from annexlog.collectors.options import Rate, Seconds


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Which server is looked at, and who asks.

    `url`: `ldaps://dc1.example.com`, or `ldap://…`, which starts TLS before anything else is said. `start_tls = false`
    is for a server on this host only. `ca_file`: certificates to trust instead of the system's.

    Who asks: `bind_dn` (in Active Directory also `user@domain`) with a password (`password_env` or `password_file`), or a
    client certificate (`client_certificate` and `client_key`, files in PEM form; SASL EXTERNAL). Passwords are named here,
    never given.

    `base`: where the directory begins; not given, where the server says. `all_visible_because`: why that identity sees
    every entry and attribute, where the directory cannot prove it (docs/ldap.md). It is evidence.

    `accounts`: the filter of accounts, and `last_sign_in` the attribute of their last sign-in, of directories other than
    Active Directory. `privileged_groups`: DNs, or SIDs in Active Directory, of groups that allow much, beside those that
    every domain has. `probe`: also try to sign in without TLS at `plain_port`, with a made-up name and password.

    `page`: entries to ask for at once. Times in seconds.
    """

    url: str
    start_tls: bool = True
    ca_file: str | None = None
    bind_dn: str = ""
    password_env: str = ""
    password_file: str = ""
    client_certificate: str = ""
    client_key: str = ""
    base: str = ""
    all_visible_because: str = ""
    accounts: str = "(|(objectClass=inetOrgPerson)(objectClass=posixAccount))"
    last_sign_in: str = ""
    privileged_groups: tuple[str, ...] = ()
    probe: bool = False
    plain_port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 389
    page: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 500
    requests_per_second: Rate = 50.0
    connect_timeout: Seconds = 5
    read_timeout: Seconds = 60
