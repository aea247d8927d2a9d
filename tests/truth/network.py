"""Networks: what leads out of them, what is logged, who may come in; and what an organization denies its accounts."""

# ruff: noqa: E501 — one trait a line
# fmt: off

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.truth import delivery
from tests.truth.data import document, put
from tests.truth.planting import FAIL, PASS, SPARED, Estate, Parts, Place, Population, Trait

FLOWS, QUERIES = "aws.vpc.flow-logs-enabled", "aws.route53resolver.query-logging"
ACL, TIME, FACING = "aws.ec2.nacl-no-admin-ports", "aws.ec2.dhcp-ntp-approved", "aws.ec2.public-ip-inventory"
PEERED, RESTRICTED = "aws.vpc.peering-least-privilege", "aws.vpc.endpoint-policies-restricted"
AUTHORIZED, OUTSIDE, LISTENER = "aws.apigateway.authorizers", "aws.ram.no-external-shares", "aws.elbv2.tls-policy-strong"


def plant(estate: Estate, place: Place) -> None:
    _vpcs(estate, place)
    acls = estate.grow(place, _acls(24))
    estate.say(place, "ec2.describe_network_acls", {"NetworkAcls": [one["acl"] for one in acls]})
    _faces(estate, place)
    _shares(estate, place)
    _apis(estate, place)
    _listeners(estate, place)
    _endpoints(estate, place)


def _vpcs(estate: Estate, place: Place) -> None:
    """VPCs with their flow logs and resolver logs, and the sets of DHCP options that some of them use."""
    fields = " ".join(f"${{{name}}}" for name in ("version", "srcaddr", "dstaddr", "srcport", "dstport", "protocol", "action"))

    def make(n: int, place: Place) -> Parts:
        id = f"vpc-{n:02}"
        flow = {"FlowLogId": f"fl-{n:02}", "ResourceId": id, "FlowLogStatus": "ACTIVE", "DeliverLogsStatus": "SUCCESS", "TrafficType": "ALL", "LogFormat": fields}
        query = {"Id": f"rqla-{n:02}", "ResolverQueryLogConfigId": "rqlc-1", "ResourceId": id, "Status": "ACTIVE", "Error": "NONE"}
        return {"vpc": {"VpcId": id, "OwnerId": place.account, "State": "available", "DhcpOptionsId": f"dopt-{n:02}"}, "flow": flow, "query": query}

    grown = estate.grow(place, Population(
        30, make, lambda parts, _: parts["vpc"]["VpcId"], {FLOWS: PASS, QUERIES: PASS},
        [
            Trait(lambda parts: parts.update(flow=None), fails=(FLOWS,), slot="flow"),
            Trait(put("flow", DeliverLogsStatus="FAILED"), fails=(FLOWS,), slot="flow"),
            Trait(put("flow", TrafficType="ACCEPT"), fails=(FLOWS,), slot="flow"),
            Trait(put("flow", TrafficType="REJECT"), slot="flow"),
            Trait(put("flow", LogFormat="${srcaddr} ${dstaddr}"), fails=(FLOWS,), slot="flow"),
            Trait(lambda parts: parts.update(query=None), fails=(QUERIES,), slot="query"),
            Trait(put("query", Status="FAILED", Error="ACCESS_DENIED"), fails=(QUERIES,), slot="query"),
            Trait(put("vpc", OwnerId="444455556666"), spares=(FLOWS, QUERIES)),  # shared with us
        ],
    ))
    estate.say(place, "ec2.describe_vpcs", {"Vpcs": [one["vpc"] for one in grown]})
    estate.say(place, "ec2.describe_flow_logs", {"FlowLogs": [one["flow"] for one in grown if one["flow"]]})
    associations = [one["query"] for one in grown if one["query"]]
    estate.say(place, "route53resolver.list_resolver_query_log_config_associations", {"ResolverQueryLogConfigAssociations": associations})
    configs = [{"Id": "rqlc-1", "Status": "CREATED", "OwnerId": place.account, "Name": "all"}]
    estate.say(place, "route53resolver.list_resolver_query_log_configs", {"ResolverQueryLogConfigs": configs})
    options = estate.grow(place, _options(30, used=len(grown)))
    estate.say(place, "ec2.describe_dhcp_options", {"DhcpOptions": [one["options"] for one in options]})


