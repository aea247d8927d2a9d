"""A process whose disk fails, one call after the other: `failing_disk.py FOLDER STEP HOW EVERY`; see failing.py.

For every call (or every third, say) that writes, truncates or flushes a file during the step, it lets that call fail
and prints what came of it, one JSON object a line.
"""

import ctypes
import errno
import json
import os
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path

from making import BUCKETS, POLICIES, collect, facets, look

from annexlog.evidence_store import keys
from annexlog.evidence_store.keys import Signer
from annexlog.evidence_store.model import AnnexlogError, Run, StoreError
from annexlog.evidence_store.store import Store
from annexlog.evidence_store.verify import verify

HOWS = {  # name: (the number in failing_disk.c, errno)
    "error": (0, errno.EIO),
    "full": (0, errno.ENOSPC),
    "error, but written": (1, errno.EIO),
    "short, then full": (2, errno.ENOSPC),
    "full from then on": (3, errno.ENOSPC),
    "killed": (4, 0),
    "killed halfway": (5, 0),
}
SIGNER = Signer("log.example/annexlog", bytes(32))
COUNT = 20
POWER_CUTS = 8


def content(number):
    """What run `number` sees: (buckets, policies), a third of the former and all of the latter changed by each run."""
    buckets = {f"bucket-{n}": {"Name": f"bucket-{n}", "n": n if n % 3 else number} for n in range(COUNT)}
    return buckets, {id: {"text": f"{number} " * 60} for id in buckets}


def record(store, number):
    buckets, policies = content(number)
    return collect(store, f"run {number}", look(BUCKETS, 10 * number, buckets), look(POLICIES, 10 * number, policies))


def found(path):
    """How many runs a store holds, if it verifies and shows what these runs saw; else what is wrong with it."""
    with Store.open(path) as store:
        wrong = [str(finding) for finding in verify(store, keys=[]).findings if finding.table != "checkpoint"]
        size = store.size()
        buckets, policies = content(size) if size else ({}, {})
        seen = {id: {"": value, "policy": policies[id]} for id, value in buckets.items()}
        if facets(store.view(), "policy") != seen:
            wrong.append("it does not show what the last run saw")
        return wrong or size


# ── steps ─────────────────────────────────────────────────────────────────────────────────
#
# Each takes the path of a store that holds two runs (but for `make`) and a function that arms the disk, and returns
# what it was told: the place in the log or the like.


def step_make(path, arm):
    path.unlink(missing_ok=True)
    arm()
    Store.open(path, create=True).close()


def step_record(path, arm):
    with Store.open(path) as store:
        arm()
        return record(store, 3)


def step_spill(path, arm):
    """With so little memory that changes go to the disk long before the commit."""
    with Store.open(path) as store:
        record(store, 3)
        store.backend._writer.execute("PRAGMA cache_size = 10")
        arm()
        return record(store, 4)


def step_sign(path, arm):
    with Store.open(path) as store:
        arm()
        return store.checkpoint(SIGNER).size


STEPS = {name.removeprefix("step_"): step for name, step in list(globals().items()) if name.startswith("step_")}


# ── one case after the other ──────────────────────────────────────────────────────────────


class Disk:
    """The functions of failing_disk.c."""

    def __init__(self):
        self._c = ctypes.CDLL(None)
        self._c.disk_failed.restype = ctypes.c_char_p
        self._c.disk_keep.argtypes = [ctypes.c_char_p]
        self._c.disk_arm.argtypes = [ctypes.c_char_p, ctypes.c_long, ctypes.c_int, ctypes.c_int]

    def arm(self, folder, nth, how):
        self._c.disk_arm(os.fsencode(folder), nth, *HOWS[how])

    def disarm(self):
        self._c.disk_arm(b"", 0, 0, 0)

    def keep(self, folder):
        self._c.disk_keep(os.fsencode(folder))

    @property
    def failed(self):
        return self._c.disk_failed().decode()


def copied(base, folder):
    """The store as a crash leaves it: its files, and nothing of what processes share."""
    folder.mkdir()
    for name in ("store.db", "store.db-wal"):
        with suppress(FileNotFoundError):
            shutil.copy(base / name, folder / name)
    return folder / "store.db"


def names(folder):
    """Of the files that stay behind beside the store and its lock."""
    return sorted({path.name for path in folder.iterdir()} - {"store.db", "store.db.lock"})


def failing(disk, base, folder, step, how, nth):
    """Let call `nth` of a step fail; None if there is no such call."""
    path = copied(base, folder)
    case = {"nth": nth, "error": None, "text": None}
    try:
        case["told"] = STEPS[step](path, lambda: disk.arm(folder, nth, how))
    except AnnexlogError as error:
        case["error"], case["text"] = type(error).__name__, str(error).replace(str(folder), "FOLDER")
    case["failed"] = disk.failed
    disk.disarm()
    if not case["failed"]:
        return None
    case["left"] = names(folder)
    case["after"] = found(path) if path.exists() else None
    case["again"] = STEPS[step](path, lambda: None)
    case["finally"] = found(path)
    return case


