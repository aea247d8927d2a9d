"""Signing keys: Ed25519, as text that any C2SP signed-note tool reads, in files that nobody else may read.

A signer's key is one line, `PRIVATE+KEY+<name>+<key id>+<base64 of 01 ‖ seed>`; a verifier's is
`<name>+<key id>+<base64 of 01 ‖ public key>`. The key id is the first four bytes of
SHA-256(name ‖ LF ‖ 01 ‖ public key), in lower hex. Source: https://c2sp.org/signed-note.
An encrypted key's file is the verifier's key and, below it, the private one in PKCS#8 (see `pkcs8`).
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from annexlog.evidence_store import pkcs8, secret_files
from annexlog.evidence_store.model import ConfigError

Passphrase = Callable[[], bytes]
"""Gives the passphrase of an encrypted key. Raises ConfigError."""

_ED25519 = b"\x01"


def decode_base64(text: str) -> bytes:
    """Standard base64 in its one canonical form. Raises ValueError."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("not canonical base64")
    return data


def valid_name(name: str) -> bool:
    """Whether a key may be called so: no spaces, no plus, no control characters, not empty."""
    return bool(name) and not any(c.isspace() or c == "+" or c < " " for c in name)


def _key_id(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]


def _parse(name: str, key: str) -> bytes:
    """The 32 bytes of a key. Raises ValueError."""
    if not valid_name(name):
        raise ValueError("it has no name")
    data = decode_base64(key)
    if data[:1] != _ED25519 or len(data) != 33:
        raise ValueError("the key is not an Ed25519 key")
    return data[1:]


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key and its name."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes that signatures are marked with."""
        return _key_id(self.name, self.public)

    @property
    def text(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    def __str__(self) -> str:
        return self.text

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError."""
        name, _, rest = text.partition("+")
        id, _, key = rest.partition("+")
        verifier = cls(name, _parse(name, key))
        if verifier.id.hex() != id:
            raise ValueError(f"the key id of {name} does not belong to its key")
        return verifier

    def verifies(self, message: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key and its name. Its `repr` does not show the key."""

    name: str
    seed: bytes = field(repr=False)

    @property
    def verifier(self) -> Verifier:
        return Verifier(self.name, Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw())

    @property
    def text(self) -> str:
        """The private key itself."""
        return f"PRIVATE+KEY+{self.name}+{self.verifier.id.hex()}+{base64.b64encode(_ED25519 + self.seed).decode()}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError."""
        private, _, rest = text.partition("+")
        word, _, rest = rest.partition("+")
        name, _, rest = rest.partition("+")
        id, _, key = rest.partition("+")
        if (private, word) != ("PRIVATE", "KEY"):
            raise ValueError("not a signer's key: it must begin with PRIVATE+KEY+")
        signer = cls(name, _parse(name, key))
        if signer.verifier.id.hex() != id:
            raise ValueError(f"the key id of {name} does not belong to its key")
        return signer

    def sign(self, message: bytes) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)


# ── files ─────────────────────────────────────────────────────────────────────────────────

_WHAT = "the signing key"
_MISSING = "Make one: annexlog init"


def generate(path: Path, name: str | None = None, passphrase: bytes | None = None) -> Verifier:
    """Make a key in a new file (mode 0600), and its verifier's in `<path>.pub`; returns the latter.

    `name` names the log as well; if not given, it is made of the public key, so that no two logs share it.
    With a passphrase the key is encrypted. Raises ConfigError: a file is there already, it cannot be written, no key
    can have this name.
    """
    signer = made(name, where=str(path))
    secret_files.create(path, text(signer, passphrase))
    try:
        secret_files.create(public_path(path), signer.verifier.text, 0o644)
    except ConfigError:
        path.unlink()
        raise
    return signer.verifier


def made(name: str | None = None, *, where: str = "") -> Signer:
    """A new key, in memory alone. Raises ConfigError: no key can have this name."""
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    signer = Signer(name or f"annexlog/{sha256(public).hexdigest()[:16]}", private.private_bytes_raw())
    if not valid_name(signer.name):
        raise ConfigError(f"{name!r} has spaces or a plus sign; a key's name has none.", where=where)
    return signer


def public_path(path: Path) -> Path:
    """Where the verifier's key of a signing key lies."""
    return path.with_name(f"{path.name}.pub")


