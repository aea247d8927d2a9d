"""What can go wrong on the wire, in the form that each AWS protocol gives it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from botocore.model import StructureShape

from annexlog.collectors.aws._models import loader
from annexlog.collectors.aws._paging import Plan, plan
from tests.wire.http import Reply, Request
from tests.wire.recognise import Recognised

KINDS = (
    "refused",  # the service's own access denied
    "throttled",  # slow down, for ever
    "broken",  # 500
    "dropped",  # the connection is closed without a word
    "empty",  # 200, no body
    "html",  # 200, a captive portal's page
    "cut",  # 200, the body cut short, Content-Length to match
    "second_page",  # the first page says that there is more, and the next one is refused
    "missing",  # 404 of something in between
    "expired",  # the credentials have expired
)

_CODES = {  # status and code, by kind and protocol
    "refused": {
        "rest-xml": (403, "AccessDenied"),
        "query": (403, "AccessDenied"),
        "ec2": (403, "UnauthorizedOperation"),
        "json": (400, "AccessDeniedException"),
        "rest-json": (403, "AccessDeniedException"),
    },
    "throttled": {
        "rest-xml": (503, "SlowDown"),
        "query": (400, "Throttling"),
        "ec2": (503, "RequestLimitExceeded"),
        "json": (400, "ThrottlingException"),
        "rest-json": (429, "TooManyRequestsException"),
    },
    "broken": {
        "rest-xml": (500, "InternalError"),
        "query": (500, "InternalFailure"),
        "ec2": (500, "InternalError"),
        "json": (500, "InternalFailure"),
        "rest-json": (500, "InternalServerException"),
    },
    "expired": {
        "rest-xml": (400, "ExpiredToken"),
        "query": (403, "ExpiredToken"),
        "ec2": (400, "ExpiredToken"),
        "json": (400, "ExpiredTokenException"),
        "rest-json": (403, "ExpiredTokenException"),
    },
}

HTML = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Welcome to the network</body></html>"

_ANSWERS = {
    "dropped": Reply(drop=True),
    "empty": Reply(200, {"Content-Type": "text/xml"}),
    "html": Reply(200, {"Content-Type": "text/html"}, HTML),
    "missing": Reply(404, {"Content-Type": "text/plain"}, b"404 page not found\n"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """`kind` is one of KINDS; `operation` (`s3.list_buckets`) or None for all; only requests that contain the text
    `containing` (a role's name, a bucket, a region in the signature), and only from the `since`-th such request on,
    `times` of them (None: for ever). `code`: instead of the kind's own. Kind "reply": what `reply` says.
    """

    kind: str
    operation: str | None = None
    containing: str = ""
    since: int = 1
    times: int | None = None
    code: str = ""
    reply: Reply | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS and not (self.kind == "reply" and self.reply):
            raise ValueError(f"{self.kind!r} is no kind of fault")

    def concerns(self, request: Request, recognised: Recognised) -> bool:
        if self.operation not in (None, recognised.name):
            return False
        signature = request.headers.get("authorization", "")
        return self.containing in f"{request.target} {request.body.decode('latin-1')} {signature}"


def spoil(fault: Fault, request: Request, recognised: Recognised, answer: Reply | None) -> Reply | None:
    """What comes instead of `answer`; None where the fault needs to see the answer first, and has not."""
    if fault.reply:
        return fault.reply
    if fault.kind in _ANSWERS:
        return _ANSWERS[fault.kind]
    if fault.kind == "cut":
        return answer and _cut(answer)
    if fault.kind == "second_page" and not recognised.later:
        return answer and _continued(answer, recognised)
    return refusal(recognised, "refused" if fault.kind == "second_page" else fault.kind, fault.code)


def refusal(recognised: Recognised, kind: str, code: str = "") -> Reply:
    """An error answer in the service's own form."""
    status, usual = _CODES[kind][recognised.protocol]
    return error(recognised, status, code or usual, f"{kind} on purpose")


def error(recognised: Recognised, status: int, code: str, said: str) -> Reply:
    """An error answer with this status, code and message in the service's own form."""
    protocol = recognised.protocol
    if protocol in ("json", "rest-json"):
        body = json.dumps({"__type": code, "message": said}).encode()
        return Reply(status, {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": code}, body)
    told = f"<Code>{code}</Code><Message>{escape(said)}</Message>"
    xml = {
        "rest-xml": f"<Error>{told}<RequestId>r</RequestId></Error>",
        "query": f"<ErrorResponse><Error><Type>Sender</Type>{told}</Error><RequestId>r</RequestId></ErrorResponse>",
        "ec2": f"<Response><Errors><Error>{told}</Error></Errors><RequestID>r</RequestID></Response>",
    }[protocol]
    return Reply(status, {"Content-Type": "text/xml"}, b'<?xml version="1.0" encoding="UTF-8"?>\n' + xml.encode())


def _cut(answer: Reply) -> Reply:
    keep = min(len(answer.body) * 2 // 3, len(answer.body.rstrip()) - 1)
    return Reply(answer.status, answer.headers, answer.body[: max(keep, 0)])


# ── a further page ──


def pages(recognised: Recognised) -> Plan:
    """How the operation's pages go on."""
    name = recognised.name.partition(".")[0]
    return plan(loader(), name, recognised.model)


def _continued(answer: Reply, recognised: Recognised) -> Reply:
    found = pages(recognised)
    if answer.status != 200 or not found.tokens:
        return answer
    members = {path: "more" for path, _ in found.tokens} | dict.fromkeys(found.more, True)
    if recognised.protocol in ("json", "rest-json"):
        body = json.dumps({**json.loads(answer.body), **members}).encode()
    else:
        body = _with_elements(answer.body, recognised, members)
    return Reply(answer.status, answer.headers, body)


def _with_elements(body: bytes, recognised: Recognised, members: dict[str, str | bool]) -> bytes:
    root = ET.fromstring(body)
    space = root.tag[: root.tag.find("}") + 1]
    if space:
        ET.register_namespace("", space[1:-1])
    shape = recognised.model.output_shape
    assert isinstance(shape, StructureShape)
    wrapper = shape.serialization.get("resultWrapper")
    parent = root.find(space + wrapper) if wrapper else root
    assert parent is not None
    for path, value in members.items():
        first, _dot, member = path.rpartition(".")
        of = shape.members[first] if first else shape
        assert isinstance(of, StructureShape)
        assert not first or shape.serialization.get("payload") == first  # then the member is all of the body
        name = space + of.members[member].serialization.get("name", member)
        for old in parent.findall(name):
            parent.remove(old)
        ET.SubElement(parent, name).text = str(value).lower() if isinstance(value, bool) else value
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root)
