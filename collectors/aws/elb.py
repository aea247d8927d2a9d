"""Elastic Load Balancing: classic load balancers, which are an API of their own."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType

__all__ = ["load_balancer"]

NAMED = {"LoadBalancerName": "{load_balancer.LoadBalancerName}"}

load_balancer = ResourceType(
    "aws.elb.load_balancer", facet="load_balancer", gone=("LoadBalancerNotFound",),
    id="arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/{load_balancer.LoadBalancerName}",
    listed=Call("elasticloadbalancing:DescribeLoadBalancers", "elb.describe_load_balancers", items="LoadBalancerDescriptions"),
    details=[
        Detail("attributes", Call("elasticloadbalancing:DescribeLoadBalancerAttributes", "elb.describe_load_balancer_attributes",
               NAMED, take="LoadBalancerAttributes")),
        Detail("policies", Call("elasticloadbalancing:DescribeLoadBalancerPolicies", "elb.describe_load_balancer_policies",
               NAMED, items="PolicyDescriptions")),
    ],
    incarnation="load_balancer.CreatedTime",
    ignore=("load_balancer.Instances",),
    sets=("load_balancer.ListenerDescriptions", "load_balancer.AvailabilityZones", "load_balancer.Subnets",
          "load_balancer.SecurityGroups", "policies"),
)
