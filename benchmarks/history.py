"""A store that has a past: what query and verify are measured on."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from annexlog.evidence_store.keys import Signer
from annexlog.evidence_store.model import JSON, Coverage, Line, Millis, Outcome, Run, Status, Sweep, Unknown
from annexlog.evidence_store.store import Assessment, JudgedLine, Store

TYPE = "aws.s3.bucket"
FACETS = ("", "policy", "encryption")
START: Millis = 1_767_323_045_000
DAY = 86_400_000
SIGNER = Signer("benchmarks/log", bytes(range(32)))

_PASS, _FAIL = Outcome(Status.PASS), Outcome(Status.FAIL)
_UNKNOWN = Outcome(Status.UNKNOWN, Unknown("denied", "get_bucket_policy", "s3:GetBucketPolicy", "AccessDenied"))


@dataclass(frozen=True, slots=True)
class Size:
    """`moved`: the share of resources that change from one day to the next."""

    scopes: int
    resources: int  # of each scope
    tests: int
    days: int
    moved: float = 0.01

    def __str__(self) -> str:
        return (
            f"{self.scopes} scopes of {self.resources:,} resources with {len(FACETS)} facets, {self.tests} tests, "
            f"looked at and judged on {self.days} days, {self.moved:.0%} changing each day"
        )

    def names(self) -> list[str]:
        return [f"aws/{n:012}" for n in range(self.scopes)]


def tests(size: Size) -> list[str]:
    return [f"aws.s3.test-{n}" for n in range(size.tests)]


def outcome_line(scope: str, test: str) -> Line:
    return Line(scope, TYPE, f"outcome:{test}")


def when(day: int) -> Millis:
    """An hour after that day's look: its assessment is what is known."""
    return START + day * DAY + 3_600_000


def build(store: Store, size: Size) -> None:
    """Fill a store: each day a run of each scope, an assessment, and a checkpoint every 30 days and on the last two."""
    dice = random.Random(2022)
    ages = {scope: [0] * size.resources for scope in size.names()}  # how often each resource has changed
    target = Line("target/main", "scope")
    scopes = {target: {name: {"provider": "aws", "level": "account", "name": name} for name in size.names()}}
    collect(store, "main", scopes, START - 1000)
    for day in range(size.days):
        at = START + day * DAY
        for scope, known in ages.items():
            for n in dice.sample(range(size.resources), round(size.resources * size.moved)) if day else ():
                known[n] += 1
            collect(store, scope, dict(_look(scope, known)), at)
        lines = tuple(_judged(size, ages, day))
        now = at + 60_000
        store.record_assessment(Assessment(f"assess {day}", now, store.size(), lines), recorded=now)
        if day % 30 == 29 or day >= size.days - 2:
            store.checkpoint(SIGNER)


def collect(store: Store, scope: str, look: Mapping[Line, Mapping[str, JSON]], end: Millis) -> None:
    """Record what one look at a scope saw."""
    with store.spool() as spool:
        for line, bodies in look.items():
            for id, body in bodies.items():
                spool.add(line, id, body)
        sweeps = tuple(Sweep(line, Coverage.COMPLETE, end - 1000, end) for line in look)
        store.record(Run(f"{scope} {end}", "collect", "main", scope, sweeps), spool, recorded=end)


def ident(n: int) -> str:
    """The id of resource number `n`."""
    return f"arn:aws:s3:::bucket-{n:06}"


def _look(scope: str, ages: list[int]) -> Iterator[tuple[Line, dict[str, JSON]]]:
    """A change is one of the policy."""
    listed = {ident(n): {"Name": ident(n)[13:], "CreationDate": "2026-01-02T03:04:05Z"} for n in range(len(ages))}
    yield Line(scope, TYPE), listed
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    yield (
        Line(scope, TYPE, "policy"),
        {
            ident(n): {"Version": "2012-10-17", "Id": f"{scope} {n} {age}", "Statement": [statement]}
            for n, age in enumerate(ages)
        },
    )
    yield Line(scope, TYPE, "encryption"), {ident(n): {"Rules": [{"SSEAlgorithm": "AES256"}]} for n in range(len(ages))}


def _judged(size: Size, ages: Mapping[str, list[int]], day: int) -> Iterator[JudgedLine]:
    """Each change moves the outcomes of every second test."""
    for scope, known in ages.items():
        inputs = frozenset(Line(scope, TYPE, facet) for facet in FACETS)
        for number, test in enumerate(tests(size)):
            if number % 2 and day:
                yield JudgedLine(outcome_line(scope, test), None, inputs, b"print")
                continue
            outcomes = {ident(n): _outcome(n + age + number) for n, age in enumerate(known)}
            yield JudgedLine(outcome_line(scope, test), outcomes, inputs, b"print", dict.fromkeys(outcomes, "estate"))


def _outcome(n: int) -> Outcome:
    return _UNKNOWN if n % 97 == 0 else _FAIL if n % 5 == 0 else _PASS
