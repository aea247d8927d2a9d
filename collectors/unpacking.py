"""Texts that hold bytes in base64, such as user data: what is written in them, however it was packed."""

from __future__ import annotations

import base64
import binascii
import email
import zlib
from email.message import Message

__all__ = ["LONGEST", "unpacked"]

LONGEST = 16 * 1024 * 1024
"""Bytes that a packed text may grow to; EC2 takes 16 KB of user data, which gzip can make of no more than this."""

_GZIP = b"\x1f\x8b"
_MIME = (b"content-type:", b"mime-version:")


def unpacked(text: str) -> str:
    """The text in a base64 text: out of gzip, and with the parts of a MIME message, each decoded, after it.

    Bytes that are no UTF-8 become `�`: what is searched for in them is ASCII. Raises ValueError on what is no base64,
    on a broken gzip stream, and on one that would grow beyond LONGEST.
    """
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as error:
        raise ValueError(f"no base64: {error}") from None
    data = _inflated(data)
    found = [_text(data)]
    if any(line in data[:1024].lower() for line in _MIME):
        found += [_text(_inflated(part)) for part in _parts(email.message_from_bytes(data))]
    return "\n".join(found)


def _inflated(data: bytes) -> bytes:
    if not data.startswith(_GZIP):
        return data
    stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        found = stream.decompress(data, LONGEST)
    except zlib.error as error:
        raise ValueError(f"no gzip: {error}") from None
    if not stream.eof:
        raise ValueError("a gzip stream that is cut, or grows too large")
    return found


def _parts(message: Message) -> list[bytes]:
    """Every part whose transfer encoding hides its text."""
    packed = (part for part in message.walk() if not part.is_multipart())
    payloads = (part.get_payload(decode=True) for part in packed if part["Content-Transfer-Encoding"])
    return [payload for payload in payloads if isinstance(payload, bytes)]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
