"""What is delivered and kept: distributions, pipelines, vaults of backups, and the subnets that databases lie in."""

# ruff: noqa: E501 — one trait a line
# fmt: off

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.truth.data import put, tag
from tests.truth.planting import FAIL, PASS, Estate, Parts, Place, Population, Trait, ago

TLS, APPROVED, KEPT, APART, OFFSITE = (
    "aws.cloudfront.https-only", "aws.codepipeline.manual-approval-prod", "aws.backup.vault-lock-and-encryption", "aws.vpc.public-private-subnets",
    "aws.backup.offsite-copy",
)


def plant(estate: Estate, place: Place) -> None:
    _pipelines(estate, place)
    _vaults(estate, place)
    _copies(estate, place)
    _subnets(estate, place)


def distributions(estate: Estate, place: Place) -> None:
    def make(n: int, place: Place) -> Parts:
        arn = f"arn:aws:cloudfront::{place.account}:distribution/E{n:02}"
        origin = {"OriginProtocolPolicy": "https-only", "HTTPPort": 80, "HTTPSPort": 443, "OriginSslProtocols": {"Quantity": 1, "Items": ["TLSv1.2"]}}
        return {
            "d": {
                "Id": f"E{n:02}", "ARN": arn, "Status": "Deployed", "LastModifiedTime": ago(days=9), "DomainName": f"d{n}.cloudfront.net", "Enabled": True,
                "WebACLId": "", "Aliases": {"Quantity": 1, "Items": ["shop.example"]}, "Comment": "", "PriceClass": "PriceClass_100", "HttpVersion": "http2",
                "IsIPV6Enabled": True, "Staging": False, "CustomErrorResponses": {"Quantity": 0}, "CacheBehaviors": {"Quantity": 0, "Items": []},
                "DefaultCacheBehavior": {"TargetOriginId": "o", "ViewerProtocolPolicy": "redirect-to-https"},
                "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
                "ViewerCertificate": {"CloudFrontDefaultCertificate": False, "ACMCertificateArn": "arn:aws:acm:us-east-1:1:certificate/c", "MinimumProtocolVersion": "TLSv1.2_2021", "SSLSupportMethod": "sni-only"},
                "Origins": {"Quantity": 1, "Items": [{"Id": "o", "DomainName": "o.example", "CustomOriginConfig": origin}]},
            }
        }

    def behaviour(policy: str) -> Callable[[Parts], object]:
        row = {"PathPattern": "/old/*", "TargetOriginId": "o", "ViewerProtocolPolicy": policy}
        return put("d", CacheBehaviors={"Quantity": 1, "Items": [row]})

    def origin(**values: Any) -> Callable[[Parts], object]:
        return lambda parts: parts["d"]["Origins"]["Items"][0]["CustomOriginConfig"].update(values)

    grown = estate.grow(place, Population(
        20, make, lambda parts, _: parts["d"]["ARN"], {TLS: PASS},
        [
            Trait(lambda parts: parts["d"]["DefaultCacheBehavior"].update(ViewerProtocolPolicy="allow-all"), fails=(TLS,)),
            Trait(behaviour("allow-all"), fails=(TLS,), slot="behaviour"),
            Trait(behaviour("https-only"), slot="behaviour"),
            Trait(origin(OriginProtocolPolicy="http-only"), fails=(TLS,), slot="origin"),
            Trait(origin(OriginSslProtocols={"Quantity": 2, "Items": ["TLSv1", "TLSv1.2"]}), fails=(TLS,), slot="origin"),
            Trait(lambda parts: parts["d"]["ViewerCertificate"].update(MinimumProtocolVersion="TLSv1_2016"), fails=(TLS,)),
            Trait(put("d", Enabled=False), spares=(TLS,)),
        ],
    ))
    rows = {"Marker": "", "MaxItems": 100, "IsTruncated": False, "Quantity": len(grown), "Items": [one["d"] for one in grown]}
    estate.say(place, "cloudfront.list_distributions", {"DistributionList": rows})


