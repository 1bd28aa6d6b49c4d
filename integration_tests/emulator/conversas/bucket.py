"""The account's budget: a token bucket, a burst of about 30 and about 48 a minute [seen] (conversas.md#basics)."""

from __future__ import annotations

__all__ = ["Bucket"]

MINUTE_MS = 60_000


class Bucket:
    """What was used, draining evenly; refused calls use nothing."""

    def __init__(self) -> None:
        self._used = 0.0
        self._at = 0

    def wait_ms(self, now: int, burst: int, per_minute: float) -> float:
        """Zero when the call at `now` is within the budget (and then counted), else the milliseconds until one is."""
        if not burst or not per_minute:  # no limit
            self._used = 0.0
            return 0.0
        drained = (now - self._at) * per_minute / MINUTE_MS
        self._used = min(float(burst), max(0.0, self._used - drained))  # a test may have made the bucket smaller
        self._at = now
        if self._used + 1 > burst:
            return (self._used + 1 - burst) * MINUTE_MS / per_minute
        self._used += 1
        return 0.0
