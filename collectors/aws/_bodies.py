"""Look at every answer's body before botocore parses it, and make of it JSON that holds what was said, or a refusal.

botocore turns an empty, foreign or cut body into `{}`: a complete, empty population. Here it is unreadable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from botocore.model import Shape, StructureShape
from botocore.parsers import ResponseParser, ResponseParserError, ResponseParserFactory
from botocore.utils import parse_timestamp

from annexlog.collectors import Refused
from annexlog.collectors.aws import _refusals

_ROOT = re.compile(rb"\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<(?!!)([\w.:-]+)", re.DOTALL)
_ERROR = re.compile(rb"\s*(?:<\?xml[^>]*\?>\s*)?<Error>")
_HTML = re.compile(rb"\s*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_FOREIGN = frozenset({b"html", b"HTML", b"ErrorResponse", b"Response"})
_JSON_TEXTS = frozenset({"GetBucketPolicy"})  # answers that are a text by their model, and JSON by their documentation

# Outputs whose emptiness means something (never versioned, not logged), and the others of S3: their models do not
# name the root, so it is said here. Source: the S3 API Reference, "Response Syntax" of each action; second names are
# those of S3-compatible servers (moto).
_S3_ROOTS = {
    "GetBucketAcl": (b"AccessControlPolicy",),
    "GetBucketCors": (b"CORSConfiguration",),
    "GetBucketEncryption": (b"ServerSideEncryptionConfiguration",),
    "GetBucketLifecycleConfiguration": (b"LifecycleConfiguration",),
    "GetBucketLocation": (b"LocationConstraint",),
    "GetBucketLogging": (b"BucketLoggingStatus",),
    "GetBucketNotificationConfiguration": (b"NotificationConfiguration", b"GetBucketNotificationResponse"),
    "GetBucketOwnershipControls": (b"OwnershipControls",),
    "GetBucketPolicyStatus": (b"PolicyStatus",),
    "GetBucketReplication": (b"ReplicationConfiguration",),
    "GetBucketTagging": (b"Tagging",),
    "GetBucketVersioning": (b"VersioningConfiguration", b"GetBucketVersioningResponse"),
    "GetBucketWebsite": (b"WebsiteConfiguration",),
    "GetObjectLockConfiguration": (b"ObjectLockConfiguration",),
    "GetPublicAccessBlock": (b"PublicAccessBlockConfiguration",),
    "ListBuckets": (b"ListAllMyBucketsResult",),
}

_UNPARSEABLE = (ResponseParserError, KeyError, ValueError, TypeError, AttributeError, OverflowError, OSError)


def moment(value: Any) -> str:
    """A provider's time (ISO 8601, HTTP date or seconds since 1970) as RFC 3339 in UTC, milliseconds if there are any.

    Raises ValueError, OverflowError or OSError.
    """
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            at = parse_timestamp(value)
    elif isinstance(value, (int, float)):
        at = datetime.fromtimestamp(value, UTC)
    else:
        at = parse_timestamp(value)
    at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    if at.microsecond % 1000:
        at += timedelta(microseconds=500)  # what is cut off below rounds
    return at.isoformat(timespec="milliseconds" if at.microsecond >= 1000 else "seconds")[:-6] + "Z"


class Parsers(ResponseParserFactory):
    """botocore's parsers, one a protocol, each behind the check."""

    def __init__(self) -> None:
        super().__init__()
        self.set_parser_defaults(timestamp_parser=moment, blob_parser=_as_it_came)
        self._parsers: dict[str, _Checked] = {}

    def create_parser(self, protocol_name: str) -> _Checked:  # type: ignore[override]  # only .parse is ever used
        parser = self._parsers.get(protocol_name)
        if parser is None:
            parser = self._parsers[protocol_name] = _Checked(protocol_name, super().create_parser(protocol_name))
        return parser


def _as_it_came(value: str) -> str:
    return value


class _Checked:
    def __init__(self, protocol: str, parser: ResponseParser) -> None:
        self._xml = protocol in {"query", "ec2", "rest-xml"}
        self._cbor = "cbor" in protocol
        self._named = protocol in {"query", "ec2"}  # the root is named after the operation
        self._parser = parser
        self._bodies: dict[Shape, str] = {}

    def parse(self, response: Mapping[str, Any], shape: Shape | None) -> Any:
        """What botocore makes of the answer. Raises Refused if it is none."""
        status, body = response["status_code"], response["body"]
        if status < 300 and isinstance(body, bytes) and shape is not None:  # not bytes: a stream, read elsewhere
            if self._xml and _ERROR.match(body):
                raise self._error(response, shape)
            fault = self._fault(body, shape, response["context"].get("operation_name", ""))
            if fault:
                raise Refused("unreadable", fault, _said(response))
        try:
            return self._parser.parse(response, shape)  # type: ignore[arg-type]  # None too, whatever the stubs say
        except _UNPARSEABLE as error:
            if status >= 300:
                raise Refused(_refusals.reason("", status), str(status), _said(response)) from error
            raise Refused("unreadable", type(error).__name__, _said(response)) from error

    def _error(self, response: Mapping[str, Any], shape: Shape) -> Refused:
        """The refusal that S3 says with status 200."""
        said = self._parser.parse({**response, "status_code": 500}, shape)["Error"]
        code = said.get("Code") or "500"
        return Refused(_refusals.reason(code, 500), code, said.get("Message") or "")

    def _fault(self, body: bytes, shape: Shape, operation: str) -> str:
        kind = self._bodies.get(shape)
        if kind is None:
            kind = self._bodies[shape] = _kind(shape)
        if kind == "none":
            return ""
        if not body.strip():
            return "EmptyBody"
        if kind == "text":
            return _json_fault(body) if operation in _JSON_TEXTS else "ForeignBody" if _HTML.match(body) else ""
        if self._xml:
            return self._xml_fault(body, operation)
        if self._cbor:
            return "" if body[0] >> 5 == 5 else "ForeignBody"  # major type 5: a map
        return _json_fault(body)

    def _xml_fault(self, body: bytes, operation: str) -> str:
        root = _ROOT.match(body)  # that it is well formed to its end, botocore's parser sees itself
        if root is None:
            return "ForeignBody"
        expected = (f"{operation}Response".encode(),) if self._named else _S3_ROOTS.get(operation)
        known = root[1] in expected if expected else root[1] not in _FOREIGN
        return "" if known else "ForeignBody"


def _json_fault(body: bytes) -> str:
    # botocore's parser would take a cut body for `{"message": …}`, then drop it. orjson costs a tenth of its own pass.
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "ForeignBody" if _HTML.match(body) else "MalformedBody"
    return "" if type(value) is dict else "ForeignBody"


def _kind(shape: Shape) -> str:
    """What an output's body is: `none`, a `text` or bytes handed through, or a `structure`."""
    if not isinstance(shape, StructureShape):
        return "structure"
    payload = shape.serialization.get("payload")
    if payload:
        return "text" if shape.members[payload].type_name in {"string", "blob"} else "structure"
    located = {"header", "headers", "statusCode"}
    body = [m for m in shape.members.values() if m.serialization.get("location") not in located]
    return "structure" if body else "none"


def _said(response: Mapping[str, Any]) -> str:
    # Never the body itself: the message is kept, and a cut answer may hold anything.
    headers = response["headers"]
    size = len(response["body"]) if isinstance(response["body"], bytes) else 0
    return f"{size} bytes of {headers.get('content-type') or 'no stated type'}, status {response['status_code']}"