def _pipelines(estate: Estate, place: Place) -> None:
    def stage(name: str, category: str, provider: str) -> dict[str, Any]:
        kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
        return {"name": name, "actions": [{"name": name.lower(), "actionTypeId": kind, "runOrder": 1}]}

    def make(n: int, place: Place) -> Parts:
        stages = [stage("Source", "Source", "CodeCommit"), stage("Approve", "Approval", "Manual"), stage("Deploy", "Deploy", "ECS")]
        return {"p": {"name": f"pipeline-{n:02}", "roleArn": f"arn:aws:iam::{place.account}:role/p", "stages": stages}, "tags": {"Tags": [{"Key": "environment", "Value": "production"}]}}

    def late(parts: Parts) -> None:
        parts["p"]["stages"][1:] = reversed(parts["p"]["stages"][1:])

    def marked(environment: str) -> Callable[[Parts], object]:
        return tag("tags", "Tags", environment=environment)

    grown = estate.grow(place, Population(
        20, make, lambda parts, place: f"arn:aws:codepipeline:{place.region}:{place.account}:{parts['p']['name']}", {APPROVED: PASS},
        [
            Trait(lambda parts: parts["p"]["stages"].pop(1), fails=(APPROVED,), slot="stages"),
            Trait(late, fails=(APPROVED,), slot="stages"),  # approved when it is too late
            Trait(marked("test"), spares=(APPROVED,), slot="tag"),
            Trait(marked(""), hides=(APPROVED,), slot="tag"),
        ],
    ))
    estate.say(place, "codepipeline.list_pipelines", {"pipelines": [{"name": one["p"]["name"], "version": 1} for one in grown]})
    for one in grown:
        name = one["p"]["name"]
        tags = [{"key": row["Key"], "value": row["Value"]} for row in one["tags"]["Tags"]]
        estate.say(place, "codepipeline.get_pipeline", {"pipeline": one["p"]}, name=name)
        arn = f"arn:aws:codepipeline:{place.region}:{place.account}:{name}"
        estate.say(place, "codepipeline.list_tags_for_resource", {"tags": tags}, resourceArn=arn)


def _vaults(estate: Estate, place: Place) -> None:
    def make(n: int, place: Place) -> Parts:
        arn = f"arn:aws:backup:{place.region}:{place.account}:backup-vault:v-{n:02}"
        vault = {"BackupVaultName": f"v-{n:02}", "BackupVaultArn": arn, "VaultType": "BACKUP_VAULT", "Locked": True, "LockDate": ago(days=20), "MinRetentionDays": 35}
        point = {"RecoveryPointArn": f"arn:aws:ec2:{place.region}::snapshot/s-{n:02}", "IsEncrypted": True, "Status": "COMPLETED"}
        return {"v": vault, "tags": {"criticality": "critical"}, "points": [point]}

    grown = estate.grow(place, Population(
        20, make, lambda parts, _: parts["v"]["BackupVaultArn"], {KEPT: PASS},
        [
            Trait(put("v", Locked=False), fails=(KEPT,)),
            Trait(put("v", LockDate=ago(days=-2)), fails=(KEPT,)),  # until then it can be taken off
            Trait(put("v", MinRetentionDays=7), fails=(KEPT,)),
            Trait(lambda parts: parts["points"][0].update(IsEncrypted=False), fails=(KEPT,), slot="points"),
            Trait(lambda parts: parts["points"].clear(), spares=(KEPT,), slot="points"),
            Trait(put("tags", criticality="low"), spares=(KEPT,)),
            Trait(lambda parts: parts["tags"].clear(), hides=(KEPT,)),
        ],
    ))
    estate.say(place, "backup.list_backup_vaults", {"BackupVaultList": [one["v"] for one in grown]})
    for one in grown:
        arn, name = one["v"]["BackupVaultArn"], one["v"]["BackupVaultName"]
        estate.say(place, "backup.list_tags", {"Tags": one["tags"]}, ResourceArn=arn)
        estate.say(place, "backup.list_recovery_points_by_backup_vault", {"RecoveryPoints": one["points"]}, BackupVaultName=name)


