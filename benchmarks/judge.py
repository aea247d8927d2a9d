"""How fast judging is on one core: shipped tests over bodies as AWS gives them, alone and joined with others."""

# ruff: noqa: E501 — bodies as AWS gives them, many members a line

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence

from annexlog.__main__ import spare
from annexlog.answers import shapes
from annexlog.evidence_store.model import JSON, instant
from annexlog.mappings import Estate, MemoryEvidence, Population, Test, judge_together, load
from benchmarks.report import Report, cpu_seconds, main

ACCOUNT, REGION = "aws/123456789012", "aws/123456789012/eu-west-1"
COMMON = {"provider": "aws", "target": "main", "partition": "aws", "account": "123456789012"}
SCOPES = {
    ACCOUNT: {"level": "account", **COMMON},
    REGION: {"level": "region", "region": "eu-west-1", **COMMON},
}
PLAIN = (
    "aws.ec2.volumes-encrypted", "aws.ec2.imdsv2-required", "aws.ec2.default-sg-closed", "aws.rds.storage-encrypted",
    "aws.rds.not-public",
)  # fmt: skip
JOINED = ("aws.cloudtrail.kms-encrypted", "aws.s3.bucket-public-access-blocked")

MADE = "2026-01-02T03:04:05Z"
TAGS = [{"Key": "owner", "Value": "team"}, {"Key": "criticality", "Value": "high"}, {"Key": "Name", "Value": "one"}]


def run(*, quick: bool = False) -> Report:
    count, runs = (200, 1) if quick else (6000, 5)
    spare()  # as the command does
    evidence = MemoryEvidence(instant("2026-11-25T12:00:00Z"), SCOPES, _populations(count))
    tests = load(shapes()).tests
    plain, joined = ([tests[id] for id in ids] for ids in (PLAIN, JOINED))
    speeds: dict[str, list[float]] = {"plain": [], "joined": [], "conditions": []}
    for _ in range(runs):  # by turns, so that all meet the same load
        speeds["plain"].append(_speed(lambda: _judge(plain, evidence)))
        speeds["joined"].append(_speed(lambda: _judge(joined, evidence)))
        speeds["conditions"].append(_speed(lambda: _evaluate(plain, evidence)))
    median = {what: statistics.median(found) for what, found in speeds.items()}
    return Report(
        "judge",
        f"{count:,} resources of each type, {len(PLAIN)} tests without and {len(JOINED)} with an indexed join (its index "
        "is built anew each time), CPU of one process; beside the condition engine alone, data at hand",
        {
            "plain_outcomes_per_second": median["plain"],
            "joined_outcomes_per_second": median["joined"],
            "resources_of_each_type": count,
        },
        {"plain_outcomes_per_second": 80_000, "joined_outcomes_per_second": 30_000},
        {"plain_outcomes_per_second": median["conditions"]},
    )


def _speed(work: Callable[[], int]) -> float:
    """Outcomes per CPU second."""
    done: list[int] = []
    seconds = cpu_seconds(lambda: done.append(work()))
    return done[0] / seconds


def _judge(tests: Sequence[Test], evidence: MemoryEvidence) -> int:
    """As an assessment does: all tests of a type together, one estate for all. Returns how many outcomes came of it."""
    estate, by_type = Estate(evidence), dict[str, list[Test]]()
    for test in tests:
        by_type.setdefault(test.of.name, []).append(test)
    return sum(
        len(judged.outcomes)
        for together in by_type.values()
        for scope in SCOPES
        for judged in judge_together(together, scope, estate).values()
    )


def _evaluate(tests: Sequence[Test], evidence: MemoryEvidence) -> int:
    """The conditions of tests without joins, over dictionaries made beforehand but for the copy that each needs."""
    count = 0
    for test in tests:
        population = next(p for (_, type), p in evidence.populations.items() if type == test.of.name)
        name = test.of.facet
        for id, facets in population.resources.items():
            data = {"id": id, name: facets[""]}
            if test.when is None or test.when.evaluate(data) is True:
                test.expect.evaluate(data)
            count += 1
    return count


