"""What a SCIM service means by an answer that is no success.

Source: RFC 7644, 3.12 (`scimType`, `detail`).
"""

from __future__ import annotations

from annexlog.collectors import Refused, rest
from annexlog.collectors.rest import Answer


def refusal(answer: Answer) -> Refused:
    """The refusal that an answer is. `code`: the `scimType`, or the status.

    A 404 is denied: a service answers so for what it does not have, and for what the caller may not know of.
    """
    body = answer.body if isinstance(answer.body, dict) else {}
    code = str(body.get("scimType") or answer.status)[:100]
    message = str(body.get("detail") or "")[:300]
    usual = rest.refusal(answer)
    if answer.status == 404:
        return Refused("denied", code, message, again=False)
    return Refused(usual.reason, code, message, again=usual.again, after=usual.after)
