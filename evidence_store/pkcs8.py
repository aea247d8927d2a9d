"""Encrypted private keys: PKCS#8 in PEM, scrypt and AES-256-CBC, as `openssl pkey` reads them (RFC 5958, 7914, 8018).

`cryptography` reads this form, but writes PBKDF2 with 2,048 rounds, which a guessed passphrase does not withstand.
"""

from __future__ import annotations

import base64
import os
import textwrap

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

BEGIN, END = "-----BEGIN ENCRYPTED PRIVATE KEY-----", "-----END ENCRYPTED PRIVATE KEY-----"

_N, _R, _P = 1 << 14, 8, 5
"""OpenSSL reads no more memory than N = 2^14 needs (32 MiB); the work comes from `p` instead."""
_PBES2 = bytes.fromhex("2a864886f70d01050d")
_SCRYPT = bytes.fromhex("2b06010401da47040b")
_AES256_CBC = bytes.fromhex("60864801650304012a")
_INTEGER, _OCTETS, _OID, _SEQUENCE = 0x02, 0x04, 0x06, 0x30


class WrongPassphrase(ValueError):
    """The passphrase does not open the key, or the key's bytes are damaged: the two cannot be told apart."""


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x81, size]) if size < 256 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def _integer(value: int) -> bytes:
    return _der(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def encrypt(seed: bytes, passphrase: bytes) -> str:
    """The PEM block of an Ed25519 private key, without a newline at its end. Takes some 0.2 s and 16 MiB."""
    plain = Ed25519PrivateKey.from_private_bytes(seed).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    salt, iv = os.urandom(16), os.urandom(16)
    key = Scrypt(salt, length=32, n=_N, r=_R, p=_P).derive(passphrase)
    padder, cipher = PKCS7(128).padder(), Cipher(AES256(key), CBC(iv)).encryptor()
    secret = cipher.update(padder.update(plain) + padder.finalize()) + cipher.finalize()
    kdf = _der(
        _SEQUENCE,
        _der(_OID, _SCRYPT),
        _der(_SEQUENCE, _der(_OCTETS, salt), _integer(_N), _integer(_R), _integer(_P)),
    )
    scheme = _der(_SEQUENCE, _der(_OID, _AES256_CBC), _der(_OCTETS, iv))
    algorithm = _der(_SEQUENCE, _der(_OID, _PBES2), _der(_SEQUENCE, kdf, scheme))
    text = base64.b64encode(_der(_SEQUENCE, algorithm, _der(_OCTETS, secret))).decode()
    return "\n".join([BEGIN, *textwrap.wrap(text, 64), END])


def decrypt(pem: str, passphrase: bytes) -> bytes:
    """The 32 bytes of the key in a PEM block. Raises WrongPassphrase; ValueError if it holds no Ed25519 key."""
    try:
        key = load_pem_private_key(pem.encode(), passphrase)
    except (ValueError, UnsupportedAlgorithm, InternalError) as error:
        raise WrongPassphrase("the passphrase is wrong, or the file is damaged") from error
    except TypeError as error:
        raise ValueError("the passphrase is empty, or the key is not encrypted") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("the key is not an Ed25519 key")  # noqa: TRY004 — what a file holds, not what a caller passes
    return key.private_bytes_raw()


def spki(public: bytes) -> str:
    """A public key as most tools read it: SubjectPublicKeyInfo in PEM (RFC 8410), without a newline at its end."""
    key = Ed25519PublicKey.from_public_bytes(public)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode().rstrip("\n")
