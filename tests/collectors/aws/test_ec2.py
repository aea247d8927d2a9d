"""Security groups, prefix lists, volumes and instances as EC2 shows them."""

from __future__ import annotations

from typing import Any

from annexlog.collectors.aws.ec2 import instance, prefix_list, security_group, volume
from annexlog.evidence_store.model import Coverage, Unknown
from tests.collectors.aws.conftest import Connect
from tests.collectors.aws.looking import REGION, look
from tests.wire import Fault, Moto, Wire
from tests.wire.moto import ACCOUNT


def test_a_security_group_shows_its_rules(moto: Moto, client: Any, connect: Connect) -> None:
    ec2 = client("ec2", region=REGION)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    tags = [{"ResourceType": "security-group", "Tags": [{"Key": "team", "Value": "web"}]}]
    group = ec2.create_security_group(GroupName="web", Description="Web", VpcId=vpc, TagSpecifications=tags)["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 22,
                "ToPort": 22,
                "IpRanges": [{"CidrIp": "128.0.0.0/1"}, {"CidrIp": "0.0.0.0/1"}],
                "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
            }
        ],
    )

    seen = look(connect(), security_group)

    everything = {
        "IpProtocol": "-1",
        "UserIdGroupPairs": [],
        "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
        "Ipv6Ranges": [],
        "PrefixListIds": [],
    }
    assert seen.facets[group] == {
        "": {
            "GroupId": group,
            "GroupName": "web",
            "Description": "Web",
            "VpcId": vpc,
            "OwnerId": ACCOUNT,
            "SecurityGroupArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/{group}",
            "Tags": [{"Key": "team", "Value": "web"}],
            "IpPermissionsEgress": [everything],
            "IpPermissions": [
                {
                    "IpProtocol": "tcp",
                    "FromPort": 22,
                    "ToPort": 22,
                    "UserIdGroupPairs": [],
                    "IpRanges": [{"CidrIp": "0.0.0.0/1"}, {"CidrIp": "128.0.0.0/1"}],
                    "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
                    "PrefixListIds": [],
                }
            ],
        }
    }


def test_only_our_own_prefix_lists_are_opened(wire: Wire, client: Any, connect: Connect) -> None:
    entries = [{"Cidr": "0.0.0.0/0", "Description": "all"}, {"Cidr": "10.0.0.0/8", "Description": "inside"}]
    made = client("ec2", region=REGION).create_managed_prefix_list(
        PrefixListName="office", MaxEntries=5, AddressFamily="IPv4", Entries=entries
    )
    own = made["PrefixList"]["PrefixListId"]

    seen = look(connect(), prefix_list, "entries")

    assert seen.facets[own]["entries"] == entries
    assert {value for id, value in seen.of("entries").items() if id != own} == {None}
    assert wire.count("ec2.get_managed_prefix_list_entries") == 1


def test_volumes_and_instances_show_encryption_and_metadata_options(moto: Moto, client: Any, connect: Connect) -> None:
    ec2 = client("ec2", region=REGION)
    bare = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=8)["VolumeId"]
    kept = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=8, Encrypted=True)["VolumeId"]
    options = {"HttpTokens": "required", "HttpEndpoint": "enabled"}
    [one] = ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1, MetadataOptions=options)["Instances"]
    [two] = ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1)["Instances"]

    volumes, instances = look(connect(), volume).of(""), look(connect(), instance).of("")

    assert (volumes[bare]["Encrypted"], volumes[kept]["Encrypted"], len(volumes)) == (False, True, 4)
    assert {
        id: (value["State"]["Name"], value["MetadataOptions"]["HttpTokens"]) for id, value in instances.items()
    } == {
        one["InstanceId"]: ("running", "required"),
        two["InstanceId"]: ("running", "optional"),
    }


def test_what_aws_services_run_in_the_account_is_asked_for_too(wire: Wire, client: Any, connect: Connect) -> None:
    asked = "IncludeManagedResources=true"
    wire.inject(Fault("refused", "ec2.describe_volumes", containing=asked))
    wire.inject(Fault("refused", "ec2.describe_instances", containing=asked))

    volumes, instances = look(connect(), volume), look(connect(), instance)

    assert volumes.status == instances.status == {"": Coverage.DENIED}
    assert volumes.refusals == {
        "": Unknown("denied", "describe_volumes", "ec2:DescribeVolumes", "UnauthorizedOperation")
    }
    assert instances.refusals == {
        "": Unknown("denied", "describe_instances", "ec2:DescribeInstances", "UnauthorizedOperation")
    }