# ── bodies ────────────────────────────────────────────────────────────────────────────────


def _populations(count: int) -> dict[tuple[str, str], Population]:
    keys = {_key(n): {"": {"KeyArn": _key(n)}, "metadata": _metadata(n)} for n in range(count)}
    blocked = {"s3_public_access_block": _blocked(on=False)}
    kinds: Mapping[tuple[str, str], dict[str, dict[str, JSON]]] = {
        (REGION, "aws.ec2.volume"): {f"vol-{n:017x}": {"": _volume(n)} for n in range(count)},
        (REGION, "aws.ec2.instance"): {f"i-{n:017x}": {"": _instance(n)} for n in range(count)},
        (REGION, "aws.ec2.security_group"): {f"sg-{n:017x}": {"": _group(n)} for n in range(count)},
        (REGION, "aws.rds.db_instance"): {f"db-{n}": {"": _database(n)} for n in range(count)},
        (REGION, "aws.kms.key"): keys,
        (REGION, "aws.cloudtrail.trail"): {f"trail-{n}": {"": _trail(n)} for n in range(count)},
        (ACCOUNT, "aws.account"): {"123456789012": {"": SCOPES[ACCOUNT], **blocked}},
        (ACCOUNT, "aws.s3.bucket"): {f"arn:aws:s3:::bucket-{n}": _bucket(n) for n in range(count)},
    }
    return {where: Population(resources) for where, resources in kinds.items()}


def _key(n: int) -> str:
    return f"arn:aws:kms:eu-west-1:123456789012:key/{n:08x}-0000-4000-8000-000000000000"


def _metadata(n: int) -> JSON:
    return {
        "AWSAccountId": "123456789012", "Arn": _key(n), "CreationDate": MADE, "Enabled": True, "KeyId": _key(n)[-36:],
        "KeyManager": "CUSTOMER" if n % 9 else "AWS", "KeySpec": "SYMMETRIC_DEFAULT", "KeyState": "Enabled",
        "KeyUsage": "ENCRYPT_DECRYPT", "MultiRegion": False, "Origin": "AWS_KMS",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"], "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT", "Description": "",
    }  # fmt: skip


def _trail(n: int) -> JSON:
    return {
        "Name": f"trail-{n}", "S3BucketName": f"bucket-{n}", "IncludeGlobalServiceEvents": True,
        "IsMultiRegionTrail": True, "HomeRegion": "eu-west-1", "LogFileValidationEnabled": True, "KmsKeyId": _key(n * 7),
        "TrailARN": f"arn:aws:cloudtrail:eu-west-1:123456789012:trail/trail-{n}", "HasCustomEventSelectors": False,
        "HasInsightSelectors": False, "IsOrganizationTrail": False,
    }  # fmt: skip


def _blocked(*, on: bool) -> JSON:
    return dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), on)


def _bucket(n: int) -> dict[str, JSON]:
    return {
        "": {"Name": f"bucket-{n}", "CreationDate": MADE, "BucketRegion": "eu-west-1"},
        "public_access_block": _blocked(on=n % 10 > 0),
        "policy_status": {"IsPublic": False},
        "ownership": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    }


def _volume(n: int) -> JSON:
    attached = {"AttachTime": MADE, "Device": "/dev/sda1", "InstanceId": f"i-{n:017x}", "State": "attached"}
    return {
        "VolumeId": f"vol-{n:017x}", "Attachments": [{**attached, "DeleteOnTermination": True}], "Encrypted": n % 10 > 0,
        "AvailabilityZone": "eu-west-1a", "CreateTime": MADE, "Iops": 3000, "MultiAttachEnabled": False, "Size": 8,
        "SnapshotId": "", "State": "in-use", "Tags": TAGS, "Throughput": 125, "VolumeType": "gp3",
    }  # fmt: skip


