"""Reads a list by keyset: one that moves while it is read loses no row. Pure: its only I/O is `fetch`.

A page number is an offset into an order that changes: rows that are edited slide the others past the reader. The read
asks for page 1 again and again and moves a *value* instead: `updated_at >= T`, sorted by it, T being the last second
read. A row that moves can only move ahead of the reader, and no request ever comes near row 10,000.
Facts: docs/api/crm-v2.md#why-page-numbers-lose-rows to #contacts-by-creation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import TypeAlias

from airbyte_rdstation.client.responses import More, Page, Row
from airbyte_rdstation.dates import EPOCH, ONE_SECOND, floor_second
from airbyte_rdstation.pagination.listing import Batch, Bound, Fetch, PaginationError, Query, instant_of
from airbyte_rdstation.pagination.sweep import halved_windows, sweep

__all__ = ["read_keyset", "read_keyset_whole"]

Moments: TypeAlias = "list[datetime | None]"
"""The keys of a page's rows, in their order: parsing them is the dearest part of a read, hence done once a page."""


def read_keyset(
    fetch: Fetch,
    keys: Sequence[str],
    start: datetime | None,
    *,
    now: datetime,
    end: Callable[[], datetime | None] = lambda: None,
    fixed: tuple[Bound, ...] = (),
    tie_sort: str | None = None,
) -> Iterator[Batch]:
    """All rows within `fixed` whose `keys[0]` lies in [start, end()), one batch a request.

    `end` is asked before each request, so that a caller may hand the far part of the range to another read.
    `keys[1:]` are keys that never change and tell apart the rows of one second; those that share them all are read in
    the order of `tie_sort`. `now` is the moment the read begins. Raises PaginationError rather than loop or lose a row.
    """
    key = keys[0]
    position = None if start is None else floor_second(start)
    seen: set[tuple[str, str]] = set()
    while True:
        limit = end()
        if limit is not None and position is not None and position >= limit:
            return
        query = Query(key, (*fixed, Bound(key, position, limit)))
        page, moments = _fetch_in_bounds(fetch, query, key)
        if not _ascending(moments):
            yield from halved_windows(fetch, key, position, limit, fixed, now)
            return
        fresh = [row for row in page.rows if _version(row, key) not in seen]
        last = next((floor_second(moment) for moment in reversed(moments) if moment), None)
        if not page.rows or page.has_next is More.NO:
            yield Batch(fresh, limit or last or position, 0)
            return
        if position is None and last is not None and all(row.get(key) for row in page.rows):
            # Null keys may sort last, too, where no filter on the key would ever show them.
            yield from sweep(fetch, Query(key, query.bounds, descending=True), without=key)
        if last is None:
            # Nothing but null keys (or unreadable ones), which sort first and have no order among themselves.
            yield from sweep(fetch, query, without=key)
            position = EPOCH
        elif position is None or last > position:
            # Filter literals have no fractions: the next page begins with the rows of this second again.
            latest = zip(page.rows, moments, strict=True)
            seen = {_version(row, key) for row, moment in latest if moment and moment >= last}
            position = last
            yield Batch(fresh, position, None if page.last is None else page.last - 1)
        elif page.has_next is More.UNKNOWN and not fetch(query.at_page(2)).rows:
            yield Batch(fresh, limit or position, 0)
            return
        else:
            for batch in _one_second(fetch, keys, position, now=now, fixed=fixed, tie_sort=tie_sort):
                yield Batch([row for row in batch.rows if _version(row, key) not in seen], position)
            position += ONE_SECOND
            yield Batch([], position)


def read_keyset_whole(fetch: Fetch, key: str, *, now: datetime) -> Iterator[Batch]:
    """All rows by a key that some do not have; those sort first or last, so both ends are read."""
    yield from read_keyset(fetch, (key,), None, now=now)
    yield from sweep(fetch, Query(key, descending=True), without=key)


def _one_second(
    fetch: Fetch,
    keys: Sequence[str],
    second: datetime,
    *,
    now: datetime,
    fixed: tuple[Bound, ...],
    tie_sort: str | None,
) -> Iterator[Batch]:
    """The rows of a second that fill more than a page, where the filter cannot advance.

    By the next key, which never changes; rows that share that one, too, by page numbers inside the second. There any
    other order is better than that of the keys, which leaves rows with equal ones to chance at each request.
    """
    key, *finer = keys
    within = (*fixed, Bound(key, second, second + ONE_SECOND))
    if finer:
        return read_keyset(fetch, finer, None, now=now, fixed=within, tie_sort=tie_sort)
    return sweep(fetch, Query(tie_sort or key, within))


def _fetch_in_bounds(fetch: Fetch, query: Query, key: str) -> tuple[Page, Moments]:
    """The page and its rows' keys; PaginationError if it twice holds rows from before the range.

    Without its filter the read never ends, nor where a page within a range has no key that leads further.
    """
    lower = query.bounds[-1].at_least
    for _ in range(2):
        page = fetch(query)
        moments = [instant_of(row, key) for row in page.rows]
        if lower is not None and page.rows and page.has_next is not More.NO and not any(moments):
            raise PaginationError(f"More records than a page holds have a {key} that cannot be read.")
        if lower is None or all(moment >= lower for moment in moments if moment):
            return page, moments
    raise PaginationError(f"The list ignores its filter {query.bounds[-1].rdql()}.")


def _ascending(moments: Moments) -> bool:
    return all(earlier <= later for earlier, later in pairwise(filter(None, moments)))


def _version(row: Row, key: str) -> tuple[str, str]:
    return row["id"], str(row.get(key))
