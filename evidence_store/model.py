"""The ground floor: the words every part speaks in. Imports nothing of ours."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

import orjson

JSON = Any  # what orjson reads and writes; a recursive alias buys nothing but slower checks
Millis = int
"""Milliseconds since 1970-01-01T00:00:00Z. Every time in annexlog is one."""

# ── errors ────────────────────────────────────────────────────────────────────────────────
#
# AnnexlogError                 what happened, where, what to do next; no traceback reaches a user
# ├── ConfigError               annexlog.toml, environment, command-line options
# ├── MappingError              control tests, control pages, registers, settings, exceptions
# ├── DeclarationError          a resource type or plugin that contradicts itself
# ├── ProviderError             no connection can be made at all (one refused call is an Unknown, never this)
# └── StoreError                the evidence store
#     ├── StoreBusy             another writer holds it
#     ├── StoreTooNew           written by a newer version of annexlog
#     ├── StoreFull             the disk refused a write; nothing was half-recorded
#     └── StoreDamaged          bytes are not what the log committed to


class AnnexlogError(Exception):
    """An error a user can act on.

    `what` happened, `where` (file:line, key path, operation) and what to do `next`.
    """

    exit_code = 2

    def __init__(self, what: str, *, where: str = "", next: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.next = what, where, next

    def __str__(self) -> str:
        first = f"{self.where}: {self.what}" if self.where else self.what
        stop = "" if first.endswith((".", "?", "!")) else "."
        return f"{first}{stop} {self.next}" if self.next else first


class ConfigError(AnnexlogError):
    """The configuration cannot be used."""


class MappingError(AnnexlogError):
    """A control test, control page, register, setting or exception cannot be used."""


class DeclarationError(AnnexlogError):
    """A resource type or plugin contradicts itself."""


class ProviderError(AnnexlogError):
    """No connection to a provider can be made at all. `refusal`: what it said, if it said anything."""

    exit_code = 3

    def __init__(self, what: str, *, where: str = "", next: str = "", refusal: Unknown | None = None) -> None:
        super().__init__(what, where=where, next=next)
        self.refusal = refusal


class StoreError(AnnexlogError):
    """The evidence store cannot do what was asked."""


class StoreBusy(StoreError):
    """Another writer holds the store."""


class StoreTooNew(StoreError):
    """The store was written by a newer version of annexlog."""


class StoreFull(StoreError):
    """The disk refused a write; nothing was half-recorded."""


class StoreDamaged(StoreError):
    """Bytes in the store are not what its log committed to."""


# ── time ──────────────────────────────────────────────────────────────────────────────────

_DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_UNITS = (604_800_000, 86_400_000, 3_600_000, 60_000, 1_000)


def duration(text: str) -> Millis:
    """`PT6H`, `P1D`, `P2W` … (ISO 8601, no months or years: they have no fixed length) in milliseconds.

    Raises ValueError.
    """
    match = _DURATION.fullmatch(text)
    if not match or not any(match.groups()):
        raise ValueError(f"{text!r} is not a duration such as PT6H or P1D")
    return sum(int(n) * unit for n, unit in zip(match.groups(), _UNITS, strict=True) if n)


def instant(text: str) -> Millis:
    """An RFC 3339 time, or a date (its first millisecond); without an offset it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def iso(at: Millis) -> str:
    """`2026-11-25T18:20:40.123Z`."""
    seconds, millis = divmod(at, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{millis:03d}Z"


# ── evidence ──────────────────────────────────────────────────────────────────────────────

REASONS = {
    "denied": "the provider refused the read",
    "unauthenticated": "the credentials are missing, wrong or expired",
    "throttled": "the provider kept asking to slow down",
    "failed": "the provider or the network failed",
    "unreadable": "the answer was not what its declaration says",
    "unsupported": "this account, region, licence or version does not offer it",
    "deadline": "the time allowed for the scope ran out",
    "interrupted": "the run was stopped before it looked",
    "conflict": "what is kept there is not of this log, or not its beginning",
    "mixed": "the answer's pages are of different moments",
    "vanished": "the resource was gone when its details were asked for",
    "unlisted": "a bulk answer does not mention the resource",
    "unobserved": "it has not been looked at yet",
    "incomplete": "a population that it is compared with was not seen whole",
    "unresolved": "a resource that it refers to was not found",
    "unclassified": "no label or register says what class it is of",
    "unset": "a register or setting that it needs is not configured",
    "condition_error": "the test's condition could not be evaluated",
    "stale": "the evidence is older than twice the test's interval",
    "retired": "its scope is no longer looked at",
    "not_assessed": "nothing has judged it yet",
    "disposed": "its evidence was disposed of",
}
"""Every reason for an unknown, in words."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Could not look: the value of a facet that was not seen, and the reason of an outcome that cannot be given.

    `operation` and `permission` say which call would mend it; `code` is the provider's own error code.
    Messages and request ids belong to provenance: they would make a version of every retry.
    """

    reason: str
    operation: str = ""
    permission: str = ""
    code: str = ""

    def __str__(self) -> str:
        by = f" ({self.code})" if self.code else ""
        needs = f"; needs {self.permission}" if self.permission and self.reason in ("denied", "unauthenticated") else ""
        at = f": {self.operation}" if self.operation else ""
        return f"{self.reason}{at}{by}{needs}"

    def as_json(self) -> dict[str, str]:
        return {"code": self.code, "operation": self.operation, "permission": self.permission, "reason": self.reason}


def encode(value: JSON | Unknown) -> bytes:
    """The bytes of a body: JSON with sorted keys; an Unknown is `{"$unknown": {…}}`; null is a body too."""
    if isinstance(value, Unknown):
        value = {"$unknown": value.as_json()}
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def decode(body: bytes) -> JSON | Unknown:
    """The value of a body written by `encode`. Raises StoreDamaged if it is none."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise StoreDamaged(f"a body is not JSON ({error}).", next="Run `annexlog verify`.") from error
    if type(value) is dict and len(value) == 1 and "$unknown" in value:
        return Unknown(**value["$unknown"])
    return value


class Line(NamedTuple):
    """What sweeps look at. `facet` "" is the listing itself; its bodies are the resource type's first facet."""

    scope: str
    type: str
    facet: str = ""


class Coverage(StrEnum):
    """How much of a line a sweep saw."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    """Some of it; what it does not show may be there all the same."""
    DENIED = "denied"
    FAILED = "failed"
    UNSUPPORTED = "unsupported"
    SUPPLEMENT = "supplement"
    """Only the resources it carries (a new resource's facets, read before they are due); says nothing of others."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """One look at one line. Age counts from `start`; the answer is of `end`.

    `provenance`: how it was asked (see collectors.engine); kept in the run's manifest, its digest in the log.
    `refusal`: why the line was not seen whole, for every status but complete and supplement.
    `rules`: what was stripped and sorted before hashing, as {"ignore": […], "sets": […]}.
    """

    line: Line
    status: Coverage
    start: Millis
    end: Millis
    refusal: Unknown | None = None
    provenance: Mapping[str, JSON] = field(default_factory=dict)
    rules: Mapping[str, JSON] = field(default_factory=dict)


class Sink(Protocol):
    """Where a collector puts what it saw, resource by resource (a store's spool)."""

    def add(self, line: Line, id: str, value: JSON | Unknown) -> None: ...


@dataclass(frozen=True, slots=True)
class Run:
    """One collection of one scope, to be recorded; its bodies are in the spool it is recorded with.

    `run_key` makes recording idempotent: a digest of target, scope, lines and the slot that was due.
    """

    run_key: str
    kind: str  # collect | dispose | key | moved (an assessment is recorded by its own call)
    target: str
    scope: str
    sweeps: tuple[Sweep, ...]
    caller: str = "-"
    collector: str = "-"
    policy: str = "-"


# ── judgement ─────────────────────────────────────────────────────────────────────────────


class Status(StrEnum):
    """Of an outcome: one test on one resource."""

    PASS = "pass"  # noqa: S105 — a status, not a password
    FAIL = "fail"
    NOT_APPLICABLE = "not_applicable"
    UNKNOWN = "unknown"


class State(StrEnum):
    """Of a test or a control, worst last (`excluded` is a Statement of Applicability's word, not a rank)."""

    MET = "met"
    NOT_TESTED = "not_tested"
    DEVIATING = "deviating"
    UNKNOWN = "unknown"
    NOT_MET = "not_met"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one test on one resource. `reason` is given exactly when the status is unknown."""

    status: Status
    reason: Unknown | None = None


POPULATION = "*"
"""The id under which a test's outcome on an incompletely seen population is recorded."""

ORG = "org"
"""The scope of what the organization itself says: registers, settings, exceptions, definitions …"""


@dataclass(frozen=True, slots=True)
class Seen:
    """The latest sweep of a line, as known at an instant."""

    status: Coverage
    start: Millis
    end: Millis
    seq: int
    refusal: Unknown | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource as known at an instant. `facets[""]` is its listing body; a facet not seen is an Unknown."""

    scope: str
    type: str
    id: str
    facets: Mapping[str, JSON | Unknown]


class Evidence(Protocol):
    """Everything known at one instant (observed `at`, recorded up to log size `upto`): what judging reads."""

    at: Millis
    upto: int

    def scopes(self) -> Mapping[str, Mapping[str, JSON]]:
        """Open scopes by name, with their attributes (provider, target, account, region …), sorted by name."""

    def seen(self, line: Line) -> Seen | None:
        """The line's latest sweep, supplements left out; None if nothing ever looked."""

    def resources(self, scope: str, type: str, facets: Collection[str]) -> Iterator[Resource]:
        """Each resource of the population, by id, with the facets asked for (and always "").

        A known resource that the latest sweep did not show is there, its facets Unknown.
        """

    def documents(self, type: str) -> Mapping[str, JSON]:
        """The organization's own documents of a type (`register`, `setting`, `exception` …) by id."""

    def fingerprint(self, lines: Iterable[Line]) -> bytes:
        """A digest of all that `seen` and `resources` would say of these lines, but for times."""


@dataclass(frozen=True, slots=True)
class TypeShape:
    """What mappings may know of a resource type: names, never calls.

    `level`: which scopes have it (organization, account, region, cluster …).
    `members(facet)`: every field name the provider publishes for that facet, or None where it publishes none.
    `tags`: path of the tags, beginning with a facet's name. `single`: the scope itself is the type's one resource.
    """

    name: str
    facet: str
    facets: tuple[str, ...]
    level: str
    provider: str
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    tags: str | None = None
    single: bool = False
