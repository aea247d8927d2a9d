"""What outcomes amount to: the state of a test, and of a control. Pure: time is an argument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from annexlog.evidence_store.model import JSON, Millis, duration

RULE_SETTINGS = ("tolerance", "grace")

_TOLERANCE: Mapping[str, float] = {"critical": 0, "high": 0, "medium": 2, "low": 5}
_GRACE: Mapping[str, Millis] = {
    "critical": duration("P1D"), "high": duration("P7D"), "medium": duration("P30D"), "low": duration("P90D"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    tolerance: Mapping[str, float] = field(default_factory=lambda: _TOLERANCE)
    grace: Mapping[str, Millis] = field(default_factory=lambda: _GRACE)

    @classmethod
    def from_settings(cls, settings: Mapping[str, JSON]) -> Rule:
        return cls()
