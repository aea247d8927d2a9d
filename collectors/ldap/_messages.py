"""LDAP's messages, as far as a reader needs them (RFC 4511): sign in, search, start TLS. There is none that writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from annexlog.collectors.ldap import _ber as ber

BIND, UNBIND, SEARCH, EXTENDED = 0x60, 0x42, 0x63, 0x77
BOUND, ENTRY, DONE, REFERENCE, ANSWERED = 0x61, 0x64, 0x65, 0x73, 0x78

PAGED = "1.2.840.113556.1.4.319"
DOMAIN_SCOPE = "1.2.840.113556.1.4.1339"
"""Active Directory: no references to other partitions in the answer."""
START_TLS = "1.3.6.1.4.1.1466.20037"

SCOPES = {"base": 0, "one": 1, "sub": 2}


@dataclass(frozen=True, slots=True)
class Result:
    """How an operation ended. `code`: RFC 4511, appendix A. `controls`: {oid: value} of the answer."""

    code: int
    matched: str = ""
    message: str = ""
    controls: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """`attributes`: {name as the server spells it, options included: values}."""

    dn: str
    attributes: Mapping[str, Sequence[bytes]]


# ── what is asked ─────────────────────────────────────────────────────────────────────────


def message(id: int, operation: bytes, controls: Sequence[bytes] = ()) -> bytes:
    held = (ber.sequence(*controls, tag=0xA0),) if controls else ()
    return ber.sequence(ber.integer(id), operation, *held)


def control(oid: str, value: bytes | None = None, *, critical: bool = True) -> bytes:
    said = (ber.octets(value),) if value is not None else ()
    return ber.sequence(ber.octets(oid), ber.boolean(critical), *said)


def paged(size: int, cookie: bytes) -> bytes:
    """The control of RFC 2696."""
    return control(PAGED, ber.sequence(ber.integer(size), ber.octets(cookie)))


def simple_bind(dn: str, password: str) -> bytes:
    return ber.sequence(ber.integer(3), ber.octets(dn), ber.octets(password, 0x80), tag=BIND)


def sasl_bind(mechanism: str, credentials: bytes) -> bytes:
    chosen = ber.sequence(ber.octets(mechanism), ber.octets(credentials), tag=0xA3)
    return ber.sequence(ber.integer(3), ber.octets(""), chosen, tag=BIND)


def unbind() -> bytes:
    return ber.encoded(UNBIND, b"")


def extended(oid: str) -> bytes:
    return ber.sequence(ber.octets(oid, 0x80), tag=EXTENDED)


def search(
    base: str, scope: str, filter: bytes, attributes: Sequence[str], *, size: int = 0, seconds: int = 0
) -> bytes:
    """`filter`: encoded (see _filters). `size`: the most entries wanted; 0: all."""
    return ber.sequence(
        ber.octets(base),
        ber.integer(SCOPES[scope], ber.ENUMERATED),
        ber.integer(0, ber.ENUMERATED),
        ber.integer(size),
        ber.integer(seconds),
        ber.boolean(False),  # types and values
        filter,
        ber.sequence(*(ber.octets(name) for name in attributes)),
        tag=SEARCH,
    )


# ── what is answered ──────────────────────────────────────────────────────────────────────


def opened(data: bytes) -> tuple[int, int, bytes, dict[str, bytes]]:
    """(message id, operation, its content, controls) of one message. Raises Malformed."""
    tag, body = _single(data)
    parts = list(ber.elements(body))
    if tag != ber.SEQUENCE or len(parts) < 2 or parts[0][0] != ber.INTEGER:
        raise ber.Malformed("no message of LDAP")
    held = [content for tag, content in parts[2:] if tag == 0xA0]
    return ber.number(parts[0][1]), parts[1][0], parts[1][1], _controls(held[0]) if held else {}


def _controls(data: bytes) -> dict[str, bytes]:
    found = {}
    for _, one in ber.elements(data):
        parts = [content for _, content in ber.elements(one)]
        if not parts:
            raise ber.Malformed("a control without a name")
        found[parts[0].decode("ascii", "replace")] = parts[-1] if len(parts) > 1 else b""
    return found


def result(content: bytes, controls: Mapping[str, bytes]) -> Result:
    """Raises Malformed."""
    parts = list(ber.elements(content))
    if len(parts) < 3 or parts[0][0] != ber.ENUMERATED:
        raise ber.Malformed("no result")
    return Result(ber.number(parts[0][1]), _text(parts[1][1]), _text(parts[2][1]), controls)


def entry(content: bytes) -> Entry:
    """Raises Malformed."""
    parts = list(ber.elements(content))
    if len(parts) != 2:
        raise ber.Malformed("no entry")
    attributes = {}
    for _, one in ber.elements(parts[1][1]):
        name, values = ([content for _, content in ber.elements(one)] + [b"", b""])[:2]
        attributes[name.decode("ascii", "replace")] = tuple(value for _, value in ber.elements(values))
    return Entry(_text(parts[0][1]), attributes)


def cookie(result: Result) -> bytes:
    """Where the next page begins; b"" at the end. Raises Malformed where the server did not page."""
    value = result.controls.get(PAGED)
    if value is None:
        raise ber.Malformed("an answer without the control of pages")
    parts = [content for _, content in ber.elements(_single(value)[1])]
    if len(parts) != 2:
        raise ber.Malformed("no control of pages")
    return parts[1]


def _single(data: bytes) -> tuple[int, bytes]:
    found = list(ber.elements(data))
    if len(found) != 1:
        raise ber.Malformed("more or less than one element")
    return found[0]


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")
