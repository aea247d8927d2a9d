"""The HR register: who works here, from when to when, and by what their accounts are known."""

from typing import Any

from annexlog.collectors import Call, ResourceType
from annexlog.evidence_store.model import Millis, instant


def stays(person: Any, now: Millis) -> bool:
    """Whether somebody should be in the next file: until his last contract has ended."""
    return any(one["until"] is None or now < instant(one["until"]) for one in person["contracts"])


person = ResourceType(
    "hr.person",
    facet="person",
    id="{person.person}",
    per="register",
    listed=Call("read", "file", items=""),
    redact={"person.keys[]": "key:"},
    stays=stays,
    loss="max_loss",
)
