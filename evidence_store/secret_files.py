"""Files that nobody else may read: signing keys and passphrases. Read once they are known to be such, written whole."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from annexlog.evidence_store.model import ConfigError

MAX_FILE = 4096
"""Bytes of a key or a passphrase; what is longer is cut and then refused by whoever reads it."""

_CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""systemd names the folder of a service's credentials so. It lets the service in by an ACL, which `stat` shows as if
the group could read: only there the group's bit means nothing."""


def read(path: Path, what: str, missing: str) -> bytes:
    """At most `MAX_FILE` bytes of a regular file that only its owner can use; `what` it is called in errors.

    Raises ConfigError (`missing`: what to do where it cannot be read): missing, a link, folder, pipe or device, or
    open to others.
    """
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise ConfigError(f"{what} cannot be read: this is not a file.", where=str(path), next=missing)
            _private(path, what, stat.S_IMODE(found.st_mode))
            return file.read(MAX_FILE)
    except OSError as error:
        if error.errno == errno.ELOOP and path.is_symlink():
            raise ConfigError(
                f"{what} cannot be read: this is a link.",
                where=str(path),
                next=f"Name the file itself: {path.resolve() if path.exists() else path.readlink()}",
            ) from error
        said = "this is not a file" if error.errno == errno.EISDIR else error.strerror
        raise ConfigError(f"{what} cannot be read: {said}.", where=str(path), next=missing) from error


def _private(path: Path, what: str, mode: int) -> None:
    folder = os.environ.get(_CREDENTIALS)
    others = 0o037 if folder and path.parent.resolve() == Path(folder).resolve() else 0o077
    if mode & others:
        raise ConfigError(
            f"others can read or change {what} (mode {mode:04o}).",
            where=str(path),
            next=f"Run `chmod 600 {path}`; if others may have seen it, make a new {what.rpartition(' ')[2]}.",
        )


def create(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a new file, safe against a crash. Raises ConfigError: it is there already, or cannot be written."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError as error:
        raise ConfigError("there is a key here already.", where=str(path), next="Keep it, or move it away.") from error
    except OSError as error:
        raise unwritable(path, error) from error
    try:
        with os.fdopen(handle, "w") as file:
            file.write(f"{text}\n")
            file.flush()
            os.fsync(file.fileno())
        _sync(path.parent)
    except OSError as error:
        path.unlink(missing_ok=True)  # half a key is none, and would be in the way of the next
        raise unwritable(path, error) from error


def replace(path: Path, text: str, mode: int = 0o600, *, wipe: bool = False) -> None:
    """Write a file in the place of another: at every moment either is there whole. Raises ConfigError."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    create(new, text, mode)
    move(new, path, wipe=wipe)


def move(path: Path, to: Path, *, wipe: bool = False) -> None:
    """Put a file in the place of another. `wipe`: the other's bytes are then overwritten where they lay.

    An SSD, a snapshot or a copy-on-write file system may keep them all the same. Raises ConfigError.
    """
    try:
        before = os.open(to, os.O_WRONLY | os.O_NOFOLLOW) if wipe else None
        path.replace(to)
        _sync(to.parent)
        if before is not None:
            with os.fdopen(before, "wb", buffering=0) as file:
                file.write(bytes(os.fstat(before).st_size))
                os.fsync(before)
    except OSError as error:
        raise unwritable(to, error) from error


def copy(path: Path, to: Path) -> None:
    """Copy a private file into the place of another. Raises ConfigError."""
    replace(to, read(path, "the signing key", "Check the folder.").decode().removesuffix("\n"))


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def unwritable(path: Path, error: OSError) -> ConfigError:
    return ConfigError(f"the key cannot be written: {error.strerror}.", where=str(path), next="Check the folder.")
