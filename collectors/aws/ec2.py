"""Amazon EC2: security groups and the prefix lists they name, volumes, instances."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType

__all__ = ["instance", "prefix_list", "security_group", "volume"]

# What AWS services run in the account for us is left out of a list, if the account hides it, unless it is asked for.
ALL = {"IncludeManagedResources": True}

security_group = ResourceType(
    "aws.ec2.security_group", facet="security_group", id="{security_group.GroupId}", tags="security_group.Tags",
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
    listed=Call("ec2:DescribeVolumes", "describe_volumes", ALL, items="Volumes"),
    sets=("volume.Attachments", "volume.Tags"),
)

instance = ResourceType(
    "aws.ec2.instance", facet="instance", id="{instance.InstanceId}", tags="instance.Tags",
    listed=Call("ec2:DescribeInstances", "describe_instances", ALL, items="Reservations[].Instances"),
    sets=("instance.BlockDeviceMappings", "instance.NetworkInterfaces", "instance.SecurityGroups", "instance.Tags"),
)
