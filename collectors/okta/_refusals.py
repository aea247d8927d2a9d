"""What Okta means by an answer that is no success.

Source: developer.okta.com, "Okta API error codes", "Rate limits" (headers x-rate-limit-remaining, x-rate-limit-reset),
"OAuth 2.0 and OpenID Connect overview" (errors of /token).
"""

from __future__ import annotations

from annexlog.collectors import Refused, rest
from annexlog.collectors.headers import retry_after
from annexlog.collectors.rest import Answer

_REASONS = {
    "E0000015": "unsupported",  # "You do not have permission to access the feature you are requesting": no licence
    "invalid_scope": "denied",
    "consent_required": "denied",
    "access_denied": "denied",
    "unauthorized_client": "denied",
    "invalid_client": "unauthenticated",
    "invalid_dpop_proof": "unsupported",
}


def refusal(answer: Answer) -> Refused:
    """The refusal that an answer is. `code`: Okta's error code, OAuth's error, or the status.

    A 404 is denied: an administrator of some resources is told so of the others.
    """
    body = answer.body if isinstance(answer.body, dict) else {}
    code = str(body.get("errorCode") or body.get("error") or answer.status)[:100]
    message = str(body.get("errorSummary") or body.get("error_description") or "")[:300]
    usual = rest.refusal(answer)
    if answer.status == 429:
        return Refused("throttled", code, message, after=max(_until_reset(answer), retry_after(answer.headers), 1.0))
    if answer.status == 404:
        return Refused("denied", code, message, again=False)
    reason = _REASONS.get(code, usual.reason)
    return Refused(reason, code, message, again=usual.again if reason == "failed" else None, after=usual.after)


def _until_reset(answer: Answer) -> float:
    """Seconds until the minute's requests are counted anew, by the answer's own clock."""
    reset = answer.headers.get("x-rate-limit-reset", "")
    if not (reset.isascii() and reset.isdigit()) or answer.date is None:
        return 0.0
    return max(0.0, int(reset[:12]) - answer.date / 1000)
