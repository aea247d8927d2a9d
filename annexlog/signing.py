"""The signing key of a configuration, and where its passphrase comes from: never an argument or a variable's value."""

from __future__ import annotations

import os
import sys
from functools import cache
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING

from annexlog.evidence_store import keys, secret_files
from annexlog.evidence_store.model import ConfigError

if TYPE_CHECKING:
    from annexlog.config import Config

VARIABLE = "ANNEXLOG_PASSPHRASE_FILE"
"""Names the file of the passphrase, where the configuration does not."""

MINIMUM = 12
"""Bytes of a passphrase that a key is encrypted with."""


def signer(config: Config, given: Path | None = None) -> keys.Signer:
    """The configured signing key, opened. Raises ConfigError."""
    try:
        return keys.load(config.key, passphrase(config, given))
    except ConfigError:
        _asked.cache_clear()  # what was typed may have been wrong
        raise


def passphrase(config: Config, given: Path | None = None) -> keys.Passphrase:
    """Where the passphrase of the configured key is: `given`, the configuration, the variable, or a person's mind.

    A person is asked on the terminal, once in the life of the process. What is returned raises ConfigError.
    """
    file = given or _file(config)
    return (lambda: read(file)) if file else (lambda: _asked(config.key))


def new_passphrase(config: Config, given: Path | None = None) -> bytes:
    """The passphrase to encrypt the configured key with, from the same places; a person types it twice.

    Raises ConfigError: they differ, it is short, or there is none.
    """
    file = given or _file(config)
    if file is None:
        typed = _typed("New passphrase", config.key)
        if _typed("Again", config.key) != typed:
            raise ConfigError("the two passphrases differ; nothing was changed.", where=str(config.key))
    else:
        typed = read(file)
    if len(typed) < MINIMUM:
        raise ConfigError(
            f"a passphrase has at least {MINIMUM} characters; nothing was changed.",
            where=str(file or config.key),
            next="A good one: openssl rand -base64 24",
        )
    return typed


def read(file: Path) -> bytes:
    """The passphrase in a file: its first line. Raises ConfigError: missing, empty, or others can read it."""
    data = secret_files.read(file, "the passphrase", "Check the path, and who may read it.")
    line = data.split(b"\n", 1)[0].removesuffix(b"\r")
    if not line or len(data) >= secret_files.MAX_FILE:
        raise ConfigError("the passphrase cannot be read: it is the file's first line.", where=str(file))
    return line


def _file(config: Config) -> Path | None:
    named = os.environ.get(VARIABLE)
    return config.key_passphrase_file or (Path(named) if named else None)


@cache
def _asked(key: Path) -> bytes:
    return _typed("Passphrase", key)


def _typed(what: str, key: Path) -> bytes:
    if not sys.stdin.isatty():
        raise ConfigError(
            "the signing key is encrypted, and nobody is there to ask.",
            where=str(key),
            next=f"Name the file of its passphrase: key_passphrase_file in annexlog.toml, or {VARIABLE}.",
        )
    return getpass(f"{what} of {key}: ").encode()
