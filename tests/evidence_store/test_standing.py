"""Since when an outcome is what it is: kept with each row, as it is defined, and recomputed by verifying."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from making import DENIED, judge
from tampering import KEYS, SIGNER, checked, unguarded

from annexlog.evidence_store.model import Outcome, Status, Unknown
from annexlog.evidence_store.store import Store
from annexlog.evidence_store.verify import verify

P, F, N = (Outcome(status) for status in (Status.PASS, Status.FAIL, Status.NOT_APPLICABLE))
U, V = (Outcome(Status.UNKNOWN, reason) for reason in (DENIED, Unknown("throttled")))
GONE = None
STORIES = st.lists(st.lists(st.sampled_from([P, F, N, U, V, GONE]), min_size=2, max_size=2), min_size=1, max_size=9)


def began(story):
    """When the last status of a story began, by the definition: unknown is looked through, and nothing else is."""
    status, first = story[-1].status, len(story)
    for at, outcome in reversed(list(enumerate(story, 1))):
        if outcome is GONE or outcome.status not in (status, Status.UNKNOWN):
            break
        if outcome.status == status:
            first = at
    return first


@settings(max_examples=40)
@given(STORIES)
@example([[F, P], [U, U], [V, GONE], [F, P]])
@example([[F, U], [U, F], [P, U], [U, F], [P, P]])
def test_a_status_stands_since_it_was_first_so_with_only_unknowns_between(steps):
    stories = [[step[n] for step in steps] for n in (0, 1)]
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "store.db", create=True) as store:
        told, notes = [], []
        for at, step in enumerate(steps, 1):
            judge(store, at, {f"{n}": outcome for n, outcome in enumerate(step) if outcome is not GONE}, key=f"{at}")
            told.append({row.id: row.since for row in store.view().outcomes()})
            notes.append(store.checkpoint(SIGNER).encode())
        reports = [verify(store, keys=KEYS), *(verify(store, keys=KEYS, since=note) for note in notes)]

    assert told == [
        {f"{n}": began(story[:at]) for n, story in enumerate(stories) if story[at - 1] is not GONE}
        for at in range(1, len(steps) + 1)
    ]
    assert [report.findings for report in reports] == [[]] * len(reports)


@pytest.mark.parametrize("since", [False, True])
def test_another_beginning_of_a_status_is_reported(tmp_path, since):
    path = tmp_path / "store.db"
    with Store.open(path, create=True) as store:
        judge(store, 1, {"a": F})
        note = store.checkpoint(SIGNER).encode()
        judge(store, 2, {"a": U})
        judge(store, 3, {"a": F})
        store.checkpoint(SIGNER)
    with unguarded(path, "outcome") as raw:
        raw.execute("UPDATE outcome SET began = NULL WHERE run = 3")

    report = checked(path, **({"since": note} if since else {}))

    assert [(f.table, f.what) for f in report.findings] == [
        ("outcome", "the status of resource 1 does not stand since run None")
    ]
