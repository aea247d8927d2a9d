"""The templates of the read-only role allow exactly what the generated policy does, in pieces that AWS accepts."""

from __future__ import annotations

import json
from typing import Any

import yaml

from annexlog.collectors import providers, resource_types
from docs import role
from tests.wire import Moto

POLICY = providers()["aws"].policy(c for t in resource_types().values() if t.provider == "aws" for c in t.calls())
TRUSTED = "arn:aws:iam::123456789012:role/collector"


class Intrinsic(yaml.SafeLoader):
    """YAML with `!Ref` and `!GetAtt`, which read as their text."""


Intrinsic.add_multi_constructor("!", lambda loader, _, node: loader.construct_scalar(node))


def allowed(documents: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    """(effect, action, resource)."""
    return {
        (statement["Effect"], action, json.dumps(statement["Resource"]))
        for document in documents
        for statement in document["Statement"]
        for action in statement["Action"]
    }


def test_the_cloudformation_template_allows_what_the_policy_does_and_nothing_else() -> None:
    template = yaml.load(role.cloudformation(POLICY), Intrinsic)
    policies = {n: r for n, r in template["Resources"].items() if r["Type"] == "AWS::IAM::ManagedPolicy"}

    documents = [policy["Properties"]["PolicyDocument"] for policy in policies.values()]
    assert allowed(documents) == allowed([json.loads(POLICY)])
    assert template["Resources"]["Role"]["Properties"]["ManagedPolicyArns"] == list(policies)
    assert [len("".join(json.dumps(d).split())) <= 6144 for d in documents] == [True] * len(documents)


def test_the_terraform_text_allows_what_the_policy_does_and_nothing_else() -> None:
    pieces = role.terraform(POLICY).split("<<-JSON\n")[1:]

    assert allowed([json.loads(piece.partition("\n  JSON")[0]) for piece in pieces]) == allowed([json.loads(POLICY)])


def test_names_of_statements_are_unique_in_each_document() -> None:
    told = [[s["Sid"] for s in document["Statement"]] for document in role.split(json.loads(POLICY))]

    assert [len(names) for names in told] == [len(set(names)) for names in told]


def test_the_template_makes_the_role_whose_trust_demands_the_external_id(moto: Moto, client: Any) -> None:
    parameters = {"CollectorArn": TRUSTED, "ExternalId": "0123456789abcdef"}
    client("cloudformation", region="us-east-1").create_stack(
        StackName="annexlog",
        TemplateBody=role.cloudformation(POLICY),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )

    iam = client("iam")
    made = iam.get_role(RoleName="annexlog-read")["Role"]["AssumeRolePolicyDocument"]["Statement"]
    policies = iam.list_policies(Scope="Local")["Policies"]  # moto does not attach those of a template
    assert made == [
        {
            "Effect": "Allow",
            "Principal": {"AWS": TRUSTED},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": "0123456789abcdef"}},
        }
    ]
    assert len(policies) == len(list(role.split(json.loads(POLICY))))
