"""Amazon Lightsail: instances and load balancers, which no list of EC2 has."""

from __future__ import annotations

from annexlog.collectors import Call, ResourceType

__all__ = ["instance", "load_balancer"]

instance = ResourceType(
    "aws.lightsail.instance", facet="instance", id="{instance.arn}", tags="instance.tags",
    listed=Call("lightsail:GetInstances", "get_instances", items="instances"),
    ignore=("instance.addOns",),
)

load_balancer = ResourceType(
    "aws.lightsail.load_balancer", facet="load_balancer", id="{load_balancer.arn}", tags="load_balancer.tags",
    listed=Call("lightsail:GetLoadBalancers", "get_load_balancers", items="loadBalancers"),
    ignore=("load_balancer.instanceHealthSummary",),
)
