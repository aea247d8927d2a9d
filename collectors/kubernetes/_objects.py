"""Objects of a list, read only as far as they are needed: most of a cluster's bytes are pods that say the same.

To make dicts of everything in a pod takes ten times as long as to find where its parts begin and end.
"""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

from annexlog.collectors import Refused
from annexlog.collectors.kubernetes._kinds import APPLIED

__all__ = ["Condition", "Meta", "Object", "PodStatus", "members", "objects"]

_EMPTY = msgspec.Raw(b"{}")


class Object(msgspec.Struct, gc=False):
    """One object of a list, its parts as they were sent. They are views into the answer: keep none of them."""

    metadata: msgspec.Raw
    spec: msgspec.Raw = _EMPTY
    status: msgspec.Raw = _EMPTY

    def meta(self) -> Meta:
        return _META.decode(self.metadata)

    def labelled(self) -> dict[str, Any]:
        """All of the metadata but what repeats the object."""
        return bare(orjson.loads(memoryview(self.metadata)))


class Owner(msgspec.Struct, gc=False):
    uid: str = ""
    controller: bool | None = None


class Meta(msgspec.Struct, gc=False):
    """What tells an object from others, and whose it is. `labels`: as they were sent."""

    name: str
    namespace: str = ""
    uid: str = ""
    creationTimestamp: str | None = None  # noqa: N815 — the API's name
    ownerReferences: list[Owner] | None = None  # noqa: N815
    labels: msgspec.Raw = _EMPTY

    @property
    def owner(self) -> str:
        """The uid of the object that controls this one; "" where none does."""
        return next((owner.uid for owner in self.ownerReferences or () if owner.controller), "")


class Condition(msgspec.Struct, gc=False):
    type: str
    status: str = ""
    reason: str = ""
    lastTransitionTime: str | None = None  # noqa: N815


class PodStatus(msgspec.Struct, gc=False):
    phase: str = "Unknown"
    conditions: list[Condition] | None = None


class _List(msgspec.Struct, gc=False):
    metadata: dict[str, Any]
    items: list[Object]


_LIST = msgspec.json.Decoder(_List)
_META = msgspec.json.Decoder(Meta)
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_STATUS = msgspec.json.Decoder(PodStatus)


def objects(body: bytes) -> dict[str, Any]:
    """A list as it was sent: `{metadata, items}`, each item an Object. Raises Refused(unreadable)."""
    try:
        found = _LIST.decode(body)
    except msgspec.DecodeError as error:
        raise Refused("unreadable", "NotAList", str(error)) from None
    return {"metadata": found.metadata, "items": found.items}


def members(part: msgspec.Raw) -> dict[str, msgspec.Raw]:
    """The members of an object, as they were sent."""
    return _MEMBERS.decode(part)


def pod_status(item: Object) -> PodStatus:
    return _STATUS.decode(item.status)


def bare(metadata: dict[str, Any]) -> dict[str, Any]:
    """Take out of an object's metadata what repeats the object: the annotation below, and who wrote which field."""
    metadata.pop("managedFields", None)
    annotations = metadata.get("annotations")
    if isinstance(annotations, dict):
        annotations.pop(APPLIED, None)
    return metadata
