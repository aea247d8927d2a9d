"""Answer AWS operations from plain data, in the wire format of each service, checked against AWS's published shapes.

For what moto does not know, or answers otherwise than AWS. What is asked is matched by the request's parameters:

    Answers({"guardduty.list_detectors": {"DetectorIds": ["d1"]},                       # whatever is asked
             "guardduty.get_detector": [{"for": {"DetectorId": "d1"}, "says": {…}},     # the first that fits
                                        {"refuses": "BadRequestException", "status": 400, "message": "…"}]})
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import get_serializer_class
from werkzeug.datastructures import Headers, MultiDict

from annexlog.collectors.aws import _refusals
from annexlog.collectors.aws._models import loader
from tests.wire.faults import error
from tests.wire.http import Reply, Request
from tests.wire.recognise import Recognised, operation, recognise
from tests.wire.wire import Source

Given = Mapping[str, Any]
"""{`service.operation`: an answer, or a list of cases}."""

# S3's model names few of its codes; these are in "Error responses" of the Amazon S3 API Reference.
_OF_S3 = {
    "NoSuchBucketPolicy", "NoSuchLifecycleConfiguration", "NoSuchPublicAccessBlockConfiguration", "NoSuchTagSet",
    "ObjectLockConfigurationNotFoundError", "OwnershipControlsNotFoundError", "ReplicationConfigurationNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
}  # fmt: skip
# S3 does not name these answers after their operations, and its model does not say so.
_S3_ROOTS = {
    "s3.list_buckets": b"ListAllMyBucketsResult", "s3.get_bucket_versioning": b"VersioningConfiguration",
    "s3.get_bucket_tagging": b"Tagging", "s3.get_bucket_logging": b"BucketLoggingStatus",
    "s3.get_bucket_lifecycle_configuration": b"LifecycleConfiguration",
}  # fmt: skip
_COMMON = _refusals.DENIED | _refusals.UNAUTHENTICATED | _refusals.THROTTLED | _refusals.UNSUPPORTED


class Wrong(Exception):
    """An answer that AWS could not give."""


@dataclass(frozen=True, slots=True)
class Case:
    """`reply` answers a request that has these parameters, among others, and goes to this region ("": to any)."""

    params: Mapping[str, Any]
    region: str
    reply: Reply

    def fits(self, asked: Mapping[str, Any], region: str) -> bool:
        return self.region in ("", region) and all(asked.get(name) == value for name, value in self.params.items())


class Answers:
    """A source. What it has no answer for, it asks `otherwise`; `unanswered` holds what nobody could answer.

    Raises Wrong on an answer that does not fit the operation's shape: an unknown or missing member, a wrong type, a
    value that is not in the enumeration, an error code that is neither the operation's nor common to all.
    """

    def __init__(self, given: Given, otherwise: Source | None = None) -> None:
        self._cases = {name: _made(name, orjson.dumps(said)) for name, said in given.items()}
        self._otherwise = otherwise
        self.unanswered: list[str] = []

    def __call__(self, request: Request) -> Reply:
        asked = recognise(request)
        cases = self._cases.get(asked.name) if asked else None
        if asked is None or (cases is None and self._otherwise):
            return self._otherwise(request) if self._otherwise else Reply(404)
        params = parameters(request, asked)
        for case in cases or ():
            if case.fits(params, asked.region):
                return case.reply
        self.unanswered.append(f"{asked.name} {params}")
        return error(asked, 500, "Unanswered", "the test has no answer to this request")


def parameters(request: Request, asked: Recognised) -> dict[str, Any]:
    """The request's parameters, by the names that botocore's client has."""
    url = urlsplit(request.target)
    form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    values = parse_qsl(request.body.decode() if form else url.query, keep_blank_values=True)
    parser = PROTOCOL_PARSERS[asked.protocol](_model(asked.name))
    parsed: dict[str, Any] = parser.parse(
        {
            "body": request.body,
            "headers": Headers(list(request.headers.items())),
            "method": request.method,
            "url_params": {name: unquote(value) for name, value in asked.labels.items()},
            "url_path": url.path,
            "values": MultiDict(values),
        }
    )
    return parsed


# ── making answers ──


@cache
def _made(name: str, said: bytes) -> tuple[Case, ...]:
    """The cases of one operation: most tests share most answers."""
    return tuple(_cases(name, orjson.loads(said)))


def _cases(name: str, said: Any) -> Iterator[Case]:
    for case in said if isinstance(said, list) else [{"says": said}]:
        unknown = case.keys() - {"for", "region", "says", "refuses", "status", "message"}
        if unknown or ("says" in case) is ("refuses" in case):
            raise Wrong(f"{name}: a case has `says` or `refuses`, and perhaps `for`, `region`, `status`, `message`")
        params = case.get("for", {})
        shape = _model(name).input_shape
        if stray := params.keys() - (shape.members.keys() if isinstance(shape, StructureShape) else set()):
            raise Wrong(f"{name} takes no {', '.join(sorted(stray))}")
        yield Case(params, case.get("region", ""), _said(name, case))


def _said(name: str, case: Mapping[str, Any]) -> Reply:
    model = operation(name)
    if "refuses" in case:
        code = case["refuses"]
        known = {
            one for shape in model.error_shapes for one in (shape.name, shape.metadata.get("error", {}).get("code"))
        }
        known |= _OF_S3 if name.startswith("s3") else set()
        if code not in known | _COMMON:
            raise Wrong(f"{name} gives no error {code}; it gives {', '.join(sorted(filter(None, known)))}")
        asked = Recognised(name, model, "", "", later=False)
        return error(asked, case.get("status", 400), code, case.get("message", ""))
    if model.output_shape is not None:
        _check(name, case["says"], model.output_shape)
    return told(name, case["says"])


def told(name: str, says: Any) -> Reply:
    """An answer in its wire format, unchecked."""
    model = operation(name)
    serializer = get_serializer_class(name.partition(".")[0], str(model.service_model.resolved_protocol))
    reply = serializer(_model(name)).serialize(says)
    body = reply["body"].encode() if isinstance(reply["body"], str) else reply["body"]
    if root := _S3_ROOTS.get(name):
        made = f"{model.name}Response".encode()
        body = body.replace(b"<" + made, b"<" + root).replace(b"</" + made, b"</" + root)
    return Reply(reply["status_code"], dict(reply["headers"]), body)


def _check(name: str, said: Any, shape: Shape) -> None:
    found = ParamValidator().validate(said, shape).generate_report().splitlines()
    # What a request must have at least, an answer need not: an empty list is one.
    wrong = [line for line in found if "value: 0, valid min length" not in line]
    wrong = wrong or list(_not_enumerated(said, shape, name))
    if wrong:
        raise Wrong(f"{name}: {'; '.join(wrong)}")


def _not_enumerated(value: Any, shape: Shape, where: str) -> Iterator[str]:
    if isinstance(shape, StructureShape) and shape.is_document_type:
        return  # whatever JSON is
    if isinstance(shape, StructureShape):
        for member, inner in value.items():
            yield from _not_enumerated(inner, shape.members[member], f"{where}.{member}")
    elif isinstance(shape, ListShape):
        for item in value:
            yield from _not_enumerated(item, shape.member, f"{where}[]")
    elif isinstance(shape, MapShape):
        for key, inner in value.items():
            yield from _not_enumerated(key, shape.key, f"{where} key")
            yield from _not_enumerated(inner, shape.value, f"{where}[{key}]")
    elif isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        yield f"{where} is {value!r}, and none of {', '.join(shape.enum)}"


@cache
def _model(name: str) -> OperationModel:
    """The operation's model as moto's serializer wants it."""
    service = name.partition(".")[0]
    model: OperationModel = _service(service).operation_model(operation(name).name)
    return model


@cache
def _service(name: str) -> ServiceModel:
    return ServiceModel(loader().load_service_model(name, "service-2"), name)
