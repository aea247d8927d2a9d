"""What is built and run: functions, containers, pipelines, stacks, balancers, certificates, and what guards a region."""

# ruff: noqa: E501 — one trait a line
# fmt: off

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.truth.data import OPEN, document, put
from tests.truth.planting import FAIL, PASS, Estate, Parts, Place, Population, Trait, ago

Make = Callable[[int, Place], Parts]

SECRET = "postgres://app:Hunter2x@db/app"


def plant(estate: Estate, place: Place) -> None:
    for grow in (_certificates, _groups, _stacks, _projects, _repositories, _containers, _clusters, _functions, _documents, _domains, _balancers):
        grow(estate, place)


def _certificates(estate: Estate, place: Place) -> None:
    test = "aws.acm.certificates-renewed"

    def make(n: int, place: Place) -> Parts:
        arn = f"arn:aws:acm:{place.region}:{place.account}:certificate/c-{n:03}"
        return {"c": {"CertificateArn": arn, "DomainName": f"c{n}.example.com", "Status": "ISSUED", "InUse": True, "KeyAlgorithm": "EC_prime256v1", "NotAfter": ago(days=-60)}}

    grown = estate.grow(place, Population(
        40, make, lambda parts, _: parts["c"]["CertificateArn"], {test: PASS},
        [
            Trait(put("c", NotAfter=ago(days=-29)), fails=(test,), slot="end"),
            Trait(put("c", NotAfter=ago(days=1), Status="EXPIRED"), fails=(test,), slot="end"),
            Trait(put("c", KeyAlgorithm="RSA_1024"), fails=(test,)),
            Trait(put("c", InUse=False), spares=(test,)),
        ],
    ))
    estate.say(place, "acm.list_certificates", {"CertificateSummaryList": [one["c"] for one in grown]})


def _groups(estate: Estate, place: Place) -> None:
    test = "aws.autoscaling.multi-az"

    def make(n: int, place: Place) -> Parts:
        machines = [
            {"InstanceId": f"i-{n}{zone}", "AvailabilityZone": place.region + zone, "LifecycleState": "InService", "HealthStatus": "Healthy", "ProtectedFromScaleIn": False}
            for zone in "ab"
        ]
        arn = f"arn:aws:autoscaling:{place.region}:{place.account}:autoScalingGroup:{n}"
        own = {"AutoScalingGroupName": f"g-{n}", "AutoScalingGroupARN": arn, "MinSize": 2, "MaxSize": 4, "DesiredCapacity": 2, "DefaultCooldown": 300}
        zones = {"AvailabilityZones": [place.region + "a"], "HealthCheckType": "EC2", "CreatedTime": ago(days=3)}
        return {"g": {**own, **zones, "Instances": machines}}

    def one_zone(parts: Parts) -> None:
        parts["g"]["Instances"][1]["AvailabilityZone"] = parts["g"]["Instances"][0]["AvailabilityZone"]

    grown = estate.grow(place, Population(
        40, make, lambda parts, _: parts["g"]["AutoScalingGroupARN"], {test: PASS},
        [
            Trait(one_zone, fails=(test,)),
            Trait(put("g", MinSize=1), fails=(test,)),
            Trait(lambda parts: parts["g"]["Instances"][1].update(LifecycleState="Pending"), fails=(test,)),
            Trait(put("g", TargetGroupARNs=["arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/t/1"]), fails=(test,), slot="health"),
            Trait(put("g", TargetGroupARNs=["arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/t/1"], HealthCheckType="ELB"), slot="health"),
        ],
    ))
    estate.say(place, "autoscaling.describe_auto_scaling_groups", {"AutoScalingGroups": [one["g"] for one in grown]})


