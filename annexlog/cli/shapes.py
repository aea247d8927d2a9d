"""The shapes of `--json`: documented, each with a JSON Schema (docs/json/, generated). Times are RFC 3339 with Z."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

StateName = Literal["met", "deviating", "not_met", "unknown", "not_tested", "excluded"]
StatusName = Literal["pass", "fail", "not_applicable", "unknown"]


class Shape(msgspec.Struct, kw_only=True):
    """One JSON object."""


class Reason(Shape):
    """Why something is unknown; `operation` and `permission` say which call would mend it."""

    reason: str
    operation: str
    permission: str
    code: str


class Counts(Shape):
    """Outcomes by status, those covered by an exception included."""

    pass_: int = msgspec.field(name="pass", default=0)
    fail: int = 0
    unknown: int = 0
    not_applicable: int = 0


class Freshness(Shape):
    """`oldest`: the start of the oldest look that an outcome rests on. `stale`: outcomes too old to count."""

    oldest: str | None
    stale: int


class TestEntry(Shape):
    """One test of a control. `counted` is false while a new test is only observed."""

    test: str
    strength: Literal["primary", "secondary"]
    severity: Literal["critical", "high", "medium", "low"]
    state: StateName
    reason: str
    counts: Counts
    excepted: int
    counted: bool


class ControlEntry(Shape):
    """One of the 93 controls."""

    control: str
    title: str
    theme: Literal["organizational", "people", "physical", "technological"]
    state: StateName
    reason: str
    counts: Counts
    tests: list[TestEntry]
    freshness: Freshness


class AnchorEntry(Shape):
    """One anchor. `anchored`: the largest log that it has a checkpoint of. `state`: how the last attempt ended whose
    outcome was new, `since` then.
    """

    name: str
    kind: str
    place: str
    anchored: int
    records: int
    state: str | None
    since: str | None
    reason: Reason | None


class Status(Shape):
    """`annexlog status --json`."""

    at: str
    known_at: str | None
    controls: list[ControlEntry]
    retired_scopes: list[str]
    anchors: list[AnchorEntry]


class Outcome(Shape):
    """One of `annexlog outcomes --json`: one test on one resource (`*`: a population that was not seen whole)."""

    test: str
    resource: str
    type: str
    scope: str
    status: StatusName
    reason: Reason | None
    cause: str
    observed_at: str | None
    since: str | None
    run: int | None
    exception: str | None


class Outcomes(Shape):
    """`annexlog outcomes --json`."""

    at: str
    known_at: str | None
    outcomes: list[Outcome]


class Facet(Shape):
    """What one facet said: `unknown` instead of `value` where it was not seen."""

    facet: str
    value: Any
    unknown: Reason | None


class Evidence(Shape):
    """One resource that a test judged, with the facets it read."""

    outcome: Outcome
    facets: list[Facet]


class Control(Shape):
    """`annexlog show CONTROL --json`."""

    at: str
    known_at: str | None
    control: ControlEntry
    says: str
    can_show: str
    not_shown: str
    manual: list[str]
    failing: list[Evidence]


class Change(Shape):
    """One of `annexlog history --json`: when an outcome or state became what it is called."""

    at: str
    test: str
    resource: str
    scope: str
    status: StatusName
    reason: Reason | None
    cause: str
    run: int


class History(Shape):
    """`annexlog history --json`."""

    subject: str
    changes: list[Change]


class Beside(Shape):
    """A population beside its second source. `said`: how many that says there are, null if it could not be asked.

    `missing`: what it names that was not looked at, and why. `least`: it may know of fewer than there are.
    """

    scope: str
    type: str
    listed: int
    source: str
    said: int | None
    why: str
    missing: dict[str, str]
    least: bool


class Population(Shape):
    """`annexlog population --json`: one population as it was, and how it was seen."""

    at: str
    known_at: str | None
    scope: str
    type: str
    coverage: str
    start: str | None
    end: str | None
    run: int | None
    refusal: Reason | None
    provenance: dict[str, Any]
    resources: list[str]
    beside: list[Beside]


class RunEntry(Shape):
    """One record of the log."""

    seq: int
    recorded: str
    kind: str
    target: str
    scope: str
    caller: str
    lines: int
    coverage: dict[str, int]
    at: str | None


class Runs(Shape):
    """`annexlog runs --json`."""

    runs: list[RunEntry]


class Unseen(Shape):
    """Something a collection could not see, and why."""

    scope: str
    type: str
    facet: str
    reason: Reason


class Collected(Shape):
    """`annexlog collect --json`. `unreachable`: {target: why there was no connection at all}."""

    slot: str
    runs: int
    resources: int
    calls: int
    unreachable: dict[str, str]
    unseen: list[Unseen]
    collapsed: list[dict[str, Any]]
    changed: dict[str, int]
    newly_not_met: list[str]
    not_anchored: dict[str, str]
    interrupted: bool
    exit_code: int


class Finding(Shape):
    """Something in the store that is not what the log committed to."""

    where: str
    what: str


class Anchors(Shape):
    """`annexlog anchor list --json`. `never_anchored`: the sizes of checkpoints that each anchor does not have."""

    anchors: list[AnchorEntry]
    never_anchored: dict[str, list[int]]


class Verified(Shape):
    """`annexlog verify --json`. `shown`: what timestamps and witnesses vouch for."""

    ok: bool
    records: int
    findings: list[Finding]
    total_findings: int
    shown: list[str]
    not_seen_without_anchor: list[str]


class Gap(Shape):
    """A time in which a line was due and nothing was seen."""

    scope: str
    type: str
    facet: str
    start: str
    end: str
    reason: str


class Gaps(Shape):
    """`annexlog gaps --json`."""

    start: str
    end: str
    gaps: list[Gap]
    differences: list[Beside]


class ProofMade(Shape):
    """`annexlog proof make --json`: the file, the line it proves, and the record of the look."""

    file: str
    scope: str
    type: str
    facet: str
    run: int
    end: str
    entries: int


class ProofChecked(Shape):
    """`annexlog proof check --json`: what the proof proves.

    `resources`: {id: SHA-256 of what was seen of it}; `disposed`: how many were seen besides, of which nothing can be
    shown any more. `outcomes`: {id: status}, of a test. `newest`: the record of the newest look, by what was recorded
    from `known_at` to `known_until` (null: not shown); `known`: the last record then.
    """

    scope: str
    type: str
    facet: str
    coverage: str
    start: str
    end: str
    run: int
    recorded: str
    resources: dict[str, str]
    outcomes: dict[str, StatusName]
    disposed: int
    newest: int
    known: int
    known_at: str
    known_until: str | None
    records: int


class ReplayDifference(Shape):
    """A verdict that replays otherwise."""

    test: str
    resource: str
    scope: str
    recorded: StatusName | None
    replayed: StatusName | None


class Replayed(Shape):
    """`annexlog replay --json`. `disposed`: outcomes of which evidence was disposed of, so that nobody can tell."""

    run: int
    at: str
    outcomes: int
    disposed: int
    differences: list[ReplayDifference]


class Check(Shape):
    """One line of `annexlog doctor --json`."""

    what: str
    state: Literal["ok", "warn", "missing"]
    detail: str
    mend: str


class Doctor(Shape):
    """`annexlog doctor --json`."""

    checks: list[Check]


class LogKey(Shape):
    """One of a log's keys. `since`: since when it has this status; of a compromised key, since when it may be taken."""

    key: str
    status: Literal["current", "retired", "compromised", "lost"]
    since: str


class Keys(Shape):
    """`annexlog key show --json`. `record`: that which announces `keys`; null if the log has only its first key."""

    key: str
    file: str
    encrypted: bool
    record: int | None
    keys: list[LogKey]


DOCUMENTED: dict[str, type[Shape]] = {
    "anchor": Anchors,
    "collect": Collected,
    "doctor": Doctor,
    "gaps": Gaps,
    "history": History,
    "key": Keys,
    "outcomes": Outcomes,
    "population": Population,
    "proof-check": ProofChecked,
    "proof-make": ProofMade,
    "replay": Replayed,
    "runs": Runs,
    "show": Control,
    "status": Status,
    "verify": Verified,
}
"""The document that each command prints with `--json`."""
