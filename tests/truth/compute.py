"""Networks and machines: security groups, disks, instances, snapshots."""

# ruff: noqa: E501 — one trait a line
# fmt: off

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from tests.truth.planting import PASS, SPARED, Estate, Parts, Place, Population, Trait, ago

ADMIN = "aws.ec2.sg-no-admin-ports-from-internet"
DATABASE = "aws.ec2.sg-no-database-ports-from-internet"
DEFAULT = "aws.ec2.default-sg-closed"
VOLUME = "aws.ec2.volumes-encrypted"
IMDS = "aws.ec2.imdsv2-required"
SECRETS = "aws.ec2.no-secrets-in-user-data"
SNAPSHOT = "aws.ec2.snapshots-not-public"


def plant(estate: Estate, place: Place) -> None:
    groups = estate.grow(place, _groups(300), _default_groups(40))
    estate.say(place, "ec2.describe_security_groups", {"SecurityGroups": [g["group"] for g in groups]})
    lists = [{"PrefixListId": name, "OwnerId": place.account, "PrefixListName": name} for name in ("pl-0all", "pl-0own")]
    estate.say(place, "ec2.describe_managed_prefix_lists", {"PrefixLists": lists})
    for name, cidr in (("pl-0all", "0.0.0.0/0"), ("pl-0own", "10.0.0.0/8")):
        entries = {"Entries": [{"Cidr": cidr}]}
        estate.say(place, "ec2.get_managed_prefix_list_entries", entries, PrefixListId=name)
    volumes = estate.grow(place, _volumes(300))
    estate.say(place, "ec2.describe_volumes", {"Volumes": [v["volume"] for v in volumes]})
    _plant_instances(estate, place)
    _plant_snapshots(estate, place)


# ── security groups ──


def _rule(protocol: str, first: int, last: int, *cidrs: str) -> dict[str, Any]:
    ports = {} if protocol == "-1" else {"FromPort": first, "ToPort": last}
    four = [{"CidrIp": cidr} for cidr in cidrs if ":" not in cidr]
    six = [{"CidrIpv6": cidr} for cidr in cidrs if ":" in cidr]
    return {"IpProtocol": protocol, **ports, "IpRanges": four, "Ipv6Ranges": six, "PrefixListIds": [], "UserIdGroupPairs": []}


def _allows(*rules: dict[str, Any]) -> Callable[[Parts], object]:
    return lambda parts: parts["group"]["IpPermissions"].extend(rules)


def _group(n: int, place: Place, name: str) -> Parts:
    rules: Parts = {"IpPermissions": [], "IpPermissionsEgress": []}
    own = {"GroupId": f"sg-{name[0]}{n:04}", "GroupName": name, "Description": name, "VpcId": "vpc-1"}
    return {"group": {**own, **rules, "OwnerId": place.account}}


def _groups(count: int) -> Population:
    def make(n: int, place: Place) -> Parts:
        parts = _group(n, place, f"web-{n}")
        parts["group"]["IpPermissions"].append(_rule("tcp", 443, 443, "0.0.0.0/0", "::/0"))
        parts["group"]["IpPermissionsEgress"].append(_rule("-1", 0, 0, "0.0.0.0/0"))
        return parts

    listed = {**_rule("tcp", 5432, 5432), "PrefixListIds": [{"PrefixListId": "pl-0all"}]}
    own = {**_rule("tcp", 22, 22), "PrefixListIds": [{"PrefixListId": "pl-0own"}]}
    peer = {**_rule("tcp", 3306, 3306), "UserIdGroupPairs": [{"GroupId": "sg-w0001", "UserId": "111122223333"}]}
    return Population(
        count, make, lambda parts, _: parts["group"]["GroupId"], {ADMIN: PASS, DATABASE: PASS, DEFAULT: SPARED},
        [
            Trait(_allows(_rule("tcp", 22, 22, "0.0.0.0/0")), fails=(ADMIN,)),
            Trait(_allows(_rule("tcp", 3389, 3389, "::/0")), fails=(ADMIN,)),
            Trait(_allows(_rule("udp", 3389, 3389, "0.0.0.0/0")), fails=(ADMIN,)),
            Trait(_allows(_rule("tcp", 20, 30, "0.0.0.0/0")), fails=(ADMIN,)),
            Trait(_allows(_rule("-1", 0, 0, "0.0.0.0/0")), fails=(ADMIN, DATABASE)),
            Trait(_allows(_rule("tcp", 0, 65535, "0.0.0.0/0")), fails=(ADMIN, DATABASE)),
            # The whole internet in two halves.
            Trait(_allows(_rule("tcp", 3306, 3306, "0.0.0.0/1", "128.0.0.0/1")), fails=(DATABASE,)),
            Trait(_allows(listed), fails=(DATABASE,)),
            Trait(_allows(_rule("tcp", 1433, 1433, "::/0")), fails=(DATABASE,)),
            Trait(_allows(_rule("tcp", 22, 22, "10.0.0.0/8", "203.0.113.7/32"))),
            Trait(_allows(own, peer)),
        ],
    )


