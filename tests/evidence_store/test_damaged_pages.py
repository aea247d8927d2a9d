"""A page of the file that cannot be read: verify says where, and everything else still answers."""

import sqlite3
from contextlib import closing

import pytest
from making import BUCKETS, POLICIES, collect, facets, look
from tampering import SIGNER, checked

from annexlog.evidence_store.model import StoreDamaged
from annexlog.evidence_store.store import Store

OTHER = BUCKETS._replace(scope="aws/2")


def body(n):
    return {"text": f"the body of number {n:04} " + f"{n:04}-" * 90}


@pytest.fixture
def path(tmp_path):
    """A store whose tables go over many pages."""
    path = tmp_path / "store.db"
    with Store.open(path, create=True) as store:
        collect(store, "1", look(BUCKETS, 10, {f"{n:04}": body(n) for n in range(600)}))
        collect(store, "2", look(OTHER, 20, {f"{n:04}": {"n": n} for n in range(600)}))
        collect(store, "3", look(POLICIES, 30, {"0001": 1}))
        store.checkpoint(SIGNER)
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def leaf(path, table):
    """The number of a page in the middle of a table's own rows, and the page size."""
    with closing(sqlite3.connect(path)) as raw:
        [size] = raw.execute("PRAGMA page_size").fetchone()
        [top] = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", [table]).fetchone()
    data = path.read_bytes()
    page = top
    while data[(page - 1) * size] in (2, 5):  # inner pages of an index or of a table: down the middle
        start = (page - 1) * size
        cells = int.from_bytes(data[start + 3 : start + 5], "big")
        at = start + 12 + 2 * (cells // 2)
        cell = start + int.from_bytes(data[at : at + 2], "big")
        page = int.from_bytes(data[cell : cell + 4], "big")
    assert page != top
    return page, size


def spoil(path, table):
    page, size = leaf(path, table)
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)


@pytest.mark.parametrize("table", ["blob", "resource", "opening", "version", "member"])
def test_a_page_that_cannot_be_read_is_located_and_the_rest_is_checked_all_the_same(path, table):
    spoil(path, table)

    report = checked(path)

    told = [(f.table, f.key) for f in report.findings]
    assert told[0] == ("file", "")
    assert (table, "") in told
    assert report.records == 3


def test_rows_behind_a_page_that_cannot_be_read_are_checked(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("DROP TRIGGER blob_no_update")
        raw.execute("UPDATE blob SET sha256 = zeroblob(32) WHERE bid IN (3, (SELECT max(bid) FROM blob))")
        [(last,)] = raw.execute("SELECT max(bid) FROM blob").fetchall()
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    spoil(path, "blob")

    found = [(f.key, f.what) for f in checked(path).findings if f.table == "blob"]

    keys = [key for key, what in found if what == "its bytes are not those of its digest"]
    gaps = [[int(end) for end in key.split(" to ")] for key, _ in found if " to " in key]
    assert keys == ["3", f"{last}"]
    assert [3 < first < behind < last for first, behind in gaps] == [True]


def test_everything_else_is_answered_although_a_page_cannot_be_read(path):
    spoil(path, "blob")

    with Store.open(path, readonly=True) as store:
        view = store.view()
        runs, ids = len(list(view.runs())), len(list(view.ids(*BUCKETS[:2])))
        last, other = view.cell(BUCKETS, "0599"), facets(view, line=OTHER)
        with pytest.raises(StoreDamaged):
            facets(view)

    assert (runs, ids, last.value, len(other)) == (3, 600, body(599), 600)
