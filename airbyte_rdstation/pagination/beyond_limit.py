"""A list longer than its wall that no filter of time can cut: from both ends, and what lies between is counted. Pure.

`created_at` never changes, so its two ends reach 20,000 rows without a gap. Parts that filters can name (deals by
pipeline and stage) make the read complete beyond that. Where there are none (contacts and companies of API v1), other
orders would only make an incomplete read a little less so, for fifty requests each; API v2 reads the whole list.
Facts: docs/api/crm-v1.md#paging and #reading-lists-that-move.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from airbyte_rdstation.client.responses import More, Page, Row
from airbyte_rdstation.pagination.last_page_first import last_page_of, read_last_page_first
from airbyte_rdstation.pagination.listing import WALL, Batch, Fetch, Query
from airbyte_rdstation.pagination.page_numbers import Ties

__all__ = ["Reach"]

_OLDEST_FIRST: Final = Query("created_at")
_NEWEST_FIRST: Final = Query("created_at", descending=True)
_MOST_PASSES: Final = 5
_QUIET_PAGES: Final = 2  # rows of one moment may begin on a page that is known already and go on behind it


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
