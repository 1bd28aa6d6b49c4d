"""Windows of days that the API accepts. Pure. Facts: docs/api/conversas.md#reports and #dates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

__all__ = ["LONGEST_WINDOW_DAYS", "day_windows"]

LONGEST_WINDOW_DAYS: Final = 89  # three months at their shortest, both days counted [doc2]


def day_windows(first: date, last: date, days: int = LONGEST_WINDOW_DAYS) -> Iterator[tuple[date, date]]:
    """First and last days of windows, oldest first; each begins on the day on which the one before it ends.

    Nobody knows in which zone the API takes days, nor whether the last one counts: so each border is covered twice.
    """
    while True:
        end = min(last, first + timedelta(days=days - 1))
        yield first, end
        if end >= last:
            return
        first = end
