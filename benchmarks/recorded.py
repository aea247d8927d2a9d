"""An estate's polls and assessments as they are recorded, with the provenance that collectors give."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from uuid import UUID

from annexlog.evidence_store.model import JSON, Coverage, Line, Millis, Outcome, Run, Status, Sweep, Unknown
from annexlog.evidence_store.store import Assessment, JudgedLine, Store
from benchmarks.estate import Estate, Kind

TESTS = 4
"""Of each type."""

_PASS, _FAIL = Outcome(Status.PASS), Outcome(Status.FAIL)
_UNKNOWN = Outcome(Status.UNKNOWN, Unknown("denied", "get_bucket_policy", "s3:GetBucketPolicy", "AccessDenied"))


def poll(store: Store, estate: Estate, at: Millis) -> None:
    """Look at everything once: a run of each scope, that of the scopes themselves first."""
    target = Line("target/main", "scope")
    with store.spool() as spool:
        for scope in estate.scopes:
            spool.add(target, scope, {"provider": scope.partition("/")[0], "level": "region", "name": scope})
        sweep = Sweep(target, Coverage.COMPLETE, at - 1000, at, provenance=_told(target, at, len(estate.scopes)))
        store.record(Run(f"main {at}", "collect", "main", "target/main", (sweep,)), spool, recorded=at)
    for place, scope in enumerate(estate.scopes):
        end = at + 1000 * place
        with store.spool() as spool:
            sweeps = []
            for line, kind in estate.lines(scope):
                count = 0
                for id, body in estate.look(scope, kind, line.facet):
                    spool.add(line, id, body)
                    count += 1
                told, rules = _told(line, end, count), {"ignore": ["ResponseMetadata"]}
                begun = end - 300 - hash_of(line, end) % 9000
                sweeps.append(Sweep(line, Coverage.COMPLETE, begun, end, provenance=told, rules=rules))
            store.record(Run(f"{scope} {at}", "collect", "main", scope, tuple(sweeps)), spool, recorded=end)


def assess(store: Store, estate: Estate, at: Millis) -> None:
    """Judge everything once."""
    lines = tuple(
        judged for scope in estate.scopes for kind in estate.kinds(scope) for judged in _judged(estate, scope, kind)
    )
    store.record_assessment(Assessment(f"assess {at}", at, store.size(), lines), recorded=at)


def outcome_line(scope: str, kind: Kind, test: int) -> Line:
    return Line(scope, kind.type, f"outcome:{kind.type}-test-{test}")


def _judged(estate: Estate, scope: str, kind: Kind) -> Iterator[JudgedLine]:
    """Each part of a resource that changes moves some tests' outcomes now and then."""
    inputs = frozenset(line for line, of in estate.lines(scope) if of is kind)
    for test in range(TESTS):
        outcomes = {
            kind.id(n): _UNKNOWN if n % 97 == 0 else _FAIL if (n + ages[test % len(ages)]) % 6 == 0 else _PASS
            for n, ages in estate.ages(scope, kind)
        }
        moved = hashlib.sha256(repr([*estate.ages(scope, kind)]).encode()).digest()
        fixed = hashlib.sha256(f"{scope} {kind.type} {test}".encode()).digest()
        causes = dict.fromkeys(outcomes, "estate")
        yield JudgedLine(outcome_line(scope, kind, test), outcomes, inputs, fixed[:24] + moved[:8], causes)


def hash_of(line: Line, at: Millis) -> int:
    """A number that looks random and is always the same."""
    return int.from_bytes(hashlib.sha256(f"{line} {at}".encode()).digest()[:16], "big")


def _told(line: Line, at: Millis, count: int) -> dict[str, JSON]:
    """How a line was asked (see collectors.engine.Engine.collect)."""
    service, _, noun = line.type.partition(".")[2].partition(".")
    what = "".join(part.title() for part in (line.facet or noun).split("_"))
    asked = hash_of(line, at)
    pages = count if line.facet else -(-count // 1000)
    return {
        "caller": "arn:aws:sts::123456789012:assumed-role/annexlog-reader/annexlog",
        "endpoint": f"https://{service or 'kubernetes'}.eu-west-1.amazonaws.com",
        "items": count,
        "skew_ms": asked % 700 - 350,
        "refusals": [],
        "operations": [
            {
                "operation": f"{'get' if line.facet else 'describe'}_{line.facet or noun}s",
                "permission": f"{service}:{'Get' if line.facet else 'Describe'}{what}",
                "params": {"Name": "*"} if line.facet else {"MaxResults": 1000},
                "calls": pages,
                "pages": pages,
                "items": count,
                "retries": asked % 13 // 12,
                "first_request": str(UUID(int=asked)),
                "last_request": str(UUID(int=hash_of(line, -at))),
            }
        ],
    }
