"""Filters of searches as they are written (RFC 4515), to what is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from annexlog.collectors.ldap import _ber as ber
from annexlog.evidence_store.model import DeclarationError

_ITEM = re.compile(r"([A-Za-z][\w.;-]*)?(?::([\d.]+):)?(=|>=|<=)(.*)", re.DOTALL)
_PART = re.compile(r"\{(\w+)\}")
_ESCAPED = re.compile(r"\\([0-9A-Fa-f]{2})")
_SETS = {"&": 0xA0, "|": 0xA1}
_COMPARED = {"=": 0xA3, ">=": 0xA5, "<=": 0xA6}


def escaped(value: str) -> str:
    """A value as it stands in a filter."""
    return "".join(f"\\{ord(c):02x}" if c in "\\*()\0" else c for c in value)


def filled(text: str, params: Mapping[str, Any]) -> str:
    """A filter whose `{name}` are filled from parameters, each escaped."""
    return _PART.sub(lambda match: escaped(str(params[match[1]])), text)


def encoded(text: str) -> bytes:
    """Raises DeclarationError for what is no filter."""
    found, rest = _one(text, text)
    if rest:
        raise DeclarationError(f"{text!r} is more than one filter")
    return found


def _one(text: str, whole: str) -> tuple[bytes, str]:
    if not text.startswith("("):
        raise DeclarationError(f"{whole!r} is no filter such as (uid=ann)")
    if text[1:2] in _SETS:
        parts, rest = [], text[2:]
        while rest.startswith("("):
            part, rest = _one(rest, whole)
            parts.append(part)
        return ber.sequence(*parts, tag=_SETS[text[1]]), _closed(rest, whole)
    if text[1:2] == "!":
        part, rest = _one(text[2:], whole)
        return ber.sequence(part, tag=0xA2), _closed(rest, whole)
    item, closed, rest = text[1:].partition(")")
    match = _ITEM.fullmatch(item)
    if not closed or match is None:
        raise DeclarationError(f"{whole!r} is no filter such as (uid=ann)")
    return _item(match, whole), rest


def _closed(rest: str, whole: str) -> str:
    if not rest.startswith(")"):
        raise DeclarationError(f"{whole!r} is not closed")
    return rest[1:]


def _item(match: re.Match[str], whole: str) -> bytes:
    name, rule, sign, value = match.groups()
    if rule:
        said = (ber.octets(rule, 0x81), ber.octets(name or "", 0x82), ber.octets(_bytes(value), 0x83))
        return ber.sequence(*said, tag=0xA9)
    if not name:
        raise DeclarationError(f"{whole!r} names no attribute")
    if sign == "=" and value == "*":
        return ber.octets(name, 0x87)
    if sign == "=" and "*" in value:
        return _substrings(name, value.split("*"))
    return ber.sequence(ber.octets(name), ber.octets(_bytes(value)), tag=_COMPARED[sign])


def _substrings(name: str, parts: list[str]) -> bytes:
    tags = (0x80, *(0x81 for _ in parts[1:-1]), 0x82)
    found = (ber.octets(_bytes(part), tag) for part, tag in zip(parts, tags, strict=True) if part)
    return ber.sequence(ber.octets(name), ber.sequence(*found), tag=0xA4)


def _bytes(value: str) -> bytes:
    parts = _ESCAPED.split(value)
    return b"".join(bytes.fromhex(part) if at % 2 else part.encode() for at, part in enumerate(parts))
