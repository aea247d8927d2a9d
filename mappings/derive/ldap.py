"""What flags, times and answers of directories come to."""

from __future__ import annotations

from annexlog.evidence_store.model import JSON
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
    """The names of an account's flags that matter, and DES where a key of it may be one.

    Source: [MS-ADTS] 2.2.16 (userAccountControl), [MS-KILE] 2.2.7 (msDS-SupportedEncryptionTypes). TypeError where the
    flags are not shown.
    """
    held = int(user["userAccountControl"])
    found = [name for bit, name in _FLAGS.items() if held & bit]
    return found + (["DES"] if int(user["msDS-SupportedEncryptionTypes"] or 0) & _DES else [])


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
def loose_password_settings(head: JSON, finer: JSON, length: JSON, history: JSON, attempts: JSON) -> JSON:
    """What is loose in a domain's password policies: `domain: …`, `finer policy: …`; [] if nothing.

    Source: [MS-SAMR] 2.2.1.6 (pwdProperties: 1 complexity, 16 reversible), [MS-ADTS] 3.1.1.3 (msDS-PasswordSettings).
    """
    properties = int(head["pwdProperties"])
    policies = [
        (
            "domain",
            head["minPwdLength"],
            head["pwdHistoryLength"],
            properties & 1,
            properties & 16,
            head["lockoutThreshold"],
        )
    ]
    policies += [
        (
            "finer policy",
            one["msDS-MinimumPasswordLength"],
            one["msDS-PasswordHistoryLength"],
            one["msDS-PasswordComplexityEnabled"],
            one["msDS-PasswordReversibleEncryptionEnabled"],
            one["msDS-LockoutThreshold"],
        )
        for one in finer
    ]
    found = []
    for name, shortest, kept, complex_, reversible, threshold in policies:
        found += [f"{name}: {shortest} characters"] if shortest < length else []
        found += [f"{name}: {kept} old passwords are refused"] if kept < history else []
        found += [] if complex_ else [f"{name}: no complexity"]
        found += [f"{name}: reversible"] if reversible else []
        found += [] if 1 <= threshold <= attempts else [f"{name}: locked after {threshold}"]
    return found


@derived
def plain_binds_refused(answer: JSON) -> JSON:
    """Whether a server refuses a password that comes without TLS, before it looks at it. ValueError if nobody can say.

    Source: RFC 4511, appendix A: 8 strongerAuthRequired and 13 confidentialityRequired refuse the way of signing in, 49
    invalidCredentials (and success) shows that the password was looked at. `closed`: nothing listens there.
    """
    if answer in ("8", "13", "closed"):
        return True
    if answer in ("0", "49"):
        return False
    raise ValueError(answer)


@derived
def account_seen(account: JSON) -> JSON:
    """When an account was last in use: its last sign-in, or when it was made. ValueError where that is not told."""
    if account["last_sign_in"]:
        return max(str(account["last_sign_in"]), str(account["createTimestamp"]))
    if not account["stated"] or not account["createTimestamp"]:
        raise ValueError("the last sign-in is not shown")
    return account["createTimestamp"]
