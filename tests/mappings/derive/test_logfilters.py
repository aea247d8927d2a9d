"""Metric filters: each row is a pattern, and whether it matches one event."""

from __future__ import annotations

import pytest

from annexlog.mappings.derive.logfilters import NotReadable, reads

EVENT = {
    "eventName": "ConsoleLogin",
    "errorCode": "Client.UnauthorizedOperation",
    "userIdentity": {"type": "Root"},
    "additionalEventData": {"MFAUsed": "No"},
    "readOnly": False,
    "latency": 12.5,
    "resources": [{"ARN": "a"}],
    "nothing": None,
}


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ('{ $.eventName = "ConsoleLogin" }', True),
        ("{$.eventName=ConsoleLogin}", True),
        ('{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") }', True),
        ('{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "x" }', False),
        ('{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS }', True),
        ('{ ($.eventName = ConsoleLogin) && ($.additionalEventData.MFAUsed != "Yes") }', True),
        ('{ ($.eventName = "A") || ($.eventName = "B") && ($.latency > 12) }', False),
        ("{ $.latency >= 12.5 }", True),
        ("{ $.latency < 12 }", False),
        ("{ $.readOnly IS FALSE }", True),
        ("{ $.nothing IS NULL }", True),
        ('{ $.resources[0].ARN = "a" }', True),
        ('{ $.resources[1].ARN = "a" }', False),
        ('{ $.userIdentity["type"] = "Root" }', True),
    ],
)
def test_a_filter_matches_what_its_conditions_say(pattern: str, matched: bool) -> None:
    assert reads(pattern)(EVENT) is matched


@pytest.mark.parametrize(
    "pattern", ["", "ERROR", "[ip, user]", "{ $.a = %x% }", "{ $.a = 1", "{ $.a IS MAYBE }", "{ $.a = 1 } { $.b = 2 }"]
)
def test_what_is_no_pattern_for_json_is_not_read(pattern: str) -> None:
    with pytest.raises(NotReadable):
        reads(pattern)
