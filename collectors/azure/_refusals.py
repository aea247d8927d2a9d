"""What Azure Resource Manager and Resource Graph mean by an answer that is no success.

Source: learn.microsoft.com, "Common Azure deployment errors" and "Resource Manager error codes"; "Throttling Resource
Manager requests"; "Guidance for throttled requests in Azure Resource Graph" (x-ms-user-quota-resets-after).
"""

from __future__ import annotations

from annexlog.collectors import Refused, rest
from annexlog.collectors.headers import retry_after, seconds
from annexlog.collectors.rest import Answer

_REASONS = {
    "AuthorizationFailed": "denied",
    "LinkedAuthorizationFailed": "denied",
    # Of one that is there, and whose directory or access is not ours.
    "SubscriptionNotFound": "denied",
    "InvalidSubscriptionId": "denied",
    "InvalidAuthenticationTokenTenant": "unauthenticated",
    # A provider that is not registered may have been: resources outlive it. So this is no "there are none".
    "MissingSubscriptionRegistration": "unsupported",
    "SubscriptionNotRegistered": "unsupported",
    "NoRegisteredProviderFound": "unsupported",
    "ResourceTypeNotSupported": "unsupported",
    "DisallowedProvider": "unsupported",
    "AadPremiumLicenseRequired": "unsupported",
    "FeatureNotSupported": "unsupported",
}


def refusal(answer: Answer) -> Refused:
    """The refusal that an answer is. `code`: ARM's error code (`AuthorizationFailed`), or the status.

    A 404 says that something is not there, since ARM refuses who may not look by 403: it fails, once.
    """
    body = answer.body if isinstance(answer.body, dict) else {}
    error = body["error"] if isinstance(body.get("error"), dict) else body
    code, message = str(error.get("code") or answer.status)[:100], str(error.get("message") or "")[:300]
    usual = rest.refusal(answer)
    if answer.status == 429:
        wait = max(retry_after(answer.headers), seconds(answer.headers.get("x-ms-user-quota-resets-after", "")), 1.0)
        return Refused("throttled", code, message, after=wait)
    reason = _REASONS.get(code, usual.reason)
    return Refused(reason, code, message, again=usual.again if reason == "failed" else None, after=usual.after)
