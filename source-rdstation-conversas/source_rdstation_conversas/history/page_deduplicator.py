"""How far a page repeats the pages read before it, in a list that grows at its front. Pure.

Page numbers count from the newest message. What arrives during the read pushes the rest to later pages, so a page may
begin with rows that are known. They are known by the *sequence*: the page's first rows equal the last ones read. Such
an overlap is certain where it spans two moments, as the list is sorted by them. Within one moment (one row, mostly) it
is in doubt: one message seen twice, or two equal ones on either side of the border? Then the page before tells, read
again: unchanged, it proves that nothing moved while the doubtful page was read. Where more arrives than a page holds, a
page may even begin with rows newer than the first one read; those stand apart, counted once a page.

Limits: a whole page of equal messages hides a shift; nothing is known of a page that could not be read; and a doubt
that is not settled counts as a repetition, which is far more frequent. Facts: docs/api/conversas.md#message-history and
#message-fields.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TypeAlias

__all__ = ["Key", "PageDeduplicator"]

Key: TypeAlias = tuple[str, bytes]
"""The moment of a message, and what tells it from the others of that moment (twins share it)."""


class PageDeduplicator:
    """The rows of one read, in their order, newest first."""

    def __init__(self) -> None:
        self._read: list[Key] = []
        self._places: defaultdict[Key, list[int]] = defaultdict(list)
        self._newer: Counter[Key] = Counter()
        """Rows newer than the first one read: how many of each one page has shown at once."""
        self._last_page: Sequence[Key] = ()
        self._behind = 0
        """How many rows read lie behind the end of `_last_page`, where it was seen last."""
        self._settled = False
        """Nothing moved between the last two sightings of `_last_page`."""

    def in_doubt(self, page: Sequence[Key]) -> bool:
        """Whether the page may repeat rows of its first moment, or hold their twins."""
        return self._certain_distance(page) is None

    def confirm(self, page_before: Sequence[Key]) -> bool:
        """Told the page before, read again after the doubtful one: whether that settles the doubt.

        If not, the list has moved meanwhile: the doubtful page is to be read anew.
        """
        shift = _shift(self._last_page, page_before)
        if shift is None:
            distance = self._certain_distance(page_before)
            if not distance:
                return False
            self._behind = max(0, distance - len(self._not_newer(page_before)))
        else:
            self._behind += shift
        self._last_page, self._settled = page_before, shift == 0
        return self._settled

    def add(self, page: Sequence[Key]) -> list[int]:
        """Which of the page's rows are new; all of them are read now."""
        rest = self._not_newer(page)
        certain = self._certain_distance(page)
        distance = max(self._distances(rest), default=0) if certain is None else certain
        self._last_page, self._behind, self._settled = page, max(0, distance - len(rest)), False
        first_rest = len(page) - len(rest)
        new = self._add_newer(page[:first_rest]) + list(range(first_rest + min(distance, len(rest)), len(page)))
        for key in rest[distance:]:
            self._places[key].append(len(self._read))
            self._read.append(key)
        return new

    def _certain_distance(self, page: Sequence[Key]) -> int | None:
        """How many rows before the end of those read the page begins, newer ones aside; None while in doubt."""
        rest = self._not_newer(page)
        found = self._distances(rest)
        if len(rest) < len(page) and (not rest or len(self._read) in found):
            return len(self._read)  # directly behind newer rows, or before all that was read
        if self._settled and (self._behind in found or self._behind == 0):
            return self._behind
        certain = [distance for distance in found if self._read[-distance][0] != self._read[-1][0]]
        return max(certain) if certain else None if found else 0

    def _distances(self, page: Sequence[Key]) -> list[int]:
        """Every distance at which the page agrees with the rows read."""
        if not page:
            return []
        return [
            len(self._read) - start
            for start in self._places.get(page[0], ())
            if all(mine == read for mine, read in zip(page, self._read[start : start + len(page)], strict=False))
        ]

    def _not_newer(self, page: Sequence[Key]) -> Sequence[Key]:
        """The page without its first rows, as far as they are newer than the first row read."""
        for position, (moment, _) in enumerate(page):
            if not self._read or moment <= self._read[0][0]:
                return page[position:]
        return ()

    def _add_newer(self, rows: Sequence[Key]) -> list[int]:
        shown: Counter[Key] = Counter()
        new = []
        for position, key in enumerate(rows):
            shown[key] += 1
            if shown[key] > self._newer[key]:
                self._newer[key] = shown[key]
                new.append(position)
        return new


def _shift(before: Sequence[Key], after: Sequence[Key]) -> int | None:
    """By how many rows a page has moved on; None if nothing of it is left."""
    for shift in range(len(after)):
        length = min(len(after) - shift, len(before))
        if length and after[shift : shift + length] == before[:length]:
            return shift
    return None