def _default_groups(count: int) -> Population:
    def opened(parts: Parts) -> None:
        parts["group"]["IpPermissionsEgress"].append(_rule("-1", 0, 0, "0.0.0.0/0"))

    return Population(
        count, lambda n, place: _group(n, place, "default"), lambda parts, _: parts["group"]["GroupId"],
        {ADMIN: PASS, DATABASE: PASS, DEFAULT: PASS},
        [
            Trait(opened, fails=(DEFAULT,)),
            Trait(_allows(_rule("tcp", 443, 443, "10.0.0.0/8")), fails=(DEFAULT,)),
            Trait(_allows(_rule("tcp", 22, 22, "0.0.0.0/0")), fails=(DEFAULT, ADMIN)),
        ],
    )


# ── disks and machines ──


def _volumes(count: int) -> Population:
    def make(n: int, place: Place) -> Parts:
        zone = f"{place.region}a"
        return {"volume": {"VolumeId": f"vol-{n:04}", "Encrypted": True, "State": "in-use", "Size": 8, "AvailabilityZone": zone}}

    return Population(
        count, make, lambda parts, _: parts["volume"]["VolumeId"], {VOLUME: PASS},
        [
            Trait(lambda parts: parts["volume"].update(Encrypted=False), fails=(VOLUME,)),
            Trait(lambda parts: parts["volume"].update(State="deleting"), spares=(VOLUME,)),
            Trait(lambda parts: parts["volume"].pop("Encrypted"), hides=(VOLUME,)),
        ],
    )


def _plant_instances(estate: Estate, place: Place) -> None:
    machines = estate.grow(place, _instances(80))
    rows = [{"ReservationId": f"r-{n}", "Instances": [m["instance"]]} for n, m in enumerate(machines)]
    estate.say(place, "ec2.describe_instances", {"Reservations": rows})
    for machine in machines:
        id, text = machine["instance"]["InstanceId"], machine["user_data"]
        value = {"Value": base64.b64encode(text.encode()).decode()} if text else {}
        estate.say(place, "ec2.describe_instance_attribute", {"InstanceId": id, "UserData": value}, InstanceId=id)


def _instances(count: int) -> Population:
    def make(n: int, place: Place) -> Parts:
        metadata = {"State": "applied", "HttpTokens": "required", "HttpEndpoint": "enabled"}
        own = {"InstanceId": f"i-{n:04}", "ImageId": "ami-1", "State": {"Code": 16, "Name": "running"}}
        return {"instance": {**own, "MetadataOptions": metadata}, "user_data": "#!/bin/sh\necho hello\n"}

    def metadata(**options: str) -> Callable[[Parts], object]:
        return lambda parts: parts["instance"]["MetadataOptions"].update(options)

    secret = "#!/bin/sh\nexport DATABASE=postgres://app:Hunter2x@db/app\n"
    return Population(
        count, make, lambda parts, _: parts["instance"]["InstanceId"], {IMDS: PASS, SECRETS: PASS},
        [
            Trait(metadata(HttpTokens="optional"), fails=(IMDS,), slot="metadata"),
            Trait(metadata(HttpTokens="optional", HttpEndpoint="disabled"), slot="metadata"),
            Trait(metadata(State="pending"), fails=(IMDS,), slot="metadata"),
            Trait(lambda parts: parts.update(user_data=secret), fails=(SECRETS,), slot="user data"),
            Trait(lambda parts: parts.update(user_data=""), slot="user data"),
            Trait(lambda parts: parts["instance"].update(State={"Code": 48, "Name": "terminated"}), spares=(IMDS, SECRETS)),
            Trait(lambda parts: parts["instance"].update(Operator={"Managed": True, "Principal": "eks.amazonaws.com"}), spares=(IMDS,)),
        ],
    )


def _plant_snapshots(estate: Estate, place: Place) -> None:
    def make(n: int, place: Place) -> Parts:
        own = {"SnapshotId": f"snap-{n:04}", "OwnerId": place.account, "State": "completed", "VolumeId": "vol-0001"}
        return {"snapshot": {**own, "StartTime": ago(days=3)}, "public": False}

    shared = Trait(lambda parts: parts.update(public=True), fails=(SNAPSHOT,))
    population = Population(300, make, lambda parts, _: parts["snapshot"]["SnapshotId"], {SNAPSHOT: PASS}, [shared])
    snapshots = estate.grow(place, population)
    public = [s["snapshot"] for s in snapshots if s["public"]]
    estate.say(place, "ec2.describe_snapshots", {"Snapshots": public}, RestorableByUserIds=["all"])
    estate.say(place, "ec2.describe_snapshots", {"Snapshots": [s["snapshot"] for s in snapshots]})