def _stacks(estate: Estate, place: Place) -> None:
    test = "aws.cloudformation.no-drift"

    def make(n: int, place: Place) -> Parts:
        id = f"arn:aws:cloudformation:{place.region}:{place.account}:stack/s-{n:03}/1"
        drift = {"StackDriftStatus": "IN_SYNC", "LastCheckTimestamp": ago(days=1)}
        return {"s": {"StackId": id, "StackName": f"s-{n:03}", "CreationTime": ago(days=50), "StackStatus": "CREATE_COMPLETE", "DriftInformation": drift}}

    grown = estate.grow(place, Population(
        50, make, lambda parts, _: parts["s"]["StackId"], {test: PASS},
        [
            Trait(lambda parts: parts["s"]["DriftInformation"].update(StackDriftStatus="DRIFTED"), fails=(test,)),
            Trait(lambda parts: parts["s"]["DriftInformation"].update(LastCheckTimestamp=ago(days=9)), fails=(test,)),
            Trait(put("s", LastUpdatedTime=ago(hours=1)), fails=(test,)),  # changed since it was looked at
        ],
    ))
    estate.say(place, "cloudformation.list_stacks", {"StackSummaries": [one["s"] for one in grown]})


def _projects(estate: Estate, place: Place) -> None:
    plain, logged = "aws.codebuild.no-plaintext-credentials", "aws.codebuild.logs-enabled"

    def make(n: int, place: Place) -> Parts:
        arn = f"arn:aws:codebuild:{place.region}:{place.account}:project/p-{n:03}"
        environment = {"type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL", "environmentVariables": []}
        logs = {"cloudWatchLogs": {"status": "ENABLED"}, "s3Logs": {"status": "DISABLED"}}
        return {"p": {"name": f"p-{n:03}", "arn": arn, "environment": environment, "logsConfig": logs}}

    def variable(**row: str) -> Callable[[Parts], object]:
        return lambda parts: parts["p"]["environment"]["environmentVariables"].append({"type": "PLAINTEXT", **row})

    grown = estate.grow(place, Population(
        30, make, lambda parts, _: parts["p"]["arn"], {plain: PASS, logged: PASS},
        [
            Trait(variable(name="DATABASE", value=SECRET), fails=(plain,)),
            Trait(variable(name="DB_PASSWORD", value="/prod/db", type="PARAMETER_STORE")),
            Trait(variable(name="STAGE", value="production")),
            Trait(lambda parts: parts["p"]["logsConfig"]["cloudWatchLogs"].update(status="DISABLED"), fails=(logged,)),
        ],
    ))
    estate.say(place, "codebuild.list_projects", {"projects": [one["p"]["name"] for one in grown]})
    estate.say(place, "codebuild.batch_get_projects", {"projects": [one["p"] for one in grown]})


def _repositories(estate: Estate, place: Place) -> None:
    private, scanned, fixed = "aws.ecr.not-public", "aws.ecr.scan-on-push", "aws.ecr.tag-immutability"

    def make(n: int, place: Place) -> Parts:
        arn = f"arn:aws:ecr:{place.region}:{place.account}:repository/r-{n:02}"
        scanning = {"repositoryArn": arn, "repositoryName": f"r-{n:02}", "scanFrequency": "SCAN_ON_PUSH"}
        return {"r": {"repositoryArn": arn, "repositoryName": f"r-{n:02}", "imageTagMutability": "IMMUTABLE"}, "scanning": scanning, "policy": []}

    grown = estate.grow(place, Population(
        24, make, lambda parts, _: parts["r"]["repositoryArn"], dict.fromkeys((private, scanned, fixed), PASS),
        [
            Trait(lambda parts: parts["policy"].append({key: value for key, value in OPEN.items() if key != "Resource"}), fails=(private,)),
            Trait(put("scanning", scanFrequency="MANUAL"), fails=(scanned,)),
            Trait(put("r", imageTagMutability="MUTABLE"), fails=(fixed,)),
        ],
    ))
    estate.say(place, "ecr.describe_repositories", {"repositories": [one["r"] for one in grown]})
    estate.say(place, "ecr.batch_get_repository_scanning_configuration", {"scanningConfigurations": [one["scanning"] for one in grown]})
    for one in grown:
        name = one["r"]["repositoryName"]
        policy = {"policyText": document(*one["policy"])} if one["policy"] else None
        estate.say_or_refuse(place, "ecr.get_repository_policy", policy, "RepositoryPolicyNotFoundException", repositoryName=name)


