"""Who is told, and what is written down: alarms on what a trail delivers, routes of findings, sessions on machines."""

# ruff: noqa: E501 — one pattern a line
# fmt: off

from __future__ import annotations

import json
from typing import Any

from tests.truth.planting import FAIL, PASS, SPARED, Estate, Place

ALARMED, ROUTED, SESSIONS = (
    "aws.cloudwatch.critical-alarms-exist", "aws.events.findings-routed", "aws.ssm.session-logging",
)
GROUP = "/g/020"
"""The log group that the whole trail delivers to, among those that data.py plants."""


def _any(source: str, *names: str) -> str:
    named = " || ".join(f"($.eventName = {name})" for name in names)
    return f"{{ ($.eventSource = {source}.amazonaws.com) && ({named}) }}"


# As the CIS AWS Foundations Benchmark writes them, in its chapter on monitoring.
PATTERNS = {
    "root": '{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }',
    "sign-in": '{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && ($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") }',
    "iam": _any("iam", "DeleteGroupPolicy", "DeleteRolePolicy", "DeleteUserPolicy", "PutGroupPolicy", "PutRolePolicy", "PutUserPolicy", "CreatePolicy", "DeletePolicy", "CreatePolicyVersion", "DeletePolicyVersion", "AttachRolePolicy", "DetachRolePolicy", "AttachUserPolicy", "DetachUserPolicy", "AttachGroupPolicy", "DetachGroupPolicy"),
    "trail": "{ ($.eventName = CreateTrail) || ($.eventName = UpdateTrail) || ($.eventName = DeleteTrail) || ($.eventName = StartLogging) || ($.eventName = StopLogging) }",
    "keys": _any("kms", "DisableKey", "ScheduleKeyDeletion"),
    "buckets": _any("s3", "PutBucketAcl", "PutBucketPolicy", "PutBucketCors", "PutBucketLifecycle", "PutBucketReplication", "DeleteBucketPolicy", "DeleteBucketCors", "DeleteBucketLifecycle", "DeleteBucketReplication"),
    "config": _any("config", "StopConfigurationRecorder", "DeleteDeliveryChannel", "PutDeliveryChannel", "PutConfigurationRecorder"),
    "groups": "{ ($.eventName = AuthorizeSecurityGroupIngress) || ($.eventName = AuthorizeSecurityGroupEgress) || ($.eventName = RevokeSecurityGroupIngress) || ($.eventName = RevokeSecurityGroupEgress) || ($.eventName = CreateSecurityGroup) || ($.eventName = DeleteSecurityGroup) }",
    "acls": "{ ($.eventName = CreateNetworkAcl) || ($.eventName = CreateNetworkAclEntry) || ($.eventName = DeleteNetworkAcl) || ($.eventName = DeleteNetworkAclEntry) || ($.eventName = ReplaceNetworkAclEntry) || ($.eventName = ReplaceNetworkAclAssociation) }",
    "routes": "{ ($.eventSource = ec2.amazonaws.com) && (($.eventName = CreateRoute) || ($.eventName = CreateRouteTable) || ($.eventName = ReplaceRoute) || ($.eventName = ReplaceRouteTableAssociation) || ($.eventName = DeleteRouteTable) || ($.eventName = DeleteRoute) || ($.eventName = DisassociateRouteTable)) }",
    "organization": _any("organizations", "AcceptHandshake", "AttachPolicy", "CreateAccount", "CreateOrganizationalUnit", "CreatePolicy", "DeclineHandshake", "DeleteOrganization", "DeleteOrganizationalUnit", "DeletePolicy", "DetachPolicy", "DisablePolicyType", "EnablePolicyType", "InviteAccountToOrganization", "LeaveOrganization", "MoveAccount", "RemoveAccountFromOrganization", "UpdatePolicy", "UpdateOrganizationalUnit"),
}


