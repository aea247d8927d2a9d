"""The least-privilege IAM policy for a set of calls, and the proof that it only reads."""

from __future__ import annotations

import re
from collections.abc import Iterable

import orjson

from annexlog.collectors import Call
from annexlog.collectors.aws._discovery import CALLS
from annexlog.evidence_store.model import DeclarationError

_ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z0-9]+")
_READS = re.compile(r"[a-z0-9-]+:(BatchDescribe|BatchGet|Describe|Get|List|Lookup|Search|View)([A-Z0-9]|$)")

ALLOWED = {
    "iam:GenerateCredentialReport": "makes IAM write the report that GetCredentialReport reads; it changes nothing else",
}
"""Actions that are no read by their verb, and why they are asked for all the same."""

CONTENT = frozenset({
    "athena:GetQueryResults", "codecommit:GetBlob", "codecommit:GetFile", "dynamodb:BatchGetItem",
    "dynamodb:GetItem", "dynamodb:GetRecords", "ec2:GetConsoleOutput", "ec2:GetConsoleScreenshot", "ec2:GetPasswordData",
    "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer", "glacier:GetJobOutput", "kinesis:GetRecords",
    "lambda:GetLayerVersion", "lightsail:GetInstanceAccessDetails", "logs:GetLogEvents", "logs:GetLogRecord",
    "logs:GetQueryResults", "rds-data:BatchGet", "redshift:GetClusterCredentials",
    "redshift:GetClusterCredentialsWithIAM", "s3:GetObject", "s3:GetObjectTorrent", "s3:GetObjectVersion",
    "secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue", "sqs:ReceiveMessage", "ssm:GetParameter",
    "ssm:GetParameterHistory", "ssm:GetParameters", "ssm:GetParametersByPath", "sts:GetFederationToken",
    "sts:GetSessionToken",
})  # fmt: skip
"""Actions whose verb reads, but whose answer is stored data, a secret or a credential: never asked for."""

ONLY = {
    "apigateway:GET": (
        "arn:*:apigateway:*::/restapis", "arn:*:apigateway:*::/restapis/*/resources",
        "arn:*:apigateway:*::/restapis/*/stages", "arn:*:apigateway:*::/apis", "arn:*:apigateway:*::/apis/*/routes",
    ),
}  # fmt: skip
"""Actions that read much, of which the policy allows only this: the same one would give API keys, elsewhere.

Source: API Gateway developer guide, Control access for invoking the management API (resource paths).
"""


def policy(calls: Iterable[Call]) -> str:
    """An IAM policy document, as indented JSON, that allows these calls and discovery, and no more.

    Where member accounts are looked at, the caller needs besides, in a policy of its own, `sts:AssumeRole` on
    `arn:<partition>:iam::*:role/<member_role>`; this document is for the caller and for that role.
    Raises DeclarationError for an action that is not a read.
    """
    discovery = {call.permission for call in CALLS}
    asked = {permission for call in calls for permission in (call.permission, *call.also)} - discovery
    for action in sorted(asked | discovery):
        check(action)
    statements = [
        {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": "*"}
        for sid, actions in (("AnnexlogDiscovery", discovery), ("AnnexlogRead", asked - ONLY.keys()))
        if actions
    ]
    statements += [
        {"Sid": f"AnnexlogRead{number}", "Effect": "Allow", "Action": [action], "Resource": list(ONLY[action])}
        for number, action in enumerate(sorted(asked & ONLY.keys()), 2)
    ]
    return orjson.dumps({"Version": "2012-10-17", "Statement": statements}, option=orjson.OPT_INDENT_2).decode() + "\n"


def check(action: str) -> None:
    """Raises DeclarationError unless the action reads configuration, and nothing else."""
    if not _ACTION.fullmatch(action):
        raise DeclarationError(f"{action!r} is not an IAM action such as s3:GetBucketAcl")
    if action in CONTENT:
        raise DeclarationError(f"{action} reads stored data or secrets", next="annexlog reads configuration only.")
    if action not in ALLOWED and action not in ONLY and not _READS.match(action):
        raise DeclarationError(
            f"{action} does not read by its name",
            next="annexlog only reads; if it does, say so with a reason in ALLOWED of collectors/aws/_policy.py.",
        )
