"""Which AWS operation an HTTP request is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from urllib.parse import parse_qs, parse_qsl, urlsplit

import botocore.session
from botocore import xform_name
from botocore.model import OperationModel, ServiceModel

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
    best: tuple[int, str] | None = None
    for verb, pattern, literals, name in _routes(model):
        fits = verb == method and pattern.fullmatch(path) and all(asked.get(k) == v for k, v in literals.items())
        if fits and (best is None or len(literals) > best[0]):
            best = (len(literals), name)
    return best and best[1]


@cache
def _routes(model: ServiceModel) -> list[tuple[str, re.Pattern[str], dict[str, str], str]]:
    routes = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        path, _, query = http["requestUri"].partition("?")
        parts = re.split(r"(\{\w+\+?\})", path)
        pattern = "".join((".+" if p[-2] == "+" else "[^/]+") if p[:1] == "{" else re.escape(p) for p in parts)
        literals = {k: v for k, v in parse_qsl(query, keep_blank_values=True) if k != "x-id"}
        routes.append((http["method"], re.compile(pattern), literals, name))
    return routes