def redaction_path(path: Path) -> Path:
    """Where the key lies that redacted values are committed to with, once it is one of its own: see `redaction_key`."""
    return path.with_name(f"{path.name}.redaction")


def text(signer: Signer, passphrase: bytes | None) -> str:
    """What the file of a signing key holds: the key itself, or if there is a passphrase, encrypted."""
    if passphrase is None:
        return signer.text
    return f"{signer.verifier.text}\n{pkcs8.encrypt(signer.seed, passphrase)}"


def load(path: Path, passphrase: Passphrase | None = None) -> Signer:
    """The signing key in a file. `passphrase` is asked only if it is encrypted.

    Raises ConfigError: missing, malformed, readable by others than its owner, or the passphrase is not its own.
    """
    data = _read(path)
    try:
        known, sealed = _split(data)
        if known is None:
            return Signer.parse(data)
        if passphrase is None:
            raise ConfigError(
                "the signing key is encrypted, and no passphrase is known.", where=str(path), next=_NAME_IT
            )
        signer = Signer(known.name, pkcs8.decrypt(sealed, passphrase()))
    except pkcs8.WrongPassphrase as error:
        raise ConfigError(f"the signing key cannot be opened: {error}.", where=str(path), next=_NAME_IT) from error
    except ValueError as error:
        raise _malformed(path, error) from error
    if signer.verifier != known:
        raise _malformed(path, ValueError("its first line is not the public key of the key below it"))
    return signer


_NAME_IT = "Name the file of its passphrase: key_passphrase_file in annexlog.toml."


def public(path: Path) -> Verifier:
    """The public key of the signing key in a file; no passphrase is needed. Raises ConfigError as `load`."""
    data = _read(path)
    try:
        return _split(data)[0] or Signer.parse(data).verifier
    except ValueError as error:
        raise _malformed(path, error) from error


def encrypted(path: Path) -> bool:
    """Whether the signing key in a file needs a passphrase. Raises ConfigError if it cannot be read."""
    return pkcs8.BEGIN in _read(path)


def encrypt(path: Path, passphrase: bytes) -> Verifier:
    """Encrypt the signing key in a file, in its place. Raises ConfigError: it is encrypted already, or as `load`."""
    if encrypted(path):
        raise ConfigError("the signing key is encrypted already.", where=str(path), next="Decrypt it first.")
    signer, beside = load(path), redaction_path(path)
    if beside.exists() and not encrypted(beside):  # first: what is interrupted can be called again
        _rewrite(beside, load(beside), passphrase)
    return _rewrite(path, signer, passphrase)


def decrypt(path: Path, passphrase: Passphrase) -> Verifier:
    """Keep the signing key in a file as it is, unencrypted. Raises ConfigError as `load`."""
    signer, beside = load(path, passphrase), redaction_path(path)
    if beside.exists():
        _rewrite(beside, load(beside, passphrase), None)
    return _rewrite(path, signer, None)


def _rewrite(path: Path, signer: Signer, passphrase: bytes | None) -> Verifier:
    secret_files.replace(path, text(signer, passphrase), wipe=True)
    return signer.verifier


def _read(path: Path) -> str:
    try:
        return secret_files.read(path, _WHAT, _MISSING).decode().removesuffix("\n")
    except UnicodeDecodeError as error:
        raise _malformed(path, error) from error


def _split(text: str) -> tuple[Verifier | None, str]:
    """An encrypted key's public key, and its PEM block; (None, text) of a key that is not encrypted. ValueError."""
    if pkcs8.BEGIN not in text:
        return None, text
    first, _, sealed = text.partition("\n")
    return Verifier.parse(first), sealed


def _malformed(path: Path, error: ValueError) -> ConfigError:
    return ConfigError(
        f"this is not a signing key in C2SP or PKCS#8 form: {error}.", where=str(path), next="Restore it from a copy."
    )


def verifier(text: str) -> Verifier:
    """The public key that a user gave. Raises ConfigError."""
    try:
        return Verifier.parse(text.strip())
    except ValueError as error:
        raise ConfigError(
            f"this is not a public key in C2SP form: {error}.",
            where=text.strip()[:40],
            next="It looks like NAME+1234abcd+BASE64, and is in the file that ends in .pub beside the signing key.",
        ) from error