def _instance(n: int) -> JSON:
    interface = {
        "Attachment": {"AttachTime": MADE, "AttachmentId": f"eni-attach-{n}", "DeviceIndex": 0, "Status": "attached"},
        "Groups": [{"GroupId": "sg-1", "GroupName": "one"}], "MacAddress": "02:00:00:00:00:00", "OwnerId": "123456789012",
        "NetworkInterfaceId": f"eni-{n:017x}", "PrivateIpAddress": "10.0.0.1", "Status": "in-use", "SubnetId": "subnet-1",
        "SourceDestCheck": True, "VpcId": "vpc-1", "Ipv6Addresses": [], "Description": "",
    }  # fmt: skip
    return {
        "InstanceId": f"i-{n:017x}", "ImageId": "ami-1", "State": {"Code": 16, "Name": "running"}, "Architecture": "x86_64",
        "BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": {"VolumeId": f"vol-{n:017x}", "Status": "attached"}}],
        "CpuOptions": {"CoreCount": 1, "ThreadsPerCore": 2}, "EbsOptimized": True, "EnaSupport": True, "Hypervisor": "xen",
        "IamInstanceProfile": {"Arn": "arn:aws:iam::123456789012:instance-profile/one", "Id": "AIPA1"}, "KeyName": "one",
        "InstanceType": "t3.small", "LaunchTime": MADE, "NetworkInterfaces": [interface], "Monitoring": {"State": "off"},
        "MetadataOptions": {"State": "applied", "HttpTokens": "required" if n % 10 else "optional",
                            "HttpPutResponseHopLimit": 2, "HttpEndpoint": "enabled", "InstanceMetadataTags": "disabled"},
        "Placement": {"AvailabilityZone": "eu-west-1a", "GroupName": "", "Tenancy": "default"}, "SubnetId": "subnet-1",
        "PrivateDnsName": "ip-10-0-0-1", "PrivateIpAddress": "10.0.0.1", "RootDeviceName": "/dev/sda1", "Tags": TAGS,
        "RootDeviceType": "ebs", "SecurityGroups": [{"GroupId": "sg-1", "GroupName": "one"}], "VpcId": "vpc-1",
    }  # fmt: skip


def _group(n: int) -> JSON:
    rules = [
        {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": [], "Ipv6Ranges": [],
         "PrefixListIds": [], "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "office"}]}
        for port in (443, 8443)
    ]  # fmt: skip
    return {
        "GroupId": f"sg-{n:017x}", "GroupName": f"group-{n}" if n % 10 else "default", "Description": "of a service",
        "OwnerId": "123456789012", "VpcId": "vpc-1", "Tags": TAGS, "IpPermissions": rules, "IpPermissionsEgress": rules[:1],
    }  # fmt: skip


def _database(n: int) -> JSON:
    return {
        "DBInstanceIdentifier": f"db-{n}", "DBInstanceClass": "db.t3.small", "Engine": "postgres", "EngineVersion": "16.3",
        "DBInstanceStatus": "available", "MasterUsername": "owner", "AllocatedStorage": 20, "InstanceCreateTime": MADE,
        "Endpoint": {"Address": "db.example.com", "Port": 5432, "HostedZoneId": "Z1"}, "BackupRetentionPeriod": 7,
        "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1", "Status": "active"}], "MultiAZ": False, "TagList": TAGS,
        "DBParameterGroups": [{"DBParameterGroupName": "default.postgres16", "ParameterApplyStatus": "in-sync"}],
        "DBSubnetGroup": {"DBSubnetGroupName": "one", "VpcId": "vpc-1", "Subnets": [
            {"SubnetIdentifier": f"subnet-{i}", "SubnetStatus": "Active", "SubnetAvailabilityZone": {"Name": "eu-west-1a"}}
            for i in range(3)
        ]},
        "PubliclyAccessible": n % 20 == 0, "StorageType": "gp3", "StorageEncrypted": n % 10 > 0, "DeletionProtection": True,
        "KmsKeyId": _key(n), "CACertificateIdentifier": "rds-ca-rsa2048-g1", "CopyTagsToSnapshot": True,
        "IAMDatabaseAuthenticationEnabled": False, "PerformanceInsightsEnabled": False, "MonitoringInterval": 0,
    }  # fmt: skip


if __name__ == "__main__":
    main(run)
