"""The simulated organization: what is created on the first day, and what changes on the days after."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import boto3

REGIONS = ("eu-central-1", "eu-west-1", "us-east-1")
MANAGEMENT = "123456789012"
"""The account that moto gives to whoever asks without having assumed a role."""

_BLOCKED = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
_OFFICE = "203.0.113.0/24"


@dataclass(frozen=True, slots=True)
class Estate:
    """Sessions by account name, and account numbers by account name."""

    sessions: Mapping[str, boto3.Session]
    accounts: Mapping[str, str]
    endpoint: str

    def client(self, account: str, service: str, region: str = REGIONS[0]) -> Any:
        return self.sessions[account].client(service, region_name=region, endpoint_url=self.endpoint)  # type: ignore[call-overload]  # the stubs know literal names only


def found(endpoint: str) -> Estate:
    """Create the organization: a management account and two members."""
    ours = boto3.Session("demo", "demo", region_name=REGIONS[0])
    organizations = ours.client("organizations", endpoint_url=endpoint)
    organizations.create_organization(FeatureSet="ALL")
    accounts, sessions = {"management": MANAGEMENT}, {"management": ours}
    for name in ("production", "staging"):
        made = organizations.create_account(AccountName=name, Email=f"{name}@example.com")
        accounts[name] = made["CreateAccountStatus"].get("AccountId", "")
        role = ours.client("sts", endpoint_url=endpoint).assume_role(
            RoleArn=f"arn:aws:iam::{accounts[name]}:role/annexlog-read", RoleSessionName="demo"
        )["Credentials"]
        keys = (role["AccessKeyId"], role["SecretAccessKey"], role["SessionToken"])
        sessions[name] = boto3.Session(*keys, region_name=REGIONS[0])
    return Estate(sessions, accounts, endpoint)


def first_day(estate: Estate) -> None:
    """Create everything that is there from the start."""
    jobs: list[Callable[[], object]] = [partial(_trail, estate)]
    for name in estate.accounts:
        jobs += [partial(_account, estate, name), partial(_buckets, estate, name), partial(_people, estate, name)]
        jobs += [partial(_region, estate, name, region) for region in REGIONS]
    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(job) for job in jobs]:
            future.result()
    _planted(estate)


def _account(estate: Estate, name: str) -> None:
    if name != "staging":
        iam = estate.client(name, "iam")
        iam.update_account_password_policy(MinimumPasswordLength=16, PasswordReusePrevention=24)


def _buckets(estate: Estate, name: str) -> None:
    clients = [estate.client(name, "s3", region) for region in REGIONS[:2]]
    for n in range(1, 13):
        s3 = clients[n % 2]
        bucket = f"acme-{'orders' if name == 'production' else name}-{n:02d}"
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGIONS[n % 2]})
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=_BLOCKED)
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
        classes = {
            "criticality": ("critical", "medium", "low")[n % 3],
            "confidentiality": ("internal", "confidential")[n % 9 == 0],
            "retention": "permanent",
        }
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": k, "Value": v} for k, v in classes.items()]})
        if n % 3 == 0:
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(_transport_only(bucket)))


def _transport_only(bucket: str) -> dict[str, Any]:
    arn = f"arn:aws:s3:::{bucket}"
    deny = {
        "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }  # fmt: skip
    return {"Version": "2012-10-17", "Statement": [deny]}


def _people(estate: Estate, name: str) -> None:
    iam = estate.client(name, "iam")
    iam.create_group(GroupName="engineers")
    for n in range(1, 13):
        user = f"{name}-engineer-{n:02d}"
        iam.create_user(UserName=user)
        iam.add_user_to_group(GroupName="engineers", UserName=user)
        if n % 4 == 0:
            iam.create_access_key(UserName=user)
        if n % 2 == 0:
            iam.create_login_profile(UserName=user, Password="Not-A-Real-Passw0rd!")  # noqa: S106 — of a simulated user


def _region(estate: Estate, name: str, region: str) -> None:
    ec2, kms, rds = (estate.client(name, service, region) for service in ("ec2", "kms", "rds"))
    if name != "staging":
        ec2.enable_ebs_encryption_by_default()
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    for n in range(1, 5):
        group = ec2.create_security_group(GroupName=f"service-{n}", Description="a service", VpcId=vpc)["GroupId"]
        ec2.authorize_security_group_ingress(
            GroupId=group, IpProtocol="tcp", FromPort=443, ToPort=443, CidrIp=_OFFICE if n % 2 else "0.0.0.0/0"
        )
    for _ in range(4):
        ec2.create_volume(AvailabilityZone=f"{region}a", Size=8, Encrypted=True)
        kms.enable_key_rotation(KeyId=kms.create_key(Description="a service's key")["KeyMetadata"]["KeyId"])
    rds.create_db_instance(
        DBInstanceIdentifier="orders", DBInstanceClass="db.t3.small", Engine="postgres", AllocatedStorage=20,
        MasterUsername="owner", MasterUserPassword="Not-A-Real-Passw0rd!", StorageEncrypted=True,
        BackupRetentionPeriod=14, PubliclyAccessible=False, DeletionProtection=True, MultiAZ=True,
        Tags=[{"Key": "criticality", "Value": "critical"}],
    )  # fmt: skip


def _trail(estate: Estate) -> None:
    """One trail in the management account, over all regions, into a bucket of its own."""
    s3, trail = estate.client("management", "s3", "us-east-1"), estate.client("management", "cloudtrail")
    s3.create_bucket(Bucket="acme-trail-logs")
    s3.put_public_access_block(Bucket="acme-trail-logs", PublicAccessBlockConfiguration=_BLOCKED)
    trail.create_trail(
        Name="everything", S3BucketName="acme-trail-logs", IsMultiRegionTrail=True, EnableLogFileValidation=True
    )
    trail.start_logging(Name="everything")


def _planted(estate: Estate) -> None:
    """What planted.yaml lists."""
    s3 = estate.client("production", "s3")
    s3.create_bucket(Bucket="acme-invoices-archive", CreateBucketConfiguration={"LocationConstraint": REGIONS[0]})
    everyone = {
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::acme-invoices-archive/*",
    }  # fmt: skip
    s3.put_bucket_policy(
        Bucket="acme-invoices-archive", Policy=json.dumps({"Version": "2012-10-17", "Statement": [everyone]})
    )
    ec2 = estate.client("production", "ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]
    for group_name, source in (("jump-host", "0.0.0.0/0"), ("office-only", _OFFICE)):
        group = ec2.create_security_group(GroupName=group_name, Description="ssh", VpcId=subnet["VpcId"])["GroupId"]
        ec2.authorize_security_group_ingress(GroupId=group, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp=source)
        ec2.create_network_interface(SubnetId=subnet["SubnetId"], Groups=[group])
    estate.client("staging", "ec2").create_volume(
        AvailabilityZone=f"{REGIONS[0]}a", Size=8, Encrypted=False,
        TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "Name", "Value": "forgotten-volume"}]}],
    )  # fmt: skip
    kms = estate.client("production", "kms")
    kms.schedule_key_deletion(KeyId=kms.create_key(Description="legacy-payroll-key")["KeyMetadata"]["KeyId"])
    estate.client("staging", "rds").create_db_instance(
        DBInstanceIdentifier="staging-reports", DBInstanceClass="db.t3.small", Engine="postgres", AllocatedStorage=20,
        MasterUsername="owner", MasterUserPassword="Not-A-Real-Passw0rd!", PubliclyAccessible=True,
    )  # fmt: skip
    iam = estate.client("management", "iam")
    anything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam.create_user(UserName="everything-on-everything")
    policy = iam.create_policy(
        PolicyName="everything-on-everything",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [anything]}),
    )["Policy"]["Arn"]
    iam.attach_user_policy(UserName="everything-on-everything", PolicyArn=policy)
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999988887777:root"}, "Action": "sts:AssumeRole"}
    iam.create_role(
        RoleName="partner-access",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )


def second_day(estate: Estate) -> None:
    """Somebody opens a bucket to the world, and a new volume is not encrypted."""
    s3 = estate.client("production", "s3")
    s3.delete_public_access_block(Bucket="acme-orders-07")
    arn = "arn:aws:s3:::acme-orders-07/*"
    everyone = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": arn}
    s3.put_bucket_policy(Bucket="acme-orders-07", Policy=json.dumps({"Version": "2012-10-17", "Statement": [everyone]}))
    ec2 = estate.client("staging", "ec2")
    ec2.create_volume(AvailabilityZone=f"{REGIONS[0]}a", Size=8, Encrypted=False)


def third_day(estate: Estate) -> None:
    """It is noticed and mended; a service's bucket is gone, another has come."""
    s3 = estate.client("production", "s3")
    s3.put_public_access_block(Bucket="acme-orders-07", PublicAccessBlockConfiguration=_BLOCKED)
    s3.put_bucket_policy(Bucket="acme-orders-07", Policy=json.dumps(_transport_only("acme-orders-07")))
    s3.delete_bucket(Bucket="acme-orders-12")
    s3.create_bucket(Bucket="acme-returns-01", CreateBucketConfiguration={"LocationConstraint": REGIONS[0]})


DAYS: tuple[Callable[[Estate], None], ...] = (first_day, second_day, third_day)
"""What happens on each simulated day, before it is looked at."""
