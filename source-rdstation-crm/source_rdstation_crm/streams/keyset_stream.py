"""Reads a big list by keyset, in time ranges: deals, organizations, contacts.

Where the read's key is the cursor itself (`updated_at`), every second read is final and the cursor moves with the read.
Contacts cannot be sorted by `updated_at`: they are read by `created_at` under an `updated_at` filter. So is every list
when all of it is due: no filter on `updated_at` shows a row that has none. An edit during such a read may land behind
the reader, so the cursor moves only at the end, to no later than the read's start, and a STATE before that carries the
read's position beside the old cursor. Facts: docs/api/crm-v2.md#keyset and #contacts-by-creation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import datetime, timezone
from functools import partial
from typing import Any, Final

from airbyte_rdstation.airbyte.partitions import StreamPartitions
from airbyte_rdstation.airbyte.progress import ends_at_wall
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
from airbyte_rdstation.dates import format_instant, newest_instant, parse_instant
from airbyte_rdstation.pagination.keyset import Census, read_created_since, read_keyset
from airbyte_rdstation.pagination.listing import Batch, Bound, Fetch
from airbyte_rdstation.pagination.time_ranges import TimeRange, TimeRanges

__all__ = ["KeysetCursor", "KeysetPartitions", "KeysetState"]


_TO_THE_SECOND: Final = len("2026-01-31T23:00:59")
_ALL: Final[list[tuple[None, None]]] = [(None, None)]  # as ranges: a read at its beginning


class _KeysetPosition(ReadPosition):
    latest: Instant | None = None
    whole: bool = False
    promised: int = 0
    read: int = 0
    ranges: list[tuple[Instant | None, Instant | None]]


class KeysetState(StreamState):
    """A cursor, and beside it the ranges of a read under way that are not read yet; null is an open end.

    A `whole` read goes by `created_at`, and began without a cursor. Of a list that was `promised` so many rows at its
    beginning, so many were `read`.

    `{"updated_at": "…", "position": {"started": "…", "latest": "…", "ranges": [["…", "…"], ["…", null]]}}`
    """

    position: _KeysetPosition | None = None


class KeysetCursor(IncrementalCursor[KeysetState]):
    """Keeps which time ranges are read, and how far the stream is complete."""

    model = KeysetState

    def __init__(
        self, context: StreamContext, *, cursor_field: str, keys: tuple[str, ...], state: Mapping[str, Any]
    ) -> None:
        """`keys` are what the list can be read by: perhaps the cursor, then a moment that never changes."""
        super().__init__(context, cursor_field=cursor_field, state=state)
        cursor, position = self.incoming.cursor, self.incoming.position
        self._latest = position.latest if position else None
        settled = self.incoming.settled or keys[0] != cursor_field
        self.since = None if position and position.whole else due_since(context.start_date, cursor, settled)
        """From when on rows are due."""
        self.created = keys[-1]
        self.keys = keys if self.since else keys[-1:]
        self._by_cursor = self.keys[0] == cursor_field  # then rows move while they are read
        under_way = position if position and position.ranges != _ALL else None
        self.undated = self.incoming.undated if under_way or self.since else 0
        """How many records had no date of change when everything was read."""
        self.census = Census(self.keys[0])
        if under_way and under_way.promised:  # whether more rows without a key follow the first page, no state tells
            self.census = Census(self.keys[0], under_way.read, under_way.promised, unsure=True)
        self._again: dict[TimeRange, int] = {}
        """How many rows are read of the second that a range has reached: a resumed read has them again."""
        self.ranges = TimeRanges(
            [TimeRange(_instant(start), _instant(end)) for start, end in position.ranges]
            if position
            else [TimeRange(self.since if self._by_cursor else None, None)],
            horizon=self._horizon,
            open_range_last=self._by_cursor,
            requests_at_once=context.requests_at_once,
        )

    @property
    def with_undated(self) -> bool:
        """Whether rows without a key belong to the read."""
        return not self._by_cursor

    @property
    def fixed(self) -> tuple[Bound, ...]:
        """Filters of every request beside that of the key."""
        return () if self._by_cursor or self.since is None else (Bound(self.cursor_field, self.since),)

    @property
    def state(self) -> MutableMapping[str, Any]:
        """The cursor, and beside it the read's position while it is under way: see KeysetState."""
        known: dict[str, Any] = {"undated": self.undated} if self.undated else {}
        remaining: Sequence[tuple[datetime | None, datetime | None]] = self.ranges.remaining()
        if not remaining and self.census.to_be_read:
            remaining = _ALL
        if not remaining:
            final = self._final_cursor()
            # The cursor of a read by another key stays behind its start by itself.
            settled = not self._by_cursor or is_settled(final, self._read_began)
            return {self.cursor_field: final, **({"settled": True} if settled else {}), **known}
        ranges = [[_text(start), _text(end)] for start, end in remaining]
        cursor = ranges[0][0] if self._by_cursor else None
        position: dict[str, Any] = {"started": self._read_began, "latest": self._latest, "ranges": ranges}
        position |= {} if self.since else {"whole": True}
        if self.census.promised:
            again = sum(self._again.get(time_range, 0) for time_range in [*self.ranges.unfinished])
            position |= {"promised": self.census.promised, "read": max(0, self.census.rows - again)}
        state = {"position": position, **known}
        cursor = cursor or max(filter(None, (self.incoming.cursor, self._context.start_date)), default=None)
        return {self.cursor_field: cursor, **state} if cursor else state

    def follow(self, batch: Batch, time_range: TimeRange | None = None) -> None:
        """Move the position behind the rows of a batch, which are emitted."""
        newest = newest_instant(row.get(self.cursor_field) for row in batch.rows)
        with self._lock:
            self._latest = max(self._latest or "", newest or "") or None
            if self.since is None:
                self.undated += sum(1 for row in batch.rows if not row.get(self.cursor_field))
            if time_range:
                self.census.see(batch, first=self.with_undated and time_range.position is None)
                self._note_again(batch, time_range)
                self.ranges.advance(time_range, batch.reached, batch.pages_left)
            self.records_emitted()

    def _note_again(self, batch: Batch, time_range: TimeRange) -> None:
        if batch.reached is None:
            return
        before = self._again.get(time_range, 0) if batch.reached == time_range.position else 0
        second = format_instant(batch.reached)[:_TO_THE_SECOND]
        self._again[time_range] = before + sum(
            1 for row in batch.rows if str(row.get(self.keys[0]))[:_TO_THE_SECOND] == second
        )

    @property
    def _read_began(self) -> str:
        """When the read began, perhaps in a sync before this one."""
        return self.incoming.position.started if self.incoming.position else self._sync_began

    def _horizon(self) -> datetime:
        return parse_instant(self._read_began) - LOOKBACK

    def _final_cursor(self) -> str:
        """The newest row, but no moment that is not over: a row dated into the future must not hide those before it."""
        since = self.incoming.cursor
        latest = self._latest or since or format_instant(self._horizon())
        over = self._context.server_time(datetime.now(timezone.utc)) if self._by_cursor else self._horizon()
        return max(min(latest, format_instant(over)), since or "")


