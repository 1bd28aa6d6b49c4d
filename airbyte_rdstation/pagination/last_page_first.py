"""A list in the order of a moment that never changes, by page numbers, from its last page to its first. Pure.

Under `created_at`, oldest first, new rows append at the end and edits move nobody. Only a deletion moves rows: it pulls
those after it towards the front, into pages that are still to be read. So rows may repeat, and none is lost; read from
the first page on, the same deletion would cost a row.

A list that is longer than its wall, and that no filter of time can cut, is read from both ends, and what lies between
is counted: `created_at` never changes, so its two ends reach 20,000 rows without a gap. Parts that filters can name
(deals by pipeline and stage) make the read complete beyond that. Where there are none (contacts and companies of API
v1), other orders would only make an incomplete read a little less so, for fifty requests each; API v2 reads the whole
list. Facts: docs/api/crm-v1.md#paging and #reading-lists-that-move.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from airbyte_rdstation.client.responses import More, Page, Row
from airbyte_rdstation.dates import format_instant
from airbyte_rdstation.pagination.listing import WALL, Batch, Fetch, PaginationError, Query, instant_of
from airbyte_rdstation.pagination.page_numbers import Ties

__all__ = ["LastPageFirstBatch", "Reach", "last_page_of", "mirrored", "read_last_page_first", "resume_page"]

_OLDEST_FIRST: Final = Query("created_at")
_NEWEST_FIRST: Final = Query("created_at", descending=True)
_MOST_PASSES: Final = 5
_QUIET_PAGES: Final = 2  # rows of one moment may begin on a page that is known already and go on behind it


@dataclass(frozen=True)
class LastPageFirstBatch:
    """What one request brought. Once `rows` are emitted, every page from `page` on is read."""

    rows: list[Row]
    page: int
    oldest: str | None
    """The key of the oldest row that has one; None also for rows of a tie, which do not move the position."""
    ends: bool
    """The list ends with the page that was read first, and not at the wall."""


def last_page_of(first: Page) -> int:
    """Return the number of a list's last page, going by its first; never one beyond the wall."""
    size = max(1, len(first.rows))
    most = max(1, WALL // size)
    return most if first.total is None else max(1, min(most, -(-first.total // size)))


def read_last_page_first(fetch: Fetch, query: Query, number: int) -> Iterator[LastPageFirstBatch]:
    """Yield the rows of the pages from `number` down to 1.

    Where page `number` is empty (`total` may count rows that the token's user may not see), the last one that is not is
    looked for.
    """
    page = fetch(query.at_page(number))
    # At the wall `has_more` may be false although more rows exist.
    last, ends = number, page.has_next is More.NO and number * len(page.rows) < WALL
    ends = ends or (page.total is not None and page.total <= WALL)
    if not page.rows and number > 1:
        last, page = _last_with_rows(fetch, query, number)
        ends = True
    ties = Ties(mirrored(fetch, last), query, lenient=True)
    size = len(page.rows)
    before: set[str] = set()
    for number in range(last, 0, -1):
        if number < last:
            page = fetch(query.at_page(number))
            if number == last - 1:
                ends = ends or size < len(page.rows)
        key = query.sort or ""
        _insist_ascending(page, key)
        ids = _ids(page)
        # As many deletions as a page has rows pull the page that was read to this number.
        if ids and ids == before and _ids(fetch(query.at_page(number + 1))) == ids:
            raise PaginationError("The list answers every page with the same rows.")
        before = ids
        turned = Page(page.rows[::-1], has_next=More.of(number > 1))
        for rows in ties.missing(last + 1 - number, turned):
            yield LastPageFirstBatch(rows, number + 1, None, ends)
        oldest = next((moment for row in page.rows if (moment := instant_of(row, key))), None)
        yield LastPageFirstBatch(page.rows, number, format_instant(oldest) if oldest else None, ends)


def resume_page(fetch: Fetch, query: Query, page: int, reached: str) -> int:
    """Return the page at which to go on after a read that had come down to page `page` and the moment `reached`.

    It is that page or one with a higher number, read before it: rows of that very moment have no order, nor have those
    without one, so the page must end with a newer one.
    """
    size = 0
    while True:
        rows = fetch(query.at_page(page)).rows
        size = max(size, len(rows))
        newest = instant_of(rows[-1], query.sort or "") if rows else None
        if not rows or (newest and format_instant(newest) > reached) or (page + 1) * size > WALL:
            return page
        page += 1


def _last_with_rows(fetch: Fetch, query: Query, empty: int) -> tuple[int, Page]:
    """The last page before number `empty` that has rows (or page 1)."""
    low, high = 1, empty
    found: Page | None = None
    while high - low > 1:
        middle = (low + high) // 2
        page = fetch(query.at_page(middle))
        if page.rows:
            low, found = middle, page
        else:
            high, found = middle, None  # read again: a deletion since may have pulled the rows of `high` to there
    return low, found or fetch(query.at_page(low))


def _ids(page: Page) -> set[str]:
    return {row["id"] for row in page.rows}


def mirrored(fetch: Fetch, last: int) -> Fetch:
    """Return what asks for the same list the other way round: its page 1 is page number `last`."""

    def fetch_mirrored(query: Query) -> Page:
        number = last + 1 - query.page
        if number < 1:
            return Page([], has_next=More.NO)
        return Page(fetch(query.at_page(number)).rows[::-1], has_next=More.of(number > 1))

    return fetch_mirrored


def _insist_ascending(page: Page, key: str) -> None:
    moments = [moment for row in page.rows if (moment := instant_of(row, key))]
    if any(earlier > later for earlier, later in pairwise(moments)):
        raise PaginationError(f"The list ignores its sort by {key}.")


class Reach:
    """Reads one such list, and knows how much of it there is."""

    def __init__(self, fetch: Fetch, parts: Callable[[], Iterable[Fetch]] = tuple) -> None:
        """`parts` are filters that together leave out little, the cheapest first; each may itself be too long."""
        self._fetch = self._counted(_before_wall(fetch))
        self._parts = parts
        self._ids: set[str] = set()
        self.total = 0
        self.ended = False
        """The list ended before its wall: what else `total` counts, nobody showed us."""

    @property
    def unreached(self) -> int:
        """How many rows exist beside those that were read."""
        return max(0, self.total - len(self._ids))

    @property
    def read(self) -> int:
        """How many rows were read."""
        return len(self._ids)

    def rows(self) -> Iterator[Batch]:
        """Yield every row that can be reached, each id once."""
        yield from self._from_oldest()
        if self.ended:
            return
        yield from self._from_newest()
        parts = iter(self._parts())
        while self.unreached and (part := next(parts, None)) is not None:
            for batch in Reach(part).rows():
                yield self._fresh(batch.rows)
                if not self.unreached:
                    return

    def _from_oldest(self) -> Iterator[Batch]:
        first = self._fetch(_OLDEST_FIRST)
        if first.has_next is More.NO:
            self.ended = True
            yield self._fresh(first.rows)
            return
        for batch in read_last_page_first(self._fetch, _OLDEST_FIRST, last_page_of(first)):
            self.ended = batch.ends
            yield self._fresh(batch.rows)

    def _from_newest(self) -> Iterator[Batch]:
        """From the newest row down to those that `_from_oldest` has read.

        Rows created meanwhile push the others to later pages: rows repeat. A deletion pulls them to earlier ones: where
        the total falls, another pass, as deep as the first, reads what may have slipped by. (The ids of deleted rows
        are known, too, so `unreached` does not tell.)
        """
        depth = 0
        for _ in range(_MOST_PASSES):
            fewer, total = False, self.total
            for number, batch in self._pass(quiet_from=depth):
                yield batch
                depth = max(depth, number)
                fewer, total = fewer or self.total < total, self.total
            if not fewer:
                return

    def _pass(self, quiet_from: int) -> Iterator[tuple[int, Batch]]:
        """From the newest row to the wall, with the numbers of the pages.

        From page `quiet_from` on, pages without a new row end it.
        """
        number, quiet = 1, 0
        ties = Ties(self._fetch, _NEWEST_FIRST, lenient=True)
        while True:
            page = self._fetch(_NEWEST_FIRST.at_page(number))
            fresh = self._fresh(page.rows)
            quiet = 0 if fresh.rows or number < quiet_from else quiet + 1
            last = not page.rows or page.has_next is More.NO or quiet >= _QUIET_PAGES
            # Before the page is given away: its reader normalizes the rows, dates included, in place.
            for rows in ties.missing(number, page, last=last):
                yield number, self._fresh(rows)
            yield number, fresh
            if last:
                return
            number += 1

    def _fresh(self, rows: list[Row]) -> Batch:
        fresh = [row for row in rows if row["id"] not in self._ids]
        self._ids.update(row["id"] for row in fresh)
        return Batch(fresh)

    def _counted(self, fetch: Fetch) -> Fetch:
        def fetch_counted(query: Query) -> Page:
            page = fetch(query)
            self.total = self.total if page.total is None else page.total
            return page

        return fetch_counted


def _before_wall(fetch: Fetch) -> Fetch:
    """`fetch` for readers that do not know where the wall is: beyond it there is nothing."""
    size = 1

    def fetch_before_wall(query: Query) -> Page:
        nonlocal size
        if query.page * size > WALL:
            return Page([], has_next=More.NO)
        page = fetch(query)
        size = max(size, len(page.rows))
        return page

    return fetch_before_wall
