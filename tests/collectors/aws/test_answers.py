"""An answer that is none is never taken for an empty one, and every refusal has its reason."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
from botocore.exceptions import EndpointConnectionError

from annexlog.collectors import Call, Refused
from tests.collectors.aws.conftest import Connect, bodies, first, refused
from tests.wire import Fault, Reply, Wire

LIST_BUCKETS = Call("s3:ListAllMyBuckets", "list_buckets", items="Buckets")
BUCKET_POLICY = Call("s3:GetBucketPolicy", "get_bucket_policy", take="Policy")
LIST_USERS = Call("iam:ListUsers", "list_users", items="Users")
SECURITY_GROUPS = Call("ec2:DescribeSecurityGroups", "describe_security_groups", items="SecurityGroups")
LIST_KEYS = Call("kms:ListKeys", "list_keys", items="Keys")
CONTACT = Call("account:GetAlternateContact", "get_alternate_contact", take="AlternateContact")
ACCOUNT_BLOCK = Call("s3:GetAccountPublicAccessBlock", "s3control.get_public_access_block")

PROTOCOLS = {
    "rest-xml": (LIST_BUCKETS, {}),
    "text": (BUCKET_POLICY, {"Bucket": "ledger"}),
    "query": (LIST_USERS, {}),
    "ec2": (SECURITY_GROUPS, {}),
    "json": (LIST_KEYS, {}),
    "rest-json": (CONTACT, {"AlternateContactType": "SECURITY"}),
    "rest-xml without a root of its own": (ACCOUNT_BLOCK, {"AccountId": "123456789012"}),
}

BROKEN_BODIES = [
    ("rest-xml", "empty", "EmptyBody"),
    ("text", "empty", "EmptyBody"),
    ("query", "empty", "EmptyBody"),
    ("ec2", "empty", "EmptyBody"),
    ("json", "empty", "EmptyBody"),
    ("rest-json", "empty", "EmptyBody"),
    ("rest-xml without a root of its own", "empty", "EmptyBody"),
    ("rest-xml", "html", "ForeignBody"),
    ("text", "html", "ForeignBody"),
    ("query", "html", "ForeignBody"),
    ("ec2", "html", "ForeignBody"),
    ("json", "html", "ForeignBody"),
    ("rest-json", "html", "ForeignBody"),
    ("rest-xml without a root of its own", "html", "ForeignBody"),
    ("rest-xml", "cut", "ResponseParserError"),
    ("text", "cut", "MalformedBody"),
    ("query", "cut", "ResponseParserError"),
    ("ec2", "cut", "ResponseParserError"),
    ("json", "cut", "MalformedBody"),
]

REFUSALS = [
    ("rest-xml", "refused", "denied", "AccessDenied"),
    ("query", "refused", "denied", "AccessDenied"),
    ("ec2", "refused", "denied", "UnauthorizedOperation"),
    ("json", "refused", "denied", "AccessDeniedException"),
    ("rest-json", "refused", "denied", "AccessDeniedException"),
    ("rest-xml", "throttled", "throttled", "SlowDown"),
    ("query", "throttled", "throttled", "Throttling"),
    ("ec2", "throttled", "throttled", "RequestLimitExceeded"),
    ("json", "throttled", "throttled", "ThrottlingException"),
    ("rest-json", "throttled", "throttled", "TooManyRequestsException"),
    ("rest-xml", "broken", "failed", "InternalError"),
    ("query", "broken", "failed", "InternalFailure"),
    ("ec2", "broken", "failed", "InternalError"),
    ("json", "broken", "failed", "InternalFailure"),
    ("rest-json", "broken", "failed", "InternalServerException"),
    ("rest-xml", "expired", "unauthenticated", "ExpiredToken"),
    ("query", "expired", "unauthenticated", "ExpiredToken"),
    ("ec2", "expired", "unauthenticated", "ExpiredToken"),
    ("json", "expired", "unauthenticated", "ExpiredTokenException"),
    ("rest-json", "expired", "unauthenticated", "ExpiredTokenException"),
    ("rest-xml", "missing", "failed", "404"),
    ("query", "missing", "failed", "404"),
    ("ec2", "missing", "failed", "404"),
    ("json", "missing", "failed", "404"),
    ("rest-json", "missing", "failed", "404"),
    ("rest-xml", "dropped", "failed", "ConnectionClosedError"),
    ("query", "dropped", "failed", "ConnectionClosedError"),
]


@pytest.fixture(autouse=True)
def something_to_answer(wire: Wire, client) -> None:
    client("s3").create_bucket(Bucket="ledger")
    client("s3").put_bucket_policy(Bucket="ledger", Policy='{"Version": "2012-10-17", "Statement": []}')


@pytest.fixture
def in_tokyo() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(("protocol", "fault", "code"), BROKEN_BODIES)
def test_a_body_that_is_no_answer_is_unreadable(
    wire: Wire, connect: Connect, protocol: str, fault: str, code: str
) -> None:
    call, params = PROTOCOLS[protocol]
    adapter = connect()
    adapter.identity()
    wire.inject(Fault(fault))

    answer = refused(adapter, call, **params)

    assert answer == ("unreadable", code)


@pytest.mark.parametrize(("protocol", "fault", "reason", "code"), REFUSALS)
def test_a_refusal_has_its_reason_and_the_providers_code(
    wire: Wire, connect: Connect, protocol: str, fault: str, reason: str, code: str
) -> None:
    call, params = PROTOCOLS[protocol]
    adapter = connect()
    adapter.identity()
    wire.inject(Fault(fault))

    answer = refused(adapter, call, **params)

    assert answer == (reason, code)


def test_a_refused_call_is_asked_once_since_the_engine_is_who_asks_again(wire: Wire, connect: Connect) -> None:
    adapter = connect()
    wire.inject(Fault("throttled", "s3.list_buckets"))

    refused(adapter, LIST_BUCKETS)

    assert wire.count("s3.list_buckets") == 1


def test_a_code_that_nobody_listed_is_a_failure_by_its_name(wire: Wire, connect: Connect) -> None:
    wire.inject(Fault("broken", "s3.list_buckets", code="QuiteNew"))

    answer = refused(connect(), LIST_BUCKETS)

    assert answer == ("failed", "QuiteNew")


@pytest.mark.parametrize(
    ("code", "status", "again"),
    [("NoSuchBucketPolicy", 404, False), ("RequestTimeout", 400, None), ("SlowDown", 503, None), ("New", 500, None)],
)
def test_asking_again_is_said_to_be_vain_where_the_answer_is_definite(
    wire: Wire, connect: Connect, code: str, status: int, again: bool | None
) -> None:
    said = f"<Error><Code>{code}</Code></Error>".encode()
    wire.inject(Fault("reply", "s3.get_bucket_policy", reply=Reply(status, {"Content-Type": "text/xml"}, said)))

    with pytest.raises(Refused) as caught:
        bodies(connect(), BUCKET_POLICY, Bucket="ledger")

    assert (caught.value.code, caught.value.again) == (code, again)


def test_an_answer_of_another_operation_is_unreadable(wire: Wire, connect: Connect) -> None:
    adapter = connect()
    other = b"<ListRolesResponse><ListRolesResult><Roles/></ListRolesResult></ListRolesResponse>"
    wire.inject(Fault("reply", "iam.list_users", reply=Reply(200, {"Content-Type": "text/xml"}, other)))

    answer = refused(adapter, LIST_USERS)

    assert answer == ("unreadable", "ForeignBody")


def test_an_error_that_s3_says_with_status_200_is_an_error(wire: Wire, connect: Connect) -> None:
    said = b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Later</Message></Error>"
    wire.inject(Fault("reply", "s3.list_buckets", reply=Reply(200, {"Content-Type": "application/xml"}, said)))

    answer = refused(connect(), LIST_BUCKETS)

    assert answer == ("throttled", "SlowDown")


def test_bytes_of_an_unreadable_body_are_not_kept(wire: Wire, connect: Connect) -> None:
    adapter = connect()
    wire.inject(Fault("html", "iam.list_users"))

    with pytest.raises(Exception, match=r"unreadable: ForeignBody \d+ bytes of text/html, status 200$"):
        bodies(adapter, LIST_USERS)


def test_a_page_says_its_request_and_the_providers_clock(wire: Wire, connect: Connect) -> None:
    page = first(connect(), LIST_USERS)

    assert page.request_id
    assert page.date is not None
    assert page.date % 1000 == 0


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("1795632040", "2026-11-25T18:40:40Z"),
        ("1795632040.1234", "2026-11-25T18:40:40.123Z"),
        ("1795632040.9996", "2026-11-25T18:40:41Z"),
        ('"2026-11-25T19:40:40.5+01:00"', "2026-11-25T18:40:40.500Z"),
        ('"2026-11-25T18:40:40"', "2026-11-25T18:40:40Z"),
        ('"Wed, 25 Nov 2026 18:40:40 GMT"', "2026-11-25T18:40:40Z"),
    ],
)
@pytest.mark.usefixtures("in_tokyo")
def test_times_are_rfc_3339_texts_in_utc_wherever_we_are(wire: Wire, connect: Connect, said: str, kept: str) -> None:
    answer = f'{{"KeyMetadata": {{"KeyId": "k", "CreationDate": {said}}}}}'.encode()
    wire.inject(Fault("reply", "kms.describe_key", reply=Reply(200, {}, answer)))

    body = first(connect(), Call("kms:DescribeKey", "describe_key"), KeyId="k").body

    assert body == {"KeyMetadata": {"KeyId": "k", "CreationDate": kept}}


def test_a_time_that_is_none_makes_the_answer_unreadable(wire: Wire, connect: Connect) -> None:
    answer = b'{"KeyMetadata": {"KeyId": "k", "CreationDate": "yesterday"}}'
    wire.inject(Fault("reply", "kms.describe_key", reply=Reply(200, {}, answer)))

    assert refused(connect(), Call("kms:DescribeKey", "describe_key"), KeyId="k") == ("unreadable", "ValueError")


def test_an_endpoint_that_nobody_serves_is_a_failure(connect: Connect, wire: Wire) -> None:
    adapter = connect()
    adapter.identity()
    elsewhere = connect(endpoint_url="http://127.0.0.1:9")

    assert refused(elsewhere, LIST_BUCKETS) == ("failed", "EndpointConnectionError")


def test_without_credentials_every_call_is_unauthenticated(
    wire: Wire, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")

    assert refused(connect(), LIST_BUCKETS) == ("unauthenticated", "NoCredentialsError")


def test_the_account_number_is_not_put_before_the_host_of_a_given_endpoint(wire: Wire, connect: Connect) -> None:
    call, params = PROTOCOLS["rest-xml without a root of its own"]

    assert refused(connect(), call, **params) == ("failed", "NoSuchPublicAccessBlockConfiguration")


def test_an_endpoint_that_never_answers_is_a_failure(connect: Connect) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        adapter = connect(endpoint_url=f"http://127.0.0.1:{silent.getsockname()[1]}", read_timeout=0.1)

        answer = refused(adapter, LIST_BUCKETS)

    assert answer == ("failed", "ReadTimeoutError")


@pytest.mark.parametrize(
    ("service", "region", "answer"),
    [
        ("kms", "eu-west-1", ("failed", "EndpointConnectionError")),
        ("kafka", "eu-nowhere-1", ("unsupported", "ServiceNotInRegion")),
    ],
)
def test_an_endpoint_that_is_not_there_is_unsupported_where_aws_has_no_such_service(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, service: str, region: str, answer: tuple[str, str]
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")  # a given endpoint is everywhere
    error = EndpointConnectionError(endpoint_url=f"https://{service}.{region}.amazonaws.com/")

    refused = connect().connection._unreachable(service, region, error)

    assert (refused.reason, refused.code) == answer


def test_a_bucket_of_another_region_is_asked_where_it_is(wire: Wire, connect: Connect) -> None:
    moved = Reply(
        301,
        {"Content-Type": "application/xml", "x-amz-bucket-region": "eu-west-1"},
        b"<Error><Code>PermanentRedirect</Code><Message>Elsewhere</Message></Error>",
    )
    wire.inject(Fault("reply", "s3.get_bucket_policy", containing="/us-east-1/s3/", reply=moved))

    answered = bodies(connect(), BUCKET_POLICY, Bucket="ledger")

    assert answered == [{"Policy": '{"Version": "2012-10-17", "Statement": []}'}]
    assert [seen.region for seen in wire.seen if seen.name == "s3.get_bucket_policy"] == [
        "us-east-1", "us-east-1", "eu-west-1",  # here, by botocore once more, and where that is sent
    ]  # fmt: skip
