"""Whether an EventBridge event pattern matches an event. Source: EventBridge user guide, "Comparison operators"."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping
from typing import Any

from annexlog.evidence_store.model import Unknown

__all__ = ["matches"]

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, "=": lambda a, b: a == b,
    ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip

_TEXTS: Mapping[str, Callable[[str, str], bool]] = {
    "prefix": lambda told, wanted: told.startswith(wanted),
    "suffix": lambda told, wanted: told.endswith(wanted),
    "equals-ignore-case": lambda told, wanted: told.lower() == wanted.lower(),
    "wildcard": lambda told, wanted: fnmatch.fnmatchcase(told, wanted.replace("[", "[[]").replace("?", "[?]")),
}


class _Odd(Exception):
    """An operator that is not known here."""


def matches(pattern: Any, event: Mapping[str, Any]) -> bool | Unknown:
    """Whether it does. Unknown on an operator that is not known here; TypeError or ValueError on what is no pattern."""
    try:
        return _all(pattern, event)
    except _Odd as odd:
        return Unknown("unreadable", code=f"EventPattern {odd}")


def _all(pattern: Any, event: Any) -> bool:
    if not isinstance(pattern, dict):
        raise TypeError("an event pattern is an object")
    for name, wanted in pattern.items():
        if name == "$or" and isinstance(wanted, list):
            if not any(_all(one, event) for one in wanted):
                return False
        elif not _field(wanted, event, name):
            return False
    return True


def _field(wanted: Any, event: Any, name: str) -> bool:
    if isinstance(event, list):  # an array of objects matches if one of them does
        return any(_field(wanted, one, name) for one in event)
    has = isinstance(event, dict) and name in event
    if isinstance(wanted, dict):
        return has and _all_of(wanted, event[name])
    if not isinstance(wanted, list):
        raise TypeError("a field of an event pattern is an object or a list")
    if not has:
        return any(isinstance(one, dict) and one.get("exists") is False for one in wanted)
    values = event[name] if isinstance(event[name], list) else [event[name]]
    return any(_one(one, value) for value in values for one in wanted)


def _all_of(wanted: dict[str, Any], value: Any) -> bool:
    return any(_all(wanted, one) for one in value) if isinstance(value, list) else _all(wanted, value)


def _one(wanted: Any, value: Any) -> bool:
    if not isinstance(wanted, dict):
        return isinstance(wanted, bool) is isinstance(value, bool) and bool(wanted == value)
    if len(wanted) != 1:
        raise ValueError("a comparison has one operator")
    operator, operand = next(iter(wanted.items()))
    if operator == "exists":
        return bool(operand)
    if operator == "anything-but":
        return _anything_but(operand, value)
    if operator == "numeric":
        return _numeric(operand, value)
    return _text(operator, operand, value)


def _anything_but(operand: Any, value: Any) -> bool:
    if isinstance(operand, dict):
        return not _one(operand, value)
    return value not in operand if isinstance(operand, list) else value != operand


def _numeric(operand: list[Any], value: Any) -> bool:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    return all(_COMPARE[sign](value, bound) for sign, bound in zip(operand[::2], operand[1::2], strict=True))


def _text(operator: str, operand: Any, value: Any) -> bool:
    if not isinstance(value, str):
        return False
    if isinstance(operand, list):
        return any(_text(operator, one, value) for one in operand)
    if isinstance(operand, dict) and set(operand) == {"equals-ignore-case"}:
        return _text(operator, str(operand["equals-ignore-case"]).lower(), value.lower())
    if operator not in _TEXTS:
        raise _Odd(operator)
    return _TEXTS[operator](value, str(operand))
