"""What resources of a synthetic estate look like: each body a function of the resource's number, and of how often each
of its parts has changed (`ages`).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence

from annexlog.evidence_store.model import JSON

Ages = Sequence[int]
Body = Callable[[int, Ages], JSON]

REGION = "eu-west-1"
_WORDS = (
    "billing", "checkout", "ledger", "search", "media", "reports", "identity", "gateway", "catalog", "shipping",
    "metrics", "archive", "payroll", "support", "fraud", "exports",
)  # fmt: skip
STAGES = ("prod", "prod", "stage", "dev")


def token(n: int, what: str, length: int = 17) -> str:
    """Hex digits that look random and are always the same."""
    return hashlib.blake2b(b"%d %s" % (n, what.encode()), digest_size=32).hexdigest()[:length]


def account(n: int) -> str:
    return f"{100_000_000_000 + n % 10 * 11_111_111_111:012}"


def word(n: int) -> str:
    return _WORDS[n * 7 % len(_WORDS)]


def when(n: int) -> str:
    return f"202{n % 6}-{n % 12 + 1:02}-{n % 28 + 1:02}T{n % 24:02}:{n * 7 % 60:02}:{n * 13 % 60:02}+00:00"


def _tags(n: int, age: int) -> list[JSON]:
    named = {
        "Name": f"{word(n)}-{n % 900}",
        "owner": f"team-{(n + age) % 40}",
        "stage": STAGES[n % 4],
        "cost-center": f"{4000 + n % 60}",
    }
    return [{"Key": key, "Value": value} for key, value in named.items()]


def _tls_only(bucket: str) -> JSON:
    return {
        "Sid": "OnlyTLS",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket, f"{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


# ── AWS ───────────────────────────────────────────────────────────────────────────────────


def instance(n: int, ages: Ages) -> JSON:
    state, tags, groups, image = ages
    subnet, network = f"subnet-{token(n % 120, 'subnet')}", f"vpc-{token(n % 12, 'vpc')}"
    address = f"10.{n % 200}.{n // 200 % 250}.{n % 250}"
    dns = f"ip-{address.replace('.', '-')}.{REGION}.compute.internal"
    members = [{"GroupId": f"sg-{token((n + g) % 900, 'sg')}", "GroupName": f"{word(n + g)}-sg"} for g in range(2)]
    members += [{"GroupId": f"sg-{token(groups, 'more')}", "GroupName": "extra"}] if groups else []
    attached = when(n)
    return {
        "AmiLaunchIndex": 0, "Architecture": "x86_64", "BootMode": "uefi-preferred", "ClientToken": token(n, "ct", 32),
        "BlockDeviceMappings": [
            {"DeviceName": name, "Ebs": {"AttachTime": attached, "DeleteOnTermination": True, "Status": "attached",
             "VolumeId": f"vol-{token(n, name)}"}} for name in ("/dev/xvda", "/dev/xvdb")
        ],
        "CapacityReservationSpecification": {"CapacityReservationPreference": "open"},
        "CpuOptions": {"CoreCount": 1 + n % 8, "ThreadsPerCore": 2}, "CurrentInstanceBootMode": "legacy-bios",
        "EbsOptimized": True, "EnaSupport": True, "EnclaveOptions": {"Enabled": False},
        "HibernationOptions": {"Configured": False}, "Hypervisor": "xen",
        "IamInstanceProfile": {"Arn": f"arn:aws:iam::{account(n)}:instance-profile/{word(n)}-{n % 80}",
                               "Id": f"AIPA{token(n % 640, 'profile').upper()}"},
        "ImageId": f"ami-{token(n % 30 + image * 31, 'ami')}", "InstanceId": f"i-{token(n, 'instance')}",
        "InstanceType": f"m6i.{('large', 'xlarge', '2xlarge')[n % 3]}", "KeyName": f"{word(n)}-key",
        "LaunchTime": when(n + state),
        "MaintenanceOptions": {"AutoRecovery": "default"},
        "MetadataOptions": {"HttpEndpoint": "enabled", "HttpProtocolIpv6": "disabled", "HttpPutResponseHopLimit": 2,
                            "HttpTokens": "required", "InstanceMetadataTags": "disabled", "State": "applied"},
        "Monitoring": {"State": "disabled"},
        "NetworkInterfaces": [{
            "Attachment": {"AttachTime": attached, "AttachmentId": f"eni-attach-{token(n, 'attach')}",
                           "DeleteOnTermination": True, "DeviceIndex": 0, "NetworkCardIndex": 0, "Status": "attached"},
            "Description": "", "Groups": members, "InterfaceType": "interface", "Ipv6Addresses": [],
            "MacAddress": ":".join(token(n, "mac", 12)[i : i + 2] for i in range(0, 12, 2)),
            "NetworkInterfaceId": f"eni-{token(n, 'eni')}", "OwnerId": account(n), "PrivateDnsName": dns,
            "PrivateIpAddress": address,
            "PrivateIpAddresses": [{"Primary": True, "PrivateDnsName": dns, "PrivateIpAddress": address}],
            "SourceDestCheck": True, "Status": "in-use", "SubnetId": subnet, "VpcId": network,
        }],
        "Placement": {"AvailabilityZone": f"{REGION}{'abc'[n % 3]}", "GroupName": "", "Tenancy": "default"},
        "PlatformDetails": "Linux/UNIX", "PrivateDnsName": dns, "PrivateIpAddress": address, "ProductCodes": [],
        "PrivateDnsNameOptions": {"EnableResourceNameDnsAAAARecord": False, "HostnameType": "ip-name"},
        "PublicDnsName": "", "RootDeviceName": "/dev/xvda", "RootDeviceType": "ebs", "SecurityGroups": members,
        "SourceDestCheck": True, "State": {"Code": 80, "Name": "stopped"} if state % 2 else
        {"Code": 16, "Name": "running"}, "StateTransitionReason": "", "SubnetId": subnet, "Tags": _tags(n, tags),
        "UsageOperation": "RunInstances", "UsageOperationUpdateTime": attached, "VirtualizationType": "hvm",
        "VpcId": network,
    }  # fmt: skip


def security_group(n: int, ages: Ages) -> JSON:
    rules, tags = ages
    many = 2 + n % 7 + rules % 4
    return {
        "Description": f"what may reach {word(n)}", "GroupId": f"sg-{token(n, 'sg')}", "GroupName": f"{word(n)}-{n}",
        "IpPermissions": [
            {"FromPort": port, "ToPort": port, "IpProtocol": "tcp", "Ipv6Ranges": [], "PrefixListIds": [],
             "IpRanges": [{"CidrIp": f"10.{(n + i + rules) % 250}.0.0/16", "Description": f"from {word(n + i)}"}],
             "UserIdGroupPairs": [{"GroupId": f"sg-{token(n * 5 + i, 'pair')}", "UserId": account(n)}]}
            for i, port in enumerate((443, 8443, 5432, 6379, 9092, 9200, 22, 8080, 3306, 2049, 111, 53)[:many])
        ],
        "IpPermissionsEgress": [
            {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [], "PrefixListIds": [],
             "UserIdGroupPairs": []}
        ],
        "OwnerId": account(n), "SecurityGroupArn": f"arn:aws:ec2:{REGION}:{account(n)}:security-group/sg-{n}",
        "Tags": _tags(n, tags), "VpcId": f"vpc-{token(n % 12, 'vpc')}",
    }  # fmt: skip


def bucket_policy(n: int, ages: Ages) -> JSON:
    bucket = f"arn:aws:s3:::{word(n)}-{n:06}"
    readers = [f"arn:aws:iam::{account(n + i)}:role/{word(n + i)}" for i in range(1 + n % 5 + ages[0] % 3)]
    allow = {"Sid": "Readers", "Effect": "Allow", "Principal": {"AWS": readers}, "Action": ["s3:GetObject",
             "s3:ListBucket"], "Resource": [bucket, f"{bucket}/*"],
             "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}}  # fmt: skip
    return {"Version": "2012-10-17", "Id": token(n + ages[0], "policy", 32), "Statement": [_tls_only(bucket), allow]}


def role(n: int, ages: Ages) -> JSON:
    service = ("ec2", "lambda", "ecs-tasks")[n % 3]
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    return {
        "Path": "/", "RoleName": f"{word(n)}-{n}", "RoleId": f"AROA{token(n, 'role').upper()}",
        "Arn": f"arn:aws:iam::{account(n)}:role/{word(n)}-{n}", "CreateDate": when(n),
        "AssumeRolePolicyDocument": trust, "Description": f"what {word(n)} may do", "MaxSessionDuration": 3600,
        "RoleLastUsed": {"LastUsedDate": when(n + ages[0]), "Region": REGION}, "Tags": _tags(n, 0),
    }  # fmt: skip


def role_policies(n: int, ages: Ages) -> JSON:
    actions = ("s3:GetObject", "s3:PutObject", "sqs:SendMessage", "kms:Decrypt", "dynamodb:GetItem", "sns:Publish")
    where = f":{REGION}:{account(n)}:"
    statements: list[dict[str, JSON]] = [
        {"Sid": f"S{i}", "Effect": "Allow", "Action": list(actions[i : i + 3]),
         "Resource": f"arn:aws:{actions[i][:3].strip(':')}{where}{word(n + i)}/{token(n + i, 'resource', 8)}"}
        for i in range(1 + n % 5)
    ]  # fmt: skip
    statements[ages[1] % len(statements)]["Resource"] += f"-{ages[1]}"
    return [{"PolicyName": "inline", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}]


def function(n: int, ages: Ages) -> JSON:
    code, timeout = ages
    name = f"{word(n)}-{n}"
    built = base64.b64encode(bytes.fromhex(token(n + code * 1_000_003, "code", 64))).decode()
    return {
        "FunctionName": name, "FunctionArn": f"arn:aws:lambda:{REGION}:{account(n)}:function:{name}",
        "Runtime": ("python3.12", "nodejs20.x", "java21")[n % 3], "Handler": "app.handler", "CodeSize": 1000 + n % 9000,
        "Role": f"arn:aws:iam::{account(n)}:role/{name}", "Description": "", "Timeout": 30 + timeout,
        "MemorySize": 256, "LastModified": when(n + code), "CodeSha256": built, "Version": "$LATEST",
        "VpcConfig": {"SubnetIds": [f"subnet-{token(n % 120 + i, 'subnet')}" for i in range(3)],
                      "SecurityGroupIds": [f"sg-{token(n % 900, 'sg')}"], "VpcId": f"vpc-{token(n % 12, 'vpc')}",
                      "Ipv6AllowedForDualStack": False},
        "Environment": {"Variables": {"STAGE": STAGES[n % 4], "TABLE": f"{word(n)}-table", "LOG_LEVEL": "info"}},
        "TracingConfig": {"Mode": "PassThrough"}, "RevisionId": token(n + code * 1_000_003, "revision", 32),
        "State": "Active", "LastUpdateStatus": "Successful", "PackageType": "Zip", "Architectures": ["arm64"],
        "EphemeralStorage": {"Size": 512}, "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"},
    }  # fmt: skip


def database(n: int, ages: Ages) -> JSON:
    version, class_, restorable = ages
    name = f"{word(n)}-{n}"
    return {
        "DBInstanceIdentifier": name, "DBInstanceClass": f"db.r6g.{('large', 'xlarge')[class_ % 2]}",
        "Engine": "postgres", "EngineVersion": f"16.{version % 9}", "DBInstanceStatus": "available",
        "MasterUsername": "postgres", "DBName": word(n), "AllocatedStorage": 100 + n % 900, "Iops": 3000,
        "Endpoint": {"Address": f"{name}.{token(n % 10, 'rds', 12)}.{REGION}.rds.amazonaws.com", "Port": 5432,
                     "HostedZoneId": "Z29XKXDKYMONMX"},
        "InstanceCreateTime": when(n), "PreferredBackupWindow": "03:00-03:30", "BackupRetentionPeriod": 7 + n % 28,
        "DBSecurityGroups": [], "VpcSecurityGroups": [{"VpcSecurityGroupId": f"sg-{token(n % 900, 'sg')}",
                                                       "Status": "active"}],
        "DBParameterGroups": [{"DBParameterGroupName": "default.postgres16", "ParameterApplyStatus": "in-sync"}],
        "AvailabilityZone": f"{REGION}{'abc'[n % 3]}", "SecondaryAvailabilityZone": f"{REGION}{'bca'[n % 3]}",
        "DBSubnetGroup": {
            "DBSubnetGroupName": "data", "DBSubnetGroupDescription": "data", "SubnetGroupStatus": "Complete",
            "VpcId": f"vpc-{token(n % 12, 'vpc')}", "Subnets": [
                {"SubnetIdentifier": f"subnet-{token(n % 40 + i, 'subnet')}", "SubnetOutpost": {},
                 "SubnetAvailabilityZone": {"Name": f"{REGION}{'abc'[i]}"}, "SubnetStatus": "Active"}
                for i in range(3)]},
        "PreferredMaintenanceWindow": "sun:04:00-sun:04:30", "PendingModifiedValues": {},
        "LatestRestorableTime": when(n + restorable), "MultiAZ": n % 2 == 0, "AutoMinorVersionUpgrade": True,
        "ReadReplicaDBInstanceIdentifiers": [], "LicenseModel": "postgresql-license", "StorageThroughput": 125,
        "OptionGroupMemberships": [{"OptionGroupName": "default:postgres-16", "Status": "in-sync"}],
        "PubliclyAccessible": False, "StorageType": "gp3", "DbInstancePort": 0, "StorageEncrypted": True,
        "KmsKeyId": f"arn:aws:kms:{REGION}:{account(n)}:key/{token(n % 90, 'key', 32)}",
        "DbiResourceId": f"db-{token(n, 'dbi', 26).upper()}", "CACertificateIdentifier": "rds-ca-rsa2048-g1",
        "DomainMemberships": [], "CopyTagsToSnapshot": True, "MonitoringInterval": 60, "PromotionTier": 1,
        "EnhancedMonitoringResourceArn": f"arn:aws:logs:{REGION}:{account(n)}:log-group:RDSOSMetrics:{name}",
        "MonitoringRoleArn": f"arn:aws:iam::{account(n)}:role/rds-monitoring", "DeletionProtection": True,
        "DBInstanceArn": f"arn:aws:rds:{REGION}:{account(n)}:db:{name}", "IAMDatabaseAuthenticationEnabled": True,
        "PerformanceInsightsEnabled": True, "PerformanceInsightsRetentionPeriod": 7, "AssociatedRoles": [],
        "TagList": _tags(n, 0), "CustomerOwnedIpEnabled": False, "NetworkType": "IPV4", "BackupTarget": "region",
        "CertificateDetails": {"CAIdentifier": "rds-ca-rsa2048-g1", "ValidTill": when(n + 7)},
    }  # fmt: skip


def key(n: int, ages: Ages) -> JSON:
    id = token(n, "key", 32)
    return {
        "AWSAccountId": account(n), "KeyId": id, "Arn": f"arn:aws:kms:{REGION}:{account(n)}:key/{id}",
        "CreationDate": when(n), "Enabled": ages[0] % 2 == 0, "Description": f"of {word(n)}", "MultiRegion": False,
        "KeyUsage": "ENCRYPT_DECRYPT", "KeyState": "Disabled" if ages[0] % 2 else "Enabled", "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER", "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT", "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
    }  # fmt: skip


def key_policy(n: int, ages: Ages) -> JSON:
    users = [f"arn:aws:iam::{account(n)}:role/{word(n + i)}-{n % 40 + i}" for i in range(2 + ages[1] % 4)]
    return {"Version": "2012-10-17", "Id": "key-default-1", "Statement": [
        {"Sid": "Enable IAM User Permissions", "Effect": "Allow", "Action": "kms:*", "Resource": "*",
         "Principal": {"AWS": f"arn:aws:iam::{account(n)}:root"}},
        {"Sid": "Allow use of the key", "Effect": "Allow", "Principal": {"AWS": users}, "Resource": "*",
         "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]},
    ]}  # fmt: skip


def volume(n: int, ages: Ages) -> JSON:
    attached = {"AttachTime": when(n + ages[0]), "Device": "/dev/xvda", "InstanceId": f"i-{token(n + ages[0], 'of')}",
                "State": "attached", "VolumeId": f"vol-{token(n, 'vol')}", "DeleteOnTermination": True}  # fmt: skip
    return {
        "Attachments": [] if ages[0] % 2 else [attached], "AvailabilityZone": f"{REGION}{'abc'[n % 3]}",
        "CreateTime": when(n), "Encrypted": n % 9 > 0, "Size": 8 << n % 6, "SnapshotId": f"snap-{token(n % 60, 's')}",
        "KmsKeyId": f"arn:aws:kms:{REGION}:{account(n)}:key/{token(n % 90, 'key', 32)}",
        "State": "available" if ages[0] % 2 else "in-use", "VolumeId": f"vol-{token(n, 'vol')}", "Iops": 3000,
        "Tags": _tags(n, 0), "VolumeType": "gp3", "MultiAttachEnabled": False, "Throughput": 125,
    }  # fmt: skip


# ── Kubernetes ────────────────────────────────────────────────────────────────────────────


def pod(n: int, ages: Ages) -> JSON:
    image, restarts = ages
    app, stage = word(n), STAGES[n % 4]
    name = f"{app}-{token(n % 900, 'rs', 10)}-{token(n, 'pod', 5)}"
    digest = token(n % 60 + image * 997, "image", 64)

    def container(which: str, port: int) -> JSON:
        return {
            "name": which, "image": f"registry.example.com/{app}/{which}:1.{n % 60}.{image}",
            "imagePullPolicy": "IfNotPresent", "ports": [{"containerPort": port, "protocol": "TCP", "name": "http"}],
            "env": [{"name": "STAGE", "value": stage}, {"name": "POD_NAME", "valueFrom": {"fieldRef": {
                "apiVersion": "v1", "fieldPath": "metadata.name"}}}, {"name": "DB_HOST", "value": f"{app}-db"}],
            "resources": {"limits": {"cpu": "500m", "memory": "512Mi"}, "requests": {"cpu": "100m",
                                                                                      "memory": "256Mi"}},
            "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http", "scheme": "HTTP"}, "periodSeconds": 10,
                              "failureThreshold": 3, "successThreshold": 1, "timeoutSeconds": 1},
            "securityContext": {"allowPrivilegeEscalation": False, "runAsNonRoot": n % 5 > 0,
                                "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}},
            "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
            "volumeMounts": [{"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": True,
                              "name": f"kube-api-access-{token(n, 'mount', 5)}"}],
        }  # fmt: skip

    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": f"{app}-{stage}", "uid": token(n, "uid", 32), "generateName": name[:-5],
            "creationTimestamp": when(n), "labels": {"app": app, "stage": stage,
                                                      "pod-template-hash": token(n % 900, "rs", 10)},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": name[:-6], "controller": True,
                                 "uid": token(n % 900, "rs uid", 32), "blockOwnerDeletion": True}],
        },
        "spec": {
            "containers": [container("app", 8080), container("proxy", 15001)], "dnsPolicy": "ClusterFirst",
            "enableServiceLinks": True, "nodeName": f"ip-10-0-{n % 60}-12.{REGION}.compute.internal", "priority": 0,
            "preemptionPolicy": "PreemptLowerPriority", "restartPolicy": "Always", "schedulerName": "default-scheduler",
            "securityContext": {}, "serviceAccountName": app, "terminationGracePeriodSeconds": 30,
            "tolerations": [{"effect": "NoExecute", "key": f"node.kubernetes.io/{key}", "operator": "Exists",
                             "tolerationSeconds": 300} for key in ("not-ready", "unreachable")],
            "volumes": [{"name": f"kube-api-access-{token(n, 'mount', 5)}", "projected": {"defaultMode": 420, "sources":
                        [{"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}]}}],
        },
        "status": {
            "phase": "Running", "podIP": f"10.{n % 250}.{n // 250 % 250}.7", "qosClass": "Burstable",
            "containerStatuses": [
                {"name": which, "ready": True, "restartCount": restarts, "started": True,
                 "imageID": f"registry.example.com/{app}/{which}@sha256:{digest}",
                 "containerID": f"containerd://{token(n + (image + restarts) * 1_000_003, which, 64)}"}
                for which in ("app", "proxy")],
        },
    }  # fmt: skip


def role_binding(n: int, ages: Ages) -> JSON:
    subjects = [{"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": f"{word(n + i)}-admins"}
                for i in range(1 + (n + ages[0]) % 4)]  # fmt: skip
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "subjects": subjects,
        "metadata": {"name": f"{word(n)}-{n}", "namespace": f"{word(n)}-{STAGES[n % 4]}", "uid": token(n, "rb", 32),
                     "creationTimestamp": when(n), "labels": {"app.kubernetes.io/managed-by": "Helm"}},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": ("view", "edit")[n % 2]},
    }  # fmt: skip
