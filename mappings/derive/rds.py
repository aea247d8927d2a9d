"""What RDS says of a database that needs looking up: how long its version is supported, what its parameters require."""

from __future__ import annotations

from collections.abc import Sequence

from annexlog.evidence_store.model import JSON, Unknown
from annexlog.mappings.derive import derived

__all__ = ["requires_tls", "standard_support_until"]

STANDARD = "open-source-rds-standard-support"
_TLS = {"rds.force_ssl": ("1",), "require_secure_transport": ("1", "ON", "on")}


@derived
def standard_support_until(version: str, majors: Sequence[JSON]) -> str | Unknown:
    """When AWS's standard support of a database's version ends, RFC 3339; after that it is in extended support or none.

    `majors`: the major versions of its engine, as joined. Unknown where none of them is the database's, or none says.
    Source: API DescribeDBMajorEngineVersions, SupportedEngineLifecycle.
    """
    found = [major["major_version"] for major in majors]
    mine = [m for m in found if f"{version}.".startswith(f"{m['MajorEngineVersion']}.")]
    if not mine:
        return Unknown("unresolved", code="MajorEngineVersion")
    exact = max(mine, key=lambda m: len(m["MajorEngineVersion"]))
    lives = exact.get("SupportedEngineLifecycles") or []
    ends = [life["LifecycleSupportEndDate"] for life in lives if life["LifecycleSupportName"] == STANDARD]
    return str(max(ends)) if ends else Unknown("unresolved", code="LifecycleSupportEndDate")


@derived
def requires_tls(parameters: Sequence[JSON], memberships: Sequence[JSON]) -> bool:
    """Whether a parameter group makes the databases that use it refuse connections without TLS.

    `memberships`: an instance's DBParameterGroups or a cluster's DBClusterMembers, which say how far each has taken the
    group over. A value that waits for a reboot is not in force yet; one that applies at once is, whatever else waits.
    A parameter without a value has its engine's own default, which lets plain connections in.
    Source: API DescribeDBParameters, DBParameterGroupStatus; Amazon RDS user guide, requiring SSL/TLS.
    """
    on = [p for p in parameters if p.get("ParameterValue") in _TLS.get(p["ParameterName"], ())]
    at_once = any(p.get("ApplyMethod") == "immediate" for p in on)
    statuses = {m.get("ParameterApplyStatus") or m["DBClusterParameterGroupStatus"] for m in memberships}
    return bool(on) and bool(statuses) and statuses <= ({"in-sync", "pending-reboot"} if at_once else {"in-sync"})
