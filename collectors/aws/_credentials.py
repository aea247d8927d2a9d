"""Who asks: credentials that follow the calling thread, so that one client serves every account."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError
from botocore.session import Session

from annexlog.collectors import Refused
from annexlog.evidence_store.model import JSON

_EARLY = 300.0  # seconds before its end that a role's session is renewed: longer than any one call
_REMEMBERED = 300.0  # seconds that a refused role is not asked for again: each of its calls would
_GIVEN = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")


def member(body: Mapping[str, JSON], name: str) -> JSON:
    """What an answer must have. Raises Refused."""
    value = body.get(name)
    if value is None:
        raise Refused("unreadable", "MissingMember", f"the answer lacks {name}")
    return value


class Source(Protocol):
    """Where credentials come from."""

    def frozen(self) -> ReadOnlyCredentials:
        """The credentials of now. Raises Refused or a botocore error."""
        ...

    def renewed(self, used: ReadOnlyCredentials) -> ReadOnlyCredentials:
        """Others than these, which the provider says have expired; the same if there are none. Raises as `frozen`."""
        ...


_CREDENTIALS: ContextVar[ReadOnlyCredentials] = ContextVar("annexlog_aws_credentials")


@contextmanager
def asking_with(credentials: ReadOnlyCredentials) -> Iterator[None]:
    """Requests made inside, by this thread, are signed with these."""
    token = _CREDENTIALS.set(credentials)
    try:
        yield
    finally:
        _CREDENTIALS.reset(token)


class Current:
    """What botocore takes for credentials: those of the request at hand. Its signer reads them in the calling thread."""

    method = "annexlog"

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        return _CREDENTIALS.get()

    def get_deferred_property(self, name: str) -> Callable[[], None]:  # noqa: ARG002 — botocore's signature
        """No endpoint is named after the account: the client is every account's."""
        return lambda: None

    def load_credentials(self) -> Current:
        """Stand in for botocore's chain of credential providers, too."""
        return self


class Base:
    """The caller's own, found and refreshed by botocore (environment, profile, SSO, container, instance)."""

    def __init__(self, session: Session) -> None:
        self._session, self._lock = session, threading.Lock()

    def frozen(self) -> ReadOnlyCredentials:
        with self._lock:
            found = self._session.get_credentials()
        if found is None:
            raise NoCredentialsError
        frozen: ReadOnlyCredentials = found.get_frozen_credentials()
        return frozen

    def renewed(self, used: ReadOnlyCredentials) -> ReadOnlyCredentials:  # noqa: ARG002 — botocore renews by time alone
        return self.frozen()


@dataclass(slots=True)
class Role:
    """A role's session, renewed before it ends; a refusal is remembered, so that one closed door costs one call.

    `assume()` gives the answer of sts:AssumeRole or raises Refused; `now()` is in seconds since 1970. `arn`: whom it
    made us, once it did.
    """

    assume: Callable[[], dict[str, Any]]
    now: Callable[[], float]
    arn: str = ""
    _held: ReadOnlyCredentials | None = None
    _ends: float = 0.0
    _refused: tuple[str, str, str] | None = None
    _until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def frozen(self) -> ReadOnlyCredentials:
        with self._lock:
            if self._held is None or self._ends - self.now() < _EARLY:
                self._held = self._renew()
            return self._held

    def _renew(self) -> ReadOnlyCredentials:
        if self._refused and self.now() < self._until:
            raise _shut(*self._refused)
        try:
            answer = self.assume()
            given, role = member(answer, "Credentials"), member(answer, "AssumedRoleUser")
            key, secret, token, ends = (member(given, name) for name in _GIVEN)
            self.arn = member(role, "Arn")
        except Refused as refused:
            said = (refused.reason, refused.code, refused.message)
            if refused.reason in {"denied", "unauthenticated"}:
                self._refused, self._until = said, self.now() + _REMEMBERED
            raise _shut(*said) from None
        self._refused = None
        self._ends = datetime.fromisoformat(ends).timestamp()
        return ReadOnlyCredentials(key, secret, token)

    def renewed(self, used: ReadOnlyCredentials) -> ReadOnlyCredentials:
        with self._lock:
            if self._held == used:  # else another thread was quicker
                self._held = None
        return self.frozen()


def _shut(reason: str, code: str, message: str) -> Refused:
    # A code of its own: no declaration's `absent` or `gone` may take it for an answer to its call.
    refused = Refused(reason, f"AssumeRole.{code}", message)
    refused.operation, refused.permission = "sts.assume_role", "sts:AssumeRole"
    return refused
