"""The receiver's side of what is signed: assertions by a key it knows, and proofs by the key that they bring (DPoP)."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256


def claims(token: str, key: rsa.RSAPrivateKey | rsa.RSAPublicKey) -> dict[str, Any] | None:
    """None if the token is none, or not signed with this key by RS256."""
    try:
        head, body, signature = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split("."))
        public = key.public_key() if isinstance(key, rsa.RSAPrivateKey) else key
        public.verify(signature, token.rpartition(".")[0].encode(), padding.PKCS1v15(), SHA256())
        return json.loads(body) if json.loads(head)["alg"] == "RS256" else None
    except (ValueError, InvalidSignature):
        return None


def proof(token: str) -> tuple[str, dict[str, Any]] | None:
    """(thumbprint of its key, claims) of a DPoP proof (RFC 9449); None if it is none."""
    try:
        head = json.loads(_bytes(token.partition(".")[0]))
        n, e = (int.from_bytes(_bytes(head["jwk"][part]), "big") for part in ("n", "e"))
    except (ValueError, KeyError, TypeError):
        return None
    told = claims(token, rsa.RSAPublicNumbers(e, n).public_key())
    if told is None or head.get("typ") != "dpop+jwt" or set(head["jwk"]) != {"kty", "n", "e"}:
        return None
    return hashlib.sha256(json.dumps(head["jwk"], sort_keys=True, separators=(",", ":")).encode()).hexdigest(), told


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def pem(key: rsa.RSAPrivateKey) -> str:
    kind = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()).decode()
