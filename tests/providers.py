"""A REST provider's account as annexlog sees it: collected into a store, assessed, and looked at again with faults."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from annexlog.answers import Answer, Reading, published_shapes
from annexlog.assessing import assess, present
from annexlog.collectors import Adapter, ResourceType, resource_types
from annexlog.collectors.engine import Ask, Engine
from annexlog.collectors.limits import Limits
from annexlog.config import Config, load
from annexlog.evidence_store import keys
from annexlog.evidence_store.model import Millis, Status
from annexlog.evidence_store.store import Store
from annexlog.mappings import Mappings
from annexlog.mappings import load as load_mappings
from annexlog.pipeline import Collected, Collector, together
from tests.collectors.acme import Clock, Memory, Seen
from tests.reach import Reach, joined, reaches, turns
from tests.test_refusal_sweep import Hastened, worsened
from tests.test_secrets_stay_out import kept
from tests.wire.api import HTML, Api, Fault, say
from tests.wire.http import Reply

Key = tuple[str, str, str]
Answers = Mapping[Key, Answer]


def look(adapter: Adapter, type: ResourceType, facets: Iterable[str] = (), *, clock: Clock | None = None) -> Seen:
    """Collect one type of every scope of an adapter, with these facets (none named: all)."""
    clock, memory = clock or Clock(), Memory()
    engine = Engine(adapter, clock=clock, limits=Limits(clock), workers=4, redaction_key=b"k" * 32)
    wanted = frozenset(facets) or frozenset(type.facets[1:])
    try:
        found = adapter.discover()
        sweeps = [
            sweep
            for asker, scopes in together(found)
            if scopes[0].level == type.per
            for sweep in engine.collect(asker, {s.name: s for s in scopes}, [Ask(type, wanted, wanted, None)], memory)
        ]
        return Seen(sweeps, memory.bodies)
    finally:
        adapter.close()


@dataclass(frozen=True)
class Ground:
    """An account that was collected once without a fault. `provider`: whose tests are read."""

    provider: str
    folder: Path
    api: Api
    at: Millis
    answers: Answers
    mappings: Mappings
    paths: tuple[str, ...]

    def config(self, folder: Path) -> Config:
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return load(folder / "annexlog.toml")

    def again(self, folder: Path, *faults: Fault) -> tuple[Collected, Answers]:
        """One more collection and assessment an hour later, with these faults."""
        self.api.faults[:] = faults
        self.api.date = self.at / 1000 + 3600  # else its clock would say that it is not later than at first
        try:
            return turn(self.config(folder), self.mappings, Hastened(self.at + 3_600_000))
        finally:
            self.api.faults.clear()


def turn(config: Config, mappings: Mappings, clock: Hastened) -> tuple[Collected, Answers]:
    with Store.open(config.store) as store:
        done = Collector(config, store, mappings, clock, redaction_key=b"k" * 32).collect()
        assess(store, mappings, clock)
        at = present(store, clock)
    with Store.open(config.store, readonly=True) as store:
        reading = Reading(store.view(at=at))
        reading.mappings = mappings  # those in the store, which would take longest to read
        return done, {(a.test.id, a.line.scope, a.id): a for a in reading.answers()}


def ground(api: Api, provider: str, options: str, registers: Mapping[str, Any], folder: Path) -> Ground:
    """Collect and assess an account for the first time."""
    (folder / "mappings/registers").mkdir(parents=True)
    for name, body in registers.items():
        (folder / f"mappings/registers/{name}.yaml").write_text(json.dumps(body))
    trusted = f'ca_file = "{api.ca_file}"\n' if api.ca_file else ""
    text = f'mappings = ["mappings"]\n[targets.home]\nprovider = "{provider}"\n{options}\n{trusted}'
    (folder / "annexlog.toml").write_text(text)
    keys.generate(folder / "annexlog.key")
    config = load(folder / "annexlog.toml")
    Store.open(config.store, create=True).close()
    known = load_mappings(published_shapes(), folders=config.mappings)
    tests = {id: test for id, test in known.tests.items() if test.of.provider == provider}
    mappings = replace(known, tests=tests, controls={}, manual={})  # pages say nothing of one outcome
    clock = Hastened(time.time_ns() // 1_000_000)
    _, answers = turn(config, mappings, clock)
    paths = tuple(sorted(set(api.asked)))
    return Ground(provider, folder, api, clock.now(), answers, mappings, paths)


def kinds(api: Api) -> Mapping[str, Reply]:
    """Everything that can come instead of an answer, in the provider's own form."""
    return {
        "refused": api.refuse(403),
        "hidden": api.refuse(404),
        "throttled": api.refuse(429),
        "broken": api.refuse(500),
        "expired": api.refuse(401),
        "dropped": Reply(drop=True),
        "empty": Reply(200, {"Content-Type": "application/json"}),
        "html": Reply(200, {"Content-Type": "text/html"}, HTML),
        "other": say({"unexpected": True}),
        "null": say(None),
    }


