"""Which AWS operation an HTTP request is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import parse_qs, parse_qsl, urlsplit

from botocore import xform_name
from botocore.model import OperationModel, ServiceModel, StructureShape

from annexlog.collectors import resource_types
from annexlog.collectors.aws._adapter import target
from annexlog.collectors.aws._models import loader, operations
from tests.wire.http import Request

_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([\w-]+)/([\w-]+)/aws4_request")
_TOKEN = re.compile(rb"(?:[?&]|\b|\")(?:next-?token|marker|continuation-?token)\"?\s*[=:]\s*\"?[^&\"\s]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Recognised:
    """`name`: `service.operation` as botocore's client has it (`s3.get_bucket_acl`). `later`: it asks for a further
    page. `labels`: what stands in its path, as sent.
    """

    name: str
    model: OperationModel
    region: str
    key: str
    later: bool
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def protocol(self) -> str:
        return str(self.model.service_model.resolved_protocol)


@cache
def service(name: str) -> ServiceModel:
    """The same model that the collector reads: two of each would take hundreds of megabytes."""
    return ServiceModel(loader().load_service_model(name, "service-2"), name)


def operation(name: str) -> OperationModel:
    """The model of `service.operation`. Raises LookupError."""
    of, _, wanted = name.partition(".")
    return service(of).operation_model(operations(loader(), of)[wanted])


@cache
def _signers() -> Mapping[str, tuple[str, ...]]:
    """The services that sign by each name, as far as declared types ask them: some share one, and some have another."""
    asked = {target(call)[0] for kind in resource_types().values() if kind.provider == "aws" for call in kind.calls()}
    found: dict[str, tuple[str, ...]] = {}
    for name in sorted(asked):
        signer = service(name).signing_name
        found[signer] = (*found.get(signer, ()), name)
    return found


def recognise(request: Request) -> Recognised | None:
    """The operation, or None where it is none of AWS's (moto's own API)."""
    signed = _CREDENTIAL.search(request.headers.get("authorization", ""))
    if not signed:
        return None
    key, region, signer = signed.groups()
    url = urlsplit(request.target)
    later = bool(_TOKEN.search(url.query.encode() if request.method == "GET" else request.body))
    for name in _candidates(signer, url.path):
        model = service(name)
        found = _named(request, model) or _routed(model, request.method, url.path, url.query)
        if found:
            known, labels = found
            return Recognised(f"{name}.{xform_name(known)}", model.operation_model(known), region, key, later, labels)
    raise LookupError(f"{request.method} {request.target} is no operation of a service that signs as {signer}")


def _candidates(signer: str, path: str) -> tuple[str, ...]:
    if signer == "s3":
        return ("s3control",) if path.startswith("/v20180820/") else ("s3",)
    return _signers().get(signer) or (signer,)


def _named(request: Request, model: ServiceModel) -> tuple[str, dict[str, str]] | None:
    """The operation that a header or a form names, if it is one of the model's."""
    named, prefix = request.headers.get("x-amz-target", ""), str(model.metadata.get("targetPrefix"))
    if named.startswith(f"{prefix}."):
        return named.removeprefix(f"{prefix}."), {}
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        form = parse_qs(request.body.decode())
        return (form["Action"][0], {}) if form["Version"][0] == model.api_version else None
    return None


def _routed(model: ServiceModel, method: str, path: str, query: str) -> tuple[str, dict[str, str]] | None:
    if model.resolved_protocol not in ("rest-json", "rest-xml"):
        return None
    asked = dict(parse_qsl(query, keep_blank_values=True))
    fitting = [
        (len(literals) + len(needed) - path_match.re.groups / 100, name, path_match.groupdict())
        for verb, pattern, literals, needed, name in _routes(model)
        if verb == method and literals.items() <= asked.items() and needed <= asked.keys()
        if (path_match := pattern.fullmatch(path))
    ]
    # Of equals the one that is asked for with fewer names in its path, then the one declared first.
    return max(fitting, key=lambda found: found[0])[1:] if fitting else None


@cache
def _routes(model: ServiceModel) -> list[tuple[str, re.Pattern[str], dict[str, str], set[str], str]]:
    """Method, path, what the query must hold, which names it must have, and the operation."""
    routes = []
    for name in operations(loader(), model.service_name).values():
        operation = model.operation_model(name)
        if operation.deprecated:  # another name of the same request
            continue
        path, _, query = operation.http["requestUri"].partition("?")
        parts = re.split(r"(\{\w+\+?\})", path)
        pattern = "".join(_label(p[1:-1]) if p[:1] == "{" else re.escape(p) for p in parts)
        literals = dict(parse_qsl(query, keep_blank_values=True))
        routes.append((operation.http["method"], re.compile(pattern), literals, _needed(operation), name))
    return routes


def _label(name: str) -> str:
    return f"(?P<{name.rstrip('+')}>{'.+' if name[-1] == '+' else '[^/]+'})"


def _needed(operation: OperationModel) -> set[str]:
    shape = operation.input_shape
    if not isinstance(shape, StructureShape):
        return set()
    needed = [shape.members[name] for name in shape.required_members]
    return {m.serialization["name"] for m in needed if m.serialization.get("location") == "querystring"}
