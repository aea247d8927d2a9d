"""What Inspector does not scan: each row is a status of a scan."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.mappings.derive.inspector import unscanned


def row(code: str, reason: str, id: str = "i-1") -> dict[str, Any]:
    return {"coverage": {"resourceId": id, "scanStatus": {"statusCode": code, "reason": reason}}}


@pytest.mark.parametrize(
    ("code", "reason", "scanned"),
    [
        ("ACTIVE", "SUCCESSFUL", True),
        ("ACTIVE", "PENDING_INITIAL_SCAN", True),
        ("ACTIVE", "STALE_INVENTORY", False),
        ("ACTIVE", "SCAN_FREQUENCY_SCAN_ON_PUSH", False),
        ("INACTIVE", "EC2_INSTANCE_STOPPED", True),
        ("INACTIVE", "IMAGE_ARCHIVED", True),
        ("INACTIVE", "UNMANAGED_EC2_INSTANCE", False),
        ("INACTIVE", "EXCLUDED_BY_TAG", False),
    ],
)
def test_a_status_says_whether_a_resource_is_scanned(code: str, reason: str, scanned: bool) -> None:
    assert unscanned([row(code, reason)], [], []) == ([] if scanned else ["i-1"])


def test_every_scan_type_of_a_resource_counts() -> None:
    assert unscanned([row("ACTIVE", "SUCCESSFUL"), row("INACTIVE", "UNSUPPORTED_OS")], [], []) == ["i-1"]


def test_an_instance_that_is_not_listed_is_not_scanned_unless_that_was_accepted() -> None:
    instances = [{"instance": {"InstanceId": id}} for id in ("i-1", "i-2", "i-3")]

    assert unscanned([row("ACTIVE", "SUCCESSFUL")], instances, ["i-3"]) == ["i-2"]
