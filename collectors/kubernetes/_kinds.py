"""How a kind of the Kubernetes API is declared: all of them are listed, named and versioned in the same way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from annexlog.collectors import Call, Page, Refused, ResourceType

NOT_SERVED = "NotServed"
"""Code of the refusal of a kind that the cluster does not have: of a custom resource, the answer "there is none"."""

VOLATILE = ("resourceVersion",)
"""Of an object's metadata: a number that every heartbeat changes."""


SECRETS = "secrets:list"
"""The one permission that lets its holder read more than is asked for."""

NAMESPACE = "annexlog/namespace"
"""In the metadata of a page: the namespace whose list it is part of, where that of the whole cluster was denied."""


APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""The annotation in which kubectl keeps a whole object as it was applied: of a Secret, its content."""


UNREAD: Mapping[str, Any] = {"unread": True}
"""Asks for a list whose objects are not read yet (see _objects)."""


class Asks(Protocol):
    """What a listing of several kinds asks with."""

    def pages(self, operation: Call, params: Mapping[str, Any]) -> Iterable[Page]: ...


def listing(operation: str, **params: Any) -> Call:
    """The call that lists a kind, called as kubectl writes it in full, with the permission that it needs."""
    resource, _, group = operation.partition(".")
    return Call(f"{group}/{resource}:list" if group else f"{resource}:list", operation, params, items="items")


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
    call = listing(operation)
    return ResourceType(
        name or f"kubernetes.{facet}",
        facet=facet,
        id=id or f"{{{facet}.metadata.namespace}}/{{{facet}.metadata.name}}",
        listed=Call(call.permission, operation, params or {}, items="items", absent=(NOT_SERVED,) if custom else ()),
        per="cluster",
        tags=f"{facet}.metadata.labels",
        incarnation=f"{facet}.metadata.uid",
        ignore=(*(f"{facet}.metadata.{field}" for field in VOLATILE), *ignore),
        redact=redact or {},
        sets=sets,
    )


def kinds(
    facet: str,
    members: Mapping[str, str],
    *,
    custom: bool | tuple[str, ...] = False,
    notes: tuple[str, ...] = (),
    ignore: tuple[str, ...] = (),
) -> ResourceType:
    """One resource type for several kinds that tests ask about together: `members` is {kind: operation}.

    An object is known as `Kind/namespace/name` (`Kind/name` where it lives in no namespace), which its facet says as
    `id`, beside its `kind`. `custom`: as with `kind`, of all or of those named. Annotations are left out but for
    `notes`: tools put anything there.
    """
    calls = {name: listing(operation) for name, operation in members.items()}
    of_all = tuple(members) if custom is True else ()
    optional = custom if isinstance(custom, tuple) else of_all

    def fn(ask: Asks, params: Mapping[str, Any]) -> Iterator[Page]:  # noqa: ARG001 — a cluster is all it needs
        return union(ask, calls, optional, notes)

    return made_of(facet, calls, fn, ignore=ignore)


def made_of(facet: str, calls: Mapping[str, Call], fn: Any, *, ignore: tuple[str, ...] = ()) -> ResourceType:
    """The type `kubernetes.<facet>` whose resources a function makes of these lists; each says its `id`."""
    first, *others = calls.values()
    return ResourceType(
        f"kubernetes.{facet}",
        facet=facet,
        id=f"{{{facet}.id}}",
        listed=Call(
            first.permission, first.operation, items="items", fn=fn, also=tuple(call.permission for call in others)
        ),
        per="cluster",
        ignore=(*(f"{facet}.metadata.{field}" for field in VOLATILE), *ignore),
    )


def union(
    ask: Asks, calls: Mapping[str, Call], optional: tuple[str, ...] = (), notes: tuple[str, ...] = ()
) -> Iterator[Page]:
    """The pages of several kinds, one kind after the other, each object with its `kind` and `id`.

    Where a list is refused, what the others show follows, and then the refusal.
    """
    refused: Refused | None = None
    given = False
    for name, call in calls.items():
        try:
            for page in ask.pages(call, {}):
                items = [named(name, item, notes) for item in page.body["items"]]
                given = True
                yield Page({"items": items}, page.request_id, page.date, page.mixed)
        except Refused as why:
            if not (name in optional and why.code == NOT_SERVED):
                refused = refused or why
    if refused is not None:
        raise refused
    if not given:
        yield Page({"items": []})


def named(name: str, item: Mapping[str, Any], notes: tuple[str, ...] = ()) -> dict[str, Any]:
    """An object with its kind and id, and with no other annotations than these."""
    meta = dict(item["metadata"])
    noted = meta.pop("annotations", None) or {}
    if kept := {note: noted[note] for note in notes if note in noted}:
        meta["annotations"] = kept
    id = "/".join((name, *filter(None, (meta.get("namespace"), meta["name"]))))
    return {**item, "kind": name, "id": id, "metadata": meta}
