"""The test bed itself: what it recognises, spoils and replays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from annexlog.collectors import Adapter, Call, Page, Refused, Scope
from annexlog.collectors.aws import Options, provider
from tests.wire import Fault, Moto, Tape, Wire, forward, spy
from tests.wire.moto import ACCOUNT

OWN = Scope(f"aws/{ACCOUNT}", "account", {"partition": "aws", "account": ACCOUNT})
MEMBER = Scope("aws/210987654321", "account", {"partition": "aws", "account": "210987654321"})

CALLS: list[tuple[Call, dict[str, Any]]] = [
    (Call("s3:ListAllMyBuckets", "list_buckets"), {}),
    (Call("s3:GetBucketAcl", "get_bucket_acl"), {"Bucket": "ledger"}),
    (Call("s3:GetBucketVersioning", "get_bucket_versioning"), {"Bucket": "ledger"}),
    (Call("s3:GetBucketLocation", "get_bucket_location"), {"Bucket": "ledger"}),
    (Call("iam:ListUsers", "list_users"), {}),
    (Call("iam:GetAccountSummary", "get_account_summary"), {}),
    (Call("ec2:DescribeSecurityGroups", "describe_security_groups"), {}),
    (Call("kms:ListKeys", "list_keys"), {}),
    (Call("rds:DescribeDBInstances", "describe_db_instances"), {}),
    (Call("cloudtrail:DescribeTrails", "describe_trails"), {}),
]


def ask(url: str, scope: Scope = OWN) -> tuple[list[Any], set[str]]:
    """What every call answers, and what botocore says was called."""
    adapter = provider.connect(Options(endpoint_url=url), "test")
    called = spy(adapter)
    bodies = [[page.body for page in adapter.pages(call, params, scope)] for call, params in CALLS]
    adapter.close()
    return bodies, called


@pytest.fixture(autouse=True)
def something_there(moto: Moto, client: Any) -> None:
    client("s3").create_bucket(Bucket="ledger")
    client("iam").create_user(UserName="ada")
    client("kms").create_key()


def test_the_wire_recognises_the_operations_that_botocore_calls(wire: Wire) -> None:
    _, called = ask(wire.url)

    assert wire.operations() == called
    assert len(called) == len(CALLS) + 1  # and who we are


def test_without_faults_the_wire_changes_nothing(wire: Wire, moto: Moto) -> None:
    through, _ = ask(wire.url)
    straight, _ = ask(moto.url)

    assert through == straight


def test_a_tape_replays_what_was_recorded_in_every_account(moto: Moto, client: Any, tmp_path: Path) -> None:
    own_calls = [call for call in CALLS if call[1]]
    tape = Tape()
    with Wire(tape.record(forward(moto.url))) as recording:
        recorded = [ask(recording.url)[0], *_members(recording.url, own_calls)]
    tape.save(tmp_path / "tape.json")
    moto.reset()
    loaded = Tape.load(tmp_path / "tape.json")

    with Wire(loaded.replay, threads=0) as replaying:
        replayed = [ask(replaying.url)[0], *_members(replaying.url, own_calls)]

    assert replayed == recorded
    assert loaded.missing == []


def _members(url: str, left_out: list[Any]) -> list[Any]:
    adapter = provider.connect(Options(endpoint_url=url), "test")
    calls = [(call, params) for call, params in CALLS if (call, params) not in left_out]
    bodies = [[page.body for page in adapter.pages(call, params, MEMBER)] for call, params in calls]
    adapter.close()
    return bodies


def test_what_is_not_on_the_tape_is_an_error_that_the_tape_remembers() -> None:
    tape = Tape()
    with Wire(tape.replay, threads=0) as replaying, pytest.raises(Refused, match="failed: 500"):
        ask(replaying.url)

    assert tape.missing == ["POST / "]


def test_a_fault_befalls_only_what_it_concerns_and_when(wire: Wire) -> None:
    adapter = provider.connect(Options(endpoint_url=wire.url), "test")
    wire.inject(Fault("refused", "s3.get_bucket_acl", containing="ledger", since=2, times=1))
    call, params = CALLS[1]

    statuses = [_status(adapter, call, params) for _ in range(4)]

    adapter.close()
    assert statuses == ["answered", "denied", "answered", "answered"]


def _status(adapter: Adapter, call: Call, params: dict[str, Any]) -> str:
    try:
        pages: list[Page] = list(adapter.pages(call, params, OWN))
    except Refused as refused:
        return refused.reason
    return "answered" if pages else "empty"


def test_a_kind_of_fault_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="'refuse' is no kind of fault"):
        Fault("refuse")
