"""What the identity that annexlog signs in as must be allowed to read."""

from __future__ import annotations

import re
from collections.abc import Iterable

from annexlog.collectors import Call
from annexlog.evidence_store.model import DeclarationError

_KIND = re.compile(r"[A-Za-z=]+(?: [a-z]+)*")


def policy(calls: Iterable[Call]) -> str:
    """Rights in the form of OpenLDAP and of Active Directory, as text. Raises DeclarationError for a call without a name.

    The protocol that annexlog speaks knows no request that writes; these rights are for reading.
    """
    attributes = set[str]()
    for call in calls:
        if not _KIND.fullmatch(call.permission):
            raise DeclarationError(f"{call.permission!r} is no name such as accounts")
        attributes.update(name for name in call.params.get("attributes", ()) if name != "dn")
    told = ",".join(sorted(attributes, key=str.casefold))
    return (
        "# OpenLDAP, before other rules of the database; and the same for cn=Monitor, to prove that all is seen\n"
        f"olcAccess: to attrs=entry,{told}\n"
        '  by dn.exact="cn=annexlog,dc=example,dc=com" read by * break\n\n'
        "# Active Directory: a member of Domain Users reads everything but password settings\n"
        'dsacls "CN=Password Settings Container,CN=System,DC=example,DC=com" /I:T /G "EXAMPLE\\annexlog:GR"\n'
    )
