"""What the identity that annexlog signs in as must be allowed to read."""

from __future__ import annotations

import re
from collections.abc import Iterable

import orjson

from annexlog.collectors import Call
from annexlog.evidence_store.model import DeclarationError

_KIND = re.compile(r"[A-Za-z=]+(?: [a-z]+)*")

_ROOT, _DOMAIN = "rootDSE", "domain "
"""What everybody may read; and what is asked of Active Directory only."""
_OPTIONAL = frozenset({"memberUid"})
"""What a server knows only with the schema nis or rfc2307bis: without one it refuses a rule that names it."""
_WHO = 'by dn.exact="cn=annexlog,dc=example,dc=com" read by * break'


def policy(calls: Iterable[Call]) -> str:
    """{openldap, active_directory}: what to let be read, and how it is said, as JSON.

    Raises DeclarationError for a call without a name. The protocol that annexlog speaks knows no request that writes.
    """
    asked: dict[bool, set[str]] = {False: set(), True: set()}
    for call in calls:
        if not _KIND.fullmatch(call.permission):
            raise DeclarationError(f"{call.permission!r} is no name such as accounts")
        if call.permission != _ROOT:
            asked[call.permission.startswith(_DOMAIN)].update(call.params.get("attributes", ()))
    others, domains = (sorted(names - {"dn"} - _OPTIONAL, key=str.casefold) for names in asked.values())
    rights = {
        "openldap": [
            f"olcAccess: to attrs=entry,{','.join(others)} {_WHO}",
            f'olcAccess: to dn.subtree="cn=Monitor" {_WHO}',
            *(f"olcAccess: to attrs={name} {_WHO}" for name in sorted(asked[False] & _OPTIONAL)),
        ],
        "active_directory": [
            f"read {', '.join(domains)}: members of Domain Users may, but for password settings:",
            'dsacls "CN=Password Settings Container,CN=System,DC=example,DC=com" /I:T /G "EXAMPLE\\annexlog:GR"',
        ],
    }
    return orjson.dumps(rights, option=orjson.OPT_INDENT_2).decode()
