"""Lists of a few pages, read whole each time: by page number under a sort, or swept where none exists.

Facts: docs/api/crm-v2.md#listing.
"""

from __future__ import annotations

from collections.abc import Iterator

from airbyte_rdstation.airbyte.cursor import StreamContext, StreamCursor
from airbyte_rdstation.airbyte.partitions import Slice, StreamPartitions
from airbyte_rdstation.client.responses import Page, Row
from airbyte_rdstation.pagination.listing import Fetch, Query
from airbyte_rdstation.pagination.single_pass import single_pass
from airbyte_rdstation.pagination.sweep import RestlessError, sweep

__all__ = ["SmallListPartitions", "read_small_list"]


class SmallListPartitions(StreamPartitions):
    """Generates one slice: the whole list."""

    def __init__(self, context: StreamContext, cursor: StreamCursor, *, fetch: Fetch, sort: str | None) -> None:
        """`sort` is a key that seldom changes; None where the list has no order."""
        self._context = context
        self._cursor = cursor
        self._fetch = fetch
        self._sort = sort

    def generate(self) -> Iterator[Slice]:
        """Yield the one slice."""
        yield Slice(self._context, {}, self._read)

    def _read(self) -> Iterator[list[Row]]:
        read = 0
        watched = _Watched(self._fetch)
        try:
            for rows in read_small_list(watched.fetch, self._sort):
                read += len(rows)
                yield rows
                self._cursor.request_answered()
        except RestlessError:
            self._context.report_incomplete(
                f"The list grew during the whole read of {read:,} records. What came last may be missing until the "
                "next sync."
            )
        else:
            if watched.repeats and watched.total is None:
                self._context.report_incomplete(
                    f"RD Station answers every page with the same {read:,} records. If there are more, it does not "
                    "show them."
                )
            self._context.compare(read, watched.total)
        self._cursor.checkpoint()


class _Watched:
    """A list's pages on their way: what it counts, and whether its second page repeats the first."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._first: set[str] = set()
        self.total: int | None = None
        self.repeats = False

    def fetch(self, query: Query) -> Page:
        """Ask for a page, and note what it tells of the list."""
        page = self._fetch(query)
        ids = {row["id"] for row in page.rows}
        if query.page == 1:
            self._first = ids
        elif query.page == 2:
            self.repeats = bool(ids) and ids == self._first
        self.total = page.total
        return page


def read_small_list(fetch: Fetch, sort: str | None) -> Iterator[list[Row]]:
    """Yield the rows of a small list, one batch a request, each id once."""
    query = Query(sort)
    batches = single_pass(fetch, query) if sort else sweep(fetch, query, walled=False)
    for batch in batches:
        yield batch.rows
