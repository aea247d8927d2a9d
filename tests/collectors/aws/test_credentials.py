"""Each request is signed by whoever asks in its scope, with credentials that have not ended."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from annexlog.collectors import Call, Scope
from annexlog.collectors.aws import Options
from annexlog.collectors.aws._adapter import Aws
from annexlog.evidence_store.model import ConfigError
from tests.collectors.aws.conftest import OWN, Connect, bodies, first, refused
from tests.wire import Fault, Wire
from tests.wire.moto import CREDENTIALS

WHO = Call("sts:GetCallerIdentity", "get_caller_identity")
LIST_USERS = Call("iam:ListUsers", "list_users", items="Users")
MEMBERS = [
    Scope(f"aws/{id}", "account", {"partition": "aws", "account": id}) for id in ("111111111111", "222222222222")
]


class Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def adapter_at(clock: Clock, **options: Any) -> Aws:
    return Aws(Options(**options), "test", now=clock)


def test_a_member_account_is_asked_in_the_role_of_its_name(wire: Wire, connect: Connect) -> None:
    adapter = connect(member_role="audit/reader")

    answers = [bodies(adapter, WHO, member)[0] for member in MEMBERS]

    assert [(a["Account"], a["Arn"]) for a in answers] == [
        ("111111111111", "arn:aws:sts::111111111111:assumed-role/reader/annexlog"),
        ("222222222222", "arn:aws:sts::222222222222:assumed-role/reader/annexlog"),
    ]


def test_accounts_asked_at_once_through_one_client_are_not_mixed_up(wire: Wire, connect: Connect) -> None:
    adapter = connect()
    asked = [OWN, *MEMBERS] * 20

    with ThreadPoolExecutor(8) as pool:
        answered = list(pool.map(lambda scope: bodies(adapter, WHO, scope)[0]["Account"], asked))

    assert answered == [scope.values["account"] for scope in asked]
    assert Counter(seen.name for seen in wire.seen)["sts.assume_role"] == len(MEMBERS)


def test_a_roles_session_is_renewed_before_it_ends(wire: Wire, moto: Any) -> None:
    import time  # noqa: PLC0415

    clock = Clock()
    clock.at = time.time()
    adapter = adapter_at(clock, endpoint_url=wire.url)
    bodies(adapter, WHO, MEMBERS[0])
    clock.at += 3600 - 301
    bodies(adapter, WHO, MEMBERS[0])
    before = wire.count("sts.assume_role")
    clock.at += 2

    bodies(adapter, WHO, MEMBERS[0])

    assert (before, wire.count("sts.assume_role")) == (1, 2)


def test_a_roles_session_that_expires_early_is_renewed_once_and_the_call_made_again(
    wire: Wire, connect: Connect
) -> None:
    adapter = connect()
    bodies(adapter, LIST_USERS, MEMBERS[0])
    wire.inject(Fault("expired", "iam.list_users", times=1))

    page = first(adapter, LIST_USERS, MEMBERS[0])

    assert (page.body["Users"], page.retries, wire.count("sts.assume_role")) == ([], 1, 2)


def test_a_roles_session_that_stays_expired_is_unauthenticated(wire: Wire, connect: Connect) -> None:
    adapter = connect()
    bodies(adapter, LIST_USERS, MEMBERS[0])
    wire.inject(Fault("expired", "iam.list_users"))

    assert refused(adapter, LIST_USERS, MEMBERS[0]) == ("unauthenticated", "ExpiredToken")


def test_our_own_credentials_that_expire_in_mid_run_are_unauthenticated_from_then_on(
    wire: Wire, connect: Connect
) -> None:
    adapter = connect()
    wire.inject(Fault("expired", "iam.list_users", since=2))

    answers = [bodies(adapter, LIST_USERS), refused(adapter, LIST_USERS), refused(adapter, LIST_USERS)]

    assert answers == [
        [{"Users": [], "IsTruncated": False}],
        ("unauthenticated", "ExpiredToken"),
        ("unauthenticated", "ExpiredToken"),
    ]


def test_a_refused_role_is_asked_for_once_in_five_minutes(wire: Wire) -> None:
    clock = Clock()
    adapter = adapter_at(clock, endpoint_url=wire.url)
    wire.inject(Fault("refused", "sts.assume_role"))
    answers = [refused(adapter, LIST_USERS, MEMBERS[0]) for _ in range(3)]
    before = wire.count("sts.assume_role")
    clock.at += 301

    refused(adapter, LIST_USERS, MEMBERS[0])

    assert answers == [("denied", "AssumeRole.AccessDenied")] * 3
    assert (before, wire.count("sts.assume_role")) == (1, 2)


def test_a_role_for_which_we_were_told_to_slow_down_is_asked_for_again(wire: Wire, connect: Connect) -> None:
    adapter = connect()
    wire.inject(Fault("throttled", "sts.assume_role", times=1))

    answers = [refused(adapter, LIST_USERS, MEMBERS[0]), bodies(adapter, LIST_USERS, MEMBERS[0])]

    assert answers == [("throttled", "AssumeRole.Throttling"), [{"Users": [], "IsTruncated": False}]]


def test_a_role_of_our_own_comes_before_everything(wire: Wire, connect: Connect) -> None:
    adapter = connect(role_arn="arn:aws:iam::333333333333:role/entry")
    entry = Scope("aws/333333333333", "account", {"partition": "aws", "account": "333333333333"})

    answers = [bodies(adapter, WHO, scope)[0]["Arn"] for scope in (entry, MEMBERS[0])]

    assert answers == [
        "arn:aws:sts::333333333333:assumed-role/entry/annexlog",
        "arn:aws:sts::111111111111:assumed-role/annexlog-read/annexlog",
    ]
    assert next(s.key for s in wire.seen if s.name == "sts.assume_role") == CREDENTIALS["AWS_ACCESS_KEY_ID"]


@pytest.mark.parametrize("source", ["env", "file"])
def test_the_external_id_is_read_from_elsewhere_and_sent_with_the_role(
    wire: Wire, connect: Connect, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTERNAL_ID", "s3cret-42")
    (tmp_path / "external-id").write_text("s3cret-42\n")
    options = {"external_id_env": "EXTERNAL_ID"} if source == "env" else {"external_id_file": f"{tmp_path}/external-id"}
    wire.inject(Fault("refused", "sts.assume_role", containing="ExternalId=s3cret-42"))

    answer = refused(connect(**options), LIST_USERS, MEMBERS[0])

    assert answer == ("denied", "AssumeRole.AccessDenied")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"external_id_env": "NOT_SET"}, "targets.test.external_id_env: the environment variable NOT_SET is not set"),
        ({"external_id_file": "/nonexistent/id"}, "targets.test.external_id_file: /nonexistent/id cannot be read"),
        ({"ca_bundle": "/nonexistent/ca.pem"}, "targets.test.ca_bundle: there is no file /nonexistent/ca.pem"),
        ({"endpoint_url": "localhost:5000"}, "targets.test.endpoint_url: 'localhost:5000' is not a URL"),
        ({"profile": "nobody"}, "targets.test.profile: The config profile (nobody) could not be found"),
    ],
)
def test_options_that_lead_nowhere_are_errors_of_the_configuration(
    connect: Connect, options: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        connect(**options)

    assert str(caught.value).startswith(said)


def test_the_clients_of_a_service_share_its_model_whatever_their_region(connect: Connect) -> None:
    connection = connect(endpoint_url="http://127.0.0.1:9").connection

    here, there = (connection.client("lambda", region) for region in ("eu-west-1", "us-east-1"))

    assert here.meta.service_model is there.meta.service_model
    assert (here.meta.region_name, there.meta.region_name) == ("eu-west-1", "us-east-1")