def _containers(estate: Estate, place: Place) -> None:
    plain, harmless = "aws.ecs.no-plaintext-secrets", "aws.ecs.no-privileged-containers"

    def make(n: int, place: Place) -> Parts:
        arn = f"arn:aws:ecs:{place.region}:{place.account}:task-definition/t-{n:03}:1"
        container = {"name": "web", "image": "nginx", "environment": [{"name": "STAGE", "value": "production"}]}
        return {"t": {"taskDefinitionArn": arn, "family": f"t-{n:03}", "revision": 1, "status": "ACTIVE", "containerDefinitions": [container]}}

    def container(**values: Any) -> Callable[[Parts], object]:
        return lambda parts: parts["t"]["containerDefinitions"][0].update(values)

    def sidecar(parts: Parts) -> None:
        parts["t"]["containerDefinitions"].append({"name": "agent", "image": "agent", "privileged": True})

    grown = estate.grow(place, Population(
        30, make, lambda parts, _: parts["t"]["taskDefinitionArn"], {plain: PASS, harmless: PASS},
        [
            Trait(container(environment=[{"name": "DATABASE", "value": SECRET}]), fails=(plain,)),
            Trait(container(privileged=True), fails=(harmless,)),
            Trait(sidecar, fails=(harmless,)),
            Trait(container(linuxParameters={"capabilities": {"add": ["SYS_ADMIN"]}}), fails=(harmless,), slot="capability"),
            Trait(container(linuxParameters={"capabilities": {"add": ["NET_BIND_SERVICE"]}}), slot="capability"),
        ],
    ))
    arns = [one["t"]["taskDefinitionArn"] for one in grown]
    estate.say(place, "ecs.list_task_definitions", {"taskDefinitionArns": arns})
    for one in grown:
        estate.say(place, "ecs.describe_task_definition", {"taskDefinition": one["t"]}, taskDefinition=one["t"]["taskDefinitionArn"])


def _clusters(estate: Estate, place: Place) -> None:
    logged, private, encrypted = "aws.eks.control-plane-logging", "aws.eks.endpoint-private", "aws.eks.secrets-encrypted"
    kinds = ["api", "audit", "authenticator", "controllerManager", "scheduler"]

    def make(n: int, place: Place) -> Parts:
        arn = f"arn:aws:eks:{place.region}:{place.account}:cluster/e-{n:02}"
        network = {"endpointPublicAccess": False, "endpointPrivateAccess": True, "publicAccessCidrs": []}
        logging = {"clusterLogging": [{"types": list(kinds), "enabled": True}]}
        return {"e": {"name": f"e-{n:02}", "arn": arn, "version": "1.33", "status": "ACTIVE", "resourcesVpcConfig": network, "logging": logging, "encryptionConfig": []}}

    def opened(*ranges: str) -> Callable[[Parts], object]:
        return lambda parts: parts["e"]["resourcesVpcConfig"].update(endpointPublicAccess=True, publicAccessCidrs=list(ranges))

    def split(parts: Parts) -> None:
        rows = [{"types": kinds[:2], "enabled": True}, {"types": kinds[2:], "enabled": False}]
        parts["e"]["logging"]["clusterLogging"] = rows

    key = [{"resources": ["secrets"], "provider": {"keyArn": "arn:aws:kms:eu-west-1:1:key/k"}}]
    grown = estate.grow(place, Population(
        20, make, lambda parts, _: parts["e"]["arn"], dict.fromkeys((logged, private, encrypted), PASS),
        [
            Trait(split, fails=(logged,)),
            Trait(opened("0.0.0.0/0"), fails=(private,), slot="api"),
            Trait(opened("203.0.113.0/24"), slot="api"),
            Trait(opened("203.0.113.0/24", "10.0.0.0/8"), fails=(private,), slot="api"),
            Trait(put("e", version="1.27"), fails=(encrypted,), slot="version"),
            Trait(put("e", version="1.27", encryptionConfig=key), slot="version"),
        ],
    ))
    estate.say(place, "eks.list_clusters", {"clusters": [one["e"]["name"] for one in grown]})
    for one in grown:
        estate.say(place, "eks.describe_cluster", {"cluster": one["e"]}, name=one["e"]["name"])


