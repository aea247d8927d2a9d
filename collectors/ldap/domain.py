"""Active Directory: the domain and its controllers, what passwords must be, accounts, and privileged groups.

Accounts are told by their SIDs, and by keys to compare other directories with; no name is kept. Source: [MS-ADTS], [MS-ADA1] to [MS-ADA3], [MS-SAMR].
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from annexlog.collectors import Call, Detail, Page, Refused, ResourceType
from annexlog.collectors.declaring import Asks, rows
from annexlog.collectors.ldap._calls import ANONYMOUS, ANY, DOMAIN_SIGHT, PLAIN_BIND, SECURE, below, one
from annexlog.collectors.ldap._privileged import GROUPS, groups, holders

__all__ = ["controller", "domain", "group", "user"]

_HEAD = ("minPwdLength", "pwdHistoryLength", "pwdProperties", "maxPwdAge", "lockoutThreshold", "lockoutDuration", "lockoutObservationWindow", "ms-DS-MachineAccountQuota", "msDS-LogonTimeSyncInterval")
_SETTINGS = ("msDS-MinimumPasswordLength", "msDS-PasswordHistoryLength", "msDS-PasswordComplexityEnabled", "msDS-PasswordReversibleEncryptionEnabled", "msDS-LockoutThreshold", "msDS-LockoutDuration", "msDS-LockoutObservationWindow")
_USERS = "(&(objectCategory=person)(objectClass=user))"
_USER = ("objectSid", "userAccountControl", "whenCreated", "lastLogonTimestamp", "logonCount", "pwdLastSet", "accountExpires", "msDS-SupportedEncryptionTypes", "sAMAccountName", "userPrincipalName", "mail", "employeeID", "sIDHistory", "adminCount", "msDS-KrbTgtLinkBl")
_COMPUTED = ("adminCount", "msDS-KrbTgtLinkBl")
"""Attributes that are told by what they come to."""
_CONTROLLERS = "(userAccountControl:1.2.840.113556.1.4.803:=8192)"
_EVERY = "every account"
_POWER = {**below("{base}", "sub", "dn", "objectSid", "objectClass", "member"), "domain": "{domain_sid}", "privileged": "{privileged}"}


def head(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """The domain's own settings. Raises Refused (denied) without those that every domain has."""
    found = one(ask, ANY, params)
    if "minPwdLength" not in found or "lockoutThreshold" not in found:
        raise Refused("denied", "NotShown", "the domain's password policy is not shown", again=False)
    yield Page({name: found.get(name) for name in _HEAD})


def finer(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Fine-grained password policies. Raises Refused (denied) where their container, which is always there, is not shown.

    By default only administrators may read it.
    """
    if "objectClass" not in one(ask, ANY, {**params, "attributes": ["objectClass"]}):
        raise Refused("denied", "NotShown", "the password settings container is shown by its name alone", again=False)
    found = rows(ask, "(objectClass=msDS-PasswordSettings)", {**params, "scope": "one"})
    if any(name not in entry for entry in found for name in _SETTINGS):
        raise Refused("denied", "NotShown", "a password policy is shown in part", again=False)
    yield Page(found)


def users(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """Accounts of persons and services; null: not there, or not shown. `krbtgt`: the key of Kerberos, or of a read-only one.

    `marked`: ["adminCount"] where the account is, or was, in a group that Active Directory protects; else [].
    """
    sids = set[str]()
    for page in ask.pages(_USERS, params):
        found = []
        for entry in page.body:
            sid = entry.get("objectSid")
            if sid is None:
                raise Refused("denied", "NotShown", "an account's SID is not shown", again=False)
            sids.add(str(sid).rpartition("-")[2])
            krbtgt = str(sid).endswith("-502") or "msDS-KrbTgtLinkBl" in entry
            marked = ["adminCount"] if entry.get("adminCount") else []
            told = {name: entry.get(name) for name in _USER if name not in _COMPUTED}
            found.append({**told, "krbtgt": krbtgt, "marked": marked})
        yield replace(page, body=found)
    if not sids >= {"500", "502"}:
        raise Refused("denied", "NotShown", "accounts that every domain has are not among those shown", again=False)


def interval(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """One row for all accounts: in which steps of days the last sign-in is told; 14 where nothing is set; 0: it is not."""
    found = one(ask, ANY, params)
    if "objectSid" not in found:
        raise Refused("denied", "NotShown", "the domain's own SID is not shown", again=False)
    days = found.get("msDS-LogonTimeSyncInterval", 14)
    yield Page({"rows": [{"of": _EVERY, "days": days}]})


def controllers(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:
    """The domain's controllers. Raises Refused (denied) where none is shown, or one without its name."""
    came = False
    for page in ask.pages(_CONTROLLERS, params):
        if any("dNSHostName" not in entry for entry in page.body):
            raise Refused("denied", "NotShown", "a controller's name is not shown", again=False)
        came = came or bool(page.body)
        yield page
    if not came:
        raise Refused("denied", "NotShown", "no controller is shown, and one answers", again=False)


domain = ResourceType(
    "ldap.ad.domain", facet="domain", id="{base}", listed=None, per="domain", fold=True,
    details=[
        Detail("head", Call("domain users", ANY, below("{base}", "base", *_HEAD), fn=head)),
        Detail("finer", Call("domain password settings", "(objectClass=msDS-PasswordSettings)", below("CN=Password Settings Container,CN=System,{base}", "base", *_SETTINGS), fn=finer, items="")),
        Detail("anonymous", Call("domain anonymous", ANONYMOUS)),
    ],
)

user = ResourceType(
    "ldap.ad.user", facet="user", id="{user.objectSid}", per="domain", sight=DOMAIN_SIGHT,
    listed=Call("domain users", _USERS, below("{base}", "sub", *_USER), items="", fn=users),
    details=[
        # Asked once for all of them: the one row is every account's.
        Detail("power", Call("domain users", GROUPS, _POWER, items="rows", fn=holders), key="of", match="{user.objectSid}", otherwise={"groups": []}),
        Detail("sync", Call("domain users", ANY, below("{base}", "base", "msDS-LogonTimeSyncInterval", "objectSid"), items="rows", fn=interval), key="of", match=_EVERY),
    ],
    sets=("user.sIDHistory", "power.groups"),
    redact={"user.sAMAccountName": "key:ldap", "user.userPrincipalName": "key:email", "user.mail": "key:email", "user.employeeID": "key:employee"},
)

group = ResourceType(
    "ldap.ad.group", facet="group", id="{group.objectSid}", per="domain", sight=DOMAIN_SIGHT,
    listed=Call("domain users", GROUPS, _POWER, items="", fn=groups),
    sets=("group.members",),
)

controller = ResourceType(
    "ldap.ad.controller", facet="controller", id="{controller.dNSHostName}", per="domain", fold=True, sight=DOMAIN_SIGHT,
    listed=Call("domain users", _CONTROLLERS, below("{base}", "sub", "dNSHostName"), items="", fn=controllers),
    details=[
        Detail("plain_bind", Call("domain anonymous", PLAIN_BIND, {"host": "{controller.dNSHostName}"})),
        Detail("tls", Call("domain anonymous", SECURE, {"host": "{controller.dNSHostName}"})),
    ],
)
