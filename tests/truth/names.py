"""Names and what they lead to: zones, how they are signed and locked, and where they lead once something is down."""

# ruff: noqa: E501 — one trait a line
# fmt: off

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.truth.data import put
from tests.truth.planting import PASS, SPARED, Estate, Parts, Place, Population, Trait, ago

FAILOVER, SIGNED = "aws.route53.health-checks-failover", "aws.route53.transfer-lock-and-dnssec"
CRITICAL, OTHERS = 30, 4

Change = Callable[[Parts], object]


def critical_records() -> list[dict[str, str]]:
    """The register: one critical name in each zone of the first population, none in the second."""
    return [{"zone": f"/hostedzone/Z{n:03}", "name": f"z{n:03}.example.", "type": "A"} for n in range(CRITICAL)]


def checked_zones() -> list[str]:
    """The register: somebody saw the whole chain of those that are registered elsewhere."""
    return [f"y{n:03}.example." for n in range(OTHERS)]


def plant(estate: Estate, place: Place) -> None:
    zones = estate.grow(place, _zones(CRITICAL), _elsewhere(OTHERS))
    usual = {"IsTruncated": False, "MaxItems": "100"}
    estate.say(place, "route53.list_hosted_zones", {"HostedZones": [one["zone"] for one in zones], "Marker": "", **usual})
    for one in zones:
        id, name = one["zone"]["Id"].rpartition("/")[2], one["zone"]["Name"]
        estate.say(place, "route53.get_dnssec", one["dnssec"], HostedZoneId=id)
        apex = {"Name": name, "Type": "NS", "TTL": 300, "ResourceRecords": [{"Value": "ns.example."}]}
        estate.say(place, "route53.list_resource_record_sets", {"ResourceRecordSets": [apex, *one["records"]], **usual}, HostedZoneId=id)
    registered = [one for one in zones if one["domain"]]
    estate.say(place, "route53domains.list_domains", {"Domains": [{"DomainName": one["domain"]["DomainName"], "TransferLock": one["locked"]["TransferLock"]} for one in registered]})
    for one in registered:
        estate.say(place, "route53domains.get_domain_detail", one["domain"], DomainName=one["domain"]["DomainName"])
    _checks(estate, place)


def _checks(estate: Estate, place: Place) -> None:
    """One that is well, one that is off (which Route 53 takes for well), and one that fewer than 18 % of the checkers reach."""
    rows = [
        {"Id": id, "CallerReference": id, "HealthCheckVersion": 1, "HealthCheckConfig": {"Type": "HTTPS", "FullyQualifiedDomainName": "a.example", "Disabled": id == "off"}}
        for id in ("well", "off", "down")
    ]
    estate.say(place, "route53.list_health_checks", {"HealthChecks": rows, "Marker": "", "IsTruncated": False, "MaxItems": "100"})
    for row in rows:
        said = ["Failure: connection timed out" if row["Id"] == "down" and n else "Success: HTTP Status Code 200, OK" for n in range(8)]
        seen = [{"Region": "eu-west-1", "IPAddress": f"203.0.113.{n}", "StatusReport": {"Status": text, "CheckedTime": ago(hours=0.01)}} for n, text in enumerate(said)]
        estate.say(place, "route53.get_health_check_status", {"HealthCheckObservations": seen}, HealthCheckId=row["Id"])


def _zone(n: int, letter: str) -> Parts:
    name = f"{letter}{n:03}.example."
    key = {"Name": "own", "Status": "ACTIVE", "KeyTag": n, "PublicKey": f"KEY{n}"}
    record = {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "203.0.113.1"}]}
    domain = {"DomainName": name.rstrip("."), "StatusList": ["clientTransferProhibited"], "DnssecKeys": [{"KeyTag": n, "PublicKey": f"KEY{n}"}]}
    return {
        "zone": {"Id": f"/hostedzone/{letter.upper()}{n:03}", "Name": name, "CallerReference": name, "Config": {"PrivateZone": False}},
        "dnssec": {"Status": {"ServeSignature": "SIGNING"}, "KeySigningKeys": [key]}, "domain": domain, "locked": {"TransferLock": True},
        "records": [{**record, "SetIdentifier": "a", "Failover": "PRIMARY", "HealthCheckId": "well"}, {**record, "SetIdentifier": "b", "Failover": "SECONDARY"}],
    }


