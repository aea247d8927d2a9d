"""What Keycloak means by an answer that is no success.

Source: Keycloak, KeycloakErrorHandler and ErrorResponse (`error`, `error_description`, `errorMessage`), and OAuth 2.0
(RFC 6749, 5.2) for its token endpoint.
"""

from __future__ import annotations

from annexlog.collectors import Refused, rest
from annexlog.collectors.rest import Answer

_UNAUTHENTICATED = frozenset({"invalid_client", "unauthorized_client", "invalid_client_credentials"})


def refusal(answer: Answer) -> Refused:
    """The refusal that an answer is. `code`: what Keycloak or OAuth call it, or the status.

    A 404 is denied: Keycloak answers so for a realm or role that is not there, and for what the client may not know of.
    """
    body = answer.body if isinstance(answer.body, dict) else {}
    code = str(body.get("error") or answer.status)[:100]
    message = str(body.get("error_description") or body.get("errorMessage") or "")[:300]
    usual = rest.refusal(answer)
    if code in _UNAUTHENTICATED:
        return Refused("unauthenticated", code, message)
    if answer.status == 404:
        return Refused("denied", str(answer.status), code if body.get("error") else message, again=False)
    return Refused(usual.reason, code, message, again=usual.again, after=usual.after)