def _options(count: int, *, used: int) -> Population:
    """All of them are used by a VPC of the same number."""
    def make(n: int, place: Place) -> Parts:
        assert n < used
        servers = {"Key": "domain-name-servers", "Values": [{"Value": "AmazonProvidedDNS"}]}
        return {"options": {"DhcpOptionsId": f"dopt-{n:02}", "OwnerId": place.account, "DhcpConfigurations": [servers]}}

    def clock(*servers: str) -> Callable[[Parts], object]:
        row = {"Key": "ntp-servers", "Values": [{"Value": server} for server in servers]}
        return lambda parts: parts["options"]["DhcpConfigurations"].append(row)

    return Population(
        count, make, lambda parts, _: parts["options"]["DhcpOptionsId"], {TIME: PASS},
        [Trait(clock("169.254.169.123"), slot="time"), Trait(clock("169.254.169.123", "203.0.113.1"), fails=(TIME,), slot="time")],
    )


def _acls(count: int) -> Population:
    """Of subnets of a VPC whose main table leads to the internet (`_faces` plants it)."""
    def entry(number: int, action: str, first: int, last: int, cidr: str, protocol: str = "6") -> dict[str, Any]:
        ports = {} if protocol == "-1" else {"PortRange": {"From": first, "To": last}}
        return {"RuleNumber": number, "RuleAction": action, "Egress": False, "Protocol": protocol, "CidrBlock": cidr, **ports}

    def make(n: int, place: Place) -> Parts:
        rest = entry(32767, "deny", 0, 0, "0.0.0.0/0", "-1")
        association = {"NetworkAclId": f"acl-{n:02}", "NetworkAclAssociationId": f"a-{n:02}", "SubnetId": f"subnet-{n:02}"}
        entries = [entry(100, "allow", 443, 443, "0.0.0.0/0"), rest]
        return {"acl": {"NetworkAclId": f"acl-{n:02}", "VpcId": "vpc-out", "OwnerId": place.account, "Associations": [association], "Entries": entries}}

    def rules(*entries: dict[str, Any]) -> Callable[[Parts], object]:
        return lambda parts: parts["acl"]["Entries"].extend(entries)

    return Population(
        count, make, lambda parts, _: parts["acl"]["NetworkAclId"], {ACL: PASS},
        [
            Trait(rules(entry(110, "allow", 22, 22, "0.0.0.0/0")), fails=(ACL,), slot="rules"),
            Trait(rules(entry(110, "allow", 0, 0, "0.0.0.0/0", "-1")), fails=(ACL,), slot="rules"),
            Trait(rules(entry(110, "allow", 22, 22, "10.0.0.0/8")), slot="rules"),
            # The lower number decides.
            Trait(rules(entry(105, "deny", 22, 22, "0.0.0.0/0"), entry(110, "allow", 22, 22, "0.0.0.0/0")), slot="rules"),
            Trait(rules(entry(110, "deny", 22, 22, "0.0.0.0/0"), entry(105, "allow", 22, 22, "0.0.0.0/0")), fails=(ACL,), slot="rules"),
            Trait(put("acl", VpcId="vpc-in"), spares=(ACL,)),
            Trait(put("acl", Associations=[]), spares=(ACL,)),
        ],
    )


