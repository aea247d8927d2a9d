"""What an LDAP server means by an operation that did not succeed. Source: RFC 4511, appendix A; [MS-ADTS] 3.1.1.3."""

from __future__ import annotations

from annexlog.collectors import Refused
from annexlog.collectors.ldap._messages import Result

_CODES: dict[int, tuple[str, str]] = {
    1: ("failed", "operationsError"),
    2: ("failed", "protocolError"),
    3: ("incomplete", "timeLimitExceeded"),
    4: ("incomplete", "sizeLimitExceeded"),
    7: ("unauthenticated", "authMethodNotSupported"),
    8: ("unauthenticated", "strongerAuthRequired"),
    10: ("incomplete", "referral"),
    11: ("incomplete", "adminLimitExceeded"),
    12: ("unsupported", "unavailableCriticalExtension"),
    13: ("unauthenticated", "confidentialityRequired"),
    17: ("unsupported", "undefinedAttributeType"),
    18: ("unsupported", "inappropriateMatching"),
    # A server that hides an entry says so, too: it is never "not there".
    32: ("denied", "noSuchObject"),
    34: ("failed", "invalidDNSyntax"),
    48: ("unauthenticated", "inappropriateAuthentication"),
    49: ("unauthenticated", "invalidCredentials"),
    50: ("denied", "insufficientAccessRights"),
    51: ("throttled", "busy"),
    52: ("failed", "unavailable"),
    53: ("denied", "unwillingToPerform"),
    80: ("failed", "other"),
}

_LATER = frozenset({51, 52, 80, 1})
"""What asking again may mend."""


def refusal(result: Result) -> Refused:
    """The refusal that a result is. `code`: its name in RFC 4511, or its number.

    The server's message goes no further: it can quote names and parts of entries.
    """
    reason, code = _CODES.get(result.code, ("failed", str(result.code)))
    return Refused(reason, code, again=None if result.code in _LATER else False)
