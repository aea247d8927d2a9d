"""An organization of canned answers over loopback, in a process of its own: accounts × regions × 20 services."""

# ruff: noqa: E501 — one service a line

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.serving import Served, serve

MANAGEMENT = "100000000000"
REGIONS = (
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1",
    "eu-north-1", "ap-south-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1",
    "ap-southeast-2", "ca-central-1", "sa-east-1",
)  # fmt: skip
"""The regions that every account has without opting in."""

ITEMS = 3
"""Resources in each list."""

_EC2 = 'xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"'
_HEAD = re.compile(rb"(?i)\r\nauthorization: *AWS4-HMAC-SHA256 Credential=([^/]+)/\d+/([\w-]+)/([\w-]+)/")
_TARGET = re.compile(rb"(?i)\r\nx-amz-target: *[\w.]*?(\w+)\r\n")
_ACTION = re.compile(rb"Action=(\w+)")


@dataclass(frozen=True, slots=True)
class Service:
    """One of the services: a list of things that have a name.

    `client`: botocore's name. `operation`, `member`, `path`: the call, its list, and where an item has what names it.
    `protocol`: `json`, `query` or `rest` (JSON at `path_of`). `item`: what an item says besides its name.
    """

    client: str
    operation: str
    member: str
    path: str
    protocol: str = "json"
    path_of: str = ""
    item: Mapping[str, Any] | None = None

    @property
    def wire_name(self) -> str:
        return "".join(part.capitalize() for part in self.operation.split("_")).replace("Db", "DB")


SERVICES = (
    Service("acm", "list_certificates", "CertificateSummaryList", "CertificateArn", item={"DomainName": "a.example.com", "Status": "ISSUED"}),
    Service("athena", "list_work_groups", "WorkGroups", "Name", item={"State": "ENABLED"}),
    Service("cloudtrail", "describe_trails", "trailList", "TrailARN", item={"IsMultiRegionTrail": False, "LogFileValidationEnabled": True}),
    Service("codebuild", "list_projects", "projects", ""),
    Service("codepipeline", "list_pipelines", "pipelines", "name", item={"version": 1}),
    Service("config", "describe_configuration_recorders", "ConfigurationRecorders", "name", item={"roleARN": "arn:aws:iam::1:role/c"}),
    Service("dynamodb", "list_tables", "TableNames", ""),
    Service("ecr", "describe_repositories", "repositories", "repositoryArn", item={"imageTagMutability": "IMMUTABLE"}),
    Service("ecs", "list_clusters", "clusterArns", ""),
    Service("elb", "describe_load_balancers", "LoadBalancerDescriptions", "LoadBalancerName", "query", item={"Scheme": "internal"}),
    Service("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerArn", "query", item={"Scheme": "internal", "Type": "network"}),
    Service("events", "list_rules", "Rules", "Arn", item={"State": "ENABLED"}),
    Service("eks", "list_clusters", "clusters", "", "rest", "/clusters"),
    Service("glue", "get_crawlers", "Crawlers", "Name", item={"State": "READY"}),
    Service("kms", "list_keys", "Keys", "KeyArn", item={"KeyId": "k"}),
    Service("lambda", "list_functions", "Functions", "FunctionArn", "rest", "/2015-03-31/functions", {"Runtime": "python3.13", "Timeout": 3}),
    Service("logs", "describe_log_groups", "logGroups", "arn", item={"retentionInDays": 365}),
    Service("rds", "describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupArn", "query", item={"VpcId": "vpc-1"}),
    Service("secretsmanager", "list_secrets", "SecretList", "ARN", item={"RotationEnabled": True}),
    Service("sns", "list_topics", "Topics", "TopicArn", "query"),
)  # fmt: skip
_NAMED = {service.client: service for service in SERVICES}


@dataclass(frozen=True, slots=True)
class _Asked:
    account: str
    body: bytes
    accounts: int
    head: bytes


def account_id(n: int) -> str:
    return str(int(MANAGEMENT) + n)


def answer(head: bytes, body: bytes, accounts: int) -> tuple[str, str]:
    """Content type and body of what AWS would say; the account is known by the access key, as AWS knows it."""
    signed = _HEAD.search(head)
    assert signed is not None, head
    key, region, service = (part.decode() for part in signed.groups())
    account = key[-12:] if key.startswith("ASIA") else MANAGEMENT
    if service in _ORGANIZATION:
        return _ORGANIZATION[service](_Asked(account, body, accounts, head))
    if service == "elasticloadbalancing":  # both kinds sign by this name
        service = "elbv2" if b"Version=2015-12-01" in body else "elb"
    return _said(_NAMED[service], account, region)


