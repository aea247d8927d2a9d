"""Which DNS names lead elsewhere once what they lead to is down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["names_failing_over"]

_HEALTHY_PERCENT = 18  # above this share of its checkers, Route 53 takes an endpoint for healthy


@derived
def names_failing_over(routed: JSON, checks: JSON) -> list[str] | Unknown:
    """The names, each with its type (`shop.example. A`), that have a healthy failover or multivalue answer, sorted.

    `routed`: the record sets with a SetIdentifier; `checks`: [{health_check, observations}]. Unknown(unresolved) for a
    health check that is not among these.
    Source: Route 53 developer guide, How Amazon Route 53 determines whether a health check is healthy.
    """
    known = {row["health_check"]["Id"]: row for row in checks}
    missing = sorted({row["HealthCheckId"] for row in routed if row.get("HealthCheckId")} - set(known))
    if missing:
        return Unknown("unresolved", operation="list_health_checks", code=missing[0])
    kinds: dict[str, list[str]] = {}
    for row in routed:
        kind = row.get("Failover") or ("MULTI" if row.get("MultiValueAnswer") else "")
        if kind == "SECONDARY" or (kind and _is_healthy(row, known)):
            kinds.setdefault(f"{row['Name']} {row['Type']}", []).append(kind)
    return sorted(name for name, found in kinds.items() if _fails_over(found))


def _fails_over(kinds: list[str]) -> bool:
    return {"PRIMARY", "SECONDARY"} <= set(kinds) or kinds.count("MULTI") > 1


def _is_healthy(row: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    if "HealthCheckId" not in row:
        return bool(row.get("AliasTarget", {}).get("EvaluateTargetHealth"))
    check = known[row["HealthCheckId"]]
    if check["health_check"]["HealthCheckConfig"].get("Disabled"):
        return False  # Route 53 then takes it for healthy, whatever is
    seen = [one["Healthy"] for one in check["observations"]]
    return bool(seen) and 100 * seen.count(True) > _HEALTHY_PERCENT * len(seen)
