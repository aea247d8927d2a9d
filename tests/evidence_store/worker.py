"""A process of its own that records runs until it is done or killed: `worker.py STORE HOW_MANY [NAME]`.

Each record is acknowledged by a line, its place in the log and its key. HOW_MANY may be a time: `5s`. Every third run
is followed by an assessment, every fifth by a signature.
"""

import sys
import time
from itertools import count

from making import BUCKETS, PASS, POLICIES, UNKNOWN, collect, judge, look

from annexlog.evidence_store.keys import Signer
from annexlog.evidence_store.store import Store

SIGNER = Signer("log.example/annexlog", bytes(32))


def content(number):
    """What run `number` sees: (buckets, policies), a third of the former and all of the latter changed by each run."""
    buckets = {f"bucket-{n}": {"Name": f"bucket-{n}", "n": n if n % 3 else number} for n in range(40)}
    return buckets, {id: {"text": f"{number} " * 60} for id in buckets}


def record(store, name, number):
    """Record run `number`; returns (place in the log, key) of it and of what follows it."""
    buckets, policies = content(number)
    key = f"{name} {number}"
    yield collect(store, key, look(BUCKETS, 10 + number, buckets), look(POLICIES, 10 + number, policies)), key
    if number % 3 == 0:
        outcomes = dict.fromkeys(buckets, UNKNOWN if number % 2 else PASS)
        yield judge(store, 10 + number, outcomes, key=f"{key} judged"), f"{key} judged"
    if number % 5 == 0:
        store.checkpoint(SIGNER)


def numbers(first, how_many):
    if not how_many.endswith("s"):
        yield from range(first, first + int(how_many))
        return
    end = time.monotonic() + float(how_many[:-1])
    for number in count(first):
        if time.monotonic() > end:
            return
        yield number


if __name__ == "__main__":
    where, how_many, name = sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "run"
    with Store.open(where, create=True) as store:
        for number in numbers(store.size(), how_many):
            for place, key in record(store, name, number):
                print(place, key, flush=True)
