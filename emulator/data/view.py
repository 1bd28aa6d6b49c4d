"""A sorted, filtered window on a list, kept up to date row by row.

Position and count come from bisection, so a page of a list of 200,000 rows costs what a page of 200 costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sortedcontainers import SortedList

from ..rng import Rng
from .row import Row

__all__ = ["AFTER_ALL", "BEFORE_ALL", "Span", "View", "empty_key"]

AFTER_ALL_IDS = "~"  # ids are hex: this sorts behind each of them
BEFORE_ALL, AFTER_ALL = -1, 1 << 62  # of dates and numbers: the keys of rows without one

Span = tuple[int, int]
"""Half-open range of positions in ascending order."""


def empty_key(nulls_sort: str, *, descending: bool) -> int:
    """The key of rows without a date where a request asks for this direction (crm-v2.md#unknowns row 38)."""
    low = nulls_sort == "low" or nulls_sort == ("last" if descending else "first")
    return BEFORE_ALL if low else AFTER_ALL


class View:
    """Rows that pass `keep`, ordered by `key`."""

    def __init__(self, rows: Iterable[Row], key: Callable[[Row], Any], keep: Callable[[Row], bool]) -> None:
        self._key = key
        self._keep = keep
        self._entries: Any = SortedList((key(row), row.id) for row in rows if keep(row))

    def __len__(self) -> int:
        return len(self._entries)

    def drop(self, row: Row) -> None:
        """Forget a row; call it before the row changes."""
        self._entries.discard((self._key(row), row.id))

    def take(self, row: Row) -> None:
        """Enter a row; call it after the row changed."""
        if self._keep(row):
            self._entries.add((self._key(row), row.id))

    def first_at(self, key: Any) -> int:
        """Position of the first row whose key is not below `key`."""
        return int(self._entries.bisect_left((key,)))

    def first_after(self, key: Any) -> int:
        """Position of the first row whose key is above `key`."""
        return int(self._entries.bisect_left((key, AFTER_ALL_IDS)))

    def before(self, key: Any, id_: str) -> int:
        """How many entries lie before this one, whether it is there or not."""
        return int(self._entries.bisect_left((key, id_)))

    def up_to(self, key: Any, id_: str) -> int:
        """The same, it itself included if it is there."""
        return int(self._entries.bisect_right((key, id_)))

    def entry(self, position: int) -> tuple[Any, str]:
        """(key, id) at a position in ascending order."""
        key, id_ = self._entries[position]
        return key, str(id_)

    def ids(self, span: Span) -> list[str]:
        """The ids of a range, in ascending order."""
        return [id_ for _, id_ in self._entries.islice(*span)]

    def page(self, span: Span, offset: int, size: int, descending: bool, dice: Rng | None) -> list[str]:
        """Ids of one page of `span`.

        Rows with equal keys in a random order per call (crm-v2.md#a-full-second), unless `dice` is None.
        """
        start, stop = span
        if descending:
            first, last = max(start, stop - offset - size), max(start, stop - offset)
        else:
            first, last = min(stop, start + offset), min(stop, start + offset + size)
        entries = list(self._entries.islice(first, last))
        if dice is not None and entries:
            entries = self._shuffled_ties(entries, span, first, last, dice)
        if descending:
            entries.reverse()
        return [id_ for _, id_ in entries]

    def _shuffled_ties(
        self, entries: list[tuple[Any, str]], span: Span, first: int, last: int, dice: Rng
    ) -> list[tuple[Any, str]]:
        """The page with its ties drawn anew; a tie that reaches over the page's edge lets rows in and out."""
        low, high = entries[0][0], entries[-1][0]
        low_start = max(span[0], self.first_at(low))
        high_stop = min(span[1], self.first_after(high))
        if low == high:
            return [self._entries[at] for at in dice.sample(range(low_start, high_stop), len(entries))]
        if low_start < first:
            low_stop = self.first_after(low)
            entries[: low_stop - first] = [
                self._entries[at] for at in dice.sample(range(low_start, low_stop), low_stop - first)
            ]
        if high_stop > last:
            high_start = self.first_at(high)
            entries[high_start - first :] = [
                self._entries[at] for at in dice.sample(range(high_start, high_stop), last - high_start)
            ]
        entries.sort(key=lambda entry: (entry[0], dice.random()))
        return entries
