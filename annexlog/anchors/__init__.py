"""Anchors: where checkpoints go, out of reach of whoever can write the store and holds its key."""

from __future__ import annotations

import os
from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import msgspec

from annexlog.evidence_store.anchors import Receipt, Token
from annexlog.evidence_store.checkpoint import Checkpoint
from annexlog.evidence_store.keys import Signer
from annexlog.evidence_store.layout import sha256
from annexlog.evidence_store.merkle import Tree
from annexlog.evidence_store.model import Millis, Unknown, duration

MAX_SECRET = 64 * 1024
"""A file that holds a secret is never longer, in bytes."""
MAX_TIMEOUT = 120


class Refused(Exception):
    """An anchor did not take a checkpoint. `reason` is one of `model.REASONS`; `message` holds no secret.

    `code`: the other side's own word for it; `permission`: what would mend it; `next`: what to do.
    """

    def __init__(self, reason: str, message: str, *, code: str = "", permission: str = "", next: str = "") -> None:
        super().__init__(message)
        self.reason, self.message, self.code, self.permission, self.next = reason, message, code, permission, next

    def unknown(self, operation: str) -> Unknown:
        return Unknown(self.reason, operation, self.permission, self.code)


@dataclass(frozen=True)
class Job:
    """One checkpoint to be sent. `kind`: `<kind>:<name>`. `before`: this anchor's newest token, if it has any.

    `tree`: the log of at least that size, for proofs. `folder`: where relative paths start.
    """

    kind: str
    checkpoint: Checkpoint
    tree: Tree
    signer: Signer
    now: Millis
    folder: Path
    before: Token | None = None

    @cached_property
    def note(self) -> bytes:
        return self.checkpoint.encode()

    def receipt(self, detail: str) -> bytes:
        """Our own signed word that it was sent."""
        made = Receipt(self.kind, self.checkpoint.size, sha256(self.note), self.now, detail)
        return made.encode(self.signer)

    def extends(self, other: Checkpoint) -> bool:
        """Whether another checkpoint is of this log, or of its beginning."""
        same = other.origin == self.checkpoint.origin and other.size <= self.checkpoint.size
        return same and self.tree.root(other.size) == other.root


class Anchor(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A configured anchor: its options, and how to send to it.

    `every`: how often at most (ISO 8601); the default is after each turn. `timeout`: seconds that sending may take.
    """

    kind: ClassVar[str]
    every: str = "PT0S"
    timeout: int = 20

    @abstractmethod
    def place(self) -> str:
        """Where it is, in a few words and without secrets."""

    @abstractmethod
    def send(self, job: Job) -> bytes:
        """Send a checkpoint; returns the token to keep. Raises Refused."""

    def check(self) -> None:
        """Raises ValueError if the options contradict themselves."""
        duration(self.every)
        if not 1 <= self.timeout <= MAX_TIMEOUT:
            raise ValueError(f"timeout is a number of seconds from 1 to {MAX_TIMEOUT}")

    def ready(self, folder: Path) -> None:
        """Raises Refused if something that sending needs is missing on this host. Asks nobody."""


def environment(name: str) -> str:
    """A secret from the environment. Raises Refused."""
    value = os.environ.get(name, "")
    if not value:
        raise Refused("unauthenticated", f"{name} is not set in the environment", next=f"Set {name}.")
    if not value.isprintable():
        raise Refused("unauthenticated", f"{name} has line breaks or control characters", next=f"Set {name} anew.")
    return value


def from_file(path: Path) -> str:
    """A secret from a file. Raises Refused: it cannot be read, or others may read it."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode & 0o777
            data = file.read(MAX_SECRET + 1)
    except OSError as error:
        raise Refused("unauthenticated", f"{path}: {error.strerror}", next=f"Make {path} readable.") from None
    if mode & 0o077:
        raise Refused("unauthenticated", f"others can read {path}", next=f"Run `chmod 600 {path}`.")
    text = data.decode(errors="replace").strip()
    if not text or len(data) > MAX_SECRET or not text.isprintable():
        raise Refused("unauthenticated", f"{path} holds no one-line secret", next=f"Write it to {path} anew.")
    return text
