"""Amazon EC2: security groups and the prefix lists they name, volumes and snapshots, instances and what starts them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Detail, Page, ResourceType
from annexlog.collectors.aws._counting import counts

__all__ = ["image", "instance", "launch_template", "prefix_list", "security_group", "snapshot", "volume"]

# What AWS services run in the account for us is left out of a list, if the account hides it, unless it is asked for.
ALL = {"IncludeManagedResources": True}

security_group = ResourceType(
    "aws.ec2.security_group", facet="security_group", id="{security_group.GroupId}", tags="security_group.Tags",
    counted=counts("AWS::EC2::SecurityGroup"),
    listed=Call("ec2:DescribeSecurityGroups", "describe_security_groups", items="SecurityGroups"),
    sets=("security_group.IpPermissions", "security_group.IpPermissions[].IpRanges", "security_group.IpPermissions[].Ipv6Ranges",
          "security_group.IpPermissions[].PrefixListIds", "security_group.IpPermissions[].UserIdGroupPairs",
          "security_group.IpPermissionsEgress", "security_group.IpPermissionsEgress[].IpRanges",
          "security_group.IpPermissionsEgress[].Ipv6Ranges", "security_group.IpPermissionsEgress[].PrefixListIds",
          "security_group.IpPermissionsEgress[].UserIdGroupPairs", "security_group.Tags"),
)

prefix_list = ResourceType(
    "aws.ec2.prefix_list", facet="prefix_list", id="{prefix_list.PrefixListId}", gone=("InvalidPrefixListID.NotFound", "InvalidPrefixListId.NotFound"),
    listed=Call("ec2:DescribeManagedPrefixLists", "describe_managed_prefix_lists", items="PrefixLists"),
    details=[
        # Those of AWS (S3, CloudFront …) hold the addresses of one service of its own, and there are many.
        Detail("entries", Call("ec2:GetManagedPrefixListEntries", "get_managed_prefix_list_entries", {"PrefixListId": "{prefix_list.PrefixListId}"},
               items="Entries"), only="prefix_list.OwnerId != 'AWS'"),
    ],
    sets=("entries", "prefix_list.Tags"),
)

volume = ResourceType(
    "aws.ec2.volume", facet="volume", id="{volume.VolumeId}", tags="volume.Tags",
    counted=counts("AWS::EC2::Volume"),
    listed=Call("ec2:DescribeVolumes", "describe_volumes", ALL, items="Volumes"),
    sets=("volume.Attachments", "volume.Tags"),
)


def images(ask: Any, params: Mapping[str, Any]) -> Iterator[Page]:
    """The images with these ids, those left out that are no longer there: asked for by name, one of them would refuse all."""
    by_id = {"Name": "image-id", "Values": sorted(set(params["ImageIds"]))}
    yield from ask.pages("describe_images", {"Filters": [by_id], **HIDDEN})


# Deprecated and disabled images are left out of a list unless they are asked for.
HIDDEN = {"IncludeDeprecated": True, "IncludeDisabled": True}

instance = ResourceType(
    "aws.ec2.instance", facet="instance", id="{instance.InstanceId}", tags="instance.Tags", gone=("InvalidInstanceID.NotFound",),
    counted=counts("AWS::EC2::Instance"),
    listed=Call("ec2:DescribeInstances", "describe_instances", ALL, items="Reservations[].Instances"),
    details=[
        Detail("image", Call("ec2:DescribeImages", "describe_images", items="Images", fn=images),
               key="ImageId", match="{instance.ImageId}", batch=("ImageIds", 100), otherwise=None),
        Detail("user_data", Call("ec2:DescribeInstanceAttribute", "describe_instance_attribute",
               {"InstanceId": "{instance.InstanceId}", "Attribute": "userData"}, take="UserData", decode={"Value": "base64"})),
    ],
    redact={"user_data.Value": "secrets"},
    # An image's age, owner and state are asked about; when it was last launched moves with every launch.
    ignore=("image.LastLaunchedTime", "image.ScanResults"),
    sets=("instance.BlockDeviceMappings", "instance.NetworkInterfaces", "instance.SecurityGroups", "instance.Tags",
          "image.BlockDeviceMappings", "image.Tags"),
)

launch_template = ResourceType(
    "aws.ec2.launch_template", facet="launch_template", id="{launch_template.LaunchTemplateId}", tags="launch_template.Tags",
    gone=("InvalidLaunchTemplateId.NotFound",),
    listed=Call("ec2:DescribeLaunchTemplates", "describe_launch_templates", ALL, items="LaunchTemplates"),
    details=[
        # What is started where no version, or $Default, or $Latest is named.
        Detail("versions", Call("ec2:DescribeLaunchTemplateVersions", "describe_launch_template_versions",
               {"LaunchTemplateId": "{launch_template.LaunchTemplateId}", "Versions": ["$Default", "$Latest"], **ALL},
               items="LaunchTemplateVersions", decode={"[].LaunchTemplateData.UserData": "base64"})),
    ],
    redact={"versions[].LaunchTemplateData.UserData": "secrets"},
    sets=("versions", "launch_template.Tags"),
)

SELF = {"OwnerIds": ["self"]}  # else the list holds all that others made public

snapshot = ResourceType(
    "aws.ec2.snapshot", facet="snapshot", id="{snapshot.SnapshotId}", tags="snapshot.Tags",
    listed=Call("ec2:DescribeSnapshots", "describe_snapshots", SELF, items="Snapshots"),
    details=[
        # Those that everybody may restore; null for the others.
        Detail("restorable_by_all", Call("ec2:DescribeSnapshots", "describe_snapshots", {**SELF, "RestorableByUserIds": ["all"]}, items="Snapshots"),
               key="SnapshotId", match="{snapshot.SnapshotId}", otherwise=None),
    ],
    ignore=("snapshot.Progress", "restorable_by_all.Progress"),
    sets=("snapshot.Tags", "restorable_by_all.Tags"),
)

image = ResourceType(
    "aws.ec2.image", facet="image", id="{image.ImageId}", tags="image.Tags",
    listed=Call("ec2:DescribeImages", "describe_images", {"Owners": ["self"], **HIDDEN}, items="Images"),
    ignore=("image.LastLaunchedTime", "image.ScanResults"),
    sets=("image.BlockDeviceMappings", "image.Tags"),
)
