"""A process of its own that reads a store while others write: `reader.py STORE THREADS SECONDS`.

Each thread looks again and again, and checks that it sees whole records only, of a log that grows. At the end it prints
one JSON object: how often it looked, the greatest log it saw, and what was wrong.
"""

import json
import sys
import threading
import time

from making import facets
from worker import content

from annexlog.evidence_store.layout import record_leaf
from annexlog.evidence_store.merkle import root
from annexlog.evidence_store.model import AnnexlogError
from annexlog.evidence_store.store import Store


def look(store, known):
    """What is wrong with the store now, which was a log of `known` = (size, root) before: (size, root), [wrong]."""
    view = store.view()
    size, wrong = view.upto, []
    leaves = [
        record_leaf(row[0])
        for row in store.backend.select("SELECT record FROM run WHERE seq <= ? ORDER BY seq", (size,))
    ]
    if size < known[0] or root(leaves[: known[0]]) != known[1]:
        wrong.append(f"the log of {size} is no continuation of that of {known[0]}")
    if len(leaves) != size:
        wrong.append(f"of {size} records {len(leaves)} are there")
    last = next(view.runs("collect", limit=1), None)
    if last is not None:
        buckets, policies = content(int(last.run_key.split()[1]))
        if facets(view, "policy") != {id: {"": value, "policy": policies[id]} for id, value in buckets.items()}:
            wrong.append(f"the log of {size} does not show what {last.run_key} saw")
    return (size, root(leaves)), wrong


def looking(store, end, seen):
    known, looks, wrong = (0, root([])), 0, []
    try:
        while time.monotonic() < end and not wrong:
            known, wrong = look(store, known)
            looks += 1
    except AnnexlogError as error:
        wrong.append(f"{type(error).__name__}: {error}")
    seen.append({"looks": looks, "size": known[0], "wrong": wrong})


def main(where, threads, seconds):
    seen = []
    end = time.monotonic() + seconds
    with Store.open(where, readonly=True) as store:
        readers = [threading.Thread(target=looking, args=(store, end, seen)) for _ in range(threads)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
    print(json.dumps(seen))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
