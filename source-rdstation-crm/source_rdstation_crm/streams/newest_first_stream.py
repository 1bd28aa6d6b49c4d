"""A list that is read from its newest row down to the cursor: tasks; contacts and companies of API v1.

The cursor moves only at the end, to the newest row of the first page of the first pass; a STATE before that carries the
page reached beside the old cursor. What lies beyond a wall is read in another order.
Facts: docs/api/crm-v2.md#tasks-by-page; docs/api/crm-v1.md#reading-lists-that-move.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, ClassVar, Final

from airbyte_rdstation.airbyte.partitions import StreamPartitions, refusals_named
from airbyte_rdstation.airbyte.records import RecordPartition
from airbyte_rdstation.airbyte.state import (
    LOOKBACK,
    IncrementalCursor,
    Instant,
    ReadPosition,
    StreamState,
    due_since,
    is_settled,
)
from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.dates import format_instant, parse_instant
from airbyte_rdstation.pagination.keyset import read_keyset_whole
from airbyte_rdstation.pagination.listing import WALL, Batch, Fetch, Query, instant_of
from airbyte_rdstation.pagination.newest_first import (
    NewestFirstBatch,
    WallReachedError,
    instant_text,
    read_newest_first,
)

__all__ = ["NewestFirstCursor", "NewestFirstPartitions", "NewestFirstState", "PagePosition", "up_to_wall"]

_MOST_FRONTS: Final = 20
_MAY_LACK_ROWS: Final = (
    "Records were deleted faster than the list could be read. A record that changed before this sync may be missing "
    "until it changes again: run a full refresh once the deletions are over."
)


class PagePosition(ReadPosition):
    """The last page that is read, and the instant of its last row."""

    latest: Instant | None = None
    page: int
    reached: Instant | None = None


class NewestFirstState(StreamState):
    """A cursor, and beside it the page of a read under way.

    `{"updated_at": "…", "position": {"started": "…", "latest": "…", "page": 3, "reached": "…"}}`
    """

    position: PagePosition | None = None


class NewestFirstCursor(IncrementalCursor[NewestFirstState]):
    """Keeps the page reached, and how far the stream is complete."""

    model: type[NewestFirstState] = NewestFirstState

    def __init__(self, context: StreamContext, *, cursor_field: str, state: Mapping[str, Any]) -> None:
        super().__init__(context, cursor_field=cursor_field, state=state)
        position = self.incoming.position
        self.read_began = position.started if position else None
        self.latest = position.latest if position else None
        self.page = position.page if position else 1
        self.reached = position.reached if position else None
        self.complete = False
        self._undated: set[str] = set()
        self.undated_first = False
        """Whether records without a date of change are the first of the list: then all of them come in each sync."""

    @property
    def state(self) -> MutableMapping[str, Any]:
        """The cursor, and beside it the read's position while it is under way: see NewestFirstState."""
        known: dict[str, Any] = {"undated": self.undated} if self.undated else {}
        if self.complete:
            final = self._final_cursor()
            settled = self.read_began and is_settled(final, self.read_began)
            return {self.cursor_field: final, **({"settled": True} if settled else {}), **known}
        cursor = max(filter(None, (self.incoming.cursor, self._context.start_date)), default=None)
        state: dict[str, Any] = known if cursor is None else {self.cursor_field: cursor, **known}
        if self.read_began:
            position = {"started": self.read_began, "latest": self.latest, "page": self.page, "reached": self.reached}
            state["position"] = position
        return state

    @property
    def since(self) -> datetime | None:
        """From when on rows are due."""
        return due_since(self._context.start_date, self.incoming.cursor, self.incoming.settled)

    @property
    def undated(self) -> int:
        """How many records had no date of change when everything was read, or have none now."""
        seen = len(self._undated)
        return seen if self.undated_first else max(self.incoming.undated, seen)

    @property
    def undated_missing(self) -> int:
        """The same, where fewer have come in this sync: 0 if all did."""
        return self.undated if len(self._undated) < self.undated else 0

    def note(self, rows: list[Row]) -> None:
        """Note rows that come, before they are emitted."""
        self._undated.update(row["id"] for row in rows if instant_of(row, self.cursor_field) is None)

    def begin(self) -> None:
        """Note when the read began: now, after the first answer, RD Station's clock is known."""
        self.read_began = self._sync_began

    def follow(self, page: int, reached: str | None) -> None:
        """Move the position behind the rows of a page, which are emitted."""
        with self._lock:
            self.page, self.reached = page, reached or self.reached
            self.records_emitted()

    def end(self) -> None:
        """Emit the last state: everything is read."""
        self.complete = True
        self.checkpoint()

    def _final_cursor(self) -> str:
        """The newest row of the first page, but no moment after the start: a row can be dated into the future."""
        began = self.read_began or self._sync_began
        before_start = format_instant(parse_instant(began) - LOOKBACK)
        return max(min(self.latest or before_start, began), self.incoming.cursor or "")


