"""What AWS's error codes mean: which reason of model.REASONS each one is."""

from __future__ import annotations

from botocore import exceptions

from annexlog.collectors import Refused
from annexlog.collectors.headers import retry_after

# Sources: each service's "Common Errors" page and the S3, EC2 and STS error lists; botocore's own retry tables for
# throttling. A code that is missing here is "failed": declarations match it by name where it is an answer.

DENIED = frozenset({
    "AccessDenied", "AccessDeniedException", "AccessDeniedFault", "AccessDeniedForDependencyException",
    "AccountProblem", "AllAccessDisabled", "AuthorizationError", "AuthorizationErrorException",
    "Client.UnauthorizedOperation", "ExplicitDeny", "Forbidden", "ForbiddenException",
    "InsufficientPrivilegesException", "InvalidAccessException", "NotAuthorized", "NotAuthorizedException", "OperationNotPermittedException",
    "UnauthorizedAccess", "UnauthorizedException", "UnauthorizedOperation", "403",
})  # fmt: skip

UNAUTHENTICATED = frozenset({
    "AuthFailure", "ExpiredToken", "ExpiredTokenException", "IDPRejectedClaim", "IncompleteSignature",
    "IncompleteSignatureException", "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidIdentityToken",
    "InvalidIdentityTokenException", "InvalidSignature", "InvalidSignatureException", "InvalidToken",
    "MissingAuthenticationToken", "MissingAuthenticationTokenException", "MissingSecurityHeader", "RequestExpired",
    "RequestTimeTooSkewed", "SignatureDoesNotMatch", "TokenRefreshRequired", "UnrecognizedClient",
    "UnrecognizedClientException", "401",
})  # fmt: skip

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
"""Codes that new credentials of the same role may mend."""

THROTTLED = frozenset({
    "BandwidthLimitExceeded", "Client.RequestLimitExceeded", "EC2ThrottledException", "LimitExceededException",
    "PriorRequestNotComplete", "ProvisionedThroughputExceededException", "RateExceeded", "RateLimitExceeded",
    "RequestLimitExceeded", "RequestThrottled", "RequestThrottledException", "Server.RequestLimitExceeded",
    "SlowDown", "Throttled", "ThrottledException", "Throttling", "ThrottlingException", "TooManyRequests",
    "TooManyRequestsException", "TransactionInProgressException", "429",
})  # fmt: skip

UNSUPPORTED = frozenset({
    "InvalidAction", "NotImplemented", "NotSignedUp", "OperationNotSupported", "OperationNotSupportedException",
    "OptInRequired", "RegionDisabledException", "RegionNotSupportedException", "SubscriptionRequiredException",
    "UnknownOperationException", "UnsupportedAPIEndpointException", "UnsupportedOperation",
    "UnsupportedOperationException", "501",
})  # fmt: skip

TRANSIENT = frozenset({"IDPCommunicationError", "RequestTimeout", "RequestTimeoutException"})
"""Codes of a 4xx that asking again may mend all the same (botocore's standard retry mode)."""

_REASONS = {
    **dict.fromkeys(DENIED, "denied"),
    **dict.fromkeys(UNAUTHENTICATED, "unauthenticated"),
    **dict.fromkeys(THROTTLED, "throttled"),
    **dict.fromkeys(UNSUPPORTED, "unsupported"),
}
_STATUSES = {401: "unauthenticated", 403: "denied", 429: "throttled", 501: "unsupported"}

_NO_CREDENTIALS = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.TokenRetrievalError,
    exceptions.SSOError,
    getattr(exceptions, "LoginError", exceptions.SSOError),  # since botocore 1.41
    exceptions.NoAuthTokenError,
    exceptions.RefreshWithMFAUnsupportedError,
    exceptions.InvalidConfigError,
)


def reason(code: str, status: int = 0) -> str:
    """Why a call with this error code, else this HTTP status, gave no answer."""
    return _REASONS.get(code) or _STATUSES.get(status, "failed")


def answered(error: exceptions.ClientError) -> Refused:
    """The refusal that an error answer of AWS is."""
    answer = error.response.get("ResponseMetadata", {})
    status = answer.get("HTTPStatusCode", 0)
    said = error.response.get("Error", {})
    code = str(said.get("Code") or status)
    why = reason(code, status)
    # A 4xx is a definite answer (NoSuchEntity), which asking again would only repeat.
    again = False if why == "failed" and 400 <= status < 500 and code not in TRANSIENT else None
    return Refused(why, code, said.get("Message") or "", again=again, after=retry_after(answer.get("HTTPHeaders", {})))


def unanswered(error: exceptions.BotoCoreError) -> Refused:
    """The refusal that a call without any answer is: no credentials, no connection, no time."""
    code = type(error).__name__
    if isinstance(error, _NO_CREDENTIALS):
        return Refused("unauthenticated", code, str(error))
    if isinstance(error, exceptions.ParamValidationError):
        return Refused("unreadable", code, str(error))  # an earlier answer filled the parameters
    return Refused("failed", code, str(error))
