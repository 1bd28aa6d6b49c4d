"""A list in the order of a moment that never changes, by page numbers, from its last page to its first. Pure.

Under `created_at`, oldest first, new rows append at the end and edits move nobody. Only a deletion moves rows: it pulls
those after it towards the front, into pages that are still to be read. So rows may repeat, and none is lost; read from
the first page on, the same deletion would cost a row. Facts: docs/api/crm-v1.md#reading-lists-that-move.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from airbyte_rdstation.client.responses import More, Page, Row
from airbyte_rdstation.dates import format_instant
from airbyte_rdstation.pagination.listing import WALL, Fetch, PaginationError, Query, instant_of
from airbyte_rdstation.pagination.newest_first import instant_text
from airbyte_rdstation.pagination.page_numbers import Ties

__all__ = ["LastPageFirstBatch", "last_page_of", "read_last_page_first", "resume_page"]


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
    ties = Ties(_mirrored(fetch, last), query, lenient=True)
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
        mirrored = Page(page.rows[::-1], has_next=More.of(number > 1))
        for rows in ties.missing(last + 1 - number, mirrored):
            yield LastPageFirstBatch(rows, number + 1, None, ends)
        oldest = next((moment for row in page.rows if (moment := instant_of(row, key))), None)
        yield LastPageFirstBatch(page.rows, number, format_instant(oldest) if oldest else None, ends)


def resume_page(fetch: Fetch, query: Query, page: int, reached: str) -> int:
    """Return the page at which to go on after a read that had come down to page `page` and the moment `reached`.

    It is that page or one with a higher number, read before it: rows of that very moment have no order, so the page
    must end with a newer one.
    """
    size = 0
    while True:
        rows = fetch(query.at_page(page)).rows
        size = max(size, len(rows))
        if not rows or instant_text(rows[-1], query.sort or "") > reached or (page + 1) * size > WALL:
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


def _mirrored(fetch: Fetch, last: int) -> Fetch:
    """The same list the other way round: its page 1 is page number `last`."""

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
