"""An AWS of canned answers over loopback, in a process of its own: `with Stub(…) as url`. It says what real ones say."""

# ruff: noqa: E501 — canned answers, one a line

from __future__ import annotations

import asyncio
import json
import re
import sys
from dataclasses import dataclass
from urllib.parse import parse_qs

from benchmarks.serving import Served, serve

ACCOUNT = "123456789012"
REGION = "us-east-1"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "annexlog-benchmarks",
    "AWS_CONFIG_FILE": "/nonexistent/config",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/credentials",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_DEFAULT_REGION": REGION,
}
"""All that a client of the stub needs, besides its URL."""

_PAGE = 1000
_MADE = "2026-01-02T03:04:05.000Z"
_META = "<ResponseMetadata><RequestId>0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0</RequestId></ResponseMetadata>"
_S3 = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "OnlyTLS",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ],
}

_SUBRESOURCES = {
    "publicAccessBlock": f"<PublicAccessBlockConfiguration {_S3}><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true"
    "</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets>"
    "</PublicAccessBlockConfiguration>",
    "policyStatus": f"<PolicyStatus {_S3}><IsPublic>false</IsPublic></PolicyStatus>",
    "policy": json.dumps(_POLICY),
    "ownershipControls": f"<OwnershipControls {_S3}><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>"
    "</OwnershipControls>",
    "encryption": f"<ServerSideEncryptionConfiguration {_S3}><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256"
    "</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule>"
    "</ServerSideEncryptionConfiguration>",
    "versioning": f"<VersioningConfiguration {_S3}><Status>Enabled</Status></VersioningConfiguration>",
    "logging": f"<BucketLoggingStatus {_S3}><LoggingEnabled><TargetBucket>logs</TargetBucket><TargetPrefix>a/</TargetPrefix>"
    "</LoggingEnabled></BucketLoggingStatus>",
    "tagging": f"<Tagging {_S3}><TagSet><Tag><Key>owner</Key><Value>team</Value></Tag><Tag><Key>criticality</Key>"
    "<Value>critical</Value></Tag></TagSet></Tagging>",
    "lifecycle": None,
    "replication": None,
    "object-lock": None,
}
_ABSENT = {
    "lifecycle": "NoSuchLifecycleConfiguration",
    "replication": "ReplicationConfigurationNotFoundError",
    "object-lock": "ObjectLockConfigurationNotFoundError",
}


@dataclass(frozen=True, slots=True)
class Estate:
    """How many of each there are."""

    buckets: int = 0
    users: int = 0
    keys: int = 0
    groups: int = 0


