"""A process of its own that does one thing to a store in PostgreSQL: `pg_worker.py URL WHAT …`; it says when it has."""

import sys
import time
from itertools import count

from making import collect, look

from annexlog.evidence_store.model import Line, StoreError
from annexlog.evidence_store.store import Store


def line(name):
    return Line(f"aws/{name}", "aws.s3.bucket")


def stop_while_holding(store, lock):
    """Hold what a recording holds, and never let go: the lines of scope `aws/shared`, or the log's end."""
    with store.backend.writing():
        if lock == "end":
            store.backend.follow()
        else:
            store.backend.hold(["aws/shared\0evidence"])
        print("holding", flush=True)
        time.sleep(600)


def record(store, name, how_many):
    """Acknowledge each run by its place; every third look is at a line that all workers share."""
    for number in range(int(how_many)):
        seen = line("shared") if number % 3 == 0 else line(name)
        content = {f"bucket-{n}": {"of": name, "n": number if n % 4 == 0 else 0} for n in range(12)}
        print(number, collect(store, f"{name} {number}", look(seen, 10 + number, content)), flush=True)


def persist(store, name):
    """Record for as long as it lives; what fails is told on one line, and tried again under the same key."""
    for number in count():
        while True:
            try:
                place = collect(store, f"{name} {number}", look(line(name), 10 + number, {"a": number, "b": 0}))
            except StoreError as error:
                print("error", " ".join(str(error).split()), flush=True)
                time.sleep(0.02)
            else:
                break
        print(place, f"{name} {number}", flush=True)


if __name__ == "__main__":
    url, what, *rest = sys.argv[1:]
    with Store.open(url, timeout=20) as opened:
        {"hold": stop_while_holding, "record": record, "persist": persist}[what](opened, *rest)
