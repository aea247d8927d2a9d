"""A small AWS account with something good and something bad of every kind that is looked at."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import trustme

REGION = "eu-west-1"
PASSWORD = "Not-A-Real-Passw0rd!"

Client = Callable[..., Any]
"""`client(service, region=…)`."""


def plant(client: Client) -> None:
    """Create everything."""
    client("organizations").create_organization(FeatureSet="ALL")
    _buckets(client)
    _identities(client)
    _network(client)
    _data(client)


def _policy(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _buckets(client: Client) -> None:
    s3 = client("s3", region=REGION)
    here = {"LocationConstraint": REGION}
    for name in ("good-bucket", "open-bucket", "bare-bucket", "trail-bucket"):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration=here)
    blocked = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
    s3.put_public_access_block(Bucket="good-bucket", PublicAccessBlockConfiguration=blocked)
    s3.put_bucket_tagging(Bucket="good-bucket", Tagging={"TagSet": [{"Key": "criticality", "Value": "critical"}]})
    s3.put_bucket_versioning(Bucket="good-bucket", VersioningConfiguration={"Status": "Enabled"})
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(Bucket="good-bucket", ServerSideEncryptionConfiguration={"Rules": [rule]})
    everyone = _policy(Effect="Allow", Principal="*", Action="s3:GetObject", Resource="arn:aws:s3:::open-bucket/*")
    s3.put_bucket_policy(Bucket="open-bucket", Policy=everyone)
    trail = client("cloudtrail", region=REGION)
    trail.create_trail(Name="all", S3BucketName="trail-bucket", IsMultiRegionTrail=True, EnableLogFileValidation=True)
    trail.start_logging(Name="all")


def _identities(client: Client) -> None:
    iam = client("iam")
    iam.update_account_password_policy(MinimumPasswordLength=16, PasswordReusePrevention=24)
    for user in ("alice", "bob", "robot"):
        iam.create_user(UserName=user)
    iam.create_login_profile(UserName="alice", Password=PASSWORD)
    iam.create_access_key(UserName="robot")
    certificate = trustme.CA().cert_pem.bytes().decode()
    iam.upload_signing_certificate(UserName="robot", CertificateBody=certificate)
    admin = iam.create_policy(PolicyName="all", PolicyDocument=_policy(Effect="Allow", Action="*", Resource="*"))
    iam.attach_user_policy(UserName="bob", PolicyArn=admin["Policy"]["Arn"])
    stranger = {"AWS": "arn:aws:iam::999988887777:root"}
    trust = _policy(Effect="Allow", Principal=stranger, Action="sts:AssumeRole")
    iam.create_role(RoleName="partner", AssumeRolePolicyDocument=trust)


def _network(client: Client) -> None:
    ec2 = client("ec2", region=REGION)
    subnet = ec2.describe_subnets()["Subnets"][0]
    for name, source in (("open", "0.0.0.0/0"), ("office", "203.0.113.0/24")):
        group = ec2.create_security_group(GroupName=name, Description=name, VpcId=subnet["VpcId"])["GroupId"]
        ec2.authorize_security_group_ingress(GroupId=group, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp=source)
        ec2.create_network_interface(SubnetId=subnet["SubnetId"], Groups=[group])
    ec2.enable_ebs_encryption_by_default()
    for encrypted in (True, False):
        ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=8, Encrypted=encrypted)
    ec2.create_managed_prefix_list(PrefixListName="offices", MaxEntries=1, AddressFamily="IPv4")
    image = ec2.register_image(Name="image", RootDeviceName="/dev/sda1")["ImageId"]
    ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)


def _data(client: Client) -> None:
    kms = client("kms", region=REGION)
    kms.enable_key_rotation(KeyId=kms.create_key(Description="rotated")["KeyMetadata"]["KeyId"])
    kms.schedule_key_deletion(KeyId=kms.create_key(Description="doomed")["KeyMetadata"]["KeyId"])
    kms.create_key(Description="brought along", Origin="EXTERNAL")
    rds = client("rds", region=REGION)
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName="own", DBParameterGroupFamily="aurora-postgresql16", Description="own"
    )
    common = {"Engine": "postgres", "MasterUsername": "owner", "MasterUserPassword": PASSWORD}
    size = {"DBInstanceClass": "db.t3.small", "AllocatedStorage": 20}
    rds.create_db_instance(
        DBInstanceIdentifier="good", StorageEncrypted=True, BackupRetentionPeriod=14, **common, **size
    )
    rds.create_db_instance(DBInstanceIdentifier="open", PubliclyAccessible=True, **common, **size)
    rds.create_db_snapshot(DBSnapshotIdentifier="snapshot", DBInstanceIdentifier="good")
    rds.create_db_cluster(DBClusterIdentifier="cluster", **(common | {"Engine": "aurora-postgresql"}))
    rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier="cluster-snapshot", DBClusterIdentifier="cluster")