def alarms(place: Place) -> list[dict[str, Any]]:
    """One for each pattern, to a topic that has a subscriber."""
    topic = f"arn:aws:sns:{place.region}:{place.account}:t-1"
    return [
        {
            "AlarmName": f"security-{name}", "AlarmArn": f"arn:aws:cloudwatch:{place.region}:{place.account}:alarm:security-{name}",
            "ActionsEnabled": True, "AlarmActions": [topic], "Namespace": "Security", "MetricName": name, "Dimensions": [],
        }
        for name in PATTERNS
    ]


def events(estate: Estate, watched: Place, other: Place) -> None:
    """All kinds are watched for in one account. The other has trails of one region each, and no filter: nobody is told."""
    rows = [
        {"logGroupName": GROUP, "filterName": name, "filterPattern": pattern, "metricTransformations": [{"metricNamespace": "Security", "metricName": name, "metricValue": "1"}]}
        for name, pattern in PATTERNS.items()
    ]
    estate.say(watched, "logs.describe_metric_filters", {"metricFilters": rows})
    estate.expect(Place(watched.account), watched.account, {ALARMED: PASS})
    estate.expect(Place(other.account), other.account, {ALARMED: FAIL})


def findings(estate: Estate, routed: Place, lost: Place, *quiet: Place) -> None:
    """Both have a detector that is on. Of one the high findings are sent on; of the other low ones, or by a rule that is off."""
    for place, status in ((routed, PASS), (lost, FAIL), *((place, SPARED) for place in quiet)):
        estate.expect(place, place.region, {ROUTED: status})

    def numeric(operator: str, number: int) -> str:
        wanted = {"source": ["aws.guardduty"], "detail-type": ["GuardDuty Finding"], "detail": {"severity": [{"numeric": [operator, number]}]}}
        return json.dumps(wanted)

    low, off = ("low", "ENABLED", numeric("<", 4)), ("off", "DISABLED", numeric(">=", 7))
    for place, rules in ((routed, [("high", "ENABLED", numeric(">=", 7))]), (lost, [low, off])):
        own = f"arn:aws:events:{place.region}:{place.account}:rule/"
        rows = [{"Name": name, "Arn": own + name, "State": state, "EventPattern": pattern, "EventBusName": "default"} for name, state, pattern in rules]
        estate.say(place, "events.list_rules", {"Rules": rows})
        targets = {"Targets": [{"Id": "a", "Arn": f"arn:aws:lambda:{place.region}:{place.account}:function:page"}]}
        estate.say(place, "events.list_targets_by_rule", targets)


def sessions(estate: Estate, recorded: Place, silent: Place, bucket: str, *bare: Place) -> None:
    """Machines in two regions. In one the log group is gone that they are written to; regions without a machine have no sessions."""
    kept = {"kmsKeyId": "alias/sessions", "s3BucketName": bucket, "s3EncryptionEnabled": True}
    gone = {"kmsKeyId": "alias/sessions", "cloudWatchLogGroupName": "/gone", "cloudWatchEncryptionEnabled": True}
    written = {"kmsKeyId": "alias/sessions", "cloudWatchLogGroupName": GROUP, "cloudWatchEncryptionEnabled": True}
    for place, documents in (
        (recorded, {"SSM-SessionManagerRunShell": kept, "shell": written}), (silent, {"SSM-SessionManagerRunShell": gone}),
    ):
        estate.say(place, "ssm.describe_instance_information", {"InstanceInformationList": [{"InstanceId": "i-0001"}]})
        rows = [{"Name": name, "DocumentType": "Session", "Owner": place.account} for name in documents]
        estate.say(place, "ssm.list_documents", {"DocumentIdentifiers": rows})
        for name, inputs in documents.items():
            content = json.dumps({"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": inputs})
            estate.say(place, "ssm.get_document", {"Name": name, "Content": content, "DocumentType": "Session"}, Name=name)
            estate.say(place, "ssm.describe_document_permission", {"AccountIds": []}, Name=name)
            estate.expect(place, name, {"aws.ssm.documents-not-public": PASS})
    for place, status in ((recorded, PASS), (silent, FAIL), *((place, SPARED) for place in bare)):
        estate.expect(place, place.region, {SESSIONS: status})
