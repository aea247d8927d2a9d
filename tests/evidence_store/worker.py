"""A process of its own that records runs until it is done or killed: `worker.py STORE HOW_MANY [NAME]`.

Each run that is recorded is acknowledged by a line, its place in the log.
"""

import sys

from making import BUCKETS, POLICIES, collect, look

from annexlog.evidence_store.store import Store

if __name__ == "__main__":
    path, count, name = sys.argv[1], int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "run"
    with Store.open(path, create=True) as store:
        first = store.size()
        for number in range(first, first + count):
            buckets = {f"bucket-{n}": {"Name": f"bucket-{n}", "n": n if n % 3 else number} for n in range(40)}
            policies = {id: {"text": f"{number} " * 60} for id in buckets}
            seen = (look(BUCKETS, 10 + number, buckets), look(POLICIES, 11 + number, policies))
            print(collect(store, f"{name} {number}", *seen), flush=True)