@dataclass(eq=False)
class KeysetPartitions(StreamPartitions):
    """Generates a partition for each time range, as the read is cut; see `read_keyset` for `tie_sort`."""

    context: StreamContext
    cursor: KeysetCursor
    _: KW_ONLY
    fetch: Fetch
    tie_sort: str | None

    def generate(self) -> Iterator[RecordPartition]:
        """Yield the time ranges as they become ready, until all are read or one has failed."""
        for time_range in self.cursor.ranges:
            covered = {"from": str(time_range.position), "to": str(time_range.end)}
            yield RecordPartition(self.context, covered, partial(self._read, time_range))
        if not self.cursor.ranges.unfinished and self.cursor.census.to_be_read:
            yield RecordPartition(self.context, {}, self._read_rest)
        self.cursor.checkpoint()

    def give_up(self) -> bool:
        """Hand out no further range."""
        return self.cursor.ranges.give_up()

    def _read(self, time_range: TimeRange) -> Iterator[list[Row]]:
        cursor = self.cursor
        try:
            for batch in read_keyset(
                self.fetch,
                cursor.keys,
                time_range.position,
                began=cursor.began_local,
                end=lambda: time_range.end,
                fixed=cursor.fixed,
                tie_sort=self.tie_sort,
                with_undated=cursor.with_undated,
            ):
                yield batch.rows
                cursor.follow(batch, time_range)
                self.context.progress.expect(
                    cursor.ranges.pages_left(), at_least=ends_at_wall(time_range.pages_left, len(batch.rows))
                )
            if time_range.end is None:
                yield from self._read_undated()
        except BaseException:
            if cursor.ranges.give_up():
                raise  # the other readers' errors would only repeat it
        else:
            cursor.ranges.finish(time_range)

    def _read_undated(self) -> Iterator[list[Row]]:
        """The new rows without a date of change, in an account that has such rows."""
        cursor = self.cursor
        if cursor.since is None or not cursor.undated:
            return
        for rows in read_created_since(
            self.fetch,
            cursor.created,
            cursor.since,
            without=cursor.cursor_field,
            began=cursor.began_local,
            tie_sort=self.tie_sort,
        ):
            yield rows
            cursor.records_emitted()
        self.context.report_undated(cursor.undated, cursor.cursor_field)

    def _read_rest(self) -> Iterator[list[Row]]:
        """The rows that the list's first answer promised and no range showed."""
        cursor, census = self.cursor, self.cursor.census
        for batch in census.rest(self.fetch, cursor.fixed):
            yield batch.rows
            cursor.follow(batch)
        if census.lacks_rows:
            self.context.report_incomplete(census.sentence())
        cursor.checkpoint()


def _text(moment: datetime | None) -> str | None:
    return format_instant(moment) if moment else None


def _instant(text: str | None) -> datetime | None:
    return parse_instant(text) if text else None
