"""Filters of Cloud Logging, run on an entry as the documentation says that they read."""

from __future__ import annotations

import pytest

from annexlog.mappings.derive.gcplogquery import query

ENTRY = {
    "severity": "NOTICE",
    "resource": {"type": "gce_route", "labels": {"zone": ["a", "b"]}},
    "protoPayload": {
        "methodName": "v1.compute.routes.insert",
        "deltas": [{"action": "ADD", "role": "roles/owner"}, {"action": "REMOVE", "role": "roles/viewer"}],
    },
}


@pytest.mark.parametrize(
    "text",
    [
        "",
        'resource.type="gce_route"',
        "resource.type = GCE_ROUTE",
        'protoPayload.methodName:"compute.routes"',
        'protoPayload.methodName=~"routes\\.(insert|delete)$"',
        'protoPayload.methodName!~"firewalls"',
        'protoPayload.methodName != "x"',
        "protoPayload.deltas:*",
        "protoPayload.deltas.action = REMOVE",
        "resource.labels.zone = b",
        'resource.type = ("gce_network" OR "gce_route")',
        "severity >= INFO severity<WARNING",
        "routes.insert AND -resource.type=gce_network",
        "protoPayload.other = x OR routes.insert",
        "-resource.type=gce_network",
        "NOT NOT resource.type=gce_route -- said twice",
        "resource.type=gce_route\n-- and\nroles/owner",
        # OR binds more closely than AND: (x OR route) AND (route OR x).
        "resource.type=x OR resource.type=gce_route AND resource.type=gce_route OR resource.type=x",
    ],
)
def test_an_entry_fits(text: str) -> None:
    assert query(text)(ENTRY) is True


@pytest.mark.parametrize(
    "text",
    [
        'resource.type="gce_network"',
        'protoPayload.methodName="compute.routes"',
        'protoPayload.methodName=~"ROUTES"',
        "NOT severity=NOTICE",
        "resource.type=gce_route AND severity=INFO",
        "resource.type=gce_route severity=INFO",
        "severity>NOTICE",
        "protoPayload.other:*",
        "protoPayload.other = x",
        "nothing",
        # An entry has more than the least of it: who did it, and where.
        "protoPayload.other != x",
        "NOT protoPayload.other:*",
        "NOT NOT protoPayload.other = x",
        "routes.insert AND -terraform",
        "resource.type=gce_route AND protoPayload.other!~x",
        "resource.labels.zone != a",
        # Not (x AND route) OR route: what stands apart must hold by itself.
        "resource.type=x AND resource.type=gce_route OR resource.type=gce_route",
    ],
)
def test_an_entry_does_not_fit(text: str) -> None:
    assert query(text)(ENTRY) is False


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('log_id("x")', "is a function"),
        ("ip_in_net(a, b)", "is a function"),
        ("(a", "is not closed"),
        ("a)", "left over"),
        ("a =", "a value is missing"),
        ("AND", "where a comparison should"),
        ('a = "x', "not understood at"),
        ("a > 5", "of severities only"),
        ("a = (x OR y AND z)", "joined in two ways"),
        ('a =~ "(x+)+"', "that is repeated"),
        ("(" * 60 + "a" + ")" * 60, "too deep"),
    ],
)
def test_what_is_not_understood_is_said(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        query(text)
