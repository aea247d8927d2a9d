"""Short ways to say what a test records."""

from annexlog.evidence_store.model import Coverage, Line, Outcome, Run, Status, Sweep, Unknown
from annexlog.evidence_store.store import Assessment, JudgedLine

BUCKETS = Line("aws/1", "aws.s3.bucket")
POLICIES = BUCKETS._replace(facet="policy")
VERDICTS = BUCKETS._replace(facet="outcome:aws.s3.private")
DENIED = Unknown("denied", "list_buckets", "s3:ListAllMyBuckets", "AccessDenied")
PASS, FAIL = Outcome(Status.PASS), Outcome(Status.FAIL)
UNKNOWN = Outcome(Status.UNKNOWN, DENIED)

COMPLETE, PARTIAL, SUPPLEMENT = Coverage.COMPLETE, Coverage.PARTIAL, Coverage.SUPPLEMENT


def look(line, end, content=None, status=COMPLETE, **more):
    """A sweep and what it saw."""
    return Sweep(line, status, end - 1, end, **more), content or {}


def collect(store, key, *looks, recorded=None, kind="collect"):
    """Record a run of these looks; returns its place in the log."""
    with store.spool() as spool:
        for sweep, content in looks:
            for id, value in content.items():
                spool.add(sweep.line, id, value)
        sweeps = tuple(sweep for sweep, _ in looks)
        at = max((sweep.end for sweep in sweeps), default=0) if recorded is None else recorded
        return store.record(Run(key, kind, "main", "aws/1", sweeps), spool, recorded=at)


def judge(store, now, outcomes, *, upto=None, line=VERDICTS, causes=None, key=None):
    """Record an assessment of one line; returns its place in the log."""
    known = store.size() if upto is None else upto
    judged = JudgedLine(line, outcomes, frozenset([BUCKETS, POLICIES]), b"print", causes)
    return store.record_assessment(Assessment(key or f"assess {now} {known}", now, known, [judged]), recorded=now)


def rows(store, table):
    return list(store.backend.select(f"SELECT * FROM {table}"))


def facets(view, *names, line=BUCKETS):
    """{id: {facet: value}}"""
    return {r.id: dict(r.facets) for r in view.resources(line.scope, line.type, names)}