def _functions(estate: Estate, place: Place) -> None:
    plain, supported = "aws.lambda.no-secrets-in-env", "aws.lambda.supported-runtime"

    def make(n: int, place: Place) -> Parts:
        arn = f"arn:aws:lambda:{place.region}:{place.account}:function:f-{n:02}"
        return {
            "v": {
                "FunctionName": f"f-{n:02}", "FunctionArn": arn, "Runtime": "python3.13", "PackageType": "Zip", "Version": "$LATEST",
                "Environment": {"Variables": {"STAGE": "production"}},
            }
        }

    grown = estate.grow(place, Population(
        30, make, lambda parts, _: parts["v"]["FunctionArn"] + ":$LATEST", {plain: PASS, supported: PASS},
        [
            Trait(lambda parts: parts["v"]["Environment"]["Variables"].update(DATABASE=SECRET), fails=(plain,)),
            Trait(put("v", Runtime="python3.8"), fails=(supported,)),
            Trait(put("v", PackageType="Image"), spares=(supported,)),
        ],
    ))
    versions = [{**one["v"], "FunctionArn": one["v"]["FunctionArn"] + ":$LATEST"} for one in grown]
    estate.say(place, "lambda.list_functions", {"Functions": versions}, FunctionVersion="ALL")
    estate.say(place, "lambda.list_functions", {"Functions": [one["v"] for one in grown]})
    for one in grown:
        estate.say(place, "lambda.list_aliases", {"Aliases": []}, FunctionName=one["v"]["FunctionName"])


RUNTIMES = {"python3.13": "2029-10-01", "python3.8": "2024-10-14"}


def _documents(estate: Estate, place: Place) -> None:
    test = "aws.ssm.documents-not-public"

    def make(n: int, place: Place) -> Parts:
        return {"d": {"Name": f"document-{n:02}", "DocumentType": "Command", "Owner": "111122223333"}, "shared": ["444455556666"]}

    public = Trait(lambda parts: parts.update(shared=["444455556666", "all"]), fails=(test,))
    grown = estate.grow(place, Population(24, make, lambda parts, _: parts["d"]["Name"], {test: PASS}, [public]))
    estate.say(place, "ssm.list_documents", {"DocumentIdentifiers": [one["d"] for one in grown]})
    for one in grown:
        estate.say(place, "ssm.describe_document_permission", {"AccountIds": one["shared"]}, Name=one["d"]["Name"])


def _domains(estate: Estate, place: Place) -> None:
    test = "aws.opensearch.secured"

    def make(n: int, place: Place) -> Parts:
        arn = f"arn:aws:es:{place.region}:{place.account}:domain/o-{n:02}"
        return {
            "o": {
                "DomainId": f"1/o-{n:02}", "DomainName": f"o-{n:02}", "ARN": arn, "ClusterConfig": {}, "Deleted": False,
                "VPCOptions": {"VPCId": "vpc-1"}, "EncryptionAtRestOptions": {"Enabled": True}, "NodeToNodeEncryptionOptions": {"Enabled": True},
                "DomainEndpointOptions": {"EnforceHTTPS": True, "TLSSecurityPolicy": "Policy-Min-TLS-1-2-2019-07"},
                "AdvancedSecurityOptions": {"Enabled": True}, "LogPublishingOptions": {"AUDIT_LOGS": {"Enabled": True}},
            }
        }

    def off(name: str, **values: Any) -> Trait:
        return Trait(lambda parts: parts["o"][name].update(values), fails=(test,))

    grown = estate.grow(place, Population(
        20, make, lambda parts, _: parts["o"]["ARN"], {test: PASS},
        [
            Trait(lambda parts: parts["o"].pop("VPCOptions"), fails=(test,)),
            off("EncryptionAtRestOptions", Enabled=False),
            off("NodeToNodeEncryptionOptions", Enabled=False),
            off("DomainEndpointOptions", EnforceHTTPS=False),
            off("DomainEndpointOptions", TLSSecurityPolicy="Policy-Min-TLS-1-0-2019-07"),
            off("AdvancedSecurityOptions", AnonymousAuthEnabled=True),
            Trait(put("o", LogPublishingOptions={"INDEX_SLOW_LOGS": {"Enabled": True}}), fails=(test,)),
            Trait(put("o", Deleted=True), spares=(test,)),
        ],
    ))
    estate.say(place, "opensearch.list_domain_names", {"DomainNames": [{"DomainName": one["o"]["DomainName"]} for one in grown]})
    estate.say(place, "opensearch.describe_domains", {"DomainStatusList": [one["o"] for one in grown]})


