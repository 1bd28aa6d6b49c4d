"""Shares a big read out among readers: ranges of the time axis, cut smaller while readers are idle.

One read waits for each answer before it can ask again, so at a second a request it uses half of the budget. Cut in
ranges it keeps the budget full. Where rows move (`updated_at`), they move into the last range, which is open towards
the future: it is read after all the others, so that a row edited before it was read is met there. Pure but for its
lock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from typing import Final

from airbyte_rdstation.dates import ONE_SECOND, floor_second

__all__ = ["TimeRange", "TimeRanges"]

_PAGES_OF_A_BIG_LIST: Final = 10  # a smaller one is read as it is
_WORTH_CUTTING_PAGES: Final = 4  # so that no reader is left alone with the end of a big one
_SPARE_CUTS: Final = 2  # every cut costs about one request: a range ends with a page that is not full
_PAGES_A_CUT: Final = 30


@dataclass(eq=False)
class TimeRange:
    """A part of the time axis: `position` is how far it is read, `end` (exclusive) is None towards the future."""

    position: datetime | None
    end: datetime | None
    pages_left: int | None = None
    """How many pages of it are left, about, as far as the list tells."""


@dataclass(eq=False)
class TimeRanges:
    """Holds the ranges of one read that are not read to their end yet. Safe to share among threads."""

    unfinished: list[TimeRange]
    """At first one open range, or those of an interrupted read."""
    _: KW_ONLY
    horizon: Callable[[], datetime]
    """Tells, once asked, a moment shortly before the read began: from there on rows still appear."""
    open_range_last: bool
    """Whether the open range waits for the others: where rows move, they move into it."""
    requests_at_once: int
    """How many requests may be under way: so many ranges are worth reading side by side."""
    _taken: list[TimeRange] = field(default_factory=list)
    _cuts: int = 0
    _pages: int = 0
    _pages_expected: int | None = None
    _given_up: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __iter__(self) -> Iterator[TimeRange]:
        """Yield the ranges as they become ready, blocking between them, until all are read or one has failed."""
        while True:
            with self._changed:
                while (ready := self.take()) is None and self.unfinished and not self._given_up:
                    self._changed.wait()
            if ready is None:
                return
            yield ready

    def take(self) -> TimeRange | None:
        """Return a range that is ready to be read, now its caller's; None if there is none at the moment."""
        with self._changed:
            closed_unfinished = any(time_range.end is not None for time_range in self.unfinished)
            for time_range in () if self._given_up else self.unfinished:
                waits = time_range.end is None and self.open_range_last and closed_unfinished
                if time_range not in self._taken and not waits:
                    self._taken.append(time_range)
                    return time_range
            return None

    def advance(self, time_range: TimeRange, reached: datetime | None, pages_left: int | None) -> None:
        """Note that everything of `time_range` before `reached` is emitted; its far part may go to an idle reader."""
        with self._changed:
            time_range.position = reached if reached is not None else time_range.position
            if pages_left is not None:
                time_range.pages_left = pages_left
            self._pages += 1
            if pages_left is None and self._pages >= _PAGES_OF_A_BIG_LIST:
                pages_left = _PAGES_OF_A_BIG_LIST  # the answers do not say; what is read so far does
            worth_cutting = _WORTH_CUTTING_PAGES if self._pages_expected else _PAGES_OF_A_BIG_LIST
            if pages_left is not None and time_range.position is not None and pages_left >= worth_cutting:
                self._pages_expected = self._pages_expected or pages_left
                self._cut(time_range, time_range.position)

    def finish(self, time_range: TimeRange) -> None:
        """Note that `time_range` is read to its end."""
        with self._changed:
            self.unfinished.remove(time_range)
            self._changed.notify_all()

    def give_up(self) -> bool:
        """Hand out no further range; what is unread stays `remaining`. Return True for the first call."""
        with self._changed:
            first, self._given_up = not self._given_up, True
            self._changed.notify_all()
            return first

    def pages_left(self) -> int | None:
        """Return how many pages are left in all, about; None where the list does not tell."""
        with self._changed:
            left = [time_range.pages_left for time_range in self.unfinished]
        return None if None in left else sum(filter(None, left))

    def remaining(self) -> list[tuple[datetime | None, datetime | None]]:
        """Return what is not emitted yet, oldest first: (from, to) with `to` exclusive, None for open."""
        with self._changed:
            ranges = [(time_range.position, time_range.end) for time_range in self.unfinished]
        return sorted(ranges, key=lambda ends: (ends[0] is not None, ends[0]))

    def _cut(self, time_range: TimeRange, position: datetime) -> None:
        if time_range.end is None:
            horizon = floor_second(self.horizon())
            if position + ONE_SECOND >= horizon:
                return
            self._hand_over(time_range, horizon, share=0.0)
        under_way = len(self.unfinished) - (1 if self.open_range_last else 0)
        allowed = _SPARE_CUTS + (self._pages + (self._pages_expected or 0)) // _PAGES_A_CUT
        if time_range.end is None or self._cuts >= allowed or under_way >= self.requests_at_once:
            return
        middle = floor_second(position + (time_range.end - position) / 2)
        if position + ONE_SECOND < middle < time_range.end:
            self._cuts += 1
            self._hand_over(time_range, middle, share=0.5)

    def _hand_over(self, time_range: TimeRange, at: datetime, *, share: float) -> None:
        """Make a range of its own of what begins `at`, about such a share of the pages left."""
        rest = TimeRange(at, time_range.end)
        if time_range.pages_left is not None:
            rest.pages_left = round(share * time_range.pages_left)
            time_range.pages_left -= rest.pages_left
        time_range.end = at
        self.unfinished.append(rest)
        self._changed.notify_all()
