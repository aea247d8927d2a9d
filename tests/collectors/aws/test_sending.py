"""The short way of a request: signed as botocore signs, and nothing but a whole answer taken for one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from botocore.loaders import create_loader
from botocore.model import ServiceModel

from annexlog.collectors import resource_types
from annexlog.collectors.aws._adapter import target
from annexlog.collectors.aws._http import Broken, Host, Reply, Unreachable
from annexlog.collectors.aws._models import loader, operations
from annexlog.collectors.aws._sending import _ordinary
from annexlog.collectors.aws._signing import signed

FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "User-Agent": "annexlog/1"}


@pytest.mark.parametrize(
    ("service", "method", "url", "headers", "body"),
    [
        ("iam", "POST", "https://iam.amazonaws.com/", FORM, b"Action=ListUsers&Version=2010-05-08"),
        ("ec2", "POST", "http://127.0.0.1:5000/", FORM, b"Action=DescribeVpcs"),
        ("kms", "POST", "https://kms.eu-west-1.amazonaws.com/", {"X-Amz-Target": "T.ListKeys", "X-A": "a   b "}, b"{}"),
        ("s3", "GET", "https://ledger.s3.amazonaws.com/?publicAccessBlock", {}, b""),
        ("s3", "GET", "https://s3.amazonaws.com/a%20b/c+d?x-id=Get&max-keys=2&a=%2F", {}, b""),
        ("eks", "GET", "https://eks.eu-west-1.amazonaws.com/clusters/a%20b%2Fc/../d?maxResults=1&a=2&a=1", {}, b""),
    ],
)
@pytest.mark.parametrize("token", [None, "the/token=="])
def test_a_request_is_signed_as_botocore_signs_it(
    service: str, method: str, url: str, headers: dict[str, str], body: bytes, token: str | None
) -> None:
    credentials = ReadOnlyCredentials("AKIAIOSFODNN7EXAMPLE", "a secret", token)
    theirs = AWSRequest(method, url, dict(headers), body)
    auth = S3SigV4Auth if service == "s3" else SigV4Auth
    auth(credentials, service, "eu-west-1").add_auth(theirs)
    at = datetime.strptime(theirs.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()

    parts = urlsplit(url)
    ours = signed(method, parts.netloc, parts.path, parts.query, headers, body, credentials, "eu-west-1", service, at)

    assert ours == dict(theirs.headers.items())


def test_every_declared_call_of_aws_goes_the_short_way() -> None:
    calls = [
        target(call)
        for kind in resource_types().values()
        if kind.provider == "aws"
        for call in (kind.listed, *(detail.call for detail in kind.details))
        if call is not None and call.fn is None
    ]

    long = set()
    for service, operation in calls:
        models = ServiceModel(loader().load_service_model(service, "service-2"), service)
        model = models.operation_model(operations(loader(), service)[operation])
        context = {"auth_type": model.resolved_auth_type, "unsigned_payload": model.unsigned_payload}
        if not _ordinary(model, context, {}, SimpleNamespace(signature_version="v4")):
            long.add((service, operation))

    assert (len(calls) > 200, long) == (True, set())


# ── answers ───────────────────────────────────────────────────────────────────────────────


@contextmanager
def server(*connections: list[bytes]) -> Iterator[Host]:
    """A server that gives these answers, each to a request; a list is of one connection, which ends after it."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for answers in connections:
            there, _ = listening.accept()
            with there:
                for answer in answers:
                    there.recv(1 << 16)
                    there.sendall(answer)
                there.shutdown(socket.SHUT_WR)
                while there.recv(1 << 16):
                    pass

    thread = threading.Thread(target=serve)
    thread.start()
    host = Host("127.0.0.1", listening.getsockname()[1], None, (5.0, 5.0), 2)
    try:
        yield host
    finally:
        host.close()
        thread.join()
        listening.close()


def ask(host: Host) -> Reply:
    return host.ask("POST", "/", {"Host": "a"}, b"{}")


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-LENGTH: 2\r\n\r\n{}", b"{}"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"{}"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\n{\r\n1\r\n}\r\n0\r\nT: t\r\n\r\n", b"{}"),
        (b"HTTP/1.0 200 OK\r\n\r\n{}", b"{}"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    ],
)
def test_a_body_is_as_long_as_its_answer_says(answer: bytes, body: bytes) -> None:
    with server([answer]) as host:
        assert ask(host).body == body


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200",
        b"220 mail.example.com ESMTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: none\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nno header\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1000 + b"\r\n",
    ],
)
def test_what_is_no_whole_answer_is_none(answer: bytes) -> None:
    with server([answer]) as host, pytest.raises(Broken):
        ask(host)


def test_a_connection_is_kept_and_a_new_one_made_where_the_server_ended_it() -> None:
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"

    with server([whole + b"a1", whole + b"a2"], [whole + b"b1"]) as host:
        said = [ask(host).body, ask(host).body]
        while host._idle and host._idle[0].quiet():
            pass
        said.append(ask(host).body)

    assert said == [b"a1", b"a2", b"b1"]


def test_a_host_that_is_not_there_and_a_header_with_a_line_break_are_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    host = Host("127.0.0.1", port, None, (5.0, 5.0), 1)

    with pytest.raises(Unreachable):
        ask(host)
    with pytest.raises(ValueError, match="line break"):
        host.ask("GET", "/", {"X-A": "a\r\nX-B: b"}, b"")


# ── models ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("service", ["iam", "kms", "rds", "s3"])
def test_a_model_is_botocores_but_for_what_it_tells_people(service: str) -> None:
    theirs = _silent(create_loader().load_service_model(service, "service-2"))
    ours = loader().load_service_model(service, "service-2")

    for part in ("operations", "shapes"):
        assert _silent({name: ours[part][name] for name in ours[part].names()}) == theirs[part]
    assert ours["metadata"] == theirs["metadata"]


def _silent(value: Any) -> Any:
    """The same with all documentation blank: botocore demands that it is there."""
    if isinstance(value, dict):
        return {k: "" if k == "documentation" and isinstance(v, str) else _silent(v) for k, v in value.items()}
    return [_silent(one) for one in value] if isinstance(value, list) else value
