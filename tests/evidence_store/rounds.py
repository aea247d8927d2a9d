"""Writers that are killed and readers beside them, on any store: some seconds of it in tests, minutes in a soak."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from itertools import filterfalse
from pathlib import Path

import psycopg
from making import facets
from psycopg.conninfo import conninfo_to_dict
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
        with store.exclusive():  # a server may not know yet that it died, and end its transaction only now
            pass
        there = keys(store)
        lost = [key for place, key in promised.items() if there.get(place) != key]
        wrong = unsound(store)
        size = store.size()
        following = [place for place, _ in record(store, "after", size)]
        goes_on = following == list(range(size + 1, size + 1 + len(following)))
    return Killed(len(promised), size - max(promised, default=size), lost, wrong, goes_on)


@dataclass
class Died:
    """Of a server. `unclear`: errors that do not say what happened; `goes_on`: the worker did, after each death."""

    records: int
    errors: int
    lost: list
    wrong: list
    unclear: list
    goes_on: bool


def server_killed(server, url, chance, times, longest=0.5):
    """Let a worker record, and kill -9 the server's process that serves it, which takes the whole server down."""
    worker = started("pg_worker.py", url, "persist", "run")
    told = []
    for _ in range(times):
        told += _until_acknowledged(worker)
        _read_for(worker, told, chance.random() * longest)
        failed = sum(map(_is_error, told))
        _kill_serving(server, url)
        while told[-1] and sum(map(_is_error, told)) == failed:
            told.append(worker.stdout.readline())
    told += _until_acknowledged(worker)
    goes_on = bool(told[-1])
    worker.kill()
    told += worker.communicate()[0].splitlines(keepends=True)
    errors = list(filter(_is_error, told))
    promised = acknowledged(filterfalse(_is_error, told))
    unclear = [one for one in errors if "connection to the server" not in one or "not recorded twice" not in one]
    with Store.open(url) as store:
        with store.exclusive():
            pass
        there = keys(store)
        found = verify(store, keys=[]).findings
        wrong = [str(one) for one in found if one.table != "checkpoint"]
        wrong += [] if sorted(there) == list(range(1, len(there) + 1)) else ["there are gaps"]
    lost = [key for place, key in promised.items() if there.get(place) != key]
    return Died(len(promised), len(errors), lost, wrong, unclear, goes_on)


def _is_error(line):
    return line.startswith("error")


def _until_acknowledged(worker):
    """The worker's lines, up to the first that tells of a record."""
    told = [worker.stdout.readline()]
    while _is_error(told[-1]):
        told.append(worker.stdout.readline())
    return told


def _read_for(worker, told, seconds):
    """Let the worker go on for a while, and read what it says: else it waits for a reader."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        told.append(worker.stdout.readline())


def _kill_serving(server, url):
    with closing(psycopg.connect(server.url, autocommit=True)) as connection:
        sql = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND application_name = 'annexlog'"
        pids = [pid for (pid,) in connection.execute(sql, (conninfo_to_dict(url)["dbname"],))]
        for pid in pids[:1]:
            os.kill(pid, signal.SIGKILL)


def crowd(where, seconds, processes=4, threads=4):
    """One writer, readers in processes of their own and in threads of one more: (acknowledged, [what each saw])."""
    Store.open(where, create=True).close()
    writer = started("worker.py", where, f"{seconds}s")
    first = writer.stdout.readline()  # it is at work
    readers = [started("reader.py", where, count, seconds) for count in (*[1] * processes, threads)]
    seen = [one for reader in readers for one in json.loads(reader.communicate()[0])]
    return acknowledged([first, *writer.communicate()[0].splitlines(keepends=True)]), seen
