"""One writer and eight readers: no lost run, no reader's error, whole records only, and a log that grows.

Longer: `python -m benchmarks.soak crowd`.
"""

from rounds import crowd, keys, unsound

from annexlog.evidence_store.store import Store


def test_eight_readers_see_whole_records_only_while_one_writer_records(tmp_path):
    where = tmp_path / "store.db"

    told, seen = crowd(where, seconds=4)

    with Store.open(where) as store:
        assert keys(store) == told
        assert unsound(store) == []
    assert [one["wrong"] for one in seen] == [[]] * 8
    assert min(one["looks"] for one in seen) >= 3
    assert len(told) >= 3
