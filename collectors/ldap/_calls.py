"""How searches are declared, what is no search, and the proof that all of a directory is seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Page, Refused
from annexlog.collectors.declaring import Asks, rows

ANONYMOUS = "probe:anonymous"
"""What somebody who does not sign in gets to see."""
PLAIN_BIND = "probe:plain-bind"
"""What a made-up name and password are answered without TLS."""
SECURE = "probe:tls"
"""Which certificate a server shows."""
COUNT = "count:entries"
"""How many entries we see."""
ACCOUNTS = "configuration:accounts"
"""The search for accounts, by the filter of the target's configuration."""

SIGN_IN = ("pwdLastSuccess", "authTimestamp")
"""Attributes that tell the last sign-in: of OpenLDAP 2.5 and later, and of its overlay lastbind."""

ANY = "(objectClass=*)"
MOST_MEMBERS = 2000
"""Members that a privileged group is followed to; a larger one is told to be larger."""


def below(base: str, scope: str, *attributes: str) -> dict[str, Any]:
    """The parameters that say where and what is asked."""
    return {"base": base, "scope": scope, "attributes": list(attributes)}


def one(ask: Asks, operation: str | Call, params: Mapping[str, Any]) -> Any:
    """The one entry of an answer. Raises Refused (denied): an entry that must be there and is not, is hidden."""
    found = rows(ask, operation, {"scope": "base", **params})
    if len(found) != 1:
        raise Refused("denied", "NotShown", f"{params.get('base', 'an entry')} is not shown", again=False)
    return found[0]


def counted(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """[why everything is seen]: somebody states it, or as many entries are seen as the server's monitor counts.

    Directories leave out what the caller may not see. Source: OpenLDAP, back-mdb's monitor (olmMDBEntries).
    """
    if params["because"]:
        yield Page([{"because": params["because"]}])
        return
    asked = {**below("cn=Databases,cn=Monitor", "one", "olmMDBEntries", "namingContexts"), "paged": False}
    monitored = rows(ask, "(olmMDBEntries=*)", asked)
    base = str(params["base"]).casefold()
    totals = [
        one["olmMDBEntries"]
        for one in monitored
        if base in {context.casefold() for context in one.get("namingContexts", ())}
    ]
    seen = ask(COUNT, {"base": params["base"]}).body["seen"] if totals else 0
    yield Page([{"seen": seen, "total": totals[0]}] if totals and seen >= totals[0] > 0 else [])


DIRECTORY_SIGHT = Call(
    "cn=Monitor", "(olmMDBEntries=*)", {"because": "{because}", "base": "{base}"}, items="", fn=counted
)


def canaries(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """[why everything is seen] of a domain: accounts that every domain has are, and somebody states the rest.

    Active Directory leaves out what the caller may not see, and counts nothing. Without the built-in administrator (-500)
    and krbtgt (-502), each with its flags, no statement is believed.
    """
    asked = {**below(str(params["base"]), "sub", "objectSid", "userAccountControl"), "domain": params["domain"]}
    found = rows(ask, "(|(objectSid={domain}-500)(objectSid={domain}-502))", asked)
    seen = {entry.get("objectSid") for entry in found if "userAccountControl" in entry}
    whole = seen == {f"{params['domain']}-500", f"{params['domain']}-502"}
    yield Page([{"because": params["because"]}] if whole and params["because"] else [])


DOMAIN_SIGHT = Call(
    "domain users", "(objectSid={domain}-500)",
    {"because": "{because}", "base": "{base}", "domain": "{domain_sid}"}, items="", fn=canaries,
)  # fmt: skip
