"""Who is in the groups of Active Directory that allow everything: directly, by other groups, by his primary group, or by
a SID of one that he brought along.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Page, Refused
from annexlog.collectors.declaring import Asks, rows
from annexlog.collectors.ldap._calls import ANY, MOST_MEMBERS, below, one

GROUPS = "(objectSid=…)"
"""The search as it is told: by the SIDs of the groups that every domain has, and of those that the target names."""

_OF_DOMAIN = ("512", "518", "519", "526", "527")
"""Domain, schema and enterprise administrators, and those of keys."""
_BUILT_IN = ("544", "548", "549", "550", "551")
"""Administrators; operators of accounts, servers, printing and backups."""


def groups(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """[{objectSid, members: [sid], more}]: `more`: whether there are more than are told.

    Raises Refused: denied for what is there in every domain, or was named, and is not shown; unsupported for members of
    other domains, and for a group that was named by something else than its SID.
    """
    domain, base = str(params["domain"]), str(params["base"])
    sids = [*(f"{domain}-{rid}" for rid in _OF_DOMAIN), *(f"S-1-5-32-{rid}" for rid in _BUILT_IN)]
    told = [one for one in str(params["privileged"]).split("\n") if one]
    if not all(one.startswith("S-1-") for one in told):
        raise Refused("unsupported", "NotASid", "privileged_groups of Active Directory are SIDs", again=False)
    sids += told
    named = {f"sid{at}": sid for at, sid in enumerate(sids)}
    wanted = "".join(f"(objectSid={{{name}}})" for name in named)
    asked = {**below(base, "sub", "dn", "objectSid"), **named}
    found = {
        entry["objectSid"]: str(entry["dn"])
        for entry in rows(ask, f"(|{wanted}(&(objectClass=group)(sAMAccountName=DnsAdmins)))", asked)
        if "objectSid" in entry
    }
    for sid in (f"{domain}-512", "S-1-5-32-544", *told):
        if sid not in found:
            raise Refused("denied", "NotShown", f"the group {sid} is not shown", again=False)
    for sid, dn in sorted(found.items()):
        members, more = _members(ask, base, dn)
        if sid == "S-1-5-32-544" and not more and f"{domain}-500" not in members:
            raise Refused(
                "denied", "NotShown", "the built-in administrator is not among the administrators", again=False
            )
        yield Page([{"objectSid": sid, "members": sorted(members), "more": more}])


def holders(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """{rows: [{of: sid, groups: [sid]}]}: the same by who is in them. Raises Refused as `groups`, and for one too large."""
    found: dict[str, list[str]] = {}
    for page in groups(ask, params):
        for group in page.body:
            by_holder(found, group, str(group["objectSid"]))
    yield Page({"rows": [{"of": of, "groups": sorted(held)} for of, held in sorted(found.items())]})


def by_holder(found: dict[str, list[str]], group: Mapping[str, Any], name: str) -> None:
    """Writes a group's members into {member: groups}. Raises Refused if there are more than are told."""
    if group["more"]:
        raise Refused("incomplete", "TooMany", f"a group has more than {MOST_MEMBERS} members", again=False)
    for member in group["members"]:
        found.setdefault(member, []).append(name)


def _members(ask: Asks, base: str, dn: str) -> tuple[set[str], bool]:
    """(SIDs of accounts, whether there are more)."""
    found, todo, seen = set[str](), [dn], set[str]()
    while todo:
        at = todo.pop()
        if at.casefold() in seen:
            continue
        seen.add(at.casefold())
        if not at.casefold().endswith(f",{base.casefold()}"):
            raise Refused("unsupported", "OtherDomain", "a member is of another domain", again=False)
        entry = one(ask, ANY, below(at, "base", "objectSid", "objectClass", "member"))
        if "objectSid" not in entry or "objectClass" not in entry:
            raise Refused("denied", "NotShown", "a member is shown by its name alone", again=False)
        if "group" in {kind.casefold() for kind in entry["objectClass"]}:
            todo += entry.get("member", ())
            accounts, more = _unlisted(ask, base, str(entry["objectSid"]))
            found |= accounts
            todo += more
        else:
            found.add(str(entry["objectSid"]))
        if len(found) > MOST_MEMBERS or len(seen) > 2 * MOST_MEMBERS:
            return set(sorted(found)[:MOST_MEMBERS]), True
    return found, False


def _unlisted(ask: Asks, base: str, sid: str) -> tuple[set[str], list[str]]:
    """(SIDs of accounts, names of groups) that are in a group though `member` does not tell them.

    Those whose primary group it is, and those that had its SID before they came to the domain, or are told to: it is in
    their token all the same, and in that of whoever is in such a group. Source: [MS-ADA3], primaryGroupID and sIDHistory.
    """
    asked = {**below(base, "sub", "dn", "objectSid", "objectClass"), "rid": sid.rpartition("-")[2], "sid": sid}
    entries = rows(ask, "(|(primaryGroupID={rid})(sIDHistory={sid}))", asked)
    if any("objectSid" not in entry or "objectClass" not in entry for entry in entries):
        raise Refused("denied", "NotShown", "an account's SID or class is not shown", again=False)
    held = [entry for entry in entries if "group" in {kind.casefold() for kind in entry["objectClass"]}]
    accounts = {str(entry["objectSid"]) for entry in entries if entry not in held}
    return accounts, [str(entry["dn"]) for entry in held]
