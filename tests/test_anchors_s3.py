"""The anchor in S3 with Object Lock: what is asked of S3, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from annexlog.anchors import Refused
from annexlog.anchors.s3 import S3
from annexlog.evidence_store.anchors import Receipt
from tests.anchored import SIGNER, Log
from tests.wire import Moto, Reply, Request, forward
from tests.wire.http import Server

KEY = "annexlog/example.com/log/00000000000000000002.txt"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    made = Log(tmp_path)
    made.grow(2)
    yield made
    made.store.close()


class Counterpart:
    """moto, and what came to it. `faults`: what is answered instead, by method."""

    def __init__(self, moto: Moto) -> None:
        self._source = forward(moto.url)
        self.came: list[Request] = []
        self.faults: dict[str, Reply] = {}

    def answer(self, request: Request) -> Reply:
        self.came.append(request)
        return self.faults.get(request.method) or self._source(request)


@pytest.fixture
def s3(moto: Moto, client: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Counterpart]:
    """A bucket `locked` that has Object Lock, and one `open` that has none."""
    client("s3").create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    client("s3").create_bucket(Bucket="open")
    made = Counterpart(moto)
    with Server(made.answer, threads=2) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        yield made


def error(code: str, status: int) -> Reply:
    body = f"<Error><Code>{code}</Code><Message>No.</Message></Error>"
    return Reply(status, {"Content-Type": "application/xml"}, body.encode())


def refused(log: Log, one: S3) -> Refused:
    with pytest.raises(Refused) as caught:
        log.send(one)
    return caught.value


def test_the_note_is_put_under_compliance_lock(log: Log, s3: Counterpart, client: Callable[..., Any]) -> None:
    token = log.send(S3(bucket="locked", retain="P10D"))

    put = next(request for request in s3.came if request.method == "PUT")
    until = datetime.fromtimestamp(log.clock.at // 1000 + 10 * 86_400, UTC)
    assert urlsplit(put.target).path == f"/locked/{KEY}"
    assert put.headers["x-amz-object-lock-mode"] == "COMPLIANCE"
    assert put.headers["x-amz-object-lock-retain-until-date"] == f"{until:%Y-%m-%dT%H:%M:%SZ}"
    assert "x-amz-checksum-sha256" in put.headers or "x-amz-trailer" in put.headers
    kept = client("s3").get_object(Bucket="locked", Key=KEY)["Body"].read()
    assert kept == log.store.checkpoint(SIGNER).encode()
    detail = Receipt.check(token, [SIGNER.verifier]).detail
    assert detail.startswith(f"s3://locked/{KEY} version ")
    assert detail.endswith(f" until {until:%Y-%m-%dT%H:%M:%SZ}")


def test_only_the_two_documented_operations_are_asked(log: Log, s3: Counterpart) -> None:
    log.send(S3(bucket="locked"))

    assert [(r.method, r.target) for r in s3.came] == [("GET", "/locked?object-lock"), ("PUT", f"/locked/{KEY}")]


def test_a_bucket_without_object_lock_gets_nothing(log: Log, s3: Counterpart) -> None:
    found = refused(log, S3(bucket="open"))

    assert (found.reason, found.code) == ("unsupported", "ObjectLockConfigurationNotFoundError")
    assert found.message == "the bucket open has no Object Lock; nothing was put there"
    assert [request.method for request in s3.came] == ["GET"]


@pytest.mark.parametrize(
    ("method", "permission"),
    [("GET", "s3:GetBucketObjectLockConfiguration"), ("PUT", "s3:PutObject, s3:PutObjectRetention")],
)
def test_a_missing_permission_is_named(log: Log, s3: Counterpart, method: str, permission: str) -> None:
    s3.faults[method] = error("AccessDenied", 403)

    found = refused(log, S3(bucket="locked"))

    assert (found.reason, found.code, found.permission) == ("denied", "AccessDenied", permission)
    assert found.next == f"Grant {permission}."


def test_the_account_that_the_bucket_must_belong_to_is_asked_for(log: Log, s3: Counterpart) -> None:
    log.send(S3(bucket="locked", owner="123456789012"))

    assert [request.headers["x-amz-expected-bucket-owner"] for request in s3.came] == ["123456789012"] * 2


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("InternalError", 500, "failed"),
        ("SlowDown", 503, "throttled"),
        ("ExpiredToken", 400, "unauthenticated"),
        ("InvalidRequest", 400, "failed"),
    ],
)
def test_what_s3_says_becomes_a_reason(log: Log, s3: Counterpart, code: str, status: int, reason: str) -> None:
    s3.faults["PUT"] = error(code, status)

    found = refused(log, S3(bucket="locked"))

    assert (found.reason, found.code) == (reason, code)


def test_an_object_without_a_version_does_not_count_as_locked(log: Log, s3: Counterpart) -> None:
    s3.faults["PUT"] = Reply(200)

    assert refused(log, S3(bucket="locked")).code == "unversioned"


def test_nobody_there_is_a_failure(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")

    found = refused(log, S3(bucket="locked"))

    assert (found.reason, found.code) == ("failed", "EndpointConnectionError")


def test_a_profile_that_is_not_there_is_named(log: Log) -> None:
    found = refused(log, S3(bucket="locked", profile="nobody"))

    assert (found.reason, found.code) == ("unauthenticated", "ProfileNotFound")
