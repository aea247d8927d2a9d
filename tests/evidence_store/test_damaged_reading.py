"""Reading a store that somebody damaged: an answer, or StoreDamaged with what to do next; never anything else."""

import sqlite3

import pytest
from making import BUCKETS, POLICIES, VERDICTS
from tampering import COLUMNS, of_key, put, rows_of, unguarded

from annexlog.evidence_store.model import ORG, Line, StoreDamaged
from annexlog.evidence_store.store import Store

ODD = (None, -1, 1 << 62, "x", "CAST(x'80' AS TEXT)", b"", b'{"$unknown": {"reason": 1}}')
"""What a cell may hold after somebody wrote to the file."""


def answers(store):
    """All that a view is ever asked."""
    for at in (None, 15):
        view = store.view(at=at)
        yield lambda view=view: view.scopes()
        yield lambda view=view: view.scope_states()
        yield lambda view=view: view.lines()
        yield lambda view=view: view.documents("definition")
        yield lambda view=view: [view.seen(line) for line in (BUCKETS, POLICIES, VERDICTS)]
        yield lambda view=view: list(view.resources(BUCKETS.scope, BUCKETS.type, ["policy"]))
        yield lambda view=view: list(view.ids(BUCKETS.scope, BUCKETS.type))
        yield lambda view=view: list(view.members(BUCKETS))
        yield lambda view=view: view.fingerprint([BUCKETS, POLICIES, Line(ORG, "definition")])
        yield lambda view=view: [view.cell(POLICIES, id) for id in "abc"]
        yield lambda view=view: [view.history(line, id) for line in (BUCKETS, POLICIES, VERDICTS) for id in "abc"]
        yield lambda view=view: list(view.outcomes())
        yield lambda view=view: list(view.outcomes(resource="b"))
        yield lambda view=view: view.assessed(VERDICTS)
        yield lambda view=view: (view.tally(VERDICTS), view.tallies("aws.s3.private"))
        yield lambda view=view: list(view.runs())
        yield lambda view=view: list(view.population_lines(BUCKETS))
        yield lambda view=view: list(view.population_lines(seq=2))
    yield lambda: [store.assessment(seq) for seq in range(1, 12)]
    yield store.last_assessed
    yield lambda: store.assessed_instants(0)


def asked(path):
    """What every question came to: an error that is not StoreDamaged, by its question's place."""
    wrong = []
    try:
        with Store.open(path, readonly=True) as store:
            for number, ask in enumerate(answers(store)):
                wrong += refused(number, ask)
    except StoreDamaged as error:
        wrong += [] if error.next else ["without what to do next"]
    return wrong


def refused(number, ask):
    try:
        ask()
    except StoreDamaged as error:
        told = error.next == "Run `annexlog verify`." or "Restore a copy" in error.next
        return [] if told else [(number, error.next)]
    except Exception as error:  # noqa: BLE001 — what the test is about
        return [(number, repr(error))]
    return []


@pytest.mark.parametrize(("table", "column"), [pair for pair in COLUMNS if pair[0] != "tile"])
def test_whatever_a_cell_holds_reading_answers_or_says_that_the_store_is_damaged(copy, table, column):
    edits = [(row, value) for row in rows_of(copy(), table) for value in ODD]

    wrong = [(row, value, asked(path)) for row, value in edits if (path := edited(copy, table, column, row, value))]

    assert [told for told in wrong if told[2]] == []


def edited(copy, table, column, row, value):
    """A store with this value in a cell; None where the table's keys do not allow it."""
    path = copy()
    where, key = of_key(table, row)
    odd = isinstance(value, str) and value.startswith("CAST")
    with unguarded(path, table) as raw:
        try:
            if odd:
                raw.execute(f"UPDATE {table} SET {column} = {value} WHERE {where}", key)
            else:
                put(raw, table, row, column, value)
        except sqlite3.IntegrityError:
            return None
    return path


@pytest.mark.parametrize("status", ["passed", "", None])
def test_an_outcome_of_a_status_that_does_not_exist_is_damage(copy, status):
    path = copy()
    with unguarded(path, "outcome") as raw:
        raw.execute("UPDATE outcome SET status = coalesce(?, CAST(x'80' AS TEXT))", [status])

    with Store.open(path, readonly=True) as store, pytest.raises(StoreDamaged) as caught:
        list(store.view().outcomes())

    assert caught.value.next == "Run `annexlog verify`."
