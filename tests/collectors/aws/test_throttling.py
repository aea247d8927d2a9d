"""An account that is told to slow down is seen whole, later; its neighbours do not wait for it."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor

import pytest

from annexlog.collectors import Call, Detail, ResourceType, Scope
from annexlog.collectors.engine import Ask, Engine
from annexlog.collectors.limits import Limits
from annexlog.evidence_store.model import JSON, Coverage, Line, Sweep, Unknown
from tests.collectors.aws.conftest import Connect
from tests.wire import Reply, Request, Wire

FUNCTIONS = 24
SLOW, FAST = "111111111111", "222222222222"
FUNCTION = ResourceType(
    "aws.lambda.function", facet="code", id="{code.FunctionArn}",
    listed=Call("lambda:ListFunctions", "list_functions", items="Functions"),
    details=[Detail("policy", Call("lambda:GetPolicy", "get_policy", {"FunctionName": "{code.FunctionName}"},
                    take="Policy", decode={"": "json"}))],
)  # fmt: skip


class Hurrying:
    """A clock that runs 5 times as fast as the host's, so that what takes 8 s of its time takes 1.6 s of ours."""

    def now(self) -> int:
        return 1_790_000_000_000 + int(self.monotonic() * 1000)

    def monotonic(self) -> float:
        return time.monotonic() * 5

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / 5)


class Accounts:
    """Lambda in two accounts, of which one answers five requests in any second and refuses the others with 429."""

    def __init__(self, clock: Hurrying) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._answered: deque[float] = deque()
        self.statuses: Counter[tuple[str, int]] = Counter()
        self.order: list[str] = []  # whose requests were answered, in that order

    def __call__(self, request: Request) -> Reply:
        role = re.search(rb"iam%3A%3A(\d{12})%3Arole", request.body)
        if role:
            return _assumed(role[1].decode())
        if request.method == "POST":
            who = "<Arn>arn:aws:iam::999999999999:user/reader</Arn><UserId>A</UserId><Account>999999999999</Account>"
            return _query("GetCallerIdentity", who)
        account = re.search(r"Credential=ASIA(\d{12})", request.headers["authorization"])
        assert account is not None
        reply = self._lambda(account[1], request.target)
        with self._lock:
            self.statuses[account[1], reply.status] += 1
            self.order += [account[1]] if reply.status == 200 else []
        return reply

    def _lambda(self, account: str, target: str) -> Reply:
        if account == SLOW and self._too_many():
            error = {"Type": "User", "message": "Rate exceeded", "Reason": "CallerRateLimitExceeded"}
            return _json(error, 429, {"x-amzn-errortype": "TooManyRequestsException"})
        if target.endswith("/policy"):
            return _json({"Policy": "{}", "RevisionId": "1"})
        names = [f"f{n:02}" for n in range(FUNCTIONS)]
        arn = f"arn:aws:lambda:eu-west-1:{account}:function:"
        return _json({"Functions": [{"FunctionName": name, "FunctionArn": arn + name} for name in names]})

    def _too_many(self) -> bool:
        with self._lock:
            now = self._clock.monotonic()
            while self._answered and now - self._answered[0] >= 1:
                self._answered.popleft()
            if len(self._answered) >= 5:
                return True
            self._answered.append(now)
            return False


def _json(body: JSON, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    return Reply(status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(body).encode())


def _query(action: str, said: str) -> Reply:
    body = f"<{action}Response><{action}Result>{said}</{action}Result></{action}Response>"
    return Reply(200, {"Content-Type": "text/xml"}, body.encode())


def _assumed(account: str) -> Reply:
    given = (
        f"<Credentials><AccessKeyId>ASIA{account}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t"
        "</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser><Arn>"
        f"arn:aws:sts::{account}:assumed-role/annexlog-read/annexlog</Arn><AssumedRoleId>A:a</AssumedRoleId></AssumedRoleUser>"
    )
    return _query("AssumeRole", given)


class Kept:
    def __init__(self) -> None:
        self.values: list[JSON | Unknown] = []

    def add(self, line: Line, id: str, value: JSON | Unknown) -> None:
        self.values.append(value)


def test_a_throttled_account_is_seen_whole_and_its_neighbour_does_not_wait(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Hurrying()
    accounts, limits, kept = Accounts(clock), Limits(clock), Kept()
    with Wire(accounts, threads=16) as wire:
        monkeypatch.setenv("AWS_ENDPOINT_URL", wire.url)
        adapter = connect()
        engine = Engine(adapter, clock=clock, limits=limits, workers=8)
        adapter.connection.client("lambda", "eu-west-1")  # reading its model takes longer than all the rest

        def look(account: str) -> list[Sweep]:
            values = {"partition": "aws", "account": account, "region": "eu-west-1"}
            scope = Scope(f"aws/{account}/eu-west-1", "region", values)
            asks = [Ask(FUNCTION, frozenset({"policy"}), frozenset({"policy"}), None)]
            return engine.collect(scope, {scope.name: scope}, asks, kept)

        began = clock.monotonic()
        with ThreadPoolExecutor(2) as pool:
            sweeps = [sweep for seen in pool.map(look, (SLOW, FAST)) for sweep in seen]
        took = clock.monotonic() - began

    assert [(sweep.status, sweep.refusal) for sweep in sweeps] == [(Coverage.COMPLETE, None)] * 4
    assert len(kept.values) == 2 * 2 * FUNCTIONS
    assert [value for value in kept.values if isinstance(value, Unknown)] == []
    assert accounts.statuses[SLOW, 200] == accounts.statuses[FAST, 200] == FUNCTIONS + 1
    assert accounts.statuses[SLOW, 429] > 0
    assert took > (FUNCTIONS + 1 - 5) / 5
    assert accounts.order[-FUNCTIONS // 2 :] == [SLOW] * (FUNCTIONS // 2)  # the neighbour was done long before
    assert limits.rate(f"aws/{FAST}/eu-west-1/lambda") == 1000
