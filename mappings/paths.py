"""Paths into a resource's evidence: `trail.S3BucketName`, `group.IpPermissions[].UserIdGroupPairs[].GroupId`, `id`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from annexlog.evidence_store.model import JSON, Unknown

__all__ = ["Path", "parse_path"]

_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\[\])*(?:\.[A-Za-z0-9_-]+(?:\[\])*)*")
_EACH = "[]"


@dataclass(frozen=True, slots=True)
class Path:
    """`root`: a facet, `id`, `scope`, `tags` …; `steps`: member names, and `[]` for each item of a list."""

    text: str
    root: str
    steps: tuple[str, ...]

    @property
    def members(self) -> tuple[str, ...]:
        return tuple(step for step in self.steps if step != _EACH)

    def keys(self, value: JSON) -> list[JSON] | Unknown:
        """All texts, numbers and booleans that the path leads to from its root's value.

        What is null or not there gives none; a value of another shape than the path says is Unknown(unreadable).
        """
        found = [value]
        for step in self.steps:
            below: list[JSON] = []
            for one in found:
                if one is None:
                    continue
                if step == _EACH:
                    if type(one) is not list:
                        return self._unreadable()
                    below.extend(one)
                elif type(one) is dict:
                    below.append(one.get(step))
                else:
                    return self._unreadable()
            found = below
        keys = [one for one in found if one is not None]
        return keys if all(type(key) not in (dict, list) for key in keys) else self._unreadable()

    def value(self, value: JSON) -> JSON | Unknown:
        """The one value that a path without `[]` leads to; null where something on the way is not there."""
        for step in self.steps:
            if value is None:
                return None
            if type(value) is not dict:
                return self._unreadable()
            value = value.get(step)
        return value

    def _unreadable(self) -> Unknown:
        return Unknown("unreadable", code=self.text)


def parse_path(text: str) -> Path:
    """Raises ValueError."""
    if not _PATH.fullmatch(text):
        raise ValueError(f"{text!r} is not a path such as bucket.Name or group.Rules[].Port")
    root, *steps = text.replace(_EACH, f".{_EACH}").split(".")
    return Path(text, root, tuple(steps))
