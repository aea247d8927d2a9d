"""Groups as such: whether one is there, and nothing else."""

from __future__ import annotations

from annexlog.collectors import Call, ResourceType
from annexlog.collectors.entra._calls import COUNTED, GROUPS, MOST, seen, select

__all__ = ["group"]

group = ResourceType(
    "entra.group", facet="group", id="{group.id}", per="tenant", sight=seen(GROUPS),
    listed=Call(GROUPS, "/groups", {**MOST, **COUNTED, **select("id")}, items="value"),
)
