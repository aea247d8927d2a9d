"""Which AWS operation an HTTP request is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from urllib.parse import parse_qs, parse_qsl, urlsplit

import botocore.session
from botocore import xform_name
from botocore.model import OperationModel, ServiceModel, StructureShape

from tests.wire.http import Request

_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([\w-]+)/([\w-]+)/aws4_request")
_TOKEN = re.compile(rb"(?:[?&]|\b|\")(?:next-?token|marker|continuation-?token)\"?\s*[=:]\s*\"?[^&\"\s]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Recognised:
    """`name`: `service.operation` as botocore's client has it (`s3.get_bucket_acl`). `later`: it asks for a further
    page.
    """

    name: str
    model: OperationModel
    region: str
    key: str
    later: bool

    @property
    def protocol(self) -> str:
        return str(self.model.service_model.resolved_protocol)


@cache
def service(name: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(name)


def recognise(request: Request) -> Recognised | None:
    """The operation, or None where it is none of AWS's (moto's own API)."""
    signed = _CREDENTIAL.search(request.headers.get("authorization", ""))
    if not signed:
        return None
    key, region, signer = signed.groups()
    url = urlsplit(request.target)
    name = "s3control" if signer == "s3" and url.path.startswith("/v20180820/") else signer
    model = service(name)
    operation = _named(request) or _routed(model, request.method, url.path, url.query)
    if operation is None:
        raise LookupError(f"{request.method} {request.target} is no operation of {name}")
    later = bool(_TOKEN.search(url.query.encode() if request.method == "GET" else request.body))
    return Recognised(f"{name}.{xform_name(operation)}", model.operation_model(operation), region, key, later)


def _named(request: Request) -> str | None:
    target = request.headers.get("x-amz-target")
    if target:
        return target.rpartition(".")[2]
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return parse_qs(request.body.decode())["Action"][0]
    return None


def _routed(model: ServiceModel, method: str, path: str, query: str) -> str | None:
    asked = dict(parse_qsl(query, keep_blank_values=True))
    fitting = [
        (len(literals) + len(needed), name)
        for verb, pattern, literals, needed, name in _routes(model)
        if verb == method and pattern.fullmatch(path) and literals.items() <= asked.items() and needed <= asked.keys()
    ]
    return max(fitting, key=lambda found: found[0])[1] if fitting else None  # of equals the one declared first


@cache
def _routes(model: ServiceModel) -> list[tuple[str, re.Pattern[str], dict[str, str], set[str], str]]:
    """Method, path, what the query must hold, which names it must have, and the operation."""
    routes = []
    for name in model.operation_names:
        operation = model.operation_model(name)
        path, _, query = operation.http["requestUri"].partition("?")
        parts = re.split(r"(\{\w+\+?\})", path)
        pattern = "".join((".+" if p[-2] == "+" else "[^/]+") if p[:1] == "{" else re.escape(p) for p in parts)
        literals = dict(parse_qsl(query, keep_blank_values=True))
        routes.append((operation.http["method"], re.compile(pattern), literals, _needed(operation), name))
    return routes


def _needed(operation: OperationModel) -> set[str]:
    shape = operation.input_shape
    if not isinstance(shape, StructureShape):
        return set()
    needed = [shape.members[name] for name in shape.required_members]
    return {m.serialization["name"] for m in needed if m.serialization.get("location") == "querystring"}
