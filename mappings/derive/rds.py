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
def requires_tls(parameters: Sequence[JSON], status: str) -> bool:
    """Whether a parameter group makes its databases refuse connections without TLS.

    `status`: how far the database has taken the group over (`in-sync`, `pending-reboot` …). A value that waits for a
    reboot is not in force yet; one that applies at once is, whatever else waits. A parameter without a value has its
    engine's own default, which lets plain connections in.
    Source: API DescribeDBParameters, DBParameterGroupStatus; Amazon RDS user guide, requiring SSL/TLS.
    """
    on = [p for p in parameters if p.get("ParameterValue") in _TLS.get(p["ParameterName"], ())]
    return any(status == "in-sync" or (status == "pending-reboot" and p.get("ApplyMethod") == "immediate") for p in on)
