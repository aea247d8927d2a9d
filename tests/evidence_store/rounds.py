"""Writers that are killed and readers beside them, on any store: some seconds of it in tests, minutes in a soak."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from making import facets
from worker import SIGNER, content, record

from annexlog.evidence_store.store import Store
from annexlog.evidence_store.verify import verify

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def started(script, *arguments):
    """One of the scripts beside this, its output to be read."""
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-W", "error", str(HERE / script), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": paths})


def acknowledged(lines):
    """{place in the log: key} of a worker's whole lines."""
    return {
        int(place): key.rstrip("\n") for place, _, key in (line.partition(" ") for line in lines) if key[-1:] == "\n"
    }


def keys(store):
    return dict(store.backend.select("SELECT seq, run_key FROM run"))


def unsound(store):
    """What is wrong with a store: what verifying finds (but that it is not signed), and what it shows amiss."""
    found = verify(store, keys=[SIGNER.verifier]).findings
    wrong = [str(finding) for finding in found if "nothing that is recorded is signed" not in finding.what]
    last = next(store.view().runs("collect", limit=1), None)
    if last is not None:
        buckets, policies = content(int(last.run_key.split()[1]))
        shown = facets(store.view(), "policy")
        if shown != {id: {"": value, "policy": policies[id]} for id, value in buckets.items()}:
            wrong.append(f"it does not show what {last.run_key} saw")
    return wrong


@dataclass
class Killed:
    """One round. `records`: how many the round acknowledged; `unacknowledged`: how many more are there all the same."""

    records: int
    unacknowledged: int
    lost: list
    wrong: list
    goes_on: bool


def killed(where, chance, longest=0.15):
    """Let a worker record, kill it at some moment, and look at what is there; then record one run more."""
    worker = started("worker.py", where, 100_000)
    told = [worker.stdout.readline()]  # it is at work
    time.sleep(chance.random() * longest)
    worker.send_signal(signal.SIGKILL)
    told += worker.communicate()[0].splitlines(keepends=True)
    promised = acknowledged(told)
    with Store.open(where) as store:
        there = keys(store)
        lost = [key for place, key in promised.items() if there.get(place) != key]
        wrong = unsound(store)
        size = store.size()
        following = [place for place, _ in record(store, "after", size)]
        goes_on = following == list(range(size + 1, size + 1 + len(following)))
    return Killed(len(promised), size - max(promised, default=size), lost, wrong, goes_on)


def crowd(where, seconds, processes=4, threads=4):
    """One writer, readers in processes of their own and in threads of one more: (acknowledged, [what each saw])."""
    Store.open(where, create=True).close()
    writer = started("worker.py", where, f"{seconds}s")
    first = writer.stdout.readline()  # it is at work
    readers = [started("reader.py", where, count, seconds) for count in (*[1] * processes, threads)]
    seen = [one for reader in readers for one in json.loads(reader.communicate()[0])]
    return acknowledged([first, *writer.communicate()[0].splitlines(keepends=True)]), seen
