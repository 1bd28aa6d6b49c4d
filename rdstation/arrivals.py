"""When the last requests reached the server, as far as a client can tell. Pure but for its lock.

A server counts arrivals, and between a departure and its arrival lie threads, processors and wires: connections that
are opened, a machine that stalls. An answer tells how late its request was at most. Facts: api/crm-v2.md, section 3.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

__all__ = ["Arrival", "Arrivals"]


@dataclass
class Arrival:
    """A request: when it left, and when its answer was there. Seconds of one clock."""

    departed: float
    answered: float | None = None


class Arrivals:
    """No more than `most` of them within `seconds`; safe to share among threads."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._recent: list[Arrival] = []
        self._least_latency = float("inf")
        self._lock = threading.Lock()

    def depart(self, now: float) -> Arrival | float:
        """The request that may go now, or the seconds until one may, as far as is known now."""
        with self._lock:
            self._recent = [arrival for arrival in self._recent if self._latest(arrival) > now - self._seconds]
            if len(self._recent) >= self._most:
                return min(map(self._latest, self._recent)) + self._seconds - now
            arrival = Arrival(now)
            self._recent.append(arrival)
            return arrival

    def answered(self, arrival: Arrival, now: float) -> None:
        """The answer is there: what it took longer than the quickest one may have been the request's way."""
        with self._lock:
            arrival.answered = now
            self._least_latency = min(self._least_latency, now - arrival.departed)

    def _latest(self, arrival: Arrival) -> float:
        """When the request arrived, going by the quickest answer; of one without an answer, when it left."""
        return arrival.departed if arrival.answered is None else arrival.answered - self._least_latency
