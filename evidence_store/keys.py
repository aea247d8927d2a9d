"""Signing keys: Ed25519, as text that any C2SP signed-note tool reads, in files that nobody else may.

A signer's key is one line, `PRIVATE+KEY+<name>+<key id>+<base64 of 01 ‖ seed>`; a verifier's is
`<name>+<key id>+<base64 of 01 ‖ public key>`. The key id is the first four bytes of
SHA-256(name ‖ LF ‖ 01 ‖ public key), in lower hex. Source: https://c2sp.org/signed-note.
"""

from __future__ import annotations

import base64
import os
import stat
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from annexlog.evidence_store.model import ConfigError

_ED25519 = b"\x01"
_MAX_FILE = 4096


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


def generate(path: Path, name: str | None = None) -> Verifier:
    """Make a key in a new file (mode 0600), and its verifier's in `<path>.pub`; returns the latter.

    `name` names the log as well; if not given, it is made of the public key, so that no two logs share it.
    Raises ConfigError: a file is there already, it cannot be written, no key can have this name.
    """
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    signer = Signer(name or f"annexlog/{sha256(public).hexdigest()[:16]}", private.private_bytes_raw())
    if not valid_name(signer.name):
        raise ConfigError(f"{name!r} has spaces or a plus sign; a key's name has none.", where=str(path))
    _create(path, signer.text, 0o600)
    try:
        _create(path.with_name(f"{path.name}.pub"), signer.verifier.text, 0o644)
    except ConfigError:
        path.unlink()
        raise
    return signer.verifier


def _create(path: Path, text: str, mode: int) -> None:
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
            file.write(f"{text}\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise ConfigError("there is a key here already.", where=str(path), next="Keep it, or move it away.") from error
    except OSError as error:
        raise ConfigError(
            f"the key cannot be written: {error.strerror}.", where=str(path), next="Check the folder."
        ) from error


def load(path: Path) -> Signer:
    """The signing key in a file. Raises ConfigError: missing, malformed, or readable by others than its owner."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            data = file.read(_MAX_FILE)
    except OSError as error:
        raise ConfigError(
            f"the signing key cannot be read: {error.strerror}.", where=str(path), next="Make one: annexlog init"
        ) from error
    if mode & 0o077:
        raise ConfigError(
            f"others can read or change the signing key (mode {mode:04o}).",
            where=str(path),
            next=f"Run `chmod 600 {path}`; if others may have seen it, make a new key.",
        )
    try:
        return Signer.parse(data.decode().removesuffix("\n"))
    except ValueError as error:
        raise ConfigError(
            f"this is not a signing key in C2SP form: {error}.", where=str(path), next="Restore it from a copy."
        ) from error


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
