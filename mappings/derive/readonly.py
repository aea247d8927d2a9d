"""Whether a principal can do nothing but read configuration."""

from __future__ import annotations

import re

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.effective import Rights
from annexlog.mappings.derive.policy import acts_on, listed, statements

__all__ = ["more_than_reading"]

_VERB = re.compile(
    r"[a-z0-9-]+:(BatchDescribe|BatchGet|Check|Describe|Get|Head|List|Lookup|Scan|Search|Select|View)[A-Za-z0-9*?]*",
    re.IGNORECASE,
)

# No reads by their verb, and yet they are: the report is written for whoever asks; API Gateway names the HTTP method.
_READS = frozenset(
    {"apigateway:get", "iam:generatecredentialreport", "iam:simulatecustompolicy", "iam:simulateprincipalpolicy"}
)

# Reads by their verb, whose answer is stored data, a secret or a credential.
_SECRETS = (
    "codeartifact:GetAuthorizationToken", "cognito-identity:GetCredentialsForIdentity", "dynamodb:BatchGetItem",
    "dynamodb:GetItem", "dynamodb:GetRecords", "dynamodb:Scan", "ec2:GetConsoleScreenshot", "ec2:GetPasswordData",
    "ecr:GetAuthorizationToken", "kinesis:GetRecords", "lightsail:GetInstanceAccessDetails",
    "redshift:GetClusterCredentials", "redshift:GetClusterCredentialsWithIAM", "s3:GetObject", "s3:GetObjectVersion",
    "secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue", "ssm:GetParameter",
    "ssm:GetParameterHistory", "ssm:GetParameters", "ssm:GetParametersByPath", "sso:GetRoleCredentials",
    "sts:GetFederationToken", "sts:GetSessionToken",
)  # fmt: skip


@derived
def more_than_reading(principal: JSON, policies: JSON) -> list[str] | Unknown:
    """What a principal's policies allow beyond reading configuration, sorted: action patterns, and actions.

    Every pattern of every Allow has to begin with a verb that reads; a wildcard before the verb, and NotAction, are
    more. Taking on roles (sts:AssumeRole) may be allowed for roles that are named. What reads secrets or stored data
    is more too, unless it is denied without a condition. Unknown(unresolved) if a policy is not there.
    Source: Service authorization reference, access levels List and Read.
    """
    known = {row["id"]: row["policy"]["Document"] for row in policies}
    missing = sorted(set(principal["Policies"]) - set(known))
    allowed = [statement for document in known.values() for statement in statements(document, "Allow")]
    found = {f"NotAction {listed(s['NotAction'])}" for s in allowed if "NotAction" in s}
    for statement in allowed:
        roles_named = all(one != "*" and ":role/" in one for one in listed(statement.get("Resource")))
        for pattern in listed(statement.get("Action")):
            reads = _VERB.fullmatch(pattern) or pattern.lower() in _READS
            if not reads and not (pattern.lower() == "sts:assumerole" and roles_named):
                found.add(pattern)
    rights = Rights(list(known.values()))
    found |= {action for action in _SECRETS if any(acts_on(s, action) for s in allowed) and rights.on(action)}
    if not found and missing:
        return Unknown("unresolved", operation="get_account_authorization_details", code=missing[0])
    return sorted(found)
