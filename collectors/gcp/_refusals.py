"""What Google means by an answer that is no success: by the status, and by the reason that goes with it.

Source: cloud.google.com/apis/design/errors (google.rpc.Status, ErrorInfo, RetryInfo), google.api.ErrorReason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests
from google.api_core import exceptions as core
from google.auth import exceptions as auth
from google.protobuf.json_format import ParseError

from annexlog.collectors import Refused, rest
from annexlog.collectors.headers import retry_after
from annexlog.collectors.rest import Answer

_REASONS = {
    401: "unauthenticated",
    403: "denied",
    408: "failed",
    429: "throttled",
    501: "unsupported",
}
_STATUSES = {
    "UNAUTHENTICATED": "unauthenticated",
    "PERMISSION_DENIED": "denied",
    "RESOURCE_EXHAUSTED": "throttled",
    "UNIMPLEMENTED": "unsupported",
}
_OFF = frozenset({"SERVICE_DISABLED", "API_DISABLED", "SERVICE_NOT_ACTIVATED"})
"""Reasons of a refusal that say that the API is not switched on: granting a permission would not mend it."""


@contextmanager
def told() -> Iterator[None]:
    """Whatever Google's libraries raise inside becomes the Refused that it means."""
    try:
        yield
    except core.GoogleAPICallError as error:
        raise _called(error) from None
    except core.GoogleAPIError as error:
        raise Refused("failed", type(error).__name__, str(error)[:300]) from None
    except auth.RefreshError as error:
        reason = "failed" if error.retryable else "unauthenticated"
        raise Refused(reason, "RefreshError", _first(error)) from None
    except auth.GoogleAuthError as error:
        raise Refused("failed", type(error).__name__, _first(error)) from None
    except ParseError as error:
        raise Refused("unreadable", "ParseError", str(error)[:300]) from None
    except requests.RequestException as error:
        raise Refused("failed", type(error).__name__, rest.innermost(error)) from None


def refusal(answer: Answer) -> Refused:
    """The refusal that a REST answer is. `code`: ErrorInfo's reason, else Google's status, else the number."""
    body = answer.body if isinstance(answer.body, dict) else {}
    error = body.get("error")
    if not isinstance(error, dict):
        return rest.refusal(answer)
    details = [one for one in error.get("details") or () if isinstance(one, dict)]
    status = str(error.get("status") or answer.status)
    reason = _STATUSES.get(status) or _REASONS.get(answer.status, "failed")
    after = max(retry_after(answer.headers), _delay(details))
    return _refused(reason, answer.status, _info(details) or status, str(error.get("message") or ""), after)


def _called(error: core.GoogleAPICallError) -> Refused:
    number = int(error.code or 0)
    details = list(error.details or ())
    reason = _REASONS.get(number, "failed")
    code = str(error.reason or _info(details) or type(error).__name__)
    return _refused(reason, number, code, str(error.message or ""), _delay(details))


def _refused(reason: str, status: int, code: str, message: str, after: float) -> Refused:
    if reason == "denied" and code in _OFF:
        reason = "unsupported"
    # A 4xx is a definite answer, which asking again would only repeat; 409 and 499 are Google's Aborted and Cancelled.
    again = False if reason == "failed" and 400 <= status < 500 and status not in (408, 409, 499) else None
    return Refused(reason, code[:100], message[:300], again=again, after=after)


def _info(details: Iterable[Any]) -> str:
    """The reason in an ErrorInfo, of JSON or of a message."""
    for one in details:
        if isinstance(one, Mapping):
            if str(one.get("@type", "")).endswith("google.rpc.ErrorInfo"):
                return str(one.get("reason") or "")
        elif one.DESCRIPTOR.full_name == "google.rpc.ErrorInfo":
            return str(one.reason)
    return ""


def _delay(details: Iterable[Any]) -> float:
    """Seconds that a RetryInfo asks to wait."""
    for one in details:
        if isinstance(one, Mapping):
            text = str(one.get("retryDelay") or "").removesuffix("s")
            if str(one.get("@type", "")).endswith("google.rpc.RetryInfo") and text.replace(".", "", 1).isdigit():
                return min(float(text), 3600.0)
        elif one.DESCRIPTOR.full_name == "google.rpc.RetryInfo":
            return min(max(float(one.retry_delay.seconds + one.retry_delay.nanos / 1e9), 0.0), 3600.0)
    return 0.0


def _first(error: Exception) -> str:
    """An authentication error's first words: what comes after may quote what was sent."""
    return str(error.args[0] if error.args else error)[:200]