def _balancers(estate: Estate, place: Place) -> None:
    zones, logged, filtered = "aws.elbv2.multi-az", "aws.elbv2.access-logs", "aws.wafv2.internet-facing-protected"
    block: Parts = {"Action": {"Block": {}}}
    count: Parts = {"Action": {"Count": {}}}
    limit = {"Statement": {"RateBasedStatement": {"Limit": 1000, "AggregateKeyType": "IP"}}, "Name": "rate", "Priority": 0}
    seen: Parts = {"VisibilityConfig": {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "m"}}
    managed = {"Name": "core", "Priority": 1, "Statement": {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "Core"}}}

    def make(n: int, place: Place) -> Parts:
        arn = f"arn:aws:elasticloadbalancing:{place.region}:{place.account}:loadbalancer/app/b-{n:02}/1"
        spread = [{"ZoneName": place.region + zone, "SubnetId": f"subnet-{zone}"} for zone in "ab"]
        return {"b": {"LoadBalancerArn": arn, "LoadBalancerName": f"b-{n:02}", "Type": "application", "Scheme": "internet-facing", "AvailabilityZones": spread}, "logs": {"Key": "access_logs.s3.enabled", "Value": "true"}, "rules": [{**limit, **block}], "default": "Allow", "acl": True}

    def rules(*rows: Parts) -> Callable[[Parts], object]:
        return lambda parts: parts.update(rules=list(rows))

    grown = estate.grow(place, Population(
        24, make, lambda parts, _: parts["b"]["LoadBalancerArn"], {zones: PASS, logged: PASS, filtered: PASS},
        [
            Trait(lambda parts: parts.update(acl=False), fails=(filtered,), slot="filter"),
            Trait(rules({**limit, **count}), fails=(filtered,), slot="filter"),
            Trait(lambda parts: parts.update(rules=[{**limit, **count}], default="Block"), slot="filter"),
            Trait(rules({**managed, "OverrideAction": {"None": {}}}), slot="filter"),
            Trait(rules({**managed, "OverrideAction": {"Count": {}}}), fails=(filtered,), slot="filter"),
            Trait(put("b", Scheme="internal"), spares=(filtered,)),
            Trait(lambda parts: parts["b"]["AvailabilityZones"].pop(), fails=(zones,)),
            Trait(put("logs", Value="false"), fails=(logged,)),
            Trait(put("b", Type="network"), spares=(logged, filtered)),
        ],
    ))
    group = {"Capacity": 700, "Rules": [{"Name": "a", **block}, {"Name": "b", **count}]}
    estate.say(place, "wafv2.describe_managed_rule_group", group, VendorName="AWS", Name="Core", Scope="REGIONAL")
    estate.say(place, "elbv2.describe_load_balancers", {"LoadBalancers": [one["b"] for one in grown]})
    for one in grown:
        arn = one["b"]["LoadBalancerArn"]
        estate.say(place, "elbv2.describe_load_balancer_attributes", {"Attributes": [one["logs"]]}, LoadBalancerArn=arn)
        own = {"Name": "acl", "Id": "acl", "ARN": f"arn:aws:wafv2:{place.region}:{place.account}:regional/webacl/acl/1", "DefaultAction": {one["default"]: {}}, **seen}
        acl = {"WebACL": {**own, "Rules": [{**row, **seen} for row in one["rules"]]}} if one["acl"] else {}
        estate.say(place, "wafv2.get_web_acl_for_resource", acl, ResourceArn=arn)


