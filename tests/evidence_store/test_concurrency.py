"""One writer and eight readers: no lost run, no reader's error, whole records only, and a log that grows.

Longer: `python -m benchmarks.soak crowd`.
"""

import threading
import time

from reader import looking
from rounds import crowd, keys, unsound
from worker import record

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


def test_threads_read_the_very_store_that_another_thread_records_in(tmp_path):
    seen = []
    with Store.open(tmp_path / "store.db", create=True) as store:
        end = time.monotonic() + 2
        readers = [threading.Thread(target=looking, args=(store, end, seen)) for _ in range(4)]
        for reader in readers:
            reader.start()
        number = 0
        while time.monotonic() < end:
            list(record(store, "run", number))
            number += 1
        for reader in readers:
            reader.join()

        assert unsound(store) == []
        assert len(keys(store)) == store.size() >= number
    assert [one["wrong"] for one in seen] == [[]] * 4
    assert min(one["looks"] for one in seen) >= 2