def _faces(estate: Estate, place: Place) -> None:
    """Interfaces with public addresses, known or not; and the route tables of a VPC that leads out and of one that does not."""
    def table(name: str, gateway: str) -> dict[str, Any]:
        routes = [{"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"}]
        routes += [{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway, "State": "active"}] if gateway else []
        return {"RouteTableId": f"rtb-{name}", "VpcId": f"vpc-{name}", "Associations": [{"Main": True, "RouteTableId": f"rtb-{name}", "AssociationState": {"State": "associated"}}], "Routes": routes}

    peered = estate.grow(place, _peered(16))
    tables = [table("out", "igw-1"), table("in", "")]
    for one in tables:
        estate.expect(place, one["RouteTableId"], {PEERED: SPARED})
    estate.say(place, "ec2.describe_route_tables", {"RouteTables": [*tables, *(one["table"] for one in peered)]})
    other = {"VpcId": "vpc-far", "OwnerId": "444455556666", "CidrBlock": "10.9.0.0/16", "CidrBlockSet": [{"CidrBlock": "10.9.0.0/16"}]}
    mine = {"VpcId": "vpc-near", "OwnerId": place.account, "CidrBlock": "10.0.0.0/16", "CidrBlockSet": [{"CidrBlock": "10.0.0.0/16"}]}
    peering = {"VpcPeeringConnectionId": "pcx-1", "AccepterVpcInfo": other, "RequesterVpcInfo": mine, "Status": {"Code": "active"}}
    estate.say(place, "ec2.describe_vpc_peering_connections", {"VpcPeeringConnections": [peering]})

    def make(n: int, place: Place) -> Parts:
        address = {"PublicIp": f"203.0.113.{n}", "IpOwnerId": place.account}
        private = [{"PrivateIpAddress": f"10.0.0.{n}", "Primary": True, "Association": address}]
        own = {"NetworkInterfaceId": f"eni-{n:02}", "VpcId": "vpc-out", "SubnetId": "subnet-f", "OwnerId": place.account, "Status": "in-use", "InterfaceType": "interface"}
        return {"face": {**own, "Association": address, "PrivateIpAddresses": private, "Ipv6Addresses": []}}

    def inside(parts: Parts) -> None:
        parts["face"].pop("Association")
        parts["face"]["PrivateIpAddresses"][0].pop("Association")

    grown = estate.grow(place, Population(
        40, make, lambda parts, _: parts["face"]["NetworkInterfaceId"], {FACING: PASS},
        [
            Trait(lambda parts: parts["face"].update(NetworkInterfaceId=f"eni-x{parts['face']['NetworkInterfaceId'][-2:]}"), fails=(FACING,)),
            Trait(inside, spares=(FACING,)),
        ],
    ))
    served = delivery.interfaces()
    for row in served:
        estate.expect(place, row["NetworkInterfaceId"], {FACING: SPARED})
    estate.say(place, "ec2.describe_network_interfaces", {"NetworkInterfaces": [*(one["face"] for one in grown), *served]})


def _peered(count: int) -> Population:
    """Route tables of a VPC that is peered with another of 10.9.0.0/16."""
    def make(n: int, place: Place) -> Parts:
        route = {"DestinationCidrBlock": "10.9.7.0/24", "VpcPeeringConnectionId": "pcx-1", "State": "active"}
        return {"table": {"RouteTableId": f"rtb-p{n:02}", "VpcId": "vpc-near", "Associations": [], "Routes": [route]}}

    def leads(**route: str) -> Callable[[Parts], object]:
        return lambda parts: parts["table"]["Routes"][0].update(route)

    return Population(
        count, make, lambda parts, _: parts["table"]["RouteTableId"], {PEERED: PASS},
        [
            Trait(leads(DestinationCidrBlock="10.9.0.0/16"), fails=(PEERED,), slot="to"),
            Trait(leads(DestinationCidrBlock="10.0.0.0/8"), fails=(PEERED,), slot="to"),
            Trait(leads(State="blackhole"), spares=(PEERED,)),
        ],
    )


def _endpoints(estate: Estate, place: Place) -> None:
    def make(n: int, place: Place) -> Parts:
        ours = {"StringEquals": {"aws:PrincipalAccount": place.account, "aws:ResourceAccount": place.account}}
        statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": ours}
        service = f"com.amazonaws.{place.region}.s3"
        return {"e": {"VpcEndpointId": f"vpce-{n:02}", "VpcEndpointType": "Gateway", "State": "Available", "ServiceName": service}, "statement": statement}

    def bound(**condition: str) -> Callable[[Parts], object]:
        return lambda parts: parts["statement"].update(Condition={"StringEquals": condition})

    grown = estate.grow(place, Population(
        20, make, lambda parts, _: parts["e"]["VpcEndpointId"], {RESTRICTED: PASS},
        [
            Trait(lambda parts: parts["statement"].pop("Condition"), fails=(RESTRICTED,), slot="bound"),
            Trait(bound(**{"aws:PrincipalAccount": "123456789012"}), fails=(RESTRICTED,), slot="bound"),  # to whom else's data?
            Trait(put("e", ServiceName="com.amazonaws.eu-central-1.logs", VpcEndpointType="Interface"), spares=(RESTRICTED,)),
            Trait(put("e", State="Deleting"), spares=(RESTRICTED,)),
        ],
    ))
    rows = [{**one["e"], "PolicyDocument": document(one["statement"])} for one in grown]
    estate.say(place, "ec2.describe_vpc_endpoints", {"VpcEndpoints": rows})


