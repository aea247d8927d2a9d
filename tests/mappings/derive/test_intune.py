"""What Intune asks of platforms, and versions of systems, beside what the examples of tests say."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.evidence_store.model import Unknown
from annexlog.mappings.derive.intune import os_standing, removable_unblocked, screens_open, unruled_devices


def policy(type: str = "windows10CompliancePolicy", to: tuple[str, ...] = ("devices",), **more: Any) -> dict[str, Any]:
    rules = {"id": "p", "type": type, "password": True, "idle": True, "minutes": 5, "block_hours": 0}
    return {"policy": {**rules, "to": list(to), "but": [], **more}}


def told(found: Any) -> Any:
    return found.code if isinstance(found, Unknown) else found


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        ({"windowsCount": 1, "androidCount": 0}, []),
        # Ten phones, of which eight have a kind whose policies are shown.
        ({"androidCount": 10, "androidWorkProfileCount": 8}, "androidCount"),
        ({"androidCount": 8, "androidWorkProfileCount": 8}, []),
        ({"androidCount": 8, "androidWorkProfileCount": 3, "androidDedicatedCount": 5}, "androidDedicatedCount"),
        # Not counted yet.
        ({"windowsCount": -1}, "windowsCount"),
        ({"windowsCount": 1, "chromeOSCount": 1}, "chromeOSCount"),
        # What fails is told first.
        ({"macOSCount": 1, "linuxCount": 1}, ["macOS: no policy"]),
        ({"windowsCount": 1, "configMgrDeviceCount": 4}, []),
    ],
)
def test_a_platform_whose_policies_are_not_shown_is_unknown(counts: dict[str, int], found: Any) -> None:
    policies = [policy(), policy("androidWorkProfileCompliancePolicy")]

    assert told(unruled_devices(counts, policies, 24, [], True)) == found


@pytest.mark.parametrize(
    ("strict", "lax", "filters", "found"),
    [
        (("devices",), ("g1",), False, []),
        (("devices",), ("g1",), True, "windowsCount (assignment filters)"),
        (("users",), ("users",), False, []),
        (("users",), ("g1",), False, ["Windows: lax"]),
        (("filtered",), ("g1",), False, ["Windows: lax"]),
        # What one asks for besides, of the same devices.
        (("g1", "g2"), ("g1",), False, []),
        (("g1",), ("g1",), True, "windowsCount (assignment filters)"),
        (("g1",), ("g1", "g2"), False, ["Windows: lax"]),
        (("filtered",), ("filtered",), False, ["Windows: lax"]),
    ],
)
def test_a_policy_is_enough_that_is_for_whatever_laxer_ones_are_for(
    strict: tuple[str, ...], lax: tuple[str, ...], filters: bool, found: Any
) -> None:
    policies = [policy(to=strict), policy(to=lax, id="lax", password=False)]

    assert told(unruled_devices({"windowsCount": 1}, policies, 24, [], filters)) == found


@pytest.mark.parametrize(
    ("strict", "lax", "found"),
    [
        (["g9"], ["g9", "g8"], []),
        (["g9"], [], ["Windows: lax"]),
        ([], ["g9"], []),
        (["g9", "g8"], ["g9"], ["Windows: lax"]),
    ],
)
def test_what_a_strict_policy_leaves_out_laxer_ones_must_leave_out_as_well(
    strict: list[str], lax: list[str], found: Any
) -> None:
    policies = [policy(but=strict), policy(id="lax", password=False, but=lax)]

    assert told(unruled_devices({"windowsCount": 1}, policies, 24, [], False)) == found


def test_of_ios_nothing_is_told_of_locks_whatever_else_there_is() -> None:
    policies = [policy(), policy("iosCompliancePolicy")]

    assert told(screens_open({"windowsCount": 1, "iosCount": 1}, policies, 15, 24, [], False)) == "iosCount"
    assert told(screens_open({"windowsCount": 1, "iosCount": 1}, policies, 15, 24, ["iosCount"], False)) == []


@pytest.mark.parametrize(("catalog", "found"), [(False, ["Windows"]), (True, "windowsCount (settings catalog)")])
def test_what_the_settings_catalog_may_say_is_unknown(catalog: bool, found: Any) -> None:
    one = {"storage_blocked": False, "encrypted_to_write": True, "to": ["users"], "but": []}

    assert told(removable_unblocked({"windowsCount": 1}, [{"configuration": one}], [], [], False, catalog)) == found


@pytest.mark.parametrize(
    ("version", "standing"),
    [("17.10", (True, "2027")), ("17.5.9", (True, "2026")), ("17.9", (False, "2027")), ("170.1", None), ("18.0", None)],
)
def test_versions_are_compared_number_by_number(version: str, standing: tuple[bool, str] | None) -> None:
    branches = [
        {"os": "iOS", "branch": "17", "until": "2027", "at_least": "17.10"},
        {"os": "ios", "branch": "17.5", "until": "2026", "at_least": "17.5.1"},
        {"os": "macOS", "branch": "18", "until": "2028", "at_least": "18"},
    ]

    found = os_standing({"operatingSystem": "iOS", "osVersion": version}, branches)

    assert (None if isinstance(found, Unknown) else (found["current"], found["until"])) == standing
