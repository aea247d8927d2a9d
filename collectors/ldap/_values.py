"""What values of attributes are: numbers, times, identifiers. One that is not known here is not asked for.

Source: [MS-ADTS] and [MS-ADA1] to [MS-ADA3] for Active Directory (FILETIME: tenths of microseconds since 1601, 0 and the
greatest number: never), RFC 4517 for times, draft-behera-ldap-password-policy for `pwd…`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from annexlog.evidence_store.model import JSON, iso

_NEVER = (0, 0x7FFFFFFFFFFFFFFF)
_1601 = datetime(1601, 1, 1, tzinfo=UTC)

Decode = Callable[[bytes], JSON]


def text(value: bytes) -> JSON:
    return value.decode()


def number(value: bytes) -> JSON:
    return int(value)


def flag(value: bytes) -> JSON:
    return {b"TRUE": True, b"FALSE": False}[value]


def filetime(value: bytes) -> JSON:
    """An instant; "never" for the numbers that mean so."""
    ticks = int(value)
    if ticks in _NEVER:
        return "never"
    return _iso(_1601 + timedelta(microseconds=ticks // 10))


def days(value: bytes) -> JSON:
    """A span as Active Directory writes it, below zero, in days; 0: none."""
    ticks = int(value)
    return 0 if ticks in (0, -0x8000000000000000) else -ticks / 864_000_000_000


def minutes(value: bytes) -> JSON:
    """As `days`, in minutes; the longest there is, which is for ever, is -1."""
    ticks = int(value)
    return -1 if ticks == -0x8000000000000000 else -ticks / 600_000_000


def generalized(value: bytes) -> JSON:
    """20260601120000Z, with or without parts of a second."""
    found = value.decode("ascii")
    whole, _, part = found.rstrip("Z").partition(".")
    if not found.endswith("Z"):
        raise ValueError("a time that is not in UTC")
    return _iso(
        datetime.strptime(whole, "%Y%m%d%H%M%S").replace(tzinfo=UTC) + timedelta(seconds=float(f"0.{part or 0}"))
    )


def sid(value: bytes) -> JSON:
    """S-1-5-21-…; a server that is not Active Directory may send it as text."""
    if value.startswith(b"S-1-"):
        return value.decode("ascii")
    if len(value) < 8 or len(value) != 8 + 4 * value[1]:
        raise ValueError("no SID")
    parts = (int.from_bytes(value[at : at + 4], "little") for at in range(8, len(value), 4))
    return "-".join(("S", str(value[0]), str(int.from_bytes(value[2:8], "big")), *map(str, parts)))


def guid(value: bytes) -> JSON:
    return str(uuid.UUID(bytes_le=value))


def _iso(moment: datetime) -> str:
    return iso(round(moment.timestamp() * 1000))


KINDS: dict[str, tuple[Decode, bool]] = {
    # Active Directory
    "objectSid": (sid, False), "userAccountControl": (number, False), "primaryGroupID": (number, False),
    "lastLogonTimestamp": (filetime, False), "pwdLastSet": (filetime, False), "accountExpires": (filetime, False),
    "whenCreated": (generalized, False), "logonCount": (number, False), "msDS-SupportedEncryptionTypes": (number, False),
    "minPwdLength": (number, False), "pwdHistoryLength": (number, False), "pwdProperties": (number, False),
    "maxPwdAge": (days, False), "lockoutThreshold": (number, False), "lockoutDuration": (minutes, False),
    "msDS-LogonTimeSyncInterval": (number, False), "ms-DS-MachineAccountQuota": (number, False),
    "msDS-MinimumPasswordLength": (number, False), "msDS-PasswordHistoryLength": (number, False),
    "msDS-PasswordComplexityEnabled": (flag, False), "msDS-PasswordReversibleEncryptionEnabled": (flag, False),
    "msDS-LockoutThreshold": (number, False), "dNSHostName": (text, False), "dSHeuristics": (text, False),
    "isDeleted": (flag, False), "sAMAccountName": (text, False), "msDS-EnabledFeature": (text, True),
    "adminCount": (number, False), "sIDHistory": (sid, True), "lockoutObservationWindow": (minutes, False),
    "msDS-LockoutDuration": (minutes, False), "msDS-LockoutObservationWindow": (minutes, False),
    "pwdFailureCountInterval": (number, False), "gidNumber": (number, False),
    "msDS-KrbTgtLinkBl": (text, True), "nCName": (text, False), "systemFlags": (number, False), "dnsRoot": (text, True),
    # every directory
    "objectClass": (text, True), "member": (text, True), "uniqueMember": (text, True), "memberUid": (text, True),
    "mail": (text, True), "uid": (text, True), "employeeNumber": (text, False), "employeeID": (text, False),
    "userPrincipalName": (text, False), "entryUUID": (text, False), "createTimestamp": (generalized, False), "modifyTimestamp": (generalized, False),
    # password policy and last sign-in of OpenLDAP and others
    "pwdChangedTime": (generalized, False), "pwdAccountLockedTime": (text, False), "pwdLastSuccess": (generalized, False),
    "authTimestamp": (generalized, False), "pwdReset": (flag, False), "pwdPolicySubentry": (text, False),
    "pwdMinLength": (number, False), "pwdMaxFailure": (number, False), "pwdLockout": (flag, False), "pwdInHistory": (number, False),
    "pwdCheckQuality": (number, False), "pwdLockoutDuration": (number, False), "pwdMaxAge": (number, False), "pwdSafeModify": (flag, False),
    "pwdMustChange": (flag, False),
    # about the server
    "namingContexts": (text, True), "defaultNamingContext": (text, False), "configurationNamingContext": (text, False),
    "supportedCapabilities": (text, True), "supportedControl": (text, True), "supportedExtension": (text, True),
    "supportedSASLMechanisms": (text, True), "currentTime": (generalized, False), "vendorName": (text, False),
    "olmMDBEntries": (number, False),
}  # fmt: skip
"""{attribute: how one value is read, whether there can be several}."""

_NAMES = {name.lower(): name for name in KINDS}


def known(name: str) -> str | None:
    """How we spell an attribute, without its options; None: it is none of ours."""
    return _NAMES.get(name.partition(";")[0].lower())


def value(name: str, values: Sequence[bytes]) -> JSON:
    """Raises ValueError (KeyError among them) for values that are none of the attribute's."""
    decode, many = KINDS[name]
    if many:
        return [decode(one) for one in values]
    if len(values) != 1:
        raise ValueError(f"{name} has {len(values)} values")
    return decode(values[0])