class Answers:
    """What is said to a request, as a status and a body."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self._pages: dict[tuple[str, int], str] = {}

    def __call__(self, method: str, target: str, headers: bytes, body: bytes) -> tuple[int, str, str]:
        """Status, content type and body."""
        aimed = re.search(rb"(?i)x-amz-target: *TrentService\.(\w+)", headers)
        if aimed:
            return 200, "application/x-amz-json-1.1", self._kms(aimed[1].decode(), json.loads(body))
        if method == "POST":
            form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            return 200, "text/xml", self._query(form)
        return self._s3(target)

    def _s3(self, target: str) -> tuple[int, str, str]:
        path, _, query = target.partition("?")
        asked = query.partition("&")[0].rstrip("=")
        if path == "/":
            rows = self._rows("bucket", range(self.estate.buckets))
            owner = "<Owner><ID>0123456789abcdef</ID></Owner>"
            return (
                200,
                "application/xml",
                f"<ListAllMyBucketsResult {_S3}>{owner}<Buckets>{rows}</Buckets></ListAllMyBucketsResult>",
            )
        said = _SUBRESOURCES[asked]
        if said is None:
            return (
                404,
                "application/xml",
                f"<Error><Code>{_ABSENT[asked]}</Code><Message>It has none.</Message></Error>",
            )
        return 200, "application/xml", said

    def _kms(self, operation: str, asked: dict[str, str]) -> str:
        if operation == "ListKeys":
            first = int(asked.get("Marker", 0))
            last = min(first + _PAGE, self.estate.keys)
            arns = [_arn(n) for n in range(first, last)]
            keys = [{"KeyId": arn.rpartition("/")[2], "KeyArn": arn} for arn in arns]
            more = {"Truncated": True, "NextMarker": str(last)} if last < self.estate.keys else {"Truncated": False}
            return json.dumps({"Keys": keys, **more})
        arn = asked["KeyId"]
        metadata = {
            "AWSAccountId": ACCOUNT, "Arn": arn, "CreationDate": 1767323045.0, "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "Description": "", "Enabled": True, "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
            "KeyId": arn.rpartition("/")[2], "KeyManager": "CUSTOMER", "KeySpec": "SYMMETRIC_DEFAULT",
            "KeyState": "Enabled", "KeyUsage": "ENCRYPT_DECRYPT", "MultiRegion": False, "Origin": "AWS_KMS",
        }  # fmt: skip
        answers = {
            "DescribeKey": {"KeyMetadata": metadata},
            "GetKeyRotationStatus": {"KeyId": arn, "KeyRotationEnabled": True, "RotationPeriodInDays": 365},
            "ListKeyPolicies": {"PolicyNames": ["default"], "Truncated": False},
            "GetKeyPolicy": {"PolicyName": "default", "Policy": json.dumps(_POLICY)},
        }
        return json.dumps(answers[operation])

    def _query(self, form: dict[str, str]) -> str:
        action = form["Action"]
        if action == "DescribeSecurityGroups":
            rows, more = self._page("group", self.estate.groups, form.get("NextToken"))
            token = f"<nextToken>{more}</nextToken>" if more else ""
            return f"<{action}Response><requestId>r-1</requestId><securityGroupInfo>{rows}</securityGroupInfo>{token}</{action}Response>"
        if action == "GetAccountAuthorizationDetails":
            rows, more = self._page("user", self.estate.users, form.get("Marker"))
            marker = f"<Marker>{more}</Marker>" if more else ""
            said = f"<UserDetailList>{rows}</UserDetailList><IsTruncated>{'true' if more else 'false'}</IsTruncated>{marker}"
        elif action == "GetCallerIdentity":
            said = (
                f"<Arn>arn:aws:iam::{ACCOUNT}:user/reader</Arn><UserId>AIDAREADER</UserId><Account>{ACCOUNT}</Account>"
            )
        elif action == "ListSSHPublicKeys":
            said = f"<SSHPublicKeys>{_ssh_key(form['UserName'])}</SSHPublicKeys><IsTruncated>false</IsTruncated>"
        else:
            raise ValueError(action)
        return f"<{action}Response><{action}Result>{said}</{action}Result>{_META}</{action}Response>"

    def _page(self, kind: str, count: int, token: str | None) -> tuple[str, int]:
        first = int(token or 0)
        last = min(first + _PAGE, count)
        return self._rows(kind, range(first, last)), last if last < count else 0

    def _rows(self, kind: str, numbers: range) -> str:
        key = (kind, numbers.start)
        if key not in self._pages:
            self._pages[key] = "".join(_ROWS[kind](n) for n in numbers)
        return self._pages[key]


def _arn(n: int) -> str:
    return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{n:08x}-0000-4000-8000-000000000000"


def _ssh_key(user: str) -> str:
    return f"<member><UserName>{user}</UserName><SSHPublicKeyId>APKA{user.upper():0>16}</SSHPublicKeyId><Status>Active</Status><UploadDate>{_MADE}</UploadDate></member>"


def _bucket(n: int) -> str:
    return f"<Bucket><Name>bucket-{n:06}</Name><CreationDate>{_MADE}</CreationDate><BucketRegion>{REGION}</BucketRegion></Bucket>"


def _user(n: int) -> str:
    name = f"user-{n:06}"
    return (
        f"<member><Path>/</Path><UserName>{name}</UserName><UserId>AIDA{n:06}</UserId><Arn>arn:aws:iam::{ACCOUNT}:user/{name}</Arn>"
        f"<CreateDate>{_MADE}</CreateDate><GroupList><member>staff</member></GroupList><AttachedManagedPolicies/></member>"
    )


def _group(n: int) -> str:
    """As an account has them: two rules in, one out, tags; about 600 bytes of JSON."""
    ports = "".join(
        f"<item><ipProtocol>tcp</ipProtocol><fromPort>{port}</fromPort><toPort>{port}</toPort><groups/><ipRanges><item>"
        f"<cidrIp>10.{n % 256}.0.0/16</cidrIp><description>office</description></item></ipRanges><ipv6Ranges/><prefixListIds/></item>"
        for port in (443, 8443)
    )
    out = "<item><ipProtocol>-1</ipProtocol><groups/><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges><ipv6Ranges/><prefixListIds/></item>"
    return (
        f"<item><ownerId>{ACCOUNT}</ownerId><groupId>sg-{n:017x}</groupId><groupName>group-{n:06}</groupName><groupDescription>"
        f"of service {n % 400}</groupDescription><vpcId>vpc-0a1b2c3d</vpcId><ipPermissions>{ports}</ipPermissions><ipPermissionsEgress>"
        f"{out}</ipPermissionsEgress><tagSet><item><key>owner</key><value>team-{n % 40}</value></item></tagSet></item>"
    )


_ROWS = {"bucket": _bucket, "user": _user, "group": _group}


# ── the wire ──────────────────────────────────────────────────────────────────────────────


class _Connection(asyncio.Protocol):
    def __init__(self, answers: Answers) -> None:
        self._answers, self._buffer = answers, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, rest = self._buffer.split(b"\r\n\r\n", 1)
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            size = int(length[1]) if length else 0
            if len(rest) < size:
                return
            self._buffer = rest[size:]
            method, target, _ = head.partition(b"\r\n")[0].decode().split(" ")
            status, kind, body = self._answers(method, target, head, rest[:size])
            said = body.encode()
            self._transport.write(  # type: ignore[attr-defined]  # a stream's transport
                f"HTTP/1.1 {status} Said\r\nContent-Type: {kind}\r\nx-amz-request-id: R1\r\n"
                f"Content-Length: {len(said)}\r\n\r\n".encode()
                + said
            )


def Stub(estate: Estate) -> Served:  # noqa: N802 — used as a class is: `with Stub(…) as url`
    """The stub's process."""
    return Served("stub", estate.buckets, estate.users, estate.keys, estate.groups)


if __name__ == "__main__":
    answers = Answers(Estate(*map(int, sys.argv[1:])))
    serve(lambda: _Connection(answers))
