"""Elastic Load Balancing: application, network and gateway load balancers, their listeners, and the TLS policies there are."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType
from annexlog.collectors.aws import wafv2

__all__ = ["listener", "load_balancer", "ssl_policy"]

load_balancer = ResourceType(
    "aws.elbv2.load_balancer", facet="load_balancer", id="{load_balancer.LoadBalancerArn}", gone=("LoadBalancerNotFound", "WAFNonexistentItemException"),
    listed=Call("elasticloadbalancing:DescribeLoadBalancers", "describe_load_balancers", items="LoadBalancers"),
    details=[
        Detail("attributes", Call("elasticloadbalancing:DescribeLoadBalancerAttributes", "describe_load_balancer_attributes",
               {"LoadBalancerArn": "{load_balancer.LoadBalancerArn}"}, items="Attributes")),
        # Only application load balancers can have one.
        Detail("protection", wafv2.for_resource("{load_balancer.LoadBalancerArn}"), only="load_balancer.Type == 'application'"),
    ],
    incarnation="load_balancer.CreatedTime",
    sets=("load_balancer.AvailabilityZones", "load_balancer.SecurityGroups", "attributes"),
)

listener = ResourceType(
    "aws.elbv2.listener", facet="listener", id="{listener.ListenerArn}", under="aws.elbv2.load_balancer",
    gone=("ListenerNotFound", "LoadBalancerNotFound"),
    listed=Call("elasticloadbalancing:DescribeListeners", "describe_listeners", {"LoadBalancerArn": "{load_balancer.LoadBalancerArn}"},
                items="Listeners"),
    details=[
        # The default action is a rule too; only application load balancers have others.
        Detail("rules", Call("elasticloadbalancing:DescribeRules", "describe_rules", {"ListenerArn": "{listener.ListenerArn}"}, items="Rules"),
               only="listener.Protocol == 'HTTP'"),
    ],
    redact={"listener.DefaultActions[].AuthenticateOidcConfig.ClientSecret": "secrets",
            "rules[].Actions[].AuthenticateOidcConfig.ClientSecret": "secrets"},
    sets=("rules",),
)

# AWS's own, the same for all; which protocols hide behind a name is only said here.
ssl_policy = ResourceType(
    "aws.elbv2.ssl_policy", facet="ssl_policy", id="{ssl_policy.Name}",
    listed=Call("elasticloadbalancing:DescribeSSLPolicies", "describe_ssl_policies", items="SslPolicies"),
    ignore=("ssl_policy.Ciphers",), sets=("ssl_policy.SslProtocols", "ssl_policy.SupportedLoadBalancerTypes"),
)