KNOWN_FACES = [f"eni-{n:02}" for n in range(40)]


def _shares(estate: Estate, place: Place) -> None:
    def make(n: int, place: Place) -> Parts:
        arn = f"arn:aws:ram:{place.region}:{place.account}:resource-share/s-{n:02}"
        return {"share": {"resourceShareArn": arn, "name": f"s-{n:02}", "status": "ACTIVE"}, "with": ["222222222222"]}

    grown = estate.grow(place, Population(
        20, make, lambda parts, _: parts["share"]["resourceShareArn"], {OUTSIDE: PASS},
        [
            Trait(lambda parts: parts["with"].append("999999999999"), fails=(OUTSIDE,)),
            Trait(put("share", status="DELETED"), spares=(OUTSIDE,)),
        ],
    ))
    estate.say(place, "ram.get_resource_shares", {"resourceShares": [one["share"] for one in grown]})
    for one in grown:
        arn = one["share"]["resourceShareArn"]
        rows = [{"resourceShareArn": arn, "associatedEntity": who, "associationType": "PRINCIPAL", "status": "ASSOCIATED"} for who in one["with"]]
        estate.say(place, "ram.get_resource_share_associations", {"resourceShareAssociations": rows}, resourceShareArns=[arn])


def _apis(estate: Estate, place: Place) -> None:
    def make(n: int, place: Place) -> Parts:
        get = {"httpMethod": "GET", "authorizationType": "AWS_IAM", "apiKeyRequired": False}
        return {"api": {"id": f"a{n:02}", "name": f"api-{n:02}"}, "methods": {"GET": get}}

    def method(verb: str, kind: str) -> Callable[[Parts], object]:
        return lambda parts: parts["methods"].update({verb: {"httpMethod": verb, "authorizationType": kind, "apiKeyRequired": True}})

    grown = estate.grow(place, Population(
        20, make, lambda parts, place: f"arn:aws:apigateway:{place.region}::/restapis/{parts['api']['id']}", {AUTHORIZED: PASS},
        [Trait(method("POST", "NONE"), fails=(AUTHORIZED,)), Trait(method("OPTIONS", "NONE")), Trait(method("PUT", "CUSTOM"))],
    ))
    estate.say(place, "apigateway.get_rest_apis", {"items": [one["api"] for one in grown]})
    for one in grown:
        rows = {"items": [{"id": "r", "path": "/", "resourceMethods": one["methods"]}]}
        estate.say(place, "apigateway.get_resources", rows, restApiId=one["api"]["id"])


