"""The account's request budget: a moving window [doc: 120 a minute, all methods together] (crm-v2.md#rate-limit)."""

from __future__ import annotations

from collections import deque

__all__ = ["RateLimit"]


class RateLimit:
    """Arrivals of the last window; refused calls do not use up the budget."""

    def __init__(self) -> None:
        self._arrivals: deque[int] = deque()

    def wait_ms(self, now: int, requests: int, window_s: float) -> int:
        """Zero when the call at `now` is within the budget (and then counted), else the milliseconds until one is."""
        window_ms = round(window_s * 1000)
        while self._arrivals and self._arrivals[0] <= now - window_ms:
            self._arrivals.popleft()
        if requests == 0:  # no limit
            return 0
        if len(self._arrivals) >= requests:
            return self._arrivals[len(self._arrivals) - requests] + window_ms - now
        self._arrivals.append(now)
        return 0
