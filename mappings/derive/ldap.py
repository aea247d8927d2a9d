"""What flags, times and answers of directories come to."""

from __future__ import annotations

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["account_flags", "account_seen", "domain_seen", "loose_password_settings", "plain_binds_refused"]

_FLAGS = {
    0x2: "ACCOUNTDISABLE",
    0x20: "PASSWD_NOTREQD",
    0x80: "ENCRYPTED_TEXT_PWD_ALLOWED",
    0x10000: "DONT_EXPIRE_PASSWORD",
    0x80000: "TRUSTED_FOR_DELEGATION",
    0x200000: "USE_DES_KEY_ONLY",
    0x400000: "DONT_REQ_PREAUTH",
}
_DES = 0x3


@derived
def account_flags(user: JSON) -> JSON:
    """The names of an account's flags that matter, DES where a key of it may be one, and SID_HISTORY.

    That is where it brought along a SID that no move from elsewhere gives: one of its own domain, of a built-in group,
    or of what every domain has. Source: [MS-ADTS] 2.2.16 (userAccountControl), [MS-KILE] 2.2.7
    (msDS-SupportedEncryptionTypes), [MS-ADA3] (sIDHistory). TypeError where the flags are not shown.
    """
    held = int(user["userAccountControl"])
    found = [name for bit, name in _FLAGS.items() if held & bit]
    found += ["DES"] if int(user["msDS-SupportedEncryptionTypes"] or 0) & _DES else []
    own = str(user["objectSid"]).rpartition("-")[0]
    return found + (["SID_HISTORY"] if any(_strange(sid, own) for sid in user.get("sIDHistory") or ()) else [])


def _strange(sid: str, domain: str) -> bool:
    """Whether nobody comes by this SID by moving. Source: [MS-DTYP] 2.4.2.4: below 1000 they are well known."""
    where, _, last = sid.rpartition("-")
    return where == domain or not where.startswith("S-1-5-21-") or int(last) < 1000


@derived
def domain_seen(user: JSON, sync: JSON) -> JSON:
    """When an account of Active Directory was last in use: its last sign-in, or when it was made if there was none.

    Raises ValueError where that is not told: the domain keeps no such time (`sync.days` 0), or the account has signed
    in (logonCount) and the time is missing. Source: [MS-ADA1], lastLogonTimestamp.
    """
    if sync["days"] == 0:
        raise ValueError("the domain does not keep the time")
    last = user["lastLogonTimestamp"]
    if last not in (None, "never"):
        return max(str(last), str(user["whenCreated"]))
    if user["logonCount"] != 0 or not user["whenCreated"]:
        raise ValueError("the last sign-in is not shown")
    return user["whenCreated"]


@derived
def loose_password_settings(
    head: JSON, finer: JSON, length: JSON, history: JSON, attempts: JSON, minutes: JSON
) -> JSON:
    """What is loose in a domain's password policies: `domain: …`, `finer policy: …`; [] if nothing.

    `minutes`: how long an account stays locked, and failures are counted, at the least; a duration of -1 is until
    somebody unlocks it. Source: [MS-SAMR] 2.2.1.6 (pwdProperties: 1 complexity, 16 reversible), 3.1.1.6 (lockouts),
    [MS-ADTS] 3.1.1.3 (msDS-PasswordSettings).
    """
    found = _loose(
        "domain",
        {
            **{name: head[own] for name, own in _OF_DOMAIN.items()},
            "complex": int(head["pwdProperties"]) & 1,
            "reversible": int(head["pwdProperties"]) & 16,
        },
        (length, history, attempts, minutes),
    )
    for one in finer:
        told = {name: one[own] for name, own in _OF_FINER.items()}
        found += _loose("finer policy", told, (length, history, attempts, minutes))
    return found


_OF_DOMAIN = {
    "shortest": "minPwdLength", "kept": "pwdHistoryLength", "threshold": "lockoutThreshold",
    "locked": "lockoutDuration", "window": "lockoutObservationWindow",
}  # fmt: skip
_OF_FINER = {
    "shortest": "msDS-MinimumPasswordLength", "kept": "msDS-PasswordHistoryLength",
    "threshold": "msDS-LockoutThreshold", "locked": "msDS-LockoutDuration", "window": "msDS-LockoutObservationWindow",
    "complex": "msDS-PasswordComplexityEnabled", "reversible": "msDS-PasswordReversibleEncryptionEnabled",
}  # fmt: skip


def _loose(name: str, policy: JSON, least: tuple[JSON, JSON, JSON, JSON]) -> list[str]:
    length, history, attempts, minutes = least
    found = [f"{name}: {policy['shortest']} characters"] if policy["shortest"] < length else []
    found += [f"{name}: {policy['kept']} old passwords are refused"] if policy["kept"] < history else []
    found += [] if policy["complex"] else [f"{name}: no complexity"]
    found += [f"{name}: reversible"] if policy["reversible"] else []
    found += [] if 1 <= policy["threshold"] <= attempts else [f"{name}: locked after {policy['threshold']}"]
    found += [] if policy["locked"] == -1 or policy["locked"] >= minutes else [f"{name}: locked too shortly"]
    return found + ([] if policy["window"] >= minutes else [f"{name}: failures are forgotten too soon"])


@derived
def plain_binds_refused(answer: JSON) -> JSON | Unknown:
    """Whether a server refuses a password that comes without TLS, before it looks at it. ValueError if nobody can say.

    Source: RFC 4511, appendix A: 8 strongerAuthRequired and 13 confidentialityRequired refuse the way of signing in, 49
    invalidCredentials (and success) shows that the password was looked at. `closed`: nobody answers us there, which
    a firewall may do to us alone: Unknown(unresolved).
    """
    if answer in ("8", "13"):
        return True
    if answer in ("0", "49"):
        return False
    if answer == "closed":
        return Unknown("unresolved", operation="probe:plain-bind", code="the port is closed to us, and to whom else?")
    raise ValueError(answer)


@derived
def account_seen(account: JSON) -> JSON:
    """When an account was last in use: its last sign-in, or when it was made. ValueError where that is not told."""
    if account["last_sign_in"]:
        return max(str(account["last_sign_in"]), str(account["createTimestamp"]))
    if not account["stated"] or not account["createTimestamp"]:
        raise ValueError("the last sign-in is not shown")
    return account["createTimestamp"]
