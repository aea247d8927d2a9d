"""How long a version is supported, and whether a parameter is in force."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.evidence_store.model import Unknown
from annexlog.mappings.derive.rds import requires_tls, standard_support_until

STANDARD, EXTENDED = "open-source-rds-standard-support", "open-source-rds-extended-support"


def major(version: str, **ends: str) -> dict[str, Any]:
    names = {"standard": STANDARD, "extended": EXTENDED}
    lives = [{"LifecycleSupportName": names[name], "LifecycleSupportEndDate": end} for name, end in ends.items()]
    return {"id": version, "major_version": {"MajorEngineVersion": version, "SupportedEngineLifecycles": lives}}


NO_SUCH, NO_DATE = (Unknown("unresolved", code=code) for code in ("MajorEngineVersion", "LifecycleSupportEndDate"))
SUPPORT: dict[str, tuple[str, list[Any], Any]] = {
    "a minor version of its major": ("16.4", [major("16", standard="2028")], "2028"),
    "a major of two numbers": ("8.0.36", [major("8.4", standard="2029"), major("8.0", standard="2026")], "2026"),
    "Aurora's long version": ("8.0.mysql_aurora.3.08.0", [major("8.0", standard="2027")], "2027"),
    "the major itself": ("16", [major("16", standard="2028")], "2028"),
    "extended support is not standard support": ("5.7.44", [major("5.7", standard="2024", extended="2027")], "2024"),
    "the longer of two majors that fit": (
        "9.6.22",
        [major("9", standard="2030"), major("9.6", standard="2021")],
        "2021",
    ),
    "a major that only begins alike": ("16.4", [major("1", standard="2030")], NO_SUCH),
    "no majors": ("16.4", [], NO_SUCH),
    "no dates": ("16.4", [major("16")], NO_DATE),
    "extended support alone": ("16.4", [major("16", extended="2030")], NO_DATE),
}


@pytest.mark.parametrize(("version", "majors", "expected"), SUPPORT.values(), ids=SUPPORT)
def test_when_standard_support_ends(version: str, majors: Any, expected: Any) -> None:
    assert standard_support_until(version, majors) == expected


def parameter(name: str, value: str | None, method: str = "immediate") -> dict[str, Any]:
    found = {"ParameterName": name, "ParameterValue": value, "ApplyMethod": method}
    return {key: part for key, part in found.items() if part is not None}


def taken(*statuses: str) -> list[Any]:
    return [{"ParameterApplyStatus": status} for status in statuses]


FORCED = [parameter("rds.force_ssl", "1")]
LATER = [parameter("rds.force_ssl", "1", "pending-reboot")]
TLS: dict[str, tuple[list[Any], list[Any], bool]] = {
    "forced": (FORCED, taken("in-sync"), True),
    "secure transport, as a number": ([parameter("require_secure_transport", "1")], taken("in-sync"), True),
    "secure transport, as a word": ([parameter("require_secure_transport", "ON")], taken("in-sync"), True),
    "forced among others": ([parameter("autovacuum", "0"), *FORCED], taken("in-sync"), True),
    "something else waits for the reboot": (FORCED, taken("pending-reboot"), True),
    "all members of a cluster": (LATER, [{"DBClusterParameterGroupStatus": "in-sync"}] * 2, True),
    "not forced": ([parameter("rds.force_ssl", "0")], taken("in-sync"), False),
    "off, as a word": ([parameter("require_secure_transport", "OFF")], taken("in-sync"), False),
    "a word for the other parameter": ([parameter("rds.force_ssl", "ON")], taken("in-sync"), False),
    "left to the engine": ([parameter("require_secure_transport", None)], taken("in-sync"), False),
    "a parameter that the engine does not know": ([], taken("in-sync"), False),
    "a value that waits for the reboot": (LATER, taken("pending-reboot"), False),
    "a value that could not be applied": (FORCED, taken("failed-to-apply"), False),
    "a value that is being applied": (FORCED, taken("applying"), False),
    "one of two members waits": (
        LATER,
        [{"DBClusterParameterGroupStatus": status} for status in ("in-sync", "pending-reboot")],
        False,
    ),
    "nothing uses the group": (FORCED, [], False),
}


@pytest.mark.parametrize(("parameters", "memberships", "expected"), TLS.values(), ids=TLS)
def test_whether_connections_without_tls_are_refused(parameters: Any, memberships: Any, expected: bool) -> None:
    assert requires_tls(parameters, memberships) is expected
