"""How fast each lane may be asked: a token bucket that halves when the provider throttles, and recovers."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from annexlog.collectors.clock import Clock

_MANY = 1024
"""So many lanes before those that are as if new are forgotten: an organization has tens of thousands, a few at once."""

_ONE_CUT = 1.0
"""Seconds in which several refusals count as one: calls on their way when a lane was cut say nothing new."""


class _Lane:
    __slots__ = ("at", "before", "ceiling", "count", "cut", "held", "lock", "rate", "since", "tokens")

    def __init__(self, ceiling: float, at: float) -> None:
        self.lock = threading.Lock()
        self.ceiling = self.rate = self.tokens = ceiling
        self.at = self.since = at
        self.cut = at - _ONE_CUT
        self.held = at  # nothing is asked before
        self.count = 0
        self.before: float | None = None  # calls per second in the second before this one


class Limits:
    """Shared by all engines that ask the same provider. Threads may use it at once.

    `ceiling`: calls per second and lane, never exceeded (after a burst of one second's worth). `ceilings`: the same
    for lanes by pattern (`aws/*/iam`), the first that matches. `floor`: a lane is never slowed below it.
    `recovery`: seconds in which a lane that was slowed to nothing would be at its ceiling again.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        ceiling: float = 1000.0,
        ceilings: Mapping[str, float] | None = None,
        floor: float = 5.0,
        recovery: float = 60.0,
    ) -> None:
        self._clock, self._ceiling, self._ceilings = clock, ceiling, dict(ceilings or {})
        self._floor, self._recovery = floor, recovery
        self._lanes: dict[str, _Lane] = {}
        self._forget_at = _MANY
        self._lock = threading.Lock()

    def reserve(self, lane: str) -> float:
        """Take a place in the lane; the seconds to wait before the call may be made."""
        state = self._lanes.get(lane) or self._open(lane)
        with state.lock:
            now = self._refill(state)
            state.tokens -= 1
            state.count += 1
            if now - state.since >= 1:
                state.before, state.count, state.since = state.count / (now - state.since), 0, now
            return max(0.0, -state.tokens / state.rate, state.held - now)

    def release(self, lane: str) -> None:
        """Give a place back that will not be used."""
        state = self._lanes.get(lane) or self._open(lane)
        with state.lock:
            state.tokens += 1

    def throttled(self, lane: str, after: float = 0.0) -> None:
        """The provider asked to slow down: halve the lane's rate, or what was really asked if that was less.

        `after`: seconds for which it wants to hear nothing at all.
        """
        state = self._lanes.get(lane) or self._open(lane)
        with state.lock:
            now = self._refill(state)
            state.held = max(state.held, now + after)
            if now - state.cut < _ONE_CUT:
                return
            asked = max(state.before or 0.0, float(state.count))
            state.rate = min(state.rate, max(self._floor, min(state.rate, asked) / 2))
            state.tokens = min(state.tokens, 0.0)
            state.cut = now

    @property
    def lanes(self) -> int:
        """How many lanes are remembered."""
        return len(self._lanes)

    def crowded(self, lane: str) -> bool:
        """Whether calls are waiting for the lane."""
        state = self._lanes.get(lane)
        return state is not None and state.tokens < 0

    def rate(self, lane: str) -> float:
        """Calls per second that the lane allows now."""
        state = self._lanes.get(lane) or self._open(lane)
        with state.lock:
            self._refill(state)
            return state.rate

    def _open(self, lane: str) -> _Lane:
        with self._lock:
            if lane not in self._lanes:
                if len(self._lanes) >= self._forget_at:
                    self._forget()
                matching = (c for pattern, c in self._ceilings.items() if fnmatchcase(lane, pattern))
                self._lanes[lane] = _Lane(next(matching, self._ceiling), self._clock.monotonic())
            return self._lanes[lane]

    def _forget(self) -> None:
        """Drop the lanes that a new one would be like: nothing asked for a while, nothing held, not slowed."""
        for name, lane in list(self._lanes.items()):
            with lane.lock:
                idle = lane.at + _ONE_CUT < self._clock.monotonic()
                now = self._refill(lane) if idle else 0.0
                if idle and lane.rate == lane.ceiling and lane.tokens >= lane.ceiling and lane.held <= now:
                    del self._lanes[name]
        self._forget_at = max(_MANY, 2 * len(self._lanes))

    def _refill(self, lane: _Lane) -> float:
        now = self._clock.monotonic()
        passed, lane.at = max(0.0, now - lane.at), max(now, lane.at)
        lane.rate = min(lane.ceiling, lane.rate + passed * lane.ceiling / self._recovery)
        lane.tokens = min(max(1.0, lane.rate), lane.tokens + passed * lane.rate)
        return now
