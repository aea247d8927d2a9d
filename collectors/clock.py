"""What time it is, and how to wait: injected wherever either matters."""

from __future__ import annotations

import time
from typing import Protocol

from annexlog.evidence_store.model import Millis


class Clock(Protocol):
    """Time as one host has it."""

    def now(self) -> Millis:
        """The wall clock, in milliseconds UTC. It may be wrong, and it may jump."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back. All intervals are measured with it."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The time of this host."""

    def now(self) -> Millis:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


HOST: Clock = SystemClock()
"""What is used where no other clock is given."""
