"""How a kind of the Kubernetes API is declared: all of them are listed, named and versioned in the same way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annexlog.collectors import Call, ResourceType

NOT_SERVED = "NotServed"
"""Code of the refusal of a kind that the cluster does not have: of a custom resource, the answer "there is none"."""

VOLATILE = ("resourceVersion",)
"""Of an object's metadata: a number that every heartbeat changes."""


def kind(
    facet: str,
    operation: str,
    *,
    id: str = "",
    params: Mapping[str, Any] | None = None,
    custom: bool = False,
    ignore: tuple[str, ...] = (),
    redact: Mapping[str, str] | None = None,
    sets: tuple[str, ...] = (),
    name: str = "",
) -> ResourceType:
    """The resource type of a kind: `kubernetes.<facet>`, one resource an object, known as `namespace/name`.

    `operation`: the kind as kubectl writes it in full (`deployments.apps`). `custom`: of a CustomResourceDefinition;
    a cluster that does not serve it has no such objects, which is an answer. `params`: see the adapter.
    An object that is deleted and made anew under its name is another one: its uid says so.
    """
    resource, _, group = operation.partition(".")
    permission = f"{group}/{resource}:list" if group else f"{resource}:list"
    return ResourceType(
        name or f"kubernetes.{facet}",
        facet=facet,
        id=id or f"{{{facet}.metadata.namespace}}/{{{facet}.metadata.name}}",
        listed=Call(permission, operation, params or {}, items="items", absent=(NOT_SERVED,) if custom else ()),
        per="cluster",
        tags=f"{facet}.metadata.labels",
        incarnation=f"{facet}.metadata.uid",
        ignore=(*(f"{facet}.metadata.{field}" for field in VOLATILE), *ignore),
        redact=redact or {},
        sets=sets,
    )
