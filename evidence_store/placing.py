"""Make a file that others may rely on: whole and the owner's alone, or not there at all; never over another."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from annexlog.evidence_store.model import StoreError
from annexlog.evidence_store.sqlite import full, sync

_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EOPNOTSUPP}
_SIDE_FILES = ("", "-wal", "-shm", "-journal")


@contextmanager
def placed(target: Path) -> Iterator[Path]:
    """Give an empty file (mode 0600) in the target's folder to write to; at the end it gets its name, else it goes.

    Raises StoreError: there is such a file already, no such folder; StoreFull.
    """
    if not target.parent.is_dir():
        raise StoreError("there is no such folder.", where=str(target.parent), next="Make it, or correct the path.")
    _free(target)
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        os.close(handle)
    except OSError as error:
        raise full(error, target.parent) from error
    try:
        yield Path(name)
        _settle(Path(name), target)
    finally:
        for ending in _SIDE_FILES:
            Path(name + ending).unlink(missing_ok=True)


def _free(target: Path) -> None:
    if target.exists() or target.is_symlink():
        raise StoreError("there is such a file already.", where=str(target), next="Give another name.")


def _settle(made: Path, target: Path) -> None:
    """Write it through to the disk, and give it its name."""
    try:
        sync(made)
        try:
            os.link(made, target)  # unlike a rename it refuses to replace what came there meanwhile
        except FileExistsError:
            _free(target)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            _free(target)
            made.rename(target)
        sync(target.parent)
    except OSError as error:
        raise full(error, target) from error
