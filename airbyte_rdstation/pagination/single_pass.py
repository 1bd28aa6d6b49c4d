"""A sorted list by page numbers, once through, and the one way in which its order can still lose a row. Pure.

Facts: docs/api/crm-v2.md#listing and #a-full-second step 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from airbyte_rdstation.client.responses import More, Page, Row
from airbyte_rdstation.pagination.listing import Batch, Fetch, PaginationError, Query
from airbyte_rdstation.pagination.sweep import numbered, sweep

__all__ = ["Ties", "single_pass"]


def single_pass(fetch: Fetch, query: Query) -> Iterator[Batch]:
    """Read a small, sorted list from its first page to its last, each id once."""
    ids: set[str] = set()
    ties = Ties(fetch, query)
    end = Page([], has_next=More.NO)  # a tie may last to the end of the list
    for number, page in enumerate(chain(numbered(fetch, query, walled=False), [end]), start=1):
        for rows in (page.rows, *ties.missing(number, page)):
            fresh = [row for row in rows if row["id"] not in ids]
            ids.update(row["id"] for row in fresh)
            yield Batch(fresh)


class Ties:
    """Watches a sorted list for rows that share their key across the end of a page.

    Such rows have no defined order between requests, so one of them can lie on both pages and another on neither. As
    long as no row comes twice, as many rows were read as there are places; where one does, the tie is swept.
    """

    def __init__(self, fetch: Fetch, query: Query, *, lenient: bool = False) -> None:
        """`lenient`: a tie that never comes to rest is no error; its reader counts what it has read."""
        self._fetch = fetch
        self._lenient = lenient
        self._query = query
        self._key = query.sort or ""
        self._value: Any = None
        self._begins = self._number = 0
        self._ids: set[str] = set()
        self._repeated = False
        self._spans_pages = False

    def missing(self, number: int, page: Page, *, last: bool = False) -> Iterator[list[Row]]:
        """Call once a page, in order. Yields the rows of a tie that ended with the page; they may be known already.

        A reader may go back: rows that it meets again for that reason are no sign of a tie.
        """
        rows = page.rows
        again, self._number = number <= self._number, number
        goes_on = self._value is not None and any(row.get(self._key) == self._value for row in rows)
        if goes_on:
            self._spans_pages = self._spans_pages or not again
            self._add(rows, again=again)
        if last or page.has_next is More.NO or not goes_on or rows[-1].get(self._key) != self._value:
            yield from self._swept()
            self._value, self._begins = (rows[-1].get(self._key) if rows else None), number
            self._ids, self._repeated = set(), False
            self._add(rows)

    def _add(self, rows: list[Row], *, again: bool = False) -> None:
        for row in rows:
            if row.get(self._key) == self._value:
                self._repeated = self._repeated or (not again and row["id"] in self._ids)
                self._ids.add(row["id"])

    def _swept(self) -> Iterator[list[Row]]:
        if self._spans_pages and self._repeated:
            try:
                for batch in sweep(self._tied_rows(self._value, self._begins), self._query.at_page(1), walled=False):
                    yield batch.rows
            except PaginationError:
                if not self._lenient:
                    raise
        self._spans_pages = False

    def _tied_rows(self, value: Any, begins: int) -> Fetch:
        """Only the rows of one key, as a list of its own from page `begins` on."""
        first = begins

        def fetch_tied(query: Query) -> Page:
            nonlocal first
            while True:
                page = self._fetch(query.at_page(first + query.page - 1))
                rows = [row for row in page.rows if row.get(self._key) == value]
                if rows or query.page > 1 or page.has_next is More.NO or not (page.rows or page.has_next is More.YES):
                    return Page(rows, More.of(bool(rows) and page.has_next is not More.NO))
                first += 1  # rows that came before the tie meanwhile have pushed it to a later page

        return fetch_tied
