"""What GitHub means by an answer that is no success.

Source: docs.github.com, "Rate limits for the REST API", "Troubleshooting the REST API".
"""

from __future__ import annotations

from typing import Any

from annexlog.collectors import Refused, rest
from annexlog.collectors.headers import retry_after
from annexlog.collectors.rest import Answer

SECONDARY = 60.0
"""Seconds to wait after a secondary limit that does not say how long."""


def refusal(answer: Answer) -> Refused:
    """The refusal that an answer is. `code` is the status, `message` GitHub's own, by which absences are declared.

    A 404 is denied: GitHub answers so for what the caller may not see. Where it says more ("Branch not protected"), a
    declaration takes that message for the answer that it is.
    """
    code, message = str(answer.status), told(answer.body)
    if answer.status in (403, 429):
        return _limited(answer, code, message) or Refused("denied", code, message)
    if answer.status == 404:
        return Refused("denied", code, message, again=False)
    if answer.status == 422 and "owner" in message.lower():
        return Refused("denied", code, message, again=False)  # "Only owners can use this filter."
    usual = rest.refusal(answer)
    return Refused(usual.reason, code, message, again=usual.again, after=usual.after)


def _limited(answer: Answer, code: str, message: str) -> Refused | None:
    """A 403 or 429 that is a matter of time: of the hour's requests, or of too many at once."""
    after = retry_after(answer.headers)
    if answer.headers.get("x-ratelimit-remaining") == "0":
        reset, now = answer.headers.get("x-ratelimit-reset", ""), answer.date
        if reset.isascii() and reset.isdigit() and now is not None:
            after = max(after, int(reset[:12]) - now / 1000)
        return Refused("throttled", code, message, after=max(after, 1.0))
    if after or answer.status == 429 or "secondary rate limit" in message.lower():
        return Refused("throttled", code, message, after=after or SECONDARY)
    return None


def told(body: Any) -> str:
    """GitHub's own words."""
    return str(body.get("message") or "")[:300] if isinstance(body, dict) else ""


def partial(answer: Answer) -> None:
    """Raises Refused where a success hides what another sign-in would show (single sign-on of an organization)."""
    if answer.headers.get("x-github-sso", "").startswith("partial-results"):
        raise Refused("denied", "PartialResults", "some organizations want the token authorized for single sign-on")
