"""Timestamps of RFC 3161: an authority's signed word that these bytes existed at that time.

What is kept is the authority's whole answer (TimeStampResp, DER), over the SHA-256 of a checkpoint's note, so that
`openssl ts -verify` reads it too. Needs `pip install "annexlog[timestamp]"`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING

from annexlog.evidence_store.layout import sha256
from annexlog.evidence_store.model import Millis

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

MAX_ANSWER = 64 * 1024
"""An authority's answer is never longer, in bytes."""
_SHA256 = "2.16.840.1.101.3.4.2.1"


class Unavailable(Exception):
    """The library that reads timestamps is not installed."""


def ask(note: bytes) -> tuple[bytes, int]:
    """The request (DER) that asks to timestamp a note, and its nonce. Raises Unavailable."""
    try:
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder  # noqa: PLC0415 — an extra
    except ImportError:
        raise Unavailable from None
    request = TimestampRequestBuilder().data(note).hash_algorithm(HashAlgorithm.SHA256).build()
    if request.nonce is None:
        raise ValueError("the request has no nonce")
    return request.as_bytes(), request.nonce


def stamped_at(
    answer: bytes, note: bytes, authorities: Sequence[Certificate] = (), *, nonce: int | None = None
) -> Millis:
    """When an authority timestamped a note.

    `authorities`: the certificates that vouch for it, a self-signed one among them; without any, the signature is not
    checked. `nonce`: the one that was asked with. Raises ValueError if the answer is not good, Unavailable.
    """
    try:
        from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response  # noqa: PLC0415
    except ImportError:
        raise Unavailable from None
    if len(answer) > MAX_ANSWER:
        raise ValueError(f"the answer of {len(answer)} bytes is longer than {MAX_ANSWER}")
    found = decode_timestamp_response(answer)
    if found.status not in (0, 1):
        told = "; ".join(found.status_string)[:200]
        raise ValueError(f"the authority refused (status {found.status}{f': {told}' if told else ''})")
    info = found.tst_info
    imprint = info.message_imprint
    if imprint.hash_algorithm.dotted_string != _SHA256 or bytes(imprint.message) != sha256(note):
        raise ValueError("the timestamp is of something else")
    if nonce is not None and info.nonce != nonce:
        raise ValueError("the timestamp answers another request (its nonce differs)")
    if authorities:
        builder = VerifierBuilder()
        for certificate in authorities:
            own = certificate.issuer == certificate.subject
            builder = (builder.add_root_certificate if own else builder.add_intermediate_certificate)(certificate)
        try:
            builder.build().verify(found, sha256(note))
        except VerificationError as error:
            raise ValueError(f"the timestamp is not by a known authority ({error})") from None
    made = info.gen_time
    return round((made if made.tzinfo else made.replace(tzinfo=UTC)).timestamp() * 1000)
