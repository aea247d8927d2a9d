"""Which DNS names lead elsewhere once what they lead to is down."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.evidence_store.model import Unknown
from annexlog.mappings.derive.failover import names_failing_over


def record(**more: Any) -> dict[str, Any]:
    return {"Name": "a.example.", "Type": "A", "SetIdentifier": "x", **more}


def check(id: str, *healthy: bool, **config: Any) -> dict[str, Any]:
    return {"health_check": {"Id": id, "HealthCheckConfig": config}, "observations": [{"Healthy": h} for h in healthy]}


UP, DOWN, OFF = check("up", True, False), check("down", False), check("off", True, Disabled=True)
SECONDARY = record(Failover="SECONDARY")
ALIAS = {"AliasTarget": {"EvaluateTargetHealth": True}}


@pytest.mark.parametrize(
    ("routed", "found"),
    [
        ([], []),
        ([record(Failover="PRIMARY", HealthCheckId="up"), SECONDARY], ["a.example. A"]),
        ([record(Failover="PRIMARY", HealthCheckId="up")], []),
        ([record(Failover="PRIMARY", HealthCheckId="down"), SECONDARY], []),
        ([record(Failover="PRIMARY", HealthCheckId="off"), SECONDARY], []),
        ([record(Failover="PRIMARY"), SECONDARY], []),
        ([record(Failover="PRIMARY", **ALIAS), SECONDARY], ["a.example. A"]),
        ([record(MultiValueAnswer=True, HealthCheckId="up")] * 2, ["a.example. A"]),
        ([record(MultiValueAnswer=True, HealthCheckId="up")], []),
        ([record(Weight=1, HealthCheckId="up")] * 2, []),
    ],
)
def test_a_name_fails_over_by_records_whose_health_is_looked_at(routed: list[Any], found: list[str]) -> None:
    assert names_failing_over(routed, [UP, DOWN, OFF]) == found


def test_a_health_check_that_is_not_there_leaves_it_unresolved() -> None:
    gone = names_failing_over([record(Failover="PRIMARY", HealthCheckId="gone"), SECONDARY], [UP])

    assert gone == Unknown("unresolved", "list_health_checks", "", "gone")
