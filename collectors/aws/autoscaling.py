"""Amazon EC2 Auto Scaling: groups of instances, and the launch configurations of the older kind."""

from __future__ import annotations

from annexlog.collectors import Call, ResourceType
from annexlog.collectors.aws._counting import counts

__all__ = ["group", "launch_configuration"]

group = ResourceType(
    "aws.autoscaling.group", facet="group", id="{group.AutoScalingGroupARN}", tags="group.Tags",
    counted=counts("AWS::AutoScaling::AutoScalingGroup"),
    listed=Call("autoscaling:DescribeAutoScalingGroups", "describe_auto_scaling_groups", {"IncludeManagedResources": True}, items="AutoScalingGroups"),
    sets=("group.AvailabilityZones", "group.Instances", "group.LoadBalancerNames", "group.TargetGroupARNs", "group.TrafficSources",
          "group.EnabledMetrics", "group.SuspendedProcesses", "group.Tags"),
)

launch_configuration = ResourceType(
    "aws.autoscaling.launch_configuration", facet="launch_configuration", id="{launch_configuration.LaunchConfigurationARN}",
    listed=Call("autoscaling:DescribeLaunchConfigurations", "describe_launch_configurations", items="LaunchConfigurations",
                decode={"[].UserData": "base64"}),
    redact={"launch_configuration.UserData": "secrets"},
)
