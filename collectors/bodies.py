"""What of an answer is evidence: the member that was asked for, decoded; anything else is unreadable."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from annexlog.collectors import UNREADABLE, Call, Refused
from annexlog.collectors.templates import MISSING, dig, each, spread, steps
from annexlog.collectors.unpacking import unpacked
from annexlog.evidence_store.model import JSON, Millis, instant, iso


def unreadable(code: str, message: str = "") -> Refused:
    """The answer came, and is not what its declaration says."""
    return Refused("unreadable", code, message)


class Reading:
    """How the answer of one call is read. Built once a call."""

    __slots__ = ("_decode", "_items", "_missing", "_observed", "_take", "call")

    def __init__(self, call: Call) -> None:
        self.call = call
        self._items = tuple(steps(path) for path in (call.items or "").split("[]."))
        self._take = steps(call.take or "")
        self._missing = call.missing
        self._decode = tuple((spread(path), _DECODERS[kind]) for path, kind in call.decode.items())
        self._observed = None if call.observed is None else spread(call.observed)

    def rows(self, body: Any) -> list[JSON]:
        """The items of one page. Raises Refused(unreadable)."""
        outer, *inner = self._items
        rows = self._listed(body, outer)
        for path in inner:
            rows = [row for above in rows for row in self._listed(above, path)]
        return self._decoded(rows) if self._decode else rows

    def _listed(self, value: Any, path: Sequence[str]) -> list[JSON]:
        found = dig(value, path)
        if found is MISSING or found is None:
            if self._missing is UNREADABLE:
                raise unreadable(f"no {self.call.items or 'list'}")
            return list(self._missing or ())
        if type(found) is not list:
            raise unreadable(f"{self.call.items or 'answer'} is no list")
        return found

    def one(self, body: Any) -> JSON:
        """The value of a single answer. Raises Refused(unreadable)."""
        found = dig(body, self._take)
        if found is MISSING or found is None:
            if self._missing is UNREADABLE:
                raise unreadable(f"no {self.call.take or 'answer'}")
            return self._missing
        return self._decoded(found) if self._decode else found

    def observed(self, body: Any) -> Millis | None:
        """The provider's own time of the answer, the oldest if it names several; None if none is declared.

        Raises Refused(unreadable): evidence whose declared age cannot be told has no age.
        """
        if self._observed is None:
            return None
        try:
            return min(instant(found) for found in each(body, self._observed))
        except (ValueError, TypeError):
            raise unreadable(f"no {self.call.observed}") from None

    def _decoded(self, value: JSON) -> JSON:
        for path, decoded in self._decode:
            value = rewrite(value, path, decoded)
        return value


def _parsed(text: JSON) -> JSON:
    if text is None:
        return None
    if type(text) is not str:
        raise unreadable("no JSON text")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise unreadable("bad JSON text") from None


def _unpacked(text: JSON) -> JSON:
    if text is None:
        return None
    if type(text) is not str:
        raise unreadable("no base64 text")
    try:
        return unpacked(text)
    except ValueError:
        raise unreadable("bad base64 text") from None


_DECODERS: Final[Mapping[str, Callable[[JSON], JSON]]] = {"json": _parsed, "base64": _unpacked}


DROP: Final = object()
"""What a change returns for a member that is to go."""


def rewrite(value: JSON, path: Sequence[str], change: Callable[[JSON], JSON]) -> JSON:
    """The value with everything at a path (see `spread`) changed. What is not on the path is shared, not copied.

    What is not there stays away; the value given is left as it was: templates still read it.
    """
    if not path:
        return change(value)
    step, rest = path[0], path[1:]
    if step == "[]":
        return [rewrite(item, rest, change) for item in value] if type(value) is list else value
    if type(value) is not dict or step not in value:
        return value
    new = rewrite(value[step], rest, change)
    if new is value[step]:
        return value
    if new is DROP:
        return {key: item for key, item in value.items() if key != step}
    return {**value, step: new}


_SCALARS = frozenset((str, int, float, bool, type(None)))


def clean(value: Any) -> JSON:
    """An SDK's own objects as JSON: times as RFC 3339 texts in UTC, bytes as `{"base64": …}`, `ResponseMetadata` gone.

    For adapters whose SDK does not give JSON: a Page's body is JSON. Raises TypeError on anything else.
    """
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind is list or kind is tuple:
        return [item if type(item) in _SCALARS else clean(item) for item in value]
    if isinstance(value, Mapping):
        return {
            key: item if type(item) in _SCALARS else clean(item)
            for key, item in value.items()
            if key != "ResponseMetadata"
        }
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return iso(round(moment.timestamp() * 1000))
    if isinstance(value, bytes | bytearray):
        return {"base64": base64.b64encode(value).decode()}
    raise TypeError(f"a {kind.__name__} is no evidence")
