"""A list that can be filtered by `created_at`, read in windows of time: deals of API v1. Pure but for `fetch`.

No window holds more rows than page numbers can reach. How the API reads a moment's time zone is unknown, so `fetch`
asks for wider borders, and each row counts for the one window in which its `created_at` lies: none is lost at an edge,
none comes twice. Where a window cannot be cut any more, the list's own cursor may reach past the wall; if it does not,
the window is read in parts (by pipeline, by stage). Facts: docs/api/crm-v1.md#basics, #paging and
#reading-lists-that-move.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from airbyte_rdstation.client.responses import More, Page, Row
from airbyte_rdstation.dates import floor_second
from airbyte_rdstation.pagination.last_page_first import Reach, last_page_of, read_last_page_first
from airbyte_rdstation.pagination.listing import (
    WALL,
    Batch,
    Bound,
    Fetch,
    PageRefusedError,
    PaginationError,
    Query,
    instant_of,
)

__all__ = ["Window", "Windows"]

_KEY: Final = "created_at"
_ROWS_A_WINDOW: Final = 4_000
_MOST_ROWS: Final = 9_000  # rows may still be created in a window before it is read
_SHORTEST: Final = timedelta(days=2)  # with the wider borders, shorter ones would read the same rows again and again
_SHORT: Final = timedelta(days=16)
_MOSTLY_SHARED: Final = 1.3
_FARTHEST_OUTSIDE: Final = timedelta(days=3)


@dataclass(frozen=True)
class Window:
    """The rows with `at_least <= created_at < before`; the first window and the last are open (None)."""

    at_least: datetime | None = None
    before: datetime | None = None

    def holds(self, moment: datetime) -> bool:
        """Tell whether a row of that moment counts for this window."""
        return (self.at_least is None or moment >= self.at_least) and (self.before is None or moment < self.before)

    def query(self) -> Query:
        """Return the query for its rows (and some around it), oldest first."""
        open_ended = self.at_least is None and self.before is None
        return Query(_KEY, () if open_ended else (Bound(_KEY, self.at_least, self.before),))

    def length(self, oldest: datetime, now: datetime) -> timedelta:
        """Return how long it is, in a list that reaches from `oldest` to `now`."""
        return (self.before or now) - (self.at_least or oldest)

    def halves(self, oldest: datetime, now: datetime) -> tuple[Window, ...]:
        """Return the window cut in two; nothing where it is too short for that."""
        begin, length = self.at_least or oldest, self.length(oldest, now)
        middle = floor_second(begin + length / 2)
        if length < 2 * _SHORTEST:
            return ()
        return replace(self, before=middle), replace(self, at_least=middle)


class Windows:
    """Reads one list, and knows whether some of it stayed out of reach."""

    def __init__(self, fetch: Fetch, parts: Callable[[], Iterable[Fetch]], now: Callable[[], datetime]) -> None:
        """`parts` are filters that together name every row, for a window that is too long and too short to be cut."""
        self._fetch = fetch
        self._parts = parts
        self._ask_now = now
        self._now = self._oldest = now()
        self._first: Page | None = None
        self._lock = threading.Lock()
        self._undated: set[str] = set()
        """Rows of the windows read so far that have no date: whether a filter lets them pass is unknown."""
        self.total = 0
        """How many rows the list had at the beginning."""
        self.walled = False
        """Some window has more rows than any order or filter reaches."""

    def plan(self) -> tuple[list[Row], list[Window]]:
        """Return the rows of a list that one page holds; otherwise its windows, of equal length.

        A window has a few thousand rows if these are spread evenly.
        """
        first = self._fetch(Query(_KEY))
        self.total = first.total or len(first.rows)
        if first.has_next is More.NO:
            return first.rows, []
        self._first = first
        self._now = self._ask_now()  # the server's, from the first answer on
        self._oldest = next((moment for row in first.rows if (moment := instant_of(row, _KEY))), self._now)
        age = self._now - self._oldest
        count = max(1, min(-(-self.total // _ROWS_A_WINDOW), age // _SHORTEST))
        step = age / count
        edges = [None, *(floor_second(self._oldest + step * number) for number in range(1, count)), None]
        return [], [Window(lower, upper) for lower, upper in pairwise(edges)]

    def read(self, window: Window) -> Iterator[Batch]:
        """Yield the rows of a window, each once; one batch a request."""
        seen: set[str] = set()
        first = self._first if self._first and window == Window() else self._fetch(window.query())
        for rows in self._read(window, first):
            fresh = [row for row in rows if row["id"] not in seen and self._counts_for(window, row)]
            seen.update(row["id"] for row in fresh)
            yield Batch(fresh)

    def _counts_for(self, window: Window, row: Row) -> bool:
        """Whether a row that came with a window counts for it; one without a readable date does so once."""
        moment = instant_of(row, _KEY)
        if moment is not None:
            return window.holds(moment)
        with self._lock:
            known = row["id"] in self._undated
            self._undated.add(row["id"])
        return not known

    def _read(self, window: Window, first: Page) -> Iterator[list[Row]]:
        query = window.query()
        _insist_within(first, window)
        if first.has_next is not More.NO and (first.total or 0) > _MOST_ROWS:
            halves = [(half, self._fetch(half.query())) for half in window.halves(self._oldest, self._now)]
            if halves and not self._share_their_rows(window, first, [page for _, page in halves]):
                for half, page in halves:
                    yield from self._read(half, page)
                return
        ids: set[str] = set()
        if (yield from _read_on(self._fetch, query, first, ids)):
            return
        if len(ids) > len(first.rows):
            yield from self._by_cursor(query, ids)
        else:
            yield from self._by_page_numbers(query)

    def _share_their_rows(self, window: Window, whole: Page, halves: list[Page]) -> bool:
        """Whether a short window is better read whole: its rows lie so close to the cut that both halves have them."""
        shared = sum(page.total or 0 for page in halves) > _MOSTLY_SHARED * (whole.total or 0)
        return shared and window.length(self._oldest, self._now) <= _SHORT

    def _by_cursor(self, query: Query, ids: set[str]) -> Iterator[list[Row]]:
        """The rest of a window whose oldest rows are read: from its newest row down, then in parts."""
        downward = replace(query, descending=True)
        newest = self._fetch(downward)
        if (yield from _read_on(self._fetch, downward, newest, ids)):
            return
        total = newest.total or 0
        parts = iter(self._parts())
        while len(ids) < total and (part := next(parts, None)) is not None:
            own: set[str] = set()
            for way in (query, downward):
                if (yield from _read_on(_within(query, part), way, _within(query, part)(way), own)):
                    break
            ids |= own
        self.walled = self.walled or len(ids) < total

    def _by_page_numbers(self, query: Query) -> Iterator[list[Row]]:
        reach = Reach(_within(query, self._fetch), lambda: (_within(query, part) for part in self._parts()))
        for batch in reach.rows():
            yield batch.rows
        self.walled = self.walled or reach.unreached > 0


def _within(window: Query, fetch: Fetch) -> Fetch:
    return lambda query: fetch(replace(query, bounds=window.bounds))


def _read_on(fetch: Fetch, query: Query, page: Page, ids: set[str]) -> Generator[list[Row], None, bool]:
    """The list from its first page on: by its cursor, otherwise from its last page.

    Adds what it reads to `ids`, and stops at a page that is known already. Returns False if the wall ended it.
    """
    first, total = page, 0
    while True:
        new = {row["id"] for row in page.rows} - ids
        ids |= new
        yield page.rows
        # Of the answers only those before the wall can be trusted to count: what comes behind it is unknown.
        total = max(total, page.total or 0)
        walled = total > max(WALL, len(ids))
        if page.has_next is More.NO:
            return not walled
        if not new or not page.cursor or page.cursor == query.cursor:
            break  # it stands still, or there is none
        query = replace(query, cursor=page.cursor)
        try:
            page = fetch(query)
        except PageRefusedError:
            if not walled:
                raise
            return False
    if total and len(ids) >= total:
        return True
    if walled:
        return False
    ends = True
    for batch in read_last_page_first(fetch, replace(query, cursor=None, descending=False), last_page_of(first)):
        yield batch.rows
        ends = batch.ends
    return ends


def _insist_within(page: Page, window: Window) -> None:
    for row in page.rows:
        moment = instant_of(row, _KEY)
        early = moment and window.at_least and moment < window.at_least - _FARTHEST_OUTSIDE
        late = moment and window.before and moment > window.before + _FARTHEST_OUTSIDE
        if early or late:
            raise PaginationError(f"The list ignores its filter on {_KEY}.")
