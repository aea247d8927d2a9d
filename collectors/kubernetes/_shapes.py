"""The field names that Kubernetes publishes for each facet, read from the official client's models."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kubernetes import client

from annexlog.collectors import ResourceType

_INNER = re.compile(r"(?:List|list|Dict|dict)\[(?:\s*\(?\s*str\s*\)?,\s*)?(.+)\]|dict\(str, (.+)\)")


def members(type: ResourceType) -> Mapping[str, frozenset[str]]:
    """{facet: names of every member at any depth}; a facet that is no model of the client (a custom kind) is left out.

    The type is called by its kind in lower case (`kubernetes.network_policy`: V1NetworkPolicy, or its V2).
    """
    if type.listed is None or type.listed.fn is not None:
        return {}
    name = "".join(part.capitalize() for part in type.name.rpartition(".")[2].split("_"))
    model = next((m for v in ("V2", "V1") if (m := getattr(client, f"{v}{name}", None)) is not None), None)
    names = frozenset(_below(model, set())) if model is not None else frozenset()
    return {type.facet: names} if names else {}


def _below(model: Any, seen: set[Any]) -> Iterator[str]:
    if model in seen:
        return
    seen.add(model)
    for attribute, kind in model.openapi_types.items():
        yield model.attribute_map[attribute]
        inner = kind
        while (found := _INNER.fullmatch(inner)) is not None:
            inner = found[1] or found[2]
        below = getattr(client, inner, None)
        if below is not None and hasattr(below, "openapi_types"):
            yield from _below(below, seen)
