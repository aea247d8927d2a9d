"""Amazon VPC: networks, their subnets, routes, ACLs, peerings, endpoints, flow logs, and the addresses that lead in."""

from __future__ import annotations

from annexlog.collectors import Call, ResourceType
from annexlog.collectors.aws._counting import counts

__all__ = ["address", "client_vpn_endpoint", "dhcp_options", "flow_log", "network_acl", "network_interface", "peering",
           "route_table", "subnet", "vpc", "vpc_endpoint"]

vpc = ResourceType(
    "aws.ec2.vpc", facet="vpc", id="{vpc.VpcId}", tags="vpc.Tags",
    counted=counts("AWS::EC2::VPC"),
    listed=Call("ec2:DescribeVpcs", "describe_vpcs", items="Vpcs"),
    sets=("vpc.CidrBlockAssociationSet", "vpc.Ipv6CidrBlockAssociationSet", "vpc.Tags"),
)

flow_log = ResourceType(
    "aws.ec2.flow_log", facet="flow_log", id="{flow_log.FlowLogId}", tags="flow_log.Tags",
    listed=Call("ec2:DescribeFlowLogs", "describe_flow_logs", items="FlowLogs"),
    sets=("flow_log.Tags",),
)

subnet = ResourceType(
    "aws.ec2.subnet", facet="subnet", id="{subnet.SubnetId}", tags="subnet.Tags",
    counted=counts("AWS::EC2::Subnet"),
    listed=Call("ec2:DescribeSubnets", "describe_subnets", items="Subnets"),
    ignore=("subnet.AvailableIpAddressCount",),
    sets=("subnet.Ipv6CidrBlockAssociationSet", "subnet.Tags"),
)

route_table = ResourceType(
    "aws.ec2.route_table", facet="route_table", id="{route_table.RouteTableId}", tags="route_table.Tags",
    counted=counts("AWS::EC2::RouteTable"),
    listed=Call("ec2:DescribeRouteTables", "describe_route_tables", items="RouteTables"),
    sets=("route_table.Associations", "route_table.Routes", "route_table.PropagatingVgws", "route_table.Tags"),
)

network_acl = ResourceType(
    "aws.ec2.network_acl", facet="network_acl", id="{network_acl.NetworkAclId}", tags="network_acl.Tags",
    counted=counts("AWS::EC2::NetworkAcl"),
    listed=Call("ec2:DescribeNetworkAcls", "describe_network_acls", items="NetworkAcls"),
    sets=("network_acl.Associations", "network_acl.Entries", "network_acl.Tags"),
)

dhcp_options = ResourceType(
    "aws.ec2.dhcp_options", facet="dhcp_options", id="{dhcp_options.DhcpOptionsId}", tags="dhcp_options.Tags",
    listed=Call("ec2:DescribeDhcpOptions", "describe_dhcp_options", items="DhcpOptions"),
    sets=("dhcp_options.DhcpConfigurations", "dhcp_options.Tags"),
)

network_interface = ResourceType(
    "aws.ec2.network_interface", facet="network_interface", id="{network_interface.NetworkInterfaceId}", tags="network_interface.TagSet",
    counted=counts("AWS::EC2::NetworkInterface"),
    # What AWS services run in the account for us is left out, if the account hides it, unless it is asked for.
    listed=Call("ec2:DescribeNetworkInterfaces", "describe_network_interfaces", {"IncludeManagedResources": True}, items="NetworkInterfaces"),
    sets=("network_interface.Groups", "network_interface.Ipv6Addresses", "network_interface.PrivateIpAddresses", "network_interface.TagSet"),
)

address = ResourceType(
    "aws.ec2.address", facet="address", id="{address.PublicIp}", tags="address.Tags",
    listed=Call("ec2:DescribeAddresses", "describe_addresses", items="Addresses"),
    incarnation="address.AllocationId", sets=("address.Tags",),
)

peering = ResourceType(
    "aws.ec2.vpc_peering_connection", facet="peering", id="{peering.VpcPeeringConnectionId}", tags="peering.Tags",
    listed=Call("ec2:DescribeVpcPeeringConnections", "describe_vpc_peering_connections", items="VpcPeeringConnections"),
    sets=("peering.Tags",),
)

vpc_endpoint = ResourceType(
    "aws.ec2.vpc_endpoint", facet="vpc_endpoint", id="{vpc_endpoint.VpcEndpointId}", tags="vpc_endpoint.Tags",
    listed=Call("ec2:DescribeVpcEndpoints", "describe_vpc_endpoints", items="VpcEndpoints"),
    sets=("vpc_endpoint.RouteTableIds", "vpc_endpoint.SubnetIds", "vpc_endpoint.Groups", "vpc_endpoint.NetworkInterfaceIds",
          "vpc_endpoint.DnsEntries", "vpc_endpoint.Tags"),
)

client_vpn_endpoint = ResourceType(
    "aws.ec2.client_vpn_endpoint", facet="client_vpn", id="{client_vpn.ClientVpnEndpointId}", tags="client_vpn.Tags",
    listed=Call("ec2:DescribeClientVpnEndpoints", "describe_client_vpn_endpoints", items="ClientVpnEndpoints"),
    sets=("client_vpn.AuthenticationOptions", "client_vpn.Tags"),
)
