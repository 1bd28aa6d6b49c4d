"""Lists of a few pages, read whole each time: by page number under a sort, or swept where none exists.

Facts: api/crm-v2.md, section 4.
"""

from __future__ import annotations

from collections.abc import Iterator

from rdstation.envelope import Page, Row
from rdstation.source.cursor import FullRefreshCursor, StreamContext
from rdstation.source.slices import Slice
from rdstation.walks.listing import Fetch, Query
from rdstation.walks.single_pass import single_pass
from rdstation.walks.sweep import sweep

__all__ = ["SmallList", "read_small_list"]


class SmallList:
    """A stream of one slice."""

    def __init__(self, context: StreamContext, *, fetch: Fetch, sort: str | None) -> None:
        self.cursor = FullRefreshCursor(context)
        self._context = context
        self._fetch = fetch
        self._sort = sort

    def slices(self) -> Iterator[Slice]:
        """The whole list."""
        yield Slice(self._context.name, {}, self._read)

    def _read(self) -> Iterator[Row]:
        read, total = 0, None

        def fetch_counted(query: Query) -> Page:
            nonlocal total
            page = self._fetch(query)
            total = page.total
            return page

        for rows in read_small_list(fetch_counted, self._sort):
            read += len(rows)
            yield from map(self._context.normalize, rows)
            self.cursor.request_answered()
        self._context.compare(read, total)
        self.cursor.checkpoint()


def read_small_list(fetch: Fetch, sort: str | None) -> Iterator[list[Row]]:
    """The rows of a small list, one batch a request, each id once."""
    query = Query(sort)
    batches = single_pass(fetch, query) if sort else sweep(fetch, query, walled=False)
    for batch in batches:
        yield batch.rows