def _copies(estate: Estate, place: Place) -> None:
    def vault(region: str, account: str) -> str:
        return f"arn:aws:backup:{region}:{account}:backup-vault:copies"

    def make(n: int, place: Place) -> Parts:
        arn = f"arn:aws:dynamodb:{place.region}:{place.account}:table/b-{n:02}"
        job = {"CopyJobId": f"copy-{n}", "ResourceArn": arn, "State": "COMPLETED", "CreationDate": ago(hours=20), "DestinationBackupVaultArn": vault("eu-west-1", place.account)}
        return {"r": {"ResourceArn": arn, "ResourceType": "DynamoDB"}, "jobs": [job], "tags": {"Tags": [{"Key": "criticality", "Value": "critical"}]}}

    def job(**values: str) -> Callable[[Parts], object]:
        return lambda parts: parts["jobs"][0].update(values)

    def failed_since(parts: Parts) -> None:
        """One that was completed counts, whatever became of the next."""
        parts["jobs"].insert(0, {**parts["jobs"][0], "CopyJobId": "next", "State": "FAILED", "CreationDate": ago(hours=1)})

    near, beside = vault(place.region, place.account), vault(place.region, "222222222222")
    grown = estate.grow(place, Population(
        24, make, lambda parts, _: parts["r"]["ResourceArn"], {OFFSITE: PASS},
        [
            Trait(lambda parts: parts["jobs"].clear(), fails=(OFFSITE,), slot="job"),
            Trait(job(CreationDate=ago(hours=60)), fails=(OFFSITE,), slot="job"),
            Trait(job(State="FAILED"), fails=(OFFSITE,), slot="job"),
            Trait(job(DestinationBackupVaultArn=near), fails=(OFFSITE,), slot="job"),
            Trait(job(DestinationBackupVaultArn=near, DestinationVaultType="LOGICALLY_AIR_GAPPED_BACKUP_VAULT"), fails=(OFFSITE,), slot="job"),
            Trait(job(DestinationBackupVaultArn=beside), slot="job"),  # of another account
            Trait(failed_since, slot="job"),
            Trait(tag("tags", "Tags", criticality="low"), spares=(OFFSITE,)),
            Trait(tag("tags", "Tags", criticality=""), hides=(OFFSITE,)),
        ],
    ))
    estate.say(place, "backup.list_protected_resources", {"Results": [one["r"] for one in grown]})
    rows = [{"ResourceARN": one["r"]["ResourceArn"], **one["tags"]} for one in grown if one["tags"]["Tags"]]  # what was never tagged is not told of
    estate.say(place, "resourcegroupstaggingapi.get_resources", {"ResourceTagMappingList": rows})
    completed = [job for one in grown for job in one["jobs"] if job["State"] == "COMPLETED"]
    estate.say(place, "backup.list_copy_jobs", {"CopyJobs": completed}, ByState="COMPLETED")
    estate.say(place, "backup.list_copy_jobs", {"CopyJobs": [job for one in grown for job in one["jobs"]]})


def _subnets(estate: Estate, place: Place) -> None:
    """Of the VPCs whose route tables network.py plants: one leads out, the other does not; a data service has interfaces there."""
    rows = [
        {"SubnetId": f"subnet-{kind}{n}", "VpcId": f"vpc-{'in' if kind == 'kept' else 'out'}", "OwnerId": place.account, "AvailabilityZone": place.region + "a"}
        for kind in ("kept", "open", "bare") for n in range(5)
    ]
    estate.say(place, "ec2.describe_subnets", {"Subnets": rows})
    for row in rows:
        id = row["SubnetId"]
        estate.expect(place, id, {APART: {"k": PASS, "o": FAIL, "b": "not_applicable"}[id[7]]})


def interfaces() -> list[dict[str, Any]]:
    """Those of a database service, in the subnets where something of it lies."""
    return [
        {"NetworkInterfaceId": f"eni-{kind}{n}", "VpcId": f"vpc-{'in' if kind == 'kept' else 'out'}", "SubnetId": f"subnet-{kind}{n}", "RequesterManaged": True, "Description": "RDSNetworkInterface", "PrivateIpAddresses": [], "Ipv6Addresses": [], "Status": "in-use", "InterfaceType": "interface"}
        for kind in ("kept", "open") for n in range(5)
    ]
