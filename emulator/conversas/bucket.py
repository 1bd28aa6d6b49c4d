"""The account's budget: a token bucket, a burst of about 30 and about 48 a minute [seen] (conversas.md#basics)."""

from __future__ import annotations

__all__ = ["Bucket"]

MINUTE_MS = 60_000


class Bucket:
    """What was used, draining evenly; refused calls use nothing."""

    def __init__(self) -> None:
        self._used = 0.0
        self._at = 0

    def wait_ms(self, now: int, burst: int, per_minute: float, others: float = 0.0) -> float:
        """Zero when the call at `now` is within the budget (and then counted), else the milliseconds until one is.

        `others` calls a minute come from elsewhere (conversas.md#unknowns row 22); who leaves nothing, blocks for good.
        """
        if not burst or not per_minute:  # no limit
            self._used = 0.0
            return 0.0
        free = per_minute - others
        drained = (now - self._at) * free / MINUTE_MS
        self._used = min(float(burst), max(0.0, self._used - drained))  # a test may have made the bucket smaller
        self._at = now
        if self._used + 1 > burst:
            return (self._used + 1 - burst) * MINUTE_MS / free if free > 0 else MINUTE_MS
        self._used += 1
        return 0.0
