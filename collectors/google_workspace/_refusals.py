"""What Google Workspace means by an answer that is no success.

Source: cloud.google.com/apis/design/errors; Admin SDK, "Handle errors" and "Limits and quotas" (403 with the reasons
userRateLimitExceeded, quotaExceeded); OAuth 2.0 for service accounts, error codes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from annexlog.collectors import Refused, rest
from annexlog.collectors.rest import Answer

_REASONS = {
    "rateLimitExceeded": "throttled",
    "userRateLimitExceeded": "throttled",
    "quotaExceeded": "throttled",
    "dailyLimitExceeded": "throttled",
    "RATE_LIMIT_EXCEEDED": "throttled",
    "accessNotConfigured": "unsupported",  # the API is not enabled in the service account's project
    "SERVICE_DISABLED": "unsupported",
    "unauthorized_client": "denied",  # the scope was not delegated
    "access_denied": "denied",
    "admin_policy_enforced": "denied",
    "invalid_scope": "denied",
    "invalid_grant": "unauthenticated",
    "invalid_client": "unauthenticated",
}


def refusal(answer: Answer) -> Refused:
    """The refusal that an answer is. `code`: Google's reason, OAuth's error, or the status.

    A 404 is denied: an administrator of one organizational unit is told so of the others.
    """
    body = answer.body if isinstance(answer.body, dict) else {}
    error = body.get("error")
    usual = rest.refusal(answer)
    if isinstance(error, str):
        code, message = error, str(body.get("error_description") or "")
    elif isinstance(error, dict):
        code, message = _code(error, str(answer.status)), str(error.get("message") or "")
    else:
        code, message = str(answer.status), ""
    if answer.status == 404:
        return Refused("denied", code[:100], message[:300], again=False)
    reason = _REASONS.get(code, usual.reason)
    return Refused(
        reason, code[:100], message[:300], again=usual.again if reason == "failed" else None, after=usual.after
    )


def _code(error: dict[str, Any], status: str) -> str:
    """The reason that an error names: of its details (newer APIs), of its errors (older ones), or its status."""
    told = [*_items(error.get("details")), *_items(error.get("errors"))]
    return str(next((one["reason"] for one in told if one.get("reason")), error.get("status") or status))


def _items(value: Any) -> Iterable[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
