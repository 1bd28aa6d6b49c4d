"""Which deals' children are read, and how far the cursor of the children may follow. Pure but for its lock.

The state of the children is the parents' cursor, never a state a deal: it moves over a deal only once that deal and all
before it are visited. Deals edited after the sync's start are visited if they were not yet, but the cursor stays at the
start: they belong to the next sync, and a list that is edited for ever cannot keep this one going for ever.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from airbyte_rdstation.airbyte.lookback import is_settled, lookback_start
from airbyte_rdstation.dates import floor_second, format_instant

__all__ = ["ParentProgress", "Visit"]

_MOST_RECENT: Final = 5_000  # deals remembered in the state; more would only be visited once more


@dataclass(eq=False)
class Visit:
    """One deal whose children are to be read."""

    deal_id: str
    updated_at: str | None
    done: bool = False


class ParentProgress:
    """The visits of one sync, in the order of the read over the deals. Safe to share among threads."""

    def __init__(self, cursor: str | None, recent: Mapping[str, str], started: Callable[[], str]) -> None:
        """Go on from `cursor`; `recent` holds the deals the next sync will meet again, with their `updated_at`."""
        self._cursor = cursor
        self._recent = dict(recent)
        self._started = started
        self._lock = threading.Lock()
        self._under_way: deque[Visit] = deque()
        self._visited: set[int] = set()

    @property
    def count(self) -> int:
        """How many deals were due to be visited."""
        return len(self._visited)

    def open(self, deal_id: str, updated_at: str | None) -> Visit | None:
        """The visit that is due to a deal; None where it is known already."""
        with self._lock:
            if self._recent.get(deal_id) == (updated_at or ""):
                return None
            number = int(deal_id, 16) if _is_hex(deal_id) else hash(deal_id)  # a tenth of the text's memory
            if updated_at is not None and updated_at >= self._started() and number in self._visited:
                return None
            self._visited.add(number)
            visit = Visit(deal_id, updated_at)
            self._under_way.append(visit)
            return visit

    def close(self, visit: Visit) -> None:
        """The children of the deal are emitted."""
        with self._lock:
            visit.done = True
            while self._under_way and self._under_way[0].done:
                self._pass(self._under_way.popleft())

    def state(self) -> tuple[str | None, dict[str, str]]:
        """The cursor, and the visited deals that the next sync will meet again."""
        with self._lock:
            self._forget()
            return self._cursor, dict(self._recent)

    def _pass(self, visit: Visit) -> None:
        if visit.updated_at is None:
            return
        self._recent[visit.deal_id] = visit.updated_at
        self._cursor = max(self._cursor or "", min(visit.updated_at, self._started()))

    def _forget(self) -> None:
        if self._cursor is None:
            return
        settled = is_settled(self._cursor, self._started())
        oldest = format_instant(floor_second(lookback_start(self._cursor, settled)))
        recent = [(updated_at, deal_id) for deal_id, updated_at in self._recent.items() if updated_at >= oldest]
        self._recent = {deal_id: updated_at for updated_at, deal_id in sorted(recent)[-_MOST_RECENT:]}


def _is_hex(text: str) -> bool:
    return all(character in "0123456789abcdefABCDEF" for character in text)