def _said(service: Service, account: str, region: str) -> tuple[str, str]:
    names = [f"arn:aws:{service.client}:{region}:{account}:thing/{n:06}" for n in range(ITEMS)]
    items = [{service.path: name, **(service.item or {})} if service.path else name for name in names]
    if service.protocol == "query":
        rows = "".join(f"<member>{''.join(f'<{k}>{v}</{k}>' for k, v in item.items())}</member>" for item in items)  # type: ignore[union-attr]  # query's items are named
        list_of = "DBSubnetGroup" if service.client == "rds" else "member"
        rows = rows.replace("<member>", f"<{list_of}>").replace("</member>", f"</{list_of}>")
        return "text/xml", _query(service.wire_name, f"<{service.member}>{rows}</{service.member}>")
    kind = "application/json" if service.protocol == "rest" else "application/x-amz-json-1.1"
    return kind, json.dumps({service.member: items})


def _query(action: str, said: str) -> str:
    meta = "<ResponseMetadata><RequestId>0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0</RequestId></ResponseMetadata>"
    return f"<{action}Response><{action}Result>{said}</{action}Result>{meta}</{action}Response>"


def _sts(asked: _Asked) -> tuple[str, str]:
    action = _ACTION.search(asked.body)
    if action and action[1] == b"GetCallerIdentity":
        said = f"<Arn>arn:aws:iam::{asked.account}:user/reader</Arn><UserId>AIDA</UserId><Account>{asked.account}</Account>"
        return "text/xml", _query("GetCallerIdentity", said)
    role = re.search(rb"iam%3A%3A(\d{12})%3Arole", asked.body)
    assert role is not None, asked.body
    other, ends = role[1].decode(), datetime.now(UTC) + timedelta(hours=1)
    said = (
        f"<Credentials><AccessKeyId>ASIA{other}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t"
        f"</SessionToken><Expiration>{ends:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials><AssumedRoleUser><Arn>"
        f"arn:aws:sts::{other}:assumed-role/annexlog-read/annexlog</Arn><AssumedRoleId>A:a</AssumedRoleId></AssumedRoleUser>"
    )
    return "text/xml", _query("AssumeRole", said)


def _organizations(asked: _Asked) -> tuple[str, str]:
    target = _TARGET.search(asked.head)
    if target and target[1] == b"DescribeOrganization":
        said: dict[str, Any] = {"Organization": {"Id": "o-benchmarks", "MasterAccountId": MANAGEMENT}}
    else:
        first = int(json.loads(asked.body or b"{}").get("NextToken", 0))
        last = min(first + 20, asked.accounts)  # as many as a page of AWS holds
        said = {"Accounts": [{"Id": account_id(n), "Name": f"a{n}", "State": "ACTIVE"} for n in range(first, last)]}
        if last < asked.accounts:
            said["NextToken"] = str(last)
    return "application/x-amz-json-1.1", json.dumps(said)


def _ec2(_: _Asked) -> tuple[str, str]:
    rows = "".join(
        f"<item><regionName>{r}</regionName><optInStatus>opt-in-not-required</optInStatus></item>" for r in REGIONS
    )
    return "text/xml", f"<DescribeRegionsResponse {_EC2}><regionInfo>{rows}</regionInfo></DescribeRegionsResponse>"


_ORGANIZATION: dict[str, Callable[[_Asked], tuple[str, str]]] = {
    "sts": _sts, "organizations": _organizations, "ec2": _ec2,
}  # fmt: skip


# ── the wire ──────────────────────────────────────────────────────────────────────────────


class _Connection(asyncio.Protocol):
    def __init__(self, accounts: int, latency: float) -> None:
        self._accounts, self._latency, self._buffer = accounts, latency, b""

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
            kind, body = answer(head + b"\r\n", rest[:size], self._accounts)
            said = body.encode()
            reply = (
                f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nx-amzn-requestid: R1\r\nContent-Length: {len(said)}\r\n\r\n"
            ).encode() + said
            asyncio.get_running_loop().call_later(self._latency, self._transport.write, reply)  # type: ignore[attr-defined]  # a stream's transport


def Stub(accounts: int, latency: float) -> Served:  # noqa: N802 — used as a class is: `with Stub(…) as url`
    """The stub's process: so many accounts, each answer so many seconds late."""
    return Served("aws_estate", accounts, latency)


if __name__ == "__main__":
    serve(lambda: _Connection(int(sys.argv[1]), float(sys.argv[2])), backlog=1024)
