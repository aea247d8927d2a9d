"""What the identity that annexlog signs in as must be allowed to read."""

from __future__ import annotations

import re
from collections.abc import Iterable

import orjson

from annexlog.collectors import Call
from annexlog.evidence_store.model import DeclarationError

_KIND = re.compile(r"[A-Za-z=]+(?: [a-z]+)*")


def policy(calls: Iterable[Call]) -> str:
    """{attributes, openldap, active_directory}: what to let be read, and how it is said, as JSON.

    Raises DeclarationError for a call without a name. The protocol that annexlog speaks knows no request that writes.
    """
    attributes = set[str]()
    for call in calls:
        if not _KIND.fullmatch(call.permission):
            raise DeclarationError(f"{call.permission!r} is no name such as accounts")
        attributes.update(name for name in call.params.get("attributes", ()) if name != "dn")
    told = sorted(attributes, key=str.casefold)
    who = 'by dn.exact="cn=annexlog,dc=example,dc=com" read by * break'
    rights = {
        "attributes": told,
        "openldap": [
            f"olcAccess: to attrs=entry,{','.join(told)} {who}",
            "and the same for cn=Monitor, which proves that all is seen",
        ],
        "active_directory": [
            "a member of Domain Users reads all but password settings",
            'dsacls "CN=Password Settings Container,CN=System,DC=example,DC=com" /I:T /G "EXAMPLE\\annexlog:GR"',
        ],
    }
    return orjson.dumps(rights, option=orjson.OPT_INDENT_2).decode()
