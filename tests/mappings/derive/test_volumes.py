"""Backups of volumes: the ways in which a schedule that exists backs up less than it seems to."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.evidence_store.model import Unknown, instant
from annexlog.mappings.derive.volumes import backup_gaps, volume_encrypted

NOW = instant("2026-01-02T00:00:00Z")
AVAILABLE = [{"backup_location": {"metadata": {"name": "default"}, "status": {"phase": "Available"}}}]


def schedule(name: str = "daily", **template: Any) -> dict[str, Any]:
    meta = {"name": name, "namespace": "velero"}
    return {"backup_schedule": {"metadata": meta, "spec": {"template": template}, "status": {"phase": "Enabled"}}}


def backup(name: str, schedule: str = "daily", phase: str = "Completed", **meta: Any) -> dict[str, Any]:
    labels = {"velero.io/schedule-name": schedule}
    status = {"phase": phase, "completionTimestamp": f"{name}T02:00:00Z"}
    about = {"namespace": "velero", "labels": labels, "creationTimestamp": f"{name}T01:00:00Z", **meta}
    return {"backup": {"metadata": about, "status": status}}


def gaps(schedules: list[Any], backups: list[Any]) -> Any:
    return backup_gaps("shop", schedules, backups, AVAILABLE, NOW, 26)


def test_the_newest_backup_that_ended_counts_and_not_an_older_one() -> None:
    good, failed = backup("2026-01-01"), backup("2026-01-01", phase="Failed", creationTimestamp="2026-01-01T09:00:00Z")
    running = backup("2026-01-01", phase="InProgress", creationTimestamp="2026-01-01T23:00:00Z")

    assert gaps([schedule()], [good, running]) == []
    assert gaps([schedule()], [good, failed]) == ["daily: the newest backup is Failed"]


def test_a_backup_of_another_schedule_or_installation_is_none_of_its_own() -> None:
    others = [backup("2026-01-01", "weekly"), backup("2026-01-01", namespace="elsewhere")]

    assert gaps([schedule()], others) == ["daily has made no backup"]


def test_one_schedule_that_does_it_all_is_enough_and_halves_are_not() -> None:
    weekly, daily = backup("2025-12-20", "weekly"), backup("2026-01-01")

    assert gaps([schedule(), schedule("weekly")], [weekly, daily]) == []
    assert gaps([schedule(snapshotVolumes=False), schedule("weekly")], [weekly, daily]) == [
        "weekly: the newest backup is too old"
    ]


@pytest.mark.parametrize(("pattern", "covered"), [("shop", True), ("sh*", True), ("*", True), ("bank", False)])
def test_namespaces_are_included_by_name_or_pattern(pattern: str, covered: bool) -> None:
    assert (gaps([schedule(includedNamespaces=[pattern])], [backup("2026-01-01")]) == []) is covered
    assert (gaps([schedule(excludedNamespaces=[pattern])], [backup("2026-01-01")]) == []) is not covered


@pytest.mark.parametrize(
    ("spec", "parameters", "told"),
    [
        ({"csi": {"driver": "always"}}, None, True),
        ({"csi": {"driver": "d"}}, {"encrypted": "True"}, True),
        ({"csi": {"driver": "d"}}, {"encrypted": "false"}, False),
        ({"local": {"path": "/"}}, {"encrypted": "true"}, False),
        ({"csi": {"driver": "d"}}, {"encrypted": ""}, Unknown("unresolved", "storage_class", code="d")),
        ({"csi": {"driver": "d"}}, None, Unknown("unresolved", "storage_class", code="d")),
    ],
)
def test_a_volume_is_encrypted_where_its_driver_or_its_class_says_so(spec: Any, parameters: Any, told: Any) -> None:
    classes = [{"storage_class": {"parameters": parameters}}] if parameters is not None else []

    assert volume_encrypted({"spec": spec}, classes, ["always"]) == told
