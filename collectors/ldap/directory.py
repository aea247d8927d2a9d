"""Directories other than Active Directory: how one gets in, what passwords must be, accounts, and privileged groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from annexlog.collectors import Call, Detail, Page, Refused, ResourceType
from annexlog.collectors.declaring import Asks, rows
from annexlog.collectors.ldap._calls import (
    ACCOUNTS,
    ANONYMOUS,
    ANY,
    DIRECTORY_SIGHT,
    MOST_MEMBERS,
    PLAIN_BIND,
    SECURE,
    SIGN_IN,
    below,
    one,
)
from annexlog.collectors.ldap._privileged import by_holder

__all__ = ["account", "directory", "group", "password_policy"]

_POLICY = ("dn", "pwdMinLength", "pwdMaxFailure", "pwdLockout", "pwdLockoutDuration", "pwdFailureCountInterval", "pwdInHistory", "pwdCheckQuality", "pwdMustChange", "pwdSafeModify")
_ACCOUNT = ("entryUUID", "createTimestamp", "pwdAccountLockedTime", "uid", "mail", "employeeNumber")
_MEMBERS = ("member", "uniqueMember")
_NAMING = frozenset({"groupofnames", "groupofuniquenames", "groupofmembers"})
"""Classes of groups that name their members."""
_POSIX = "posixgroup"
"""The class of groups that name logins, and whose number is the first of some accounts."""
_OTHER = frozenset({"groupofurls", "dyngroup", "dyngroupofnames", "nisnetgroup", "organizationalrole"})
"""Classes of entries that stand for others, in ways that are not followed."""
_GROUP = ("entryUUID", "objectClass", *_MEMBERS, "memberUid", "gidNumber")
_POWER = {"base": "{base}", "privileged": "{privileged}", "attributes": list(_GROUP)}


def root(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """What the server says of itself. Source: RFC 4512, 5.1."""
    yield Page(one(ask, ANY, params))


def accounts(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Accounts, each with `last_sign_in` (null: not told) and `stated`: that what is not told is not there.

    `grouped`: whether the target says which groups are privileged.

    Raises Refused (denied) for an entry without entryUUID, which every one has.
    """
    for page in ask.pages(ACCOUNTS, params):
        found = []
        for entry in page.body:
            if "entryUUID" not in entry:
                raise Refused("denied", "NotShown", "an entry's entryUUID is not shown", again=False)
            told = {name: entry.get(name) for name in _ACCOUNT}
            last = next((entry[name] for name in SIGN_IN if name in entry), None)
            found.append({**told, "last_sign_in": last, "stated": bool(params["because"]), "grouped": bool(params["privileged"])})
        yield replace(page, body=found)


def groups(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """The target's privileged groups: {dn, members: [entryUUID], more}, with those of groups in them.

    `more`: whether there are more than are told. Raises Refused (denied) for a group or a member that is not shown.
    """
    for dn in filter(None, str(params["privileged"]).split("\n")):
        members, more = _members(ask, str(params["base"]), dn)
        yield Page([{"dn": dn, "members": sorted(members), "more": more}])
    if not params["privileged"]:
        yield Page([])


def holders(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{rows: [{of: entryUUID, groups: [dn]}]}: the same by who is in them. Raises Refused as `groups`, and for one too large."""
    found: dict[str, list[str]] = {}
    for page in groups(ask, params):
        for group in page.body:
            by_holder(found, group, str(group["dn"]))
    yield Page({"rows": [{"of": of, "groups": sorted(held)} for of, held in sorted(found.items())]})


def _members(ask: Asks, base: str, dn: str) -> tuple[set[str], bool]:
    found, todo, seen = set[str](), [dn], set[str]()
    while todo:
        at = todo.pop()
        if at.casefold() in seen:
            continue
        seen.add(at.casefold())
        entry = one(ask, ANY, below(at, "base", *_GROUP))
        kinds = {kind.casefold() for kind in entry.get("objectClass", ())}
        inside = [name for attribute in _MEMBERS for name in entry.get(attribute, ())]
        if kinds & _NAMING and not inside and "memberUid" not in entry:
            # Such a group has at least one member: the attribute is not shown.
            raise Refused("denied", "NotShown", "the members of a group are not shown", again=False)
        if not kinds or "entryUUID" not in entry:
            raise Refused("denied", "NotShown", "an entry is shown by its name alone", again=False)
        followed = kinds & {*_NAMING, _POSIX}
        if kinds & _OTHER or (not followed and at.casefold() == dn.casefold()):
            raise Refused("unsupported", "OtherGroup", "its members are not told by their names", again=False)
        todo += inside if kinds & _NAMING else ()
        if _POSIX in kinds:
            found |= _logins(ask, base, entry)
        if not followed:
            found.add(str(entry["entryUUID"]))
        if len(found) > MOST_MEMBERS or len(seen) > 2 * MOST_MEMBERS:
            return found, True
    return found, False


def _logins(ask: Asks, base: str, entry: Mapping[str, Any]) -> set[str]:
    """The accounts in a group of POSIX: by their login, and those whose first group it is. Source: RFC 2307, 2.2.

    Raises Refused: unresolved for a login that no account has, denied for an entry that is not shown or has no number.
    """
    if "gidNumber" not in entry:
        raise Refused("denied", "NotShown", "the number of a group is not shown", again=False)
    found = rows(ask, "(gidNumber={number})", {**below(base, "sub", "entryUUID", "uid"), "number": entry["gidNumber"]})
    found = [account for account in found if "uid" in account]  # the group itself has the number too
    for login in entry.get("memberUid", ()):
        accounts = rows(ask, "(uid={login})", {**below(base, "sub", "entryUUID", "uid"), "login": login})
        if not accounts:
            raise Refused("unresolved", "NoAccount", "a login in a group is no account's", again=False)
        found += accounts
    if any("entryUUID" not in account for account in found):
        raise Refused("denied", "NotShown", "an entry is shown by its name alone", again=False)
    return {str(account["entryUUID"]) for account in found}


directory = ResourceType(
    "ldap.directory", facet="directory", id="{base}", listed=None, per="directory", fold=True,
    details=[
        Detail("root", Call("rootDSE", ANY, below("", "base", "supportedControl", "supportedExtension", "supportedSASLMechanisms"), fn=root)),
        Detail("anonymous", Call("anonymous", ANONYMOUS)),
        Detail("plain_bind", Call("anonymous", PLAIN_BIND)),
        Detail("tls", Call("anonymous", SECURE)),
    ],
)

password_policy = ResourceType(
    "ldap.password_policy", facet="password_policy", id="{password_policy.dn}", per="directory", fold=True, sight=DIRECTORY_SIGHT,
    listed=Call("password policies", "(objectClass=pwdPolicy)", below("{base}", "sub", *_POLICY), items=""),
)

account = ResourceType(
    "ldap.account", facet="account", id="{account.entryUUID}", per="directory", sight=DIRECTORY_SIGHT,
    listed=Call("accounts", ACCOUNTS, {**below("{base}", "sub", *_ACCOUNT), "because": "{because}", "privileged": "{privileged}"}, items="", fn=accounts),
    details=[Detail("power", Call("groups", ANY, _POWER, items="rows", fn=holders), key="of", match="{account.entryUUID}", otherwise={"groups": []})],
    sets=("power.groups",),
    redact={"account.uid": "key:ldap", "account.mail": "key:email", "account.employeeNumber": "key:employee"},
)

group = ResourceType(
    "ldap.group", facet="group", id="{group.dn}", per="directory", fold=True,
    listed=Call("groups", ANY, _POWER, items="", fn=groups),
)
