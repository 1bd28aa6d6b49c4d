"""What a sync says while it goes on: at its beginning the plan, each minute how far it is, at its end what waits cost.

The lines name streams and count; no record is in them. What is left is an estimate, and decides nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from airbyte_rdstation.client.rate_limit import RateLimit
from airbyte_rdstation.client.responses import Page
from airbyte_rdstation.pagination.listing import WALL, Fetch, Query

__all__ = ["MinuteLog", "ReadProgress", "StreamProgress", "duration", "ends_at_wall"]

_MINUTE: Final = 60.0  # seconds
_MUCH: Final = 0.5  # of a minute, spent waiting after 429s: the pace is less than half of what is configured
_LITTLE: Final = 0.01
_TEN_MINUTES: Final = 600
_NEAR_THE_WALL: Final = 0.9  # of its rows

_logger = logging.getLogger("airbyte.rdstation")


@dataclass
class MinuteLog:
    """Logs what is to be told once a minute, from a thread of its own: also while everything else waits."""

    tell: Callable[[float], Iterable[str]]
    """Gives the lines, and gets the seconds since it gave the last ones."""
    rate_limit: RateLimit
    clock: Callable[[], float] = time.monotonic
    _begun: float = 0.0
    _told: float = 0.0
    _halted: float = 0.0
    _warned: bool = False
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Log while the block runs, and at its end what waiting took; nothing in a block of less than a minute."""
        self._begun = self._told = self.clock()
        thread = threading.Thread(target=self._run, name="progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()
            self.conclude()

    def minute(self) -> None:
        """Log the lines of a minute that is over, and once that others use up the account's limit."""
        now, halted = self.clock(), self.rate_limit.halted
        for line in self.tell(now - self._told):
            _logger.info("%s", line)
        if not self._warned and halted - self._halted > _MUCH * (now - self._told):
            self._warned = True
            _logger.warning(
                "RD Station's rate limit (429) stopped the sync for %.0f of the last %.0f seconds: something else uses "
                "the account's limit, too. Let syncs of one account follow each other, or share the limit out by "
                "requests_per_minute.",
                halted - self._halted,
                now - self._told,
            )
        self._told, self._halted = now, halted

    def conclude(self) -> None:
        """Log what share of the sync was spent waiting, if it took a minute and any was worth a word."""
        seconds, halted = self.clock() - self._begun, self.rate_limit.halted
        if seconds >= _MINUTE and halted >= _LITTLE * seconds:
            _logger.info(
                "%.0f %% of the sync's %s were spent waiting for RD Station's rate limit (429).",
                100 * halted / seconds,
                duration(seconds),
            )

    def _run(self) -> None:
        while not self._over.wait(max(0.0, self._told + _MINUTE - self.clock())):
            self.minute()


@dataclass(eq=False)
class StreamProgress:
    """How far one stream is, as far as its list tells. Safe to share among threads."""

    requests: Callable[[], int] = lambda: 0
    """Counts what the stream has sent by now."""
    on_expected: Callable[[], None] = lambda: None
    """Is called once it is known what is left."""
    records: int = 0
    ended: bool = False
    expected: bool = False
    at_least: bool = False
    """The list tells a lower bound only."""
    _left: int | None = None
    _visits: str = ""
    _visited: int = 0
    _visiting: int = 0
    _before_visits: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def expect(self, pages: int | None, *, at_least: bool = False) -> None:
        """Note how many pages are left; None where the list does not tell."""
        self.at_least = at_least
        self._expect(pages)

    def expect_records(self, total: int) -> None:
        """Note how many records the stream will have, where the list counts them."""
        requests = self.requests()
        self._expect(round(max(0, total - self.records) * requests / max(1, self.records)) if self.records else None)

    def expect_visits(self, parents: int | None, what: str, *, at_least: bool = False) -> None:
        """Note how many parents are still to be visited, one by one; `what` names them: `deals to visit`."""
        if not self._visits:
            self._visits, self._before_visits = what, self.requests()
        self.at_least = at_least
        self._expect(parents)

    @contextmanager
    def visit(self) -> Iterator[None]:
        """Note that one of them is visited, in the block."""
        with self._lock:
            self._visiting += 1
        try:
            yield
        finally:
            with self._lock:
                self._visiting -= 1
                self._visited += 1
                self._left = self._left and self._left - 1

    def watched(self, fetch: Fetch) -> Fetch:
        """Return `fetch` for a list that is read by page numbers; what is left is noted from each answer."""
        largest = 1

        def fetch_watched(query: Query) -> Page:
            nonlocal largest
            page = fetch(query)
            largest = max(largest, len(page.rows))
            last = page.last if page.total is None else -(-page.total // largest)
            self.expect(None if last is None else max(0, last - query.page), at_least=ends_at_wall(last, largest))
            return page

        return fetch_watched

    @property
    def requests_left(self) -> float | None:
        """How many requests are left, about; None where nobody can tell."""
        if self._left is None or not self._visits:
            return self._left
        visits = self._visited + self._visiting / 2  # those under way have sent half of theirs
        each = (self.requests() - self._before_visits) / visits if visits else 1.0
        return self._left * max(1.0, each)

    def line(self, seconds_left: float | None) -> str:
        """Tell how far it is: `310 records, 240 of about 1,130 requests, 890 deals to visit; about 7 min 20 s left`."""
        requests, left = self.requests(), self.requests_left
        about = "at least" if self.at_least else "about"
        if left is None:
            return f"{self.records:,} records, {requests:,} requests"
        visits = f", {self._left:,} {self._visits}" if self._visits else ""
        time_left = "" if seconds_left is None else f"; {about} {duration(seconds_left)} left at this pace"
        return f"{self.records:,} records, {requests:,} of {about} {requests + left:,.0f} requests{visits}{time_left}"

    def _expect(self, left: int | None) -> None:
        self._left = left
        if left is not None and not self.expected:
            self.expected = True
            self.on_expected()


@dataclass
class ReadProgress:
    """How far the streams of a read are."""

    requests_per_minute: int
    requests: Mapping[str, int]
    """By stream, what has been sent by now."""
    _streams: dict[str, StreamProgress] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _planned: bool = False
    _told: int = 0
    """Requests of all streams, when the last lines were told."""

    def stream(self, name: str) -> StreamProgress:
        """Return what is to be told how far the stream of this name is."""
        self._streams[name] = StreamProgress(lambda: self.requests.get(name, 0), self._plan)
        return self._streams[name]

    def end(self, stream: str) -> None:
        """Note that a stream has ended, well or not."""
        self._streams[stream].ended = True
        self._plan()

    def lines(self, seconds: float) -> list[str]:
        """Tell how far each stream under way is, so many seconds after it was told last: their pace counts."""
        self._plan(complete=False)
        told, self._told = self._told, self._sent()
        pace = (self._told - told) / max(1e-9, seconds)
        under_way = {name: each for name, each in self._streams.items() if not each.ended}
        left = {name: each.requests_left for name, each in under_way.items()}
        return [f"{name}: {each.line(_seconds(left[name], left.values(), pace))}." for name, each in under_way.items()]

    def _sent(self) -> int:
        return sum([*self.requests.values()])  # a copy: other threads add streams

    def _plan(self, *, complete: bool = True) -> None:
        """Log once how long the read takes, when all streams know what is left (or `complete` is not insisted on)."""
        under_way = [each for each in self._streams.values() if not each.ended]
        with self._lock:
            if self._planned or (complete and not all(each.expected for each in under_way)):
                return
            self._planned = True
        left = sum(each.requests_left or 0 for each in under_way)
        requests = self._sent() + left
        seconds = requests * _MINUTE / self.requests_per_minute
        if seconds >= _MINUTE and left:
            sure = all(each.expected and not each.at_least for each in under_way)
            _logger.info(
                "The sync takes %s %s requests, %s at %s a minute.",
                "about" if sure else "at least",
                f"{requests:,.0f}",
                duration(seconds),
                f"{self.requests_per_minute:,}",
            )


def _seconds(left: float | None, others: Iterable[float | None], pace: float) -> float | None:
    """Return how long a stream takes that shares `pace`, in requests a second, evenly with all others under way.

    Each of them sends as many requests meanwhile as it has left itself, or as many as this one.
    """
    if left is None or pace <= 0:
        return None
    return sum(left if other is None else min(left, other) for other in others) / pace


def ends_at_wall(pages: int | None, rows: int) -> bool:
    """Tell whether a list of so many pages may go on behind the wall, where the number of its last page may not grow.

    Facts: docs/api/crm-v2.md#unknowns, row 1.
    """
    return pages is not None and _NEAR_THE_WALL * WALL <= pages * rows <= WALL


def duration(seconds: float) -> str:
    """Write a time as people say it: `40 s`, `7 min 20 s`, `25 min`, `1 h 41 min`."""
    tens = 10 * max(1, round(seconds / 10))
    minutes, rest = divmod(tens, 60)
    if tens < _TEN_MINUTES:
        return " ".join(filter(None, (f"{minutes} min" if minutes else "", f"{rest} s" if rest else "")))
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
