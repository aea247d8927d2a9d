"""Random histories for hypothesis, played to a store and to the oracle alike."""

from dataclasses import dataclass, field

from hypothesis import strategies as st
from oracle import Oracle

from annexlog.evidence_store.model import ORG, POPULATION, Coverage, Line, Outcome, Run, Status, Sweep, Unknown
from annexlog.evidence_store.store import Assessment, JudgedLine, Store

IDS = ("x", "y", "z")
SCOPES = ("aws/1", "aws/2")
FACETS = ("policy", "tags")
LISTINGS = [Line(scope, "bucket") for scope in SCOPES]
DETAILS = [Line(scope, "bucket", facet) for scope in SCOPES for facet in FACETS]
JUDGED = [Line(scope, "bucket", f"outcome:{test}") for scope in SCOPES for test in ("t.one", "t.two")]
DOCUMENTS = [Line(ORG, "definition"), Line(ORG, "register")]
TARGETS = [Line("target/main", "scope")]
INCARNATION = {"incarnation": "bucket.Created"}

REFUSALS = [
    Unknown("denied", "list_buckets", "s3:ListAllMyBuckets", "AccessDenied"),
    Unknown("throttled", "list_buckets", "", "SlowDown"),
]
_SEEN = (Coverage.COMPLETE,) * 5 + (Coverage.PARTIAL,) * 2
_BLIND = (Coverage.DENIED, Coverage.FAILED, Coverage.UNSUPPORTED)

listed = st.fixed_dictionaries({"Created": st.sampled_from([1, 1, 1, 2, None])}, optional={"n": st.integers(0, 1)})
value = st.one_of(st.none(), st.integers(0, 2), st.booleans(), st.sampled_from(REFUSALS))
document = st.fixed_dictionaries({"v": st.integers(0, 3)})
attributes = st.fixed_dictionaries({"account": st.sampled_from("12")}, optional={"skipped": st.just("not opted in")})
outcome = st.one_of(
    st.sampled_from([Outcome(s) for s in (Status.PASS, Status.FAIL, Status.NOT_APPLICABLE)]),
    st.builds(Outcome, st.just(Status.UNKNOWN), st.sampled_from(REFUSALS)),
)


@dataclass(frozen=True)
class Look:
    """One sweep to be. `ago`: how long before the run's clock it ended (less than 0: its clock is ahead)."""

    line: Line
    status: Coverage
    ago: int
    took: int
    refusal: Unknown | None
    rules: dict
    content: dict


@dataclass(frozen=True)
class Collect:
    """`wait`: how far the clock moves (back, too) before it is recorded."""

    looks: list
    wait: int


@dataclass(frozen=True)
class Assess:
    """`back`: how long before the clock `now` is; `unread`: how many of the newest records it has not read."""

    lines: dict
    causes: dict
    back: int
    unread: int
    wait: int


def _looks(lines, bodies, *, supplement=False, rules=({},), ids=IDS, late=True):
    statuses = _SEEN + _BLIND + ((Coverage.SUPPLEMENT,) * 4 if supplement else ())
    return st.builds(
        Look,
        line=st.sampled_from(lines),
        status=st.sampled_from(statuses),
        ago=st.sampled_from([0, 0, 0, 1, 2, 5, -1] if late else [0]),
        took=st.integers(0, 2),
        refusal=st.sampled_from([None, *REFUSALS]),
        rules=st.sampled_from(rules),
        content=st.dictionaries(st.sampled_from(ids), bodies),
    )


_listing = _looks(LISTINGS, listed, rules=({}, INCARNATION, INCARNATION))
_detail = _looks(DETAILS, value, supplement=True)
_document = _looks(DOCUMENTS, document)
_scope = _looks(TARGETS, attributes, ids=SCOPES)

_waits = st.sampled_from([0, 0, 1, 1, 2, 3, -2])
collects = st.builds(
    Collect,
    st.lists(
        st.one_of(_listing, _listing, _detail, _detail, _document, _scope), max_size=5, unique_by=lambda k: k.line
    ),
    _waits,
)
assesses = st.builds(
    Assess,
    st.dictionaries(
        st.sampled_from(JUDGED), st.one_of(st.none(), st.dictionaries(st.sampled_from([*IDS, POPULATION]), outcome))
    ),
    st.dictionaries(st.sampled_from(IDS), st.sampled_from(["estate", "definition", "clock"])),
    st.sampled_from([0, 0, 0, 1, 3]),
    st.sampled_from([0, 0, 1, 2]),
    _waits,
)
histories = st.lists(st.one_of(collects, collects, assesses), min_size=1, max_size=12)


@dataclass
class Player:
    """Does the same to a store and to the oracle."""

    store: Store
    oracle: Oracle = field(default_factory=Oracle)
    clock: int = 100
    played: int = 0

    def play(self, steps):
        for step in steps:
            self.clock += step.wait
            self.played += 1
            if isinstance(step, Collect):
                self.collect(step)
            else:
                self.assess(step)

    def collect(self, step):
        sweeps = tuple(
            Sweep(k.line, k.status, self.clock - k.ago - k.took, self.clock - k.ago, _refusal(k), {}, k.rules)
            for k in step.looks
        )
        contents = {k.line: k.content for k in step.looks}
        run = Run(f"run {self.played}", "collect", "main", "aws/1", sweeps)
        with self.store.spool() as spool:
            for line, content in contents.items():
                for id, body in content.items():
                    spool.add(line, id, body)
            seq = self.store.record(run, spool, recorded=self.clock)
        assert seq == self.oracle.record(run, contents, self.clock)

    def assess(self, step):
        now, upto = self.clock - step.back, max(0, len(self.oracle.records) - step.unread)
        lines = [
            JudgedLine(line, outcomes, frozenset(LISTINGS), b"print", step.causes)
            for line, outcomes in step.lines.items()
            if outcomes is not None or self.oracle.looks(line, now, upto)
        ]
        assessment = Assessment(f"run {self.played}", now, upto, lines)
        seq = self.store.record_assessment(assessment, recorded=self.clock)
        assert seq == self.oracle.record_assessment(assessment, self.clock)

    def instants(self):
        """Every (at, upto) at which something may be otherwise, thinned out."""
        ends = sorted({look.when[0] for _, looks in self.oracle.records for look in looks})
        size = len(self.oracle.records)
        ats = sorted({*ends[-5:], *(end - 1 for end in ends[-3:]), self.clock + 9})
        return [(at, upto) for at in ats for upto in sorted({size, size - 1, size // 2} & set(range(size + 1)))]


def _refusal(look):
    whole = look.status in (Coverage.COMPLETE, Coverage.SUPPLEMENT)
    return None if whole else look.refusal
