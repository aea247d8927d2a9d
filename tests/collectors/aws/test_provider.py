"""What the provider publishes: itself, its shapes, and a policy that only reads."""

from __future__ import annotations

import json
import subprocess
import sys

import msgspec
import pytest

from annexlog.collectors import Call, Detail, ResourceType, Scope, providers
from annexlog.collectors.aws import Options, provider
from annexlog.evidence_store.model import DeclarationError
from tests.collectors.aws.conftest import OWN, Connect

BUCKETS = Call("s3:ListAllMyBuckets", "list_buckets", items="Buckets")
VERSIONING = Call("s3:GetBucketVersioning", "get_bucket_versioning", {"Bucket": "{bucket.Name}"})
BLOCK = Call(
    "s3:GetAccountPublicAccessBlock", "s3control.get_public_access_block", take="PublicAccessBlockConfiguration"
)
SUMMARY = Call("iam:GetAccountSummary", "get_account_summary", take="SummaryMap")
POLICY = Call("s3:GetBucketPolicy", "get_bucket_policy", take="Policy", decode={"": "json"})


def test_the_provider_is_found_by_its_name() -> None:
    assert providers()["aws"] is provider


def test_importing_the_provider_imports_no_sdk() -> None:
    program = (
        "import sys, annexlog.collectors.aws as aws; aws.provider;"
        "print([name for name in sys.modules if name.split('.')[0] in ('boto3', 'botocore', 'urllib3')])"
    )

    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "table",
    [
        {"secret_key": "x"},
        {"regions": "all"},
        {"regions": ["Ireland"]},
        {"accounts": {"include": ["12"]}},
        {"quota_share": 0},
        {"external_id": "s3cret"},
    ],
)
def test_a_table_with_a_wrong_key_or_value_is_no_options(table: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(table, Options)


def test_calls_of_one_account_region_and_service_share_a_lane(connect: Connect) -> None:
    adapter = connect(home_region="eu-central-1")
    region = Scope("aws/1/eu-west-1", "region", {"account": "1", "region": "eu-west-1"})

    lanes = [adapter.lane(BUCKETS, OWN), adapter.lane(BLOCK, region), adapter.lane(VERSIONING, region)]

    assert lanes == ["aws/123456789012/eu-central-1/s3", "aws/1/eu-west-1/s3control", "aws/1/eu-west-1/s3"]


def test_the_policy_allows_what_the_calls_need_and_discovery() -> None:
    report = Call("iam:GetCredentialReport", "get_credential_report", also=("iam:GenerateCredentialReport",))
    regions = Call("ec2:DescribeRegions", "describe_regions")

    policy = json.loads(provider.policy([VERSIONING, BUCKETS, report, BUCKETS, regions]))

    assert policy == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AnnexlogDiscovery",
                "Effect": "Allow",
                "Action": ["ec2:DescribeRegions", "organizations:DescribeOrganization", "organizations:ListAccounts"],
                "Resource": "*",
            },
            {
                "Sid": "AnnexlogRead",
                "Effect": "Allow",
                "Action": [
                    "iam:GenerateCredentialReport",
                    "iam:GetCredentialReport",
                    "s3:GetBucketVersioning",
                    "s3:ListAllMyBuckets",
                ],
                "Resource": "*",
            },
        ],
    }


def test_an_action_that_also_reads_secrets_is_allowed_only_where_there_are_none() -> None:
    policy = json.loads(provider.policy([Call("apigateway:GET", "get_rest_apis")]))

    assert policy["Statement"][1:] == [
        {
            "Sid": "AnnexlogRead2",
            "Effect": "Allow",
            "Action": ["apigateway:GET"],
            "Resource": [
                "arn:*:apigateway:*::/restapis",
                "arn:*:apigateway:*::/restapis/*/resources",
                "arn:*:apigateway:*::/restapis/*/stages",
                "arn:*:apigateway:*::/apis",
                "arn:*:apigateway:*::/apis/*/routes",
            ],
        }
    ]


@pytest.mark.parametrize(
    "action",
    [
        "s3:PutBucketPolicy", "s3:DeleteBucket", "iam:CreateUser", "iam:*", "s3:Get*", "*", "kms:Decrypt",
        "s3:GetObject", "secretsmanager:GetSecretValue", "ssm:GetParameters", "sts:AssumeRole", "ec2:Getaway",
        "iam:GenerateServiceLastAccessedDetails",
    ],
)  # fmt: skip
def test_an_action_that_is_no_read_of_configuration_is_refused(action: str) -> None:
    with pytest.raises(DeclarationError):
        provider.policy([Call(action, "whatever")])


def test_the_fields_that_aws_publishes_are_known_for_each_facet() -> None:
    kind = ResourceType(
        "aws.test.thing", facet="bucket", id="{bucket.Name}", listed=BUCKETS,
        details=[Detail("versioning", VERSIONING), Detail("block", BLOCK), Detail("policy", POLICY)],
    )  # fmt: skip

    members = provider.members(kind)

    assert members == {
        "bucket": frozenset({"Name", "CreationDate", "BucketRegion", "BucketArn"}),
        "versioning": frozenset({"Status", "MFADelete"}),
        "block": frozenset({"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"}),
    }


def test_what_json_inside_an_answer_may_hold_nobody_publishes() -> None:
    version = Call("iam:GetPolicyVersion", "get_policy_version", take="PolicyVersion", decode={"Document": "json"})
    kind = ResourceType("aws.test.thing", facet="thing", id="x", listed=None, details=[Detail("version", version)])

    assert provider.members(kind) == {}


def test_the_fixed_keys_of_a_map_are_fields_too() -> None:
    kind = ResourceType("aws.test.thing", facet="account", id="x", listed=None, details=[Detail("summary", SUMMARY)])

    assert "AccountMFAEnabled" in provider.members(kind)["summary"]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (Call("s4:ListThings", "list_things", items="Things"), "aws.test.thing.thing: botocore has no service 's4'"),
        (
            Call("s3:ListThings", "list_things", items="Things"),
            "aws.test.thing.thing: s3 has no operation 'list_things'",
        ),
        (
            Call("s3:ListAllMyBuckets", "list_buckets", items="Bockets"),
            "aws.test.thing.thing: list_buckets answers no Bockets",
        ),
    ],
)
def test_a_declaration_that_aws_does_not_know_is_refused(call: Call, said: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        provider.members(ResourceType("aws.test.thing", facet="thing", id="x", listed=call))

    assert str(caught.value) == said
