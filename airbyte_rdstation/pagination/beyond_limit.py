"""A list longer than its wall that no filter of time can cut: read in every order and direction there is. Pure.

`created_at` from both ends reaches 20,000 rows without a gap; the other orders reach some of what lies between, and
whatever is left is counted. Facts: docs/api/crm-v1.md#paging and #reading-lists-that-move.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from airbyte_rdstation.client.responses import More, Page, Row
from airbyte_rdstation.pagination.last_page_first import read_up, top_page
from airbyte_rdstation.pagination.listing import WALL, Batch, Fetch, Query
from airbyte_rdstation.pagination.single_pass import Ties

__all__ = ["FURTHER", "Reach"]

_CREATED_AT: Final = "created_at"
FURTHER: Final = (
    Query("updated_at", descending=True),
    Query("updated_at"),
    Query("name"),
    Query("name", descending=True),
)
_MOST_PASSES: Final = 5
_QUIET_PAGES: Final = 2  # rows of one moment may begin on a page that is known already and go on behind it


class Reach:
    """One such list: what was read of it, and how much there is."""

    def __init__(
        self,
        fetch: Fetch,
        parts: Callable[[], Iterable[Fetch]],
        *,
        further: Sequence[Query] = FURTHER,
    ) -> None:
        """`parts` are filters that together leave out little, the cheapest first.

        `further` are orders beside that of `created_at`.
        """
        self._fetch = self._counted(_before_wall(fetch))
        self._parts = parts
        self._further = further
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
        """Every row that can be reached, each id once."""
        yield from self._upward(self._fetch)
        if self.ended:
            return
        yield from self._downward()
        for query in self._further:
            if not self.unreached:
                return
            yield from self._until_complete(self._fetch, query)
        parts = iter(self._parts())
        while self.unreached and (part := next(parts, None)) is not None:
            yield from self._part(_before_wall(part))

    def _upward(self, fetch: Fetch) -> Iterator[Batch]:
        query = Query(_CREATED_AT)
        for batch in read_up(fetch, query, top_page(fetch(query))):
            self.ended = batch.ends and fetch is self._fetch
            yield self._fresh(batch.rows)

    def _downward(self) -> Iterator[Batch]:
        """From the newest row down to those that were read upward.

        Rows created meanwhile push the others to later pages: rows repeat. A deletion pulls them to earlier ones: where
        the total falls, another pass, as deep as the first, reads what may have slipped by. (The ids of deleted rows
        are known, too, so `unreached` does not tell.)
        """
        depth = 0
        for _ in range(_MOST_PASSES):
            fewer, total = False, self.total
            for number, batch in self._pass(self._fetch, Query(_CREATED_AT, descending=True), quiet_from=depth):
                yield batch
                depth = max(depth, number)
                fewer, total = fewer or self.total < total, self.total
            if not fewer:
                return

    def _part(self, fetch: Fetch) -> Iterator[Batch]:
        """What a filter names; it may itself be longer than the wall."""
        first = fetch(Query(_CREATED_AT))
        yield self._fresh(first.rows)
        if first.has_next is More.NO:
            return
        yield from self._upward(fetch)
        if (first.total or 0) > WALL:
            for query in (Query(_CREATED_AT, descending=True), *self._further):
                yield from self._until_complete(fetch, query)

    def _until_complete(self, fetch: Fetch, query: Query) -> Iterator[Batch]:
        for _, batch in self._pass(fetch, query):
            yield batch
            if not self.unreached:
                return

    def _pass(self, fetch: Fetch, query: Query, quiet_from: int | None = None) -> Iterator[tuple[int, Batch]]:
        """One order from its first page to the wall, with the numbers of the pages.

        From page `quiet_from` on, pages without a new row end it.
        """
        number, quiet = 1, 0
        ties = Ties(fetch, query, lenient=True) if query.sort == _CREATED_AT else None
        while True:
            page = fetch(query.at_page(number))
            fresh = self._fresh(page.rows)
            quiet = 0 if fresh.rows or quiet_from is None or number < quiet_from else quiet + 1
            last = not page.rows or page.has_next is More.NO or quiet >= _QUIET_PAGES
            # Before the page is given away: its reader normalizes the rows, dates included, in place.
            for rows in ties.missing(number, page, last=last) if ties else ():
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
