"""The key that redacted values are committed to with: it outlives the signing key, so that commitments stay comparable.

It follows from the log's signing key until that is changed for the first time. The rotation then puts it into a file of
its own, `<key>.redaction`, in the form of a signing key and encrypted as that is. Where the file is missing, values are
committed to anew, and read as changed once; nothing else depends on it.
"""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

from annexlog.evidence_store import keys, secret_files
from annexlog.evidence_store.keys import Passphrase, Signer
from annexlog.evidence_store.model import ConfigError

_NAME = "annexlog/redaction"


def load(path: Path, signer: Signer, passphrase: Passphrase) -> bytes:
    """The 32 bytes of the key; `path` is the signing key's. Raises ConfigError: it is there and cannot be read."""
    own = keys.redaction_path(path)
    return keys.load(own, passphrase).seed if own.exists() else _derived(signer)


def keep(path: Path, leaving: Signer | None, secret: bytes | None, *, known: bool) -> None:
    """Have it outlive the signing key at `path`, `leaving`; None: nobody has that any more.

    `secret`: the passphrase to encrypt it with. `known`: somebody else may know the signing key, and with it this one:
    it is made anew, as it is where it cannot be opened. Raises ConfigError.
    """
    own = keys.redaction_path(path)
    if own.exists() and not known and _opens(own, secret):
        return
    seed = os.urandom(32) if known or leaving is None or own.exists() else _derived(leaving)
    secret_files.replace(own, keys.text(Signer(_NAME, seed), secret), wipe=own.exists())


def _derived(signer: Signer) -> bytes:
    """A secret of its own: the key's signature of a text that is never published."""
    return sha256(signer.sign(b"annexlog/redaction/1")).digest()


def _opens(path: Path, secret: bytes | None) -> bool:
    try:
        keys.load(path, None if secret is None else lambda: secret)
    except ConfigError:
        return False
    return True
