"""What counts AWS's populations beside the services' own lists: AWS Config, Resource Explorer, and the tagging API."""

from __future__ import annotations

from collections.abc import Mapping

from annexlog.collectors import Counted

__all__ = ["EXPLORED", "TAGGED", "counts"]

EXPLORED: Mapping[str, str] = {
    "AWS::AutoScaling::AutoScalingGroup": "autoscaling:autoScalingGroup",
    "AWS::DynamoDB::Table": "dynamodb:table",
    "AWS::EC2::Instance": "ec2:instance",
    "AWS::EC2::NetworkAcl": "ec2:network-acl",
    "AWS::EC2::NetworkInterface": "ec2:network-interface",
    "AWS::EC2::RouteTable": "ec2:route-table",
    "AWS::EC2::SecurityGroup": "ec2:security-group",
    "AWS::EC2::Subnet": "ec2:subnet",
    "AWS::EC2::VPC": "ec2:vpc",
    "AWS::EC2::Volume": "ec2:volume",
    "AWS::EFS::FileSystem": "elasticfilesystem:file-system",
    "AWS::EKS::Cluster": "eks:cluster",
    "AWS::Lambda::Function": "lambda:function",
    "AWS::RDS::DBInstance": "rds:db",
    "AWS::SNS::Topic": "sns:topic",
    "AWS::SQS::Queue": "sqs:queue",
}
"""Resource Explorer's names of them. What it does not support at all it is not asked (ListSupportedResourceTypes)."""

TAGGED: Mapping[str, str] = {
    **{
        kind: name
        for kind, name in EXPLORED.items()
        if not kind.startswith(("AWS::AutoScaling", "AWS::SNS", "AWS::SQS"))
    },
    "AWS::SNS::Topic": "sns",
    "AWS::SQS::Queue": "sqs",
}
"""As their ARNs begin. Source: API GetResources (ResourceTypeFilters); Auto Scaling groups have tags of their own kind."""


def counts(kind: str) -> tuple[Counted, ...]:
    """The second sources of a population, by CloudFormation's name of it."""
    found = [Counted("aws.config.resource_count", kind)]
    found.append(Counted("aws.resourceexplorer.resource_count", EXPLORED[kind], "Count", "AtLeast"))
    if kind in TAGGED:
        found.append(Counted("aws.tagging.resource_count", TAGGED[kind], "Count", "AtLeast"))
    return tuple(found)