def _zones(count: int) -> Population:
    def first(**values: Any) -> Change:
        return lambda parts: parts["records"][0].update(values)

    def alias(*, evaluated: bool) -> Change:
        def change(parts: Parts) -> None:
            for member in ("HealthCheckId", "TTL", "ResourceRecords"):
                parts["records"][0].pop(member)
            target = {"HostedZoneId": "Z0", "DNSName": "b.elb.amazonaws.com.", "EvaluateTargetHealth": evaluated}
            parts["records"][0].update(AliasTarget=target)

        return change

    def several(*checks: str) -> Change:
        def change(parts: Parts) -> None:
            plain = {k: v for k, v in parts["records"][0].items() if k != "Failover"}
            parts["records"][:] = [
                {**plain, "SetIdentifier": str(n), "MultiValueAnswer": True, "HealthCheckId": check} for n, check in enumerate(checks)
            ]

        return change

    def unlocked(*states: str) -> Change:
        def change(parts: Parts) -> None:
            parts["locked"].update(TransferLock=False)
            parts["domain"].update(StatusList=list(states))

        return change

    return Population(
        count, lambda n, _: _zone(n, "z"), lambda parts, _: parts["zone"]["Id"], {FAILOVER: PASS, SIGNED: PASS},
        [
            Trait(lambda parts: parts["records"].pop(), fails=(FAILOVER,), slot="records"),
            Trait(lambda parts: parts["records"].clear(), fails=(FAILOVER,), slot="records"),
            Trait(first(HealthCheckId="off"), fails=(FAILOVER,), slot="records"),
            Trait(first(HealthCheckId="down"), fails=(FAILOVER,), slot="records"),
            Trait(alias(evaluated=True), slot="records"),
            Trait(alias(evaluated=False), fails=(FAILOVER,), slot="records"),
            Trait(several("well", "well"), slot="records"),
            Trait(several("well", "down"), fails=(FAILOVER,), slot="records"),
            Trait(first(HealthCheckId="another's"), hides=(FAILOVER,), slot="records"),
            Trait(lambda parts: parts["dnssec"].update(Status={"ServeSignature": "NOT_SIGNING"}, KeySigningKeys=[]), fails=(SIGNED,), slot="key"),
            Trait(lambda parts: parts["dnssec"]["KeySigningKeys"][0].update(Status="INACTIVE"), fails=(SIGNED,), slot="key"),
            # The registry has another's key, or none.
            Trait(put("domain", DnssecKeys=[{"KeyTag": 1, "PublicKey": "OTHER"}]), fails=(SIGNED,), slot="registry"),
            Trait(put("domain", DnssecKeys=[]), fails=(SIGNED,), slot="registry"),
            Trait(unlocked("ok"), fails=(SIGNED,), slot="lock"),
            Trait(unlocked("clientTransferProhibited"), slot="lock"),
            # Registered elsewhere, and nobody says that the chain was checked.
            Trait(lambda parts: parts.update(domain=None), fails=(SIGNED,), slot="registry lock"),
            Trait(lambda parts: parts["zone"].update(Config={"PrivateZone": True}), spares=(SIGNED,), slot="kind"),
            Trait(lambda parts: parts["zone"].update(LinkedService={"ServicePrincipal": "servicediscovery.amazonaws.com"}), spares=(SIGNED,), slot="kind"),
        ],
    )


def _elsewhere(count: int) -> Population:
    """No name of theirs is critical, and they are registered elsewhere."""
    return Population(count, lambda n, _: {**_zone(n, "y"), "domain": None}, lambda parts, _: parts["zone"]["Id"], {FAILOVER: SPARED, SIGNED: PASS})
