"""Where a store is that is no file: the URL of a PostgreSQL database."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from annexlog.evidence_store.backend import Row
from annexlog.evidence_store.model import StoreError

if TYPE_CHECKING:
    from annexlog.evidence_store.postgres import Postgres

_SCHEMES = ("postgresql://", "postgres://")


def is_url(text: object) -> bool:
    return str(text).startswith(_SCHEMES)


@dataclass(frozen=True, slots=True)
class Database:
    """A database that holds a store. `folder`: where its local files go (spools, locks); None: the temporary folder.

    It has those members of a Path that callers need who put files beside a store. Its text has no password.
    """

    url: str = field(repr=False)
    folder: Path | None = None

    def __str__(self) -> str:
        name: str = _postgres().Place(self.url).name
        return name

    @property
    def parent(self) -> Path:
        return self.folder or Path(tempfile.gettempdir())

    @property
    def name(self) -> str:
        """What the names of its local files begin with: another database has another."""
        return f"postgresql-{sha256(str(self).encode()).hexdigest()[:12]}"

    def with_name(self, name: str) -> Path:
        return self.parent / name

    def exists(self) -> bool:
        """Whether there is a store. Raises StoreError if the server cannot be asked."""
        postgres = _postgres()
        return bool(postgres.look(postgres.Place(self.url)))

    def open(self, *, create: bool, readonly: bool, timeout: float) -> Postgres:
        """Raises StoreError."""
        opened: Postgres = _postgres().Postgres(self.url, create=create, readonly=readonly, timeout=timeout)
        return opened

    def filling(self, timeout: float) -> AbstractContextManager[Callable[[str, Iterable[Row]], int]]:
        """One transaction that fills an empty store: see `postgres_filling`."""
        place = _postgres().Place(self.url)
        from annexlog.evidence_store import postgres_filling  # noqa: PLC0415 — needs psycopg

        return postgres_filling.filling(place, timeout)

    def grant(self, prefix: str, timeout: float = 60.0) -> list[str]:
        """Make the store's roles: see `postgres_filling`."""
        place = _postgres().Place(self.url)
        from annexlog.evidence_store import postgres_filling  # noqa: PLC0415 — needs psycopg

        return postgres_filling.grant(place, prefix, timeout)


def _postgres() -> Any:
    try:
        from annexlog.evidence_store import postgres  # noqa: PLC0415 — needs psycopg, and only who uses it
    except ImportError:
        raise StoreError(
            "a store in PostgreSQL needs a driver that is not installed.",
            next="Install it: pip install annexlog[postgres]",
        ) from None
    return postgres