def _listeners(estate: Estate, place: Place) -> None:
    balancer = f"arn:aws:elasticloadbalancing:{place.region}:{place.account}:loadbalancer/app/one/1"
    row = {"LoadBalancerArn": balancer, "LoadBalancerName": "one", "Type": "application", "Scheme": "internal", "AvailabilityZones": []}
    estate.say(place, "elbv2.describe_load_balancers", {"LoadBalancers": [row]})
    estate.say(place, "elbv2.describe_load_balancer_attributes", {"Attributes": [{"Key": "access_logs.s3.enabled", "Value": "false"}]}, LoadBalancerArn=balancer)
    estate.expect(place, balancer, {"aws.elbv2.multi-az": FAIL, "aws.elbv2.access-logs": FAIL, "aws.wafv2.internet-facing-protected": SPARED})
    policies = [{"Name": "strong", "SslProtocols": ["TLSv1.2", "TLSv1.3"]}, {"Name": "weak", "SslProtocols": ["TLSv1", "TLSv1.2"]}]
    estate.say(place, "elbv2.describe_ssl_policies", {"SslPolicies": policies})

    def make(n: int, place: Place) -> Parts:
        arn = f"{balancer.replace('loadbalancer', 'listener')}/{n:02}"
        return {"l": {"ListenerArn": arn, "LoadBalancerArn": balancer, "Port": 443, "Protocol": "HTTPS", "SslPolicy": "strong"}, "rules": []}

    def plain(**action: Any) -> Callable[[Parts], object]:
        def change(parts: Parts) -> None:
            parts["l"].update(Protocol="HTTP", Port=80)
            parts["l"].pop("SslPolicy", None)
            parts["rules"].append({"RuleArn": "r", "IsDefault": True, "Actions": [action]})

        return change

    grown = estate.grow(place, Population(
        20, make, lambda parts, _: parts["l"]["ListenerArn"], {LISTENER: PASS},
        [
            Trait(put("l", SslPolicy="weak"), fails=(LISTENER,), slot="protocol"),
            Trait(plain(Type="redirect", RedirectConfig={"Protocol": "HTTPS", "StatusCode": "HTTP_301"}), slot="protocol"),
            Trait(plain(Type="redirect", RedirectConfig={"Protocol": "HTTP", "StatusCode": "HTTP_301"}), fails=(LISTENER,), slot="protocol"),
            Trait(plain(Type="forward", TargetGroupArn="t"), fails=(LISTENER,), slot="protocol"),
            Trait(put("l", Protocol="TCP"), spares=(LISTENER,), slot="protocol"),
        ],
    ))
    estate.say(place, "elbv2.describe_listeners", {"Listeners": [one["l"] for one in grown]}, LoadBalancerArn=balancer)
    for one in grown:
        if one["rules"]:
            estate.say(place, "elbv2.describe_rules", {"Rules": one["rules"]}, ListenerArn=one["l"]["ListenerArn"])


# ── what an organization denies ──

PROTECTED = [
    "cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "cloudtrail:UpdateTrail", "cloudtrail:PutEventSelectors", "config:StopConfigurationRecorder",
    "config:DeleteConfigurationRecorder", "config:DeleteDeliveryChannel", "guardduty:DeleteDetector", "guardduty:UpdateDetector",
    "guardduty:DisassociateFromAdministratorAccount",
]


def guardrails(estate: Estate, organization: str, management: str, guarded: str, free: str) -> None:
    """One account hangs under policies that deny what they should, the other does not; the management account never can."""
    own, whole = Place(management), Place(organization)
    tests = ("aws.organizations.scp-protects-logging", "aws.organizations.scp-region-restriction")
    for account, status in ((management, SPARED), (guarded, PASS), (free, FAIL)):
        estate.expect(whole, account, dict.fromkeys(tests, status))
    separated = "aws.organizations.environment-separation"
    for account, tags, status in (
        (management, ["production"], PASS), (guarded, [], FAIL), (free, ["test"], PASS),
    ):
        estate.expect(whole, account, {separated: status})
        marks = [{"Key": "environment", "Value": value} for value in tags]
        estate.say(own, "organizations.list_tags_for_resource", {"Tags": marks}, ResourceId=account)
    elsewhere = {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}}
    contents = {
        "p-protect1": document({"Effect": "Deny", "Action": PROTECTED, "Resource": "*"}),
        "p-region01": document({"Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*", "Condition": elsewhere}),
    }
    rows: Any = [{"Id": id, "Name": id, "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": False} for id in contents]
    estate.say(own, "organizations.list_policies", {"Policies": rows}, Filter="SERVICE_CONTROL_POLICY")
    for id, content in contents.items():
        estate.say(own, "organizations.describe_policy", {"Policy": {"PolicySummary": {"Id": id}, "Content": content}}, PolicyId=id)
        targets = [{"TargetId": guarded, "Name": guarded, "Type": "ACCOUNT"}]
        estate.say(own, "organizations.list_targets_for_policy", {"Targets": targets}, PolicyId=id)


APPROVED_REGIONS = ["eu-west-1", "eu-central-1", "us-east-1"]