def recovering(disk, base, folder, how, nth):
    """Let call `nth` of a recording fail, and record again with the store still open, as a daemon does."""
    path = copied(base, folder)
    case = {"nth": nth, "error": None, "text": None}
    with Store.open(path) as store:
        disk.arm(folder, nth, how)
        try:
            record(store, 3)
        except AnnexlogError as error:
            case["error"], case["text"] = type(error).__name__, str(error).replace(str(folder), "FOLDER")
        case["failed"] = disk.failed
        disk.disarm()
        if not case["failed"]:
            return None
        case["crashed"] = found(copied(folder, folder / "crashed"))
        case["after"] = store.size()
        case["again"] = [record(store, 3), record(store, 4), store.checkpoint(SIGNER).size]
    case["finally"] = found(path)
    return case


def killed(disk, base, folder, how, nth):
    """Be killed at call `nth` of recording two runs, signing and closing; then go on."""
    path = copied(base, folder)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        disk.arm(folder, nth, how)
        store = Store.open(path)
        for number in (3, 4):
            os.write(writing, bytes([record(store, number)]))
        store.checkpoint(SIGNER)
        store.close()
        os._exit(0)
    os.close(writing)
    status = os.waitpid(child, 0)[1]
    acknowledged = max(os.read(reading, 9), default=2)
    os.close(reading)
    if not os.WIFSIGNALED(status):
        return None
    case = {"nth": nth, "signal": signal.Signals(os.WTERMSIG(status)).name, "acknowledged": acknowledged}
    case["crashed"] = found(copied(folder, folder / "crashed"))
    with Store.open(path) as store:
        case["after"] = store.size()
        case["again"] = [record(store, number) for number in (3, 4)]
    case["finally"] = found(path)
    return case


def losing_power(disk, base, folder, nth):
    """Record `nth` runs, and lose the power: of each file there is what it was when it was last flushed."""
    path, left = copied(base, folder), folder.with_name(f"{nth} left")
    copied(base, left)
    disk.keep(left)
    disk.arm(folder, 0, "error")
    store = Store.open(path)
    told = [record(store, 2 + number) for number in range(1, nth + 1)][-1]
    if nth == POWER_CUTS:
        store.checkpoint(SIGNER)
    disk.keep("")
    disk.disarm()
    store.close()
    with Store.open(left / "store.db") as survived:
        signed = next(survived.backend.select("SELECT max(size) FROM checkpoint"))[0]
    return {"nth": nth, "told": told, "signed": signed, "left": found(left / "store.db")}


def making_a_key(disk, folder, how, nth):
    """Let call `nth` of making a key fail."""
    folder.mkdir()
    disk.arm(folder, nth, how)
    case = {"nth": nth, "error": None, "text": None}
    try:
        keys.generate(folder / "annexlog.key", "log.example")
    except AnnexlogError as error:
        case["error"], case["text"] = type(error).__name__, str(error).replace(str(folder), "FOLDER")
    case["failed"] = disk.failed
    disk.disarm()
    if not case["failed"]:
        return None
    case["left"] = sorted(path.name for path in folder.iterdir())
    keys.generate(folder / "annexlog.key", "log.example")
    case["finally"] = keys.load(folder / "annexlog.key").name
    return case


def spooling(disk, base, folder, how, nth):
    """Let call `nth` of spooling some megabytes fail, go on with the same spool, and record what was spooled."""
    path = copied(base, folder)
    case = {"nth": nth, "errors": []}
    buckets = {f"bucket-{n}": {"n": n, "text": f"{n} " * 20_000} for n in range(30)}
    with Store.open(path) as store, store.spool() as spool:
        disk.arm(folder, nth, how)
        for id, value in buckets.items():
            try:
                spool.add(BUCKETS, id, value)
            except StoreError as error:
                case["errors"].append(type(error).__name__)
        case["failed"] = disk.failed
        disk.disarm()
        if not case["failed"]:
            return None
        sweep, _ = look(BUCKETS, 50)
        case["told"] = store.record(Run("spooled", "collect", "main", "aws/1", (sweep,)), spool, recorded=50)
        case["shown"] = facets(store.view()) == {id: {"": value} for id, value in buckets.items()}
        case["whole"] = [str(f) for f in verify(store, keys=[]).findings if f.table != "checkpoint"]
    return case


def cases(disk, base, folder, step, how):
    """(what takes the number of a call and gives its case)"""
    return {
        "recover": lambda nth: recovering(disk, base, folder / f"{nth}", how, nth),
        "kill": lambda nth: killed(disk, base, folder / f"{nth}", how, nth),
        "power": lambda nth: losing_power(disk, base, folder / f"{nth}", nth) if nth <= POWER_CUTS else None,
        "key": lambda nth: making_a_key(disk, folder / f"{nth}", how, nth),
        "spool": lambda nth: spooling(disk, base, folder / f"{nth}", how, nth),
    }.get(step, lambda nth: failing(disk, base, folder / f"{nth}", step, how, nth))


def main(folder, step, how, every):
    disk, base = Disk(), folder / "base"
    base.mkdir()
    with Store.open(base / "store.db", create=True) as store:
        for number in (1, 2):
            record(store, number)
    one = cases(disk, base, folder, step, how)
    nth = 1
    while (case := one(nth)) is not None:
        print(json.dumps(case), flush=True)
        shutil.rmtree(folder / f"{nth}")
        nth += every


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))
