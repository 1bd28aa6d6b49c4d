"""A list that is read from its newest row down to the cursor: tasks; contacts and companies of API v1.

The cursor moves only at the end, to the newest row of the first page of the first pass; a STATE before that carries the
page reached beside the old cursor. What lies beyond a wall is read in another way, which the caller hands in.
Facts: docs/api/crm-v2.md#tasks-by-page; docs/api/crm-v1.md#reading-lists-that-move.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, Final

from airbyte_rdstation.airbyte.cursor import CheckpointCursor, StreamContext
from airbyte_rdstation.airbyte.lookback import LOOKBACK, is_settled, lookback_start
from airbyte_rdstation.airbyte.partitions import Slice, refusals_named
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.dates import format_instant, parse_instant
from airbyte_rdstation.pagination.listing import Batch, Fetch, Query
from airbyte_rdstation.pagination.newest_first import DownBatch, WallReachedError, instant_text, read_down
from source_rdstation_crm.crm_state import NewestFirstState, OffsetState

__all__ = ["NewestFirstStream"]

_MOST_FRONTS: Final = 20
_MAY_LACK_ROWS: Final = (
    "Records were deleted faster than the list could be read. A record that changed before this sync may be missing "
    "until it changes again: run a full refresh once the deletions are over."
)


class NewestFirstStream(CheckpointCursor):
    """One stream of this shape: its slice, and its state."""

    def __init__(
        self,
        context: StreamContext,
        *,
        fetch: Fetch,
        cursor_field: str,
        state: NewestFirstState | OffsetState,
        past_wall: Callable[[], Iterator[Batch]],
        walled: bool = False,
    ) -> None:
        """`past_wall` reads the whole list in an order that no wall cuts off; `walled`: the list has a known wall."""
        super().__init__(context)
        self._begun = datetime.now(timezone.utc)
        self._fetch = refusals_named(fetch)
        self._past_wall = past_wall
        self._walled = walled
        self._cursor_field = cursor_field
        self._since = state.cursor
        self._since_settled = state.settled
        walk = state.walk
        self._started = walk.started if walk else None
        self._latest = walk.latest if walk else None
        self._page = walk.page if walk else 1
        self._reached = walk.reached if walk else None
        self._at_latest: set[str] = set()
        self._may_lack_rows = False
        self._complete = False

    def slices(self) -> Iterator[Slice]:
        """The whole list, down to the cursor."""
        yield Slice(self._stream, {}, self._read)

    @property
    def state(self) -> MutableMapping[str, Any]:
        """The cursor, and beside it the read's position while it is under way."""
        if self._complete:
            final = self._final_cursor()
            settled = self._started and is_settled(final, self._started)
            return {self._cursor_field: final, **({"settled": True} if settled else {})}
        cursor = max(filter(None, (self._since, self._context.start_date)), default=None)
        state: dict[str, Any] = {} if cursor is None else {self._cursor_field: cursor}
        if self._started:
            position = {"started": self._started, "latest": self._latest, "page": self._page, "reached": self._reached}
            state["walk"] = position
        return state

    def _final_cursor(self) -> str:
        """The newest row of the first page, but no moment after the start: a row can be dated into the future."""
        started = self._started or format_instant(self._context.server_time(self._begun))
        before_start = format_instant(parse_instant(started) - LOOKBACK)
        return max(min(self._latest or before_start, started), self._since or "")

    def _read(self) -> Iterator[Row]:
        bound, first = self._bound(), self._resume_page()
        number = first
        try:
            for batch in read_down(self._fetch, self._cursor_field, bound, first, walled=self._walled):
                yield from self._emit_rows(batch)
                number = batch.page
        except WallReachedError:
            # What changes meanwhile comes to the front, which is read afterwards.
            yield from self._not_older(bound, self._past_wall())
        if number > 1:  # a single page is a single moment: nothing can have jumped behind the reader
            yield from self._front()
        if self._may_lack_rows:
            self._context.report_incomplete(_MAY_LACK_ROWS)
        self._complete = True
        self.checkpoint()

    def _front(self) -> Iterator[Row]:
        """What came to the front meanwhile, until one page holds it all or nothing is new.

        A front that never comes to rest is left to the next sync: the cursor does not move past the first page.
        """
        newest = self._latest
        for _ in range(_MOST_FRONTS):
            down_to, newest, number = newest, None, 1
            for batch in _up_to_wall(read_down(self._fetch, self._cursor_field, down_to or "", walled=self._walled)):
                fresh = [
                    row for row in batch.rows if row["id"] not in self._at_latest or self._text(row) != self._latest
                ]
                yield from self._emit_rows(replace(batch, rows=fresh))
                number = batch.page
                newest = newest or batch.newest
            if number == 1 or newest == down_to:
                return

    def _emit_rows(self, batch: DownBatch) -> Iterator[Row]:
        if self._started is None:
            self._started = format_instant(self._context.server_time(self._begun))
            self._latest = batch.newest
            self._at_latest = {row["id"] for row in batch.rows if self._text(row) == self._latest}
        self._may_lack_rows = self._may_lack_rows or batch.may_lack_rows
        yield from map(self._context.normalize, batch.rows)
        with self._lock:
            # Once the front is read again, the position stays at the end of the first pass.
            if batch.page >= self._page:
                self._page, self._reached = batch.page, batch.oldest or self._reached
            self.request_answered()

    def _text(self, row: Row) -> str:
        return instant_text(row, self._cursor_field)

    def _resume_page(self) -> int:
        """Where to go on: the page reached, or an earlier one.

        Deletions may have pulled unread rows before it, and rows that share the instant reached have no order: the page
        must begin with a newer row than that.
        """
        number = self._page
        while number > 1:
            rows = self._fetch(Query(self._cursor_field, page=number, descending=True)).rows
            newest = next((self._text(row) for row in rows), "")
            if newest > (self._reached or ""):
                break
            number -= 1
        self._page = number
        return number

    def _not_older(self, bound: str, batches: Iterator[Batch]) -> Iterator[Row]:
        for batch in batches:
            yield from (
                self._context.normalize(row) for row in batch.rows if instant_text(row, self._cursor_field) >= bound
            )
            self.request_answered()

    def _bound(self) -> str:
        moments = [parse_instant(self._context.start_date)] if self._context.start_date else []
        if self._since:
            moments.append(lookback_start(self._since, self._since_settled))
        return format_instant(max(moments)) if moments else ""


def _up_to_wall(batches: Iterator[DownBatch]) -> Iterator[DownBatch]:
    """What lies beyond the wall changed after the start: it is the next sync's."""
    with suppress(WallReachedError):
        yield from batches
