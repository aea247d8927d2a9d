"""Connections to PostgreSQL, and its errors as the store's own, with no password in any of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg import conninfo
from psycopg.adapt import Dumper

from annexlog.evidence_store.backend import Deadlock
from annexlog.evidence_store.model import StoreBusy, StoreDamaged, StoreError, StoreFull
from annexlog.evidence_store.postgres_schema import SCHEMA

Connection = psycopg.Connection[tuple[Any, ...]]

_SETTINGS: Final = {
    "application_name": "annexlog",
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
"""What a connection has where its URL does not say otherwise: a peer that is gone is noticed within a minute."""
_TOLD: Final = ("host", "hostaddr", "port", "dbname", "user", "service")
_UNCERTAIN: Final = "Run it again: what was recorded already is not recorded twice."
_REACH: Final = "See that the server runs and that the URL, the user and the password are right (PGPASSFILE, service)."
_RIGHTS: Final = "Use a role that may (annexlog store init makes them), or ask the store's owner."

_BY_STATE: Final[dict[str, tuple[type[StoreError], str, str]]] = {
    "55P03": (StoreBusy, "another program is writing to the store.", "Try again."),
    "40P01": (Deadlock, "another program was writing to the store.", "Try again."),
    "40001": (Deadlock, "another program was writing to the store.", "Try again."),
    "57014": (StoreBusy, "the server gave up a statement that took too long.", "Try again."),
    "25P03": (StoreBusy, "this program had stopped for too long in the middle of a recording.", _UNCERTAIN),
    "53300": (StoreBusy, "the server has no connection left.", "Try again, or let the server have more connections."),
    "53100": (StoreFull, "the server's disk is full; nothing was recorded.", "Make room, and run it again."),
    "53200": (StoreFull, "the server is out of memory; nothing was recorded.", "Give it more, and run it again."),
    "58030": (StoreFull, "the server's disk refused a write or a read.", "See the server's log."),
    "42501": (StoreError, "the server does not let this user do that", _RIGHTS),
    "42P01": (StoreError, "there is no evidence store here.", "Make one: annexlog store init"),
    "3F000": (StoreError, "there is no evidence store here.", "Make one: annexlog store init"),
    "XX001": (StoreDamaged, "the server found a damaged page", "Restore a copy, and run `annexlog verify` on it."),
    "XX002": (StoreDamaged, "the server found a damaged index", "Rebuild it (REINDEX), and run `annexlog verify`."),
}


class _Number(Dumper):
    """Numbers whose type the statement says, not their size: else each size would be planned anew."""

    def dump(self, obj: int) -> bytes:
        return b"%d" % obj

    def quote(self, obj: int) -> bytes:
        return self.dump(obj)


class Place:
    """A database that a URL leads to. `name` says which, without a password."""

    def __init__(self, url: str) -> None:
        """Raises StoreError."""
        try:
            given = conninfo.conninfo_to_dict(url)
            [int(port or 0) for port in str(given.get("port") or "").split(",")]
        except (psycopg.ProgrammingError, ValueError):  # its text repeats what may be a part of the password
            raise StoreError(
                "the store's URL cannot be read; expected postgresql://user@host:port/database.",
                next="Write special characters of a part as %XX.",
            ) from None
        self._secrets = [str(given[key]) for key in ("password", "sslpassword") if given.get(key)]
        self._info = conninfo.make_conninfo("", **{**_SETTINGS, **{k: v for k, v in given.items() if v is not None}})
        told = {key: str(given[key]) for key in _TOLD if given.get(key)}
        self.name = _printed(told)

    def connect(self, timeout: float) -> Connection:
        """A connection in autocommit mode that waits `timeout` seconds for a lock. Raises StoreError."""
        with self.translated():
            connection = psycopg.connect(self._info, autocommit=True)
            connection.adapters.register_dumper(int, _Number)
            milliseconds = max(1, round(timeout * 1000))
            settings = (
                f"SET search_path = {SCHEMA}; SET lock_timeout = {milliseconds}; SET client_encoding = 'UTF8'; "
                f"SET idle_in_transaction_session_timeout = {max(1, milliseconds // 2)}; "
                "SET default_transaction_isolation = 'read committed'"
            )
            connection.execute(settings.encode())
        return connection

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Within, PostgreSQL's errors are raised as the store's own."""
        try:
            yield
        except psycopg.Error as error:
            raise self.own(error) from None  # its text and its frames may hold a password

    def own(self, error: psycopg.Error) -> StoreError:
        """The store's own error for one of PostgreSQL's."""
        state = error.sqlstate or ""
        told = self._scrubbed(error.diag.message_primary or str(error).strip().split("\n", maxsplit=1)[0])
        if state in _BY_STATE:
            kind, what, next = _BY_STATE[state]
            return kind(what if what.endswith(".") else f"{what}: {told}.", where=self.name, next=next)
        if state.startswith("53"):
            return StoreFull(f"the server lacks what it needs: {told}.", where=self.name, next="See the server's log.")
        if state.startswith(("28", "3D")):
            return StoreError(f"the server refused the connection: {told}.", where=self.name, next=_REACH)
        if state.startswith(("08", "57P")) or (not state and isinstance(error, psycopg.OperationalError)):
            lost = f"the connection to the server cannot be made, or was lost: {told}."
            return StoreError(lost, where=self.name, next=f"{_REACH} {_UNCERTAIN}")
        return StoreError(f"the store refused: {told}.", where=self.name)

    def _scrubbed(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text.rstrip(".")


def _printed(told: dict[str, str]) -> str:
    if "service" in told and len(told) == 1:
        return f"postgresql://?service={told['service']}"
    user = f"{told['user']}@" if "user" in told else ""
    host = told.get("host") or told.get("hostaddr", "")
    local = host.startswith("/")
    port = f":{told['port']}" if "port" in told else ""
    rest = f"?host={host}" if local else ""
    return f"postgresql://{user}{'' if local else host}{port}/{told.get('dbname', '')}{rest}"