KINDS = ("refused", "hidden", "throttled", "broken", "expired", "dropped", "empty", "html", "other", "null")
"""The names of `kinds`, for a module's parameters."""


def fault(path: str, reply: Reply) -> Fault:
    return Fault(re.escape(path), reply)


def swept(
    home: Ground,
    kind: str,
    folder: Path,
    *,
    by_status: Collection[str] = (),
    asks: Mapping[str, str] | None = None,
) -> list[str]:
    """What goes wrong where each answer in turn is replaced by this fault: [] if no outcome becomes better or
    disappears, and each look says that something was not seen.

    `by_status`: paths whose answer is the status alone, so that a body that is none tells nothing.
    `asks`: {pattern of paths: the operation that asks them besides its own}. Where it is given, faults of one look are
    of operations that have no evidence and no test in common; one that is not told where it reaches is looked at alone.
    """
    reply, problems = kinds(home.api)[kind], []
    reach = {} if asks is None else _reach(home, asks)
    waiting = turns(home.paths, reach, set(home.paths) - set(reach))
    for number, paths in enumerate(waiting):
        faults = [fault(path, reply) for path in paths]
        done, after = home.again(folder / str(number), *faults)
        problems += [f"{', '.join(paths)}: {problem}" for problem in worsened(home.answers, after)]
        for path, one in zip(paths, faults, strict=True):
            told = bool(done.unseen) if len(paths) == 1 else one.seen > 0 and reach[path].shows(done.unseen)
            if not told and len(paths) > 1:
                waiting.append([path])  # another's fault was in its way, or it reaches elsewhere
            elif not told and not (kind == "null" and path in by_status):
                problems.append(f"{path}: nothing is said")
    return problems


def _reach(home: Ground, asks: Mapping[str, str]) -> dict[str, Reach]:
    """{path: how far its fault reaches} of those that an operation is known for."""
    types = {name: kind for name, kind in resource_types().items() if kind.provider == home.provider}
    known = reaches(types, home.mappings, lambda call: {call.operation})
    own = {re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(name)): name for name in known}
    fitting = {
        p: {name for pattern, name in (*own.items(), *asks.items()) if re.fullmatch(pattern, p)} for p in home.paths
    }
    return {path: joined(known[name] for name in names) for path, names in fitting.items() if names}


def unmet(home: Ground) -> dict[tuple[str, str], tuple[str, str | None]]:
    """{(test, resource): (status, reason)} of what does not pass without a fault."""
    others = {key: answer for key, answer in home.answers.items() if answer.status is not Status.PASS}
    reasons = {key: answer.reason.reason if answer.reason else None for key, answer in others.items()}
    return {(key[0], key[2]): (str(answer.status), reasons[key]) for key, answer in others.items()}


def untested(home: Ground) -> set[str]:
    """Tests of the provider that the account has no resource for, so that the sweep would say nothing of them."""
    return set(home.mappings.tests) - {test for test, _, _ in home.answers}


def leaked(home: Ground, *texts: str) -> set[str]:
    """Those of the texts that are anywhere in the store, whatever it is packed in."""
    stored = list(kept(home.folder / "evidence.db"))
    return {text for text in texts for part in stored if text.encode() in part}


def holds(home: Ground, text: str) -> bool:
    """Whether a text is in the store: else `leaked` would have looked at nothing."""
    return any(text.encode() in part for part in kept(home.folder / "evidence.db"))
