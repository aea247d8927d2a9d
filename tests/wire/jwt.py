"""The receiver's side of a signed assertion: its claims, if the signature is the key's."""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256


def claims(token: str, key: rsa.RSAPrivateKey) -> dict[str, Any] | None:
    """None if the token is none, or not signed with this key by RS256."""
    try:
        head, body, signature = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split("."))
        key.public_key().verify(signature, token.rpartition(".")[0].encode(), padding.PKCS1v15(), SHA256())
        return json.loads(body) if json.loads(head)["alg"] == "RS256" else None
    except (ValueError, InvalidSignature):
        return None


def pem(key: rsa.RSAPrivateKey) -> str:
    kind = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()).decode()