class NewestFirstPartitions(StreamPartitions):
    """Generates one partition: the whole list, down to the cursor."""

    walled: ClassVar[bool] = False
    """Whether the list has a known wall."""

    def __init__(
        self, context: StreamContext, cursor: NewestFirstCursor, *, fetch: Fetch, other_key: str = "created_at"
    ) -> None:
        """`other_key` is the field by which the list is read where a wall cuts it off."""
        self._context = context
        self._cursor = cursor
        self._cursor_field = cursor.cursor_field
        self._fetch = refusals_named(fetch)
        self._other_key = other_key
        self._at_latest: set[str] = set()
        self._without_other_key: set[str] = set()
        self._may_lack_rows = False

    def generate(self) -> Iterator[RecordPartition]:
        """Yield the one partition."""
        yield RecordPartition(self._context, {}, self._read)

    def _read(self) -> Iterator[list[Row]]:
        since = self._cursor.since
        bound, first = format_instant(since) if since else "", self._resume_page()
        number = first
        fetch = self._fetch if bound else self._context.progress.watched(self._fetch)  # else it ends at some page
        try:
            for batch in read_newest_first(fetch, self._cursor_field, bound, first, walled=self.walled):
                yield from self._emit_rows(batch)
                number = batch.page
        except WallReachedError:
            # What changes meanwhile comes to the front, which is read afterwards.
            yield from self._not_older(bound, self._beyond_wall())
        if number > 1:  # a single page is a single moment: nothing can have jumped behind the reader
            yield from self._front()
        if self._may_lack_rows:
            self._context.report_incomplete(_MAY_LACK_ROWS)
        if bound and self._cursor.undated_missing:
            yield from self._created_since(bound)
            self._context.report_undated(self._cursor.undated_missing, self._cursor_field)
        self._cursor.end()

    def _beyond_wall(self) -> Iterator[Batch]:
        """Read the whole list in an order that no wall cuts off."""
        began, report = datetime.now(timezone.utc), self._context.report_incomplete
        without = set(self._without_other_key)
        for batch in read_keyset_whole(self._fetch, self._other_key, began=began, report=report):
            without.difference_update(row["id"] for row in batch.rows)
            yield batch
        if without:  # rows that came before the wall are not among them
            report(
                f"The list ends at {WALL:,} records, and by `{self._other_key}` it does not show those that have none. "
                "Of these, some that did not change lately are missing: they come once they are changed."
            )

    def _created_since(self, bound: str) -> Iterator[list[Row]]:
        """The new rows without a date of change, of a list that can be sorted by creation: tasks cannot."""
        yield from ()

    def _front(self) -> Iterator[list[Row]]:
        """What came to the front meanwhile, until one page holds it all or nothing is new.

        A front that never comes to rest is left to the next sync: the cursor does not move past the first page.
        """
        newest = self._cursor.latest
        for _ in range(_MOST_FRONTS):
            down_to, newest, number = newest, None, 1
            for batch in up_to_wall(
                read_newest_first(self._fetch, self._cursor_field, down_to or "", walled=self.walled)
            ):
                fresh = [
                    row
                    for row in batch.rows
                    if row["id"] not in self._at_latest or self._text(row) != self._cursor.latest
                ]
                yield from self._emit_rows(replace(batch, rows=fresh))
                number = batch.page
                newest = newest or batch.newest
            if number == 1 or newest == down_to:
                return

    def _emit_rows(self, batch: NewestFirstBatch) -> Iterator[list[Row]]:
        cursor = self._cursor
        if cursor.read_began is None:
            cursor.begin()
            cursor.latest = batch.newest
            cursor.undated_first = bool(batch.rows) and instant_of(batch.rows[0], self._cursor_field) is None
            self._at_latest = {row["id"] for row in batch.rows if self._text(row) == batch.newest}
        self._may_lack_rows = self._may_lack_rows or batch.may_lack_rows
        cursor.note(batch.rows)
        self._without_other_key.update(row["id"] for row in batch.rows if not row.get(self._other_key))
        yield batch.rows
        if batch.page >= cursor.page:
            cursor.follow(batch.page, batch.oldest)
        else:  # the front is read again: the position stays at the end of the first pass
            cursor.records_emitted()

    def _text(self, row: Row) -> str:
        return instant_text(row, self._cursor_field)

    def _resume_page(self) -> int:
        """Where to go on: the page reached, or an earlier one.

        Deletions may have pulled unread rows before it, and rows that share the instant reached, or have none, have no
        order: the page must begin with a newer row than that.
        """
        number = self._cursor.page
        while number > 1:
            rows = self._fetch(Query(self._cursor_field, page=number, descending=True)).rows
            newest = instant_of(rows[0], self._cursor_field) if rows else None
            if newest and format_instant(newest) > (self._cursor.reached or ""):
                break
            number -= 1
        self._cursor.page = number
        return number

    def _not_older(self, bound: str, batches: Iterator[Batch]) -> Iterator[list[Row]]:
        for batch in batches:
            self._cursor.note(batch.rows)
            yield [row for row in batch.rows if self._text(row) >= bound]
            self._cursor.records_emitted()


def up_to_wall(batches: Iterator[NewestFirstBatch]) -> Iterator[NewestFirstBatch]:
    """Yield them, and end at the wall. What lies beyond the wall changed after the start: it is the next sync's."""
    with suppress(WallReachedError):
        yield from batches
