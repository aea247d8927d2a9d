"""What Microsoft Graph means by an answer that is no success.

Source: learn.microsoft.com, "Microsoft Graph error responses and resource types", "Microsoft Graph throttling
guidance"; the codes and words for a missing licence as Graph answers them, since no page lists them.
"""

from __future__ import annotations

from annexlog.collectors import Refused, rest
from annexlog.collectors.entra._calls import NO_PIM
from annexlog.collectors.headers import retry_after
from annexlog.collectors.rest import Answer

_NO_LICENCE = frozenset({"Authentication_RequestFromNonPremiumTenantOrB2CTenant", NO_PIM})
# Where the code is one that missing permissions have as well (AccessDenied, Forbidden, BadRequest), the words decide.
_NO_LICENCE_SAID = (
    "tenant is not licensed for this feature",
    "doesn't have premium license",
    "needs to have microsoft entra id p2",
    "needs an aad premium 2 license",
    "request not applicable to target tenant",  # Intune
    "account is not provisioned",  # Intune, with the status 401
    "does not have a spo license",
)


def refusal(answer: Answer) -> Refused:
    """The refusal that an answer is. `code`: Graph's error code, or the status.

    A 404 is denied: it says that something is not there, or that we are not shown it.
    """
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    error = error if isinstance(error, dict) else {}
    code = str(error.get("code") or answer.status)[:100]
    message = str(error.get("message") or "")[:300]
    if code in _NO_LICENCE or any(words in message.lower() for words in _NO_LICENCE_SAID):
        return Refused("unsupported", code, message, again=False)
    after = retry_after(answer.headers)
    if answer.status == 429 or (answer.status == 503 and after):
        return Refused("throttled", code, message, after=after or 1.0)
    if answer.status == 404:
        return Refused("denied", code, message, again=False)
    usual = rest.refusal(answer)
    return Refused(usual.reason, code, message, again=usual.again, after=usual.after)
