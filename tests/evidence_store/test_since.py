"""Since when an outcome is what it is: what cannot be seen now and then gets no new grace."""

import pytest
from making import FAIL, PASS, UNKNOWN, VERDICTS, judge

from annexlog.evidence_store.model import Outcome, Status, Unknown
from annexlog.evidence_store.store import Store

NA = Outcome(Status.NOT_APPLICABLE)
THROTTLED = Outcome(Status.UNKNOWN, Unknown("throttled"))
GONE = None

CASES = [
    ("a failure", [FAIL], 10),
    ("a failure that goes on", [FAIL, FAIL, FAIL], 10),
    ("a failure that could not be seen for a while", [PASS, FAIL, UNKNOWN, FAIL], 20),
    ("a failure that could not be seen twice, for two reasons", [FAIL, UNKNOWN, THROTTLED, FAIL, UNKNOWN, FAIL], 10),
    ("a pass that could not be seen for a while", [FAIL, PASS, UNKNOWN, PASS], 20),
    ("a failure that nobody saw begin", [PASS, UNKNOWN, FAIL], 30),
    ("a failure after a pass that was seen between unknowns", [FAIL, UNKNOWN, PASS, UNKNOWN, FAIL], 50),
    ("a failure that once did not apply", [FAIL, NA, FAIL], 30),
    ("a failure that did not apply between unknowns", [FAIL, UNKNOWN, NA, UNKNOWN, FAIL], 50),
    ("what does not apply, and could not be seen", [NA, UNKNOWN, NA], 10),
    ("a failure of what was gone meanwhile", [FAIL, GONE, FAIL], 30),
    ("a failure of what was gone between unknowns", [FAIL, UNKNOWN, GONE, UNKNOWN, FAIL], 50),
    ("an unknown after a failure", [FAIL, UNKNOWN], 20),
    ("an unknown that only changed its reason", [FAIL, UNKNOWN, THROTTLED], 20),
    ("an unknown that came again", [UNKNOWN, FAIL, UNKNOWN], 30),
]


@pytest.mark.parametrize(("statuses", "since"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
@pytest.mark.parametrize("late", [False, True], ids=["in the order observed", "with one recorded late"])
def test_since_of(tmp_path, statuses, since, late):
    with Store.open(tmp_path / "store.db", create=True) as store:
        judge(store, 1 if not late else 15, {"b": PASS} if not late else {"b": PASS, **_of(statuses[0])}, key="first")
        for n, outcome in enumerate(statuses):
            judge(store, 10 * (n + 1), {"b": PASS, **_of(outcome)}, key=f"{n}")

        found = {row.id: (row.status, row.since, row.at) for row in store.view().outcomes()}

    at = max(10 * len(statuses), 15 if late else 0)
    assert found["a"] == (statuses[-1].status, since, at)


def _of(outcome):
    return {} if outcome is None else {"a": outcome}


def test_tallies_of_a_test_are_those_of_its_lines_as_of_the_instant(tmp_path):
    other = VERDICTS._replace(scope="aws/2")
    with Store.open(tmp_path / "store.db", create=True) as store:
        judge(store, 10, {"a": PASS, "b": FAIL})
        judge(store, 20, {"a": UNKNOWN, "b": FAIL}, line=other)
        judge(store, 30, {"a": FAIL, "b": FAIL})

        told = {at: store.view(at=at).tallies("aws.s3.private") for at in (5, 10, 29, 30)}
        scoped = store.view().tallies("aws.s3.private", "aws/2")

    first, second, third = ([1, 1, 0, 0], [0, 1, 1, 0], [0, 2, 0, 0])
    assert {at: {line: list(of.values()) for line, of in lines.items()} for at, lines in told.items()} == {
        5: {},
        10: {VERDICTS: first},
        29: {VERDICTS: first, other: second},
        30: {VERDICTS: third, other: second},
    }
    assert [(line, list(of)) for line, of in scoped.items()] == [
        (other, [Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NOT_APPLICABLE])
    ]


def test_one_resource_is_asked_for_by_its_name_alone(tmp_path):
    with Store.open(tmp_path / "store.db", create=True) as store:
        for scope in ("aws/1", "aws/2", "aws/3"):
            judge(store, 10, {"a": PASS, "b" if scope != "aws/3" else "c": FAIL}, line=VERDICTS._replace(scope=scope))

        found = [(row.scope, row.id, row.status) for row in store.view().outcomes(resource="b")]

    assert found == [("aws/1", "b", "fail"), ("aws/2", "b", "fail")]
