"""Event patterns: each row is a pattern, and whether it matches one event."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.evidence_store.model import Unknown
from annexlog.mappings.derive.patterns import matches

EVENT = {
    "source": "aws.guardduty",
    "detail": {
        "severity": 8,
        "archived": False,
        "type": "Recon:EC2/Portscan",
        "findings": [{"Label": "LOW"}, {"Label": "HIGH"}],
    },
}


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ({"source": ["aws.guardduty"]}, True),
        ({"source": ["aws.ec2", "aws.guardduty"]}, True),
        ({"source": ["aws.ec2"]}, False),
        ({"account": ["1"]}, False),
        ({"detail": {"severity": [8]}}, True),
        ({"detail": {"severity": [{"numeric": [">=", 7, "<", 9]}]}}, True),
        ({"detail": {"severity": [{"numeric": ["<", 7]}]}}, False),
        ({"detail": {"archived": [False]}}, True),
        ({"detail": {"archived": [0]}}, False),
        ({"detail": {"type": [{"prefix": "Recon:"}]}}, True),
        ({"detail": {"type": [{"prefix": {"equals-ignore-case": "recon:"}}]}}, True),
        ({"detail": {"type": [{"suffix": "Portscan"}]}}, True),
        ({"detail": {"type": [{"wildcard": "Recon:*/Port*"}]}}, True),
        ({"detail": {"type": [{"anything-but": ["Recon:EC2/Portscan"]}]}}, False),
        ({"detail": {"type": [{"anything-but": {"prefix": "Stealth"}}]}}, True),
        ({"detail": {"findings": {"Label": ["HIGH"]}}}, True),
        ({"detail": {"findings": {"Label": ["CRITICAL"]}}}, False),
        ({"detail": {"error": [{"exists": False}]}}, True),
        ({"detail": {"severity": [{"exists": False}]}}, False),
        ({"$or": [{"source": ["aws.ec2"]}, {"detail": {"severity": [8]}}]}, True),
        ({"$or": [{"source": ["aws.ec2"]}, {"detail": {"severity": [1]}}]}, False),
    ],
)
def test_a_pattern_matches_what_all_its_fields_do(pattern: Any, matched: bool) -> None:
    assert matches(pattern, EVENT) is matched


def test_an_operator_that_is_not_known_gives_no_verdict() -> None:
    assert matches({"source": [{"cidr": "10.0.0.0/8"}]}, EVENT) == Unknown("unreadable", code="EventPattern cidr")