# ── what guards a region ──


def regions(estate: Estate, good: Place, bad: Place, *bare: Place) -> None:
    """A region where everything is on, one where it is half on, and those where there is nothing but, in the first, a detector."""
    detected = "aws.guardduty.enabled-all-regions"
    tests = (
        "aws.config.recorder-all-regions", "aws.ec2.ebs-default-encryption",
        "aws.securityhub.critical-findings-sla", "aws.inspector.findings-within-sla",
    )
    for place, status, on in ((good, PASS, True), *((place, FAIL, False) for place in (bad, *bare))):
        estate.expect(place, place.region, dict.fromkeys(tests, status))
        estate.say(place, "ec2.get_ebs_encryption_by_default", {"EbsEncryptionByDefault": on})
        guarded(estate, place, on=on)
    for place, status in ((good, PASS), (bad, FAIL), (bare[0], PASS), *((place, FAIL) for place in bare[1:])):
        estate.expect(place, place.region, {detected: status})
    estate.say(bare[0], "guardduty.list_detectors", {"DetectorIds": ["d1"]})
    estate.say(bare[0], "guardduty.get_detector", {"ServiceRole": "arn:aws:iam::1:role/d", "Status": "ENABLED"}, DetectorId="d1")
    runtime = "aws.guardduty.runtime-and-eks-protection"
    for place, status in ((good, PASS), (bad, FAIL), *((place, "not_applicable") for place in bare)):
        estate.expect(place, place.region, {runtime: status})
    for place, on in ((good, True), (bad, False)):
        estate.say(place, "guardduty.list_detectors", {"DetectorIds": ["d1"]})
        detector = {"ServiceRole": "arn:aws:iam::1:role/d", "Status": "ENABLED" if on else "DISABLED"}
        kinds = [{"Name": name, "Status": "ENABLED"} for name in ("EKS_AUDIT_LOGS", "RUNTIME_MONITORING")]
        estate.say(place, "guardduty.get_detector", {**detector, "Features": kinds}, DetectorId="d1")
        covered = {"ResourceId": "c1", "DetectorId": "d1", "AccountId": place.account, "CoverageStatus": "HEALTHY"}
        details = {"ResourceType": "ECS", "EcsClusterDetails": {"ClusterName": "web"}}
        estate.say(place, "guardduty.list_coverage", {"Resources": [{**covered, "ResourceDetails": details}]}, DetectorId="d1")
        recorder = {"name": "default", "roleARN": "arn:aws:iam::1:role/c", "recordingGroup": {"allSupported": True}}
        estate.say(place, "config.describe_configuration_recorders", {"ConfigurationRecorders": [recorder]})
        told = {"name": "default", "recording": on, "lastStatus": "Success"}
        estate.say(place, "config.describe_configuration_recorder_status", {"ConfigurationRecordersStatus": [told]})


def guarded(estate: Estate, place: Place, *, on: bool) -> None:
    """Whether Security Hub and Inspector are on."""
    state = {"accountId": place.account, "state": {"status": "ENABLED" if on else "DISABLED", "errorCode": "ALREADY_ENABLED", "errorMessage": ""}}
    nothing = {"status": "DISABLED", "errorCode": "ALREADY_ENABLED", "errorMessage": ""}
    state["resourceState"] = {"ec2": nothing, "ecr": nothing}
    estate.say(place, "inspector2.batch_get_account_status", {"accounts": [state]})
    if on:
        hub = {"HubArn": f"arn:aws:securityhub:{place.region}:{place.account}:hub/default"}
        estate.say(place, "securityhub.describe_hub", hub)
    else:
        message = f"Account {place.account} is not subscribed to AWS Security Hub"
        estate.refuse(place, "securityhub.describe_hub", "InvalidAccessException", 401, message)
        estate.refuse(place, "securityhub.get_findings", "InvalidAccessException", 401, message)
