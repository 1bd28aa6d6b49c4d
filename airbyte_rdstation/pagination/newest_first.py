"""Reads a list that can be sorted but not filtered by its cursor, from its newest row down. Pure but for `fetch`.

Edits and new rows jump to the front and push the others to the right: rows repeat, untouched ones are not lost. A
deletion pulls them to the left, past the reader, who goes back where the list's `total` has fallen (API v1); without a
total (API v2) it costs a row, a documented limit. What is edited while unread jumps behind the reader, so its caller
reads the front again (to the newest row of the pass before) until one page holds all that is newer, or nothing is.
Facts: docs/api/crm-v2.md#tasks-by-page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from airbyte_rdstation.client.responses import More, Page, Row
from airbyte_rdstation.dates import format_instant
from airbyte_rdstation.pagination.listing import WALL, Fetch, PageRefusedError, PaginationError, Query, instant_of
from airbyte_rdstation.pagination.page_numbers import Ties

__all__ = ["NewestFirstBatch", "WallReachedError", "instant_text", "read_newest_first"]

_MOST_REPEATED_PAGES: Final = 5
_MOST_TIMES_BACK: Final = 10  # from one page: who deletes faster than that may delete for hours
_NEVER: Final = "9999"


class WallReachedError(Exception):
    """Says that the list cannot be read to its end by page numbers."""


@dataclass(frozen=True)
class NewestFirstBatch:
    """What one request brought: rows not older than the bound, and where it lies in the list (instants as texts)."""

    rows: list[Row]
    page: int
    newest: str | None
    oldest: str | None
    may_lack_rows: bool = False
    """Deletions may have pulled rows past the reader, and go on too fast for going back."""


def instant_text(row: Row, key: str) -> str:
    """Return the row's key as a text that sorts; a row without a readable one counts as newer than all, so it comes."""
    instant = instant_of(row, key)
    return format_instant(instant) if instant else _NEVER


def read_newest_first(
    fetch: Fetch, key: str, bound: str, page: int = 1, *, walled: bool = False
) -> Iterator[NewestFirstBatch]:
    """Yield each row from page number `page` on whose key is not older than `bound`, an instant as text ("" for all).

    A `walled` list is never asked beyond its wall; one without a documented wall is, in case it has none.
    Raises WallReachedError at the wall of either.
    """
    before: Page | None = None
    repeated = 0

    def fetch_within_wall(query: Query) -> Page:
        return Page([], has_next=More.NO) if walled and _is_beyond_wall(query.page, before) else fetch(query)

    ties = Ties(fetch_within_wall, Query(key, descending=True))
    for step in _steps(fetch, key, page, walled=walled):
        number, current = step.number, step.page
        known = {_version(row, key) for row in before.rows} if before else set()
        fresh = [row for row in current.rows if _version(row, key) not in known]
        repeated = 0 if fresh or not current.rows or step.again else repeated + 1
        if repeated >= _MOST_REPEATED_PAGES:
            raise PaginationError("The list serves the same rows again and again.")
        newest, oldest = _ends(current, key)
        passed = oldest is not None and oldest < bound
        ends = not current.rows or current.has_next is More.NO or passed
        # Before this page counts as read: who resumes from there would not come back to a tie that began before it.
        for rows in ties.missing(number, current, last=ends):
            yield NewestFirstBatch(
                _not_older(rows, key, bound), number, newest, _ends(before, key)[1] if before else None
            )
        yield NewestFirstBatch(_not_older(fresh, key, bound), number, newest, oldest, step.may_lack_rows)
        if ends and not passed and _ends_at_wall(number, current, before):
            raise WallReachedError
        if ends:
            return
        before = current


@dataclass(frozen=True)
class _Step:
    """One page of the read."""

    number: int
    page: Page
    again: bool
    """The reader has gone back to it."""
    may_lack_rows: bool


def _steps(fetch: Fetch, key: str, number: int, *, walled: bool) -> Iterator[_Step]:
    """The pages from one on, for ever; back to where unread rows may have been pulled, and on from there."""
    before: Page | None = None
    read_to = farthest = number - 1
    times_back = 0
    while True:
        if walled and _is_beyond_wall(number, before):
            raise WallReachedError
        page = _page_before_wall(fetch, key, number, before)
        unsure = _first_unsure(read_to, before, page)
        if unsure < number and times_back < _MOST_TIMES_BACK:
            number = unsure
            times_back += 1
            continue
        yield _Step(number, page, again=number <= farthest, may_lack_rows=unsure < number)
        if number > farthest:
            farthest, times_back = number, 0
        before, read_to = page, number
        number += 1


def _is_beyond_wall(number: int, before: Page | None) -> bool:
    """Whether page `number` begins behind the wall; `before` tells how many rows a page has."""
    return before is not None and (number - 1) * len(before.rows) >= WALL


def _ends_at_wall(number: int, page: Page, before: Page | None) -> bool:
    """Whether the last page, of this number, is the one that reaches the wall: its links may be cut off there."""
    skipped = (number - 1) * max(len(page.rows), len(before.rows) if before else 0)
    return skipped < WALL <= skipped + len(page.rows) and (page.total is None or page.total > WALL)


def _first_unsure(read_to: int, before: Page | None, current: Page) -> int:
    """The first page to which deletions may have pulled unread rows, after page `read_to` was read as `before`.

    Of what `total` counts, rows slip by only if fewer are created than deleted, by as many places as it has fallen.
    """
    if before is None or before.total is None or current.total is None:
        return read_to + 1
    fallen = max(0, before.total - current.total)
    return max(0, read_to * len(before.rows) - fallen) // len(before.rows) + 1


def _not_older(rows: list[Row], key: str, bound: str) -> list[Row]:
    return [row for row in rows if instant_text(row, key) >= bound]


def _page_before_wall(fetch: Fetch, key: str, number: int, before: Page | None) -> Page:
    """The page; WallReachedError in any of the forms that a wall may have.

    They are: 400, 500, an empty page although one was promised, or an earlier page again. `before` is the page before.
    """
    beyond = _is_beyond_wall(number, before)
    try:
        page = fetch(Query(key, page=number, descending=True))
    except PageRefusedError as refusal:
        if not beyond:
            raise
        raise WallReachedError from refusal
    moments = [moment for row in page.rows if (moment := instant_of(row, key))]
    if any(later > earlier for earlier, later in pairwise(moments)):
        raise PaginationError(f"The list ignores its sort by {key}.")
    if beyond and before is not None:
        empty = not page.rows and before.has_next is More.YES
        again = bool(page.rows) and (_ends(page, key)[0] or "") >= (_ends(before, key)[0] or _NEVER)
        if empty or (again and not _all_tied(before, page, key)):
            raise WallReachedError
    return page


def _all_tied(before: Page, page: Page, key: str) -> bool:
    return len({instant_text(row, key) for row in (*before.rows, *page.rows)}) == 1


def _ends(page: Page, key: str) -> tuple[str | None, str | None]:
    """The newest and the oldest key of a page, those aside that cannot be read."""
    moments = [moment for row in page.rows if (moment := instant_of(row, key))]
    return (format_instant(moments[0]), format_instant(moments[-1])) if moments else (None, None)


def _version(row: Row, key: str) -> tuple[str, str]:
    return row["id"], instant_text(row, key)  # the caller may have normalized the row meanwhile
