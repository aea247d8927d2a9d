"""Roles, logs, durations and last uses of Entra ID, beside what the examples of tests say."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.mappings.derive.entra import LOGS, hours_of, last_activity, logs_missing


@pytest.mark.parametrize(
    ("duration", "hours"), [("PT8H", 8), ("PT30M", 1), ("PT8H30M", 9), ("P1D", 24), ("P1DT1H", 25), ("PT0S", 0)]
)
def test_a_begun_hour_is_an_hour(duration: str, hours: int) -> None:
    assert hours_of(duration) == hours


@pytest.mark.parametrize("duration", ["8h", "P1M2DT"])
def test_what_is_no_duration_is_unreadable(duration: str) -> None:
    with pytest.raises(ValueError, match=duration):
        hours_of(duration)


SEEN, MADE = "2026-05-01T00:00:00Z", "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("activity", "made", "last"),
    [
        ({"lastSuccessfulSignInDateTime": SEEN}, MADE, SEEN),
        ({"lastSuccessfulSignInDateTime": SEEN, "lastSignInDateTime": "2026-06-01T00:00:00Z"}, MADE, SEEN),
        ({"lastSuccessfulSignInDateTime": None, "lastNonInteractiveSignInDateTime": SEEN}, MADE, MADE),
        ({"lastNonInteractiveSignInDateTime": SEEN}, "2020-01-01T00:00:00Z", "2023-12-01T00:00:00Z"),
        ({"lastSignInDateTime": "2023-01-01T00:00:00Z"}, "2020-01-01T00:00:00Z", "2023-01-01T00:00:00Z"),
        (None, MADE, MADE),
        ({}, None, "2018-06-01T00:00:00Z"),
    ],
)
def test_an_account_was_last_used_when_it_signed_in_or_was_made(activity: Any, made: str | None, last: str) -> None:
    assert last_activity({"createdDateTime": made}, {"activity": {"signInActivity": activity}}) == last


def test_logs_may_go_to_several_places() -> None:
    first = {"categories": list(LOGS[:2]), "days": dict.fromkeys(LOGS[:2], 400), "storage": None}
    second = {"categories": list(LOGS), "days": dict.fromkeys(LOGS, 90), "storage": "/s/LOGS"}

    assert logs_missing([first, second], 365, []) == list(LOGS[2:])
    assert logs_missing([first, second], 365, ["/s/logs"]) == []
