"""The part of ASN.1's basic encoding that LDAP uses (RFC 4511, 5.1): definite lengths, tags of one byte."""

from __future__ import annotations

from collections.abc import Iterator

INTEGER, OCTETS, ENUMERATED, SEQUENCE, SET = 0x02, 0x04, 0x0A, 0x30, 0x31

MOST = 64 << 20
"""Bytes of one message: an entry with some hundred thousand values."""


class Malformed(ValueError):
    """Bytes that are no such encoding."""


def encoded(tag: int, content: bytes) -> bytes:
    """One element."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def sequence(*parts: bytes, tag: int = SEQUENCE) -> bytes:
    """Elements in one."""
    return encoded(tag, b"".join(parts))


def integer(value: int, tag: int = INTEGER) -> bytes:
    """A number, in two's complement."""
    return encoded(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def octets(value: str | bytes, tag: int = OCTETS) -> bytes:
    """A text, in UTF-8, or bytes."""
    return encoded(tag, value.encode() if isinstance(value, str) else value)


def boolean(value: bool) -> bytes:
    return encoded(0x01, b"\xff" if value else b"\x00")


def header(data: bytes) -> tuple[int, int] | None:
    """(bytes of tag and length, bytes of content) of the element that begins here; None: more bytes are needed.

    Raises Malformed.
    """
    if len(data) < 2:
        return None
    first = data[1]
    if first < 0x80:
        return 2, first
    count = first & 0x7F
    if not 1 <= count <= 4:
        raise Malformed("a length that LDAP does not use")
    if len(data) < 2 + count:
        return None
    size = int.from_bytes(data[2 : 2 + count], "big")
    if size > MOST:
        raise Malformed(f"a message longer than {MOST} bytes")
    return 2 + count, size


def elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(tag, content) of each element, one after the other. Raises Malformed."""
    at = 0
    while at < len(data):
        found = header(data[at : at + 6])
        if found is None or at + sum(found) > len(data):
            raise Malformed("an element that is cut")
        start, size = at + found[0], found[1]
        yield data[at], data[start : start + size]
        at = start + size


def number(content: bytes) -> int:
    """What an integer or enumerated element holds. Raises Malformed."""
    if not 1 <= len(content) <= 8:
        raise Malformed("no number")
    return int.from_bytes(content, "big", signed=True)
