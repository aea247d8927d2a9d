"""The field names that AWS publishes for each facet, read from botocore's service models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from botocore.exceptions import UnknownServiceError
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from annexlog.collectors import Call, ResourceType
from annexlog.collectors.aws._adapter import target
from annexlog.collectors.aws._models import loader, operations
from annexlog.evidence_store.model import DeclarationError


def members(type: ResourceType) -> Mapping[str, frozenset[str]]:
    """{facet: names of every member at any depth below what its call takes}, the fixed keys of maps included.

    A facet that botocore's shapes do not describe (made by a function, a text holding JSON, the scope itself) is left
    out. Raises DeclarationError on a service, operation or path that botocore does not know.
    """
    calls = {type.facet: type.listed, **{d.facet: d.call for d in type.details}}
    found = {facet: _names(call, f"{type.name}.{facet}") for facet, call in calls.items() if call is not None}
    return {facet: names for facet, names in found.items() if names}


def _names(call: Call, where: str) -> frozenset[str]:
    if call.fn is not None or call.decode:
        return frozenset()
    shape: Shape | None = operation(call, where).output_shape
    for step in filter(
        None, (call.items if call.items is not None else call.take or "").replace("[]", ".[]").split(".")
    ):
        shape = _step(shape, step)
        if shape is None:
            raise DeclarationError(f"{call.operation} answers no {call.items or call.take}", where=where)
    if call.items is not None and isinstance(shape, ListShape):
        shape = shape.member
    return frozenset(_below(shape, set())) if shape is not None else frozenset()


def _step(shape: Shape | None, name: str) -> Shape | None:
    if name == "[]":
        return shape.member if isinstance(shape, ListShape) else None
    if isinstance(shape, MapShape):
        return shape.value
    return shape.members.get(name) if isinstance(shape, StructureShape) else None


def _below(shape: Shape, seen: set[str]) -> Iterator[str]:
    if shape.name in seen:  # shapes may hold themselves
        return
    seen.add(shape.name)
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            yield name
            yield from _below(member, seen)
    elif isinstance(shape, ListShape):
        yield from _below(shape.member, seen)
    elif isinstance(shape, MapShape):
        yield from getattr(shape.key, "enum", ())
        yield from _below(shape.value, seen)


def operation(call: Call, where: str = "") -> OperationModel:
    """The model of a call. Raises DeclarationError if botocore knows no such service or operation."""
    service, name = target(call)
    try:
        names = operations(loader(), service)
    except UnknownServiceError:
        raise DeclarationError(f"botocore has no service {service!r}", where=where) from None
    if name not in names:
        raise DeclarationError(f"{service} has no operation {name!r}", where=where)
    return _service(service).operation_model(names[name])


@cache
def _service(name: str) -> ServiceModel:
    return ServiceModel(loader().load_service_model(name, "service-2"), service_name=name)
